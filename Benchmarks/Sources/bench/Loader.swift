import Cls
import Core
import Foundation
import PyConfig

/// Images a second of the published ImageNet training pipeline: decode, random crop to 224, flip, normalise, batches of 32.
func measureLoader(folder: String, workers: Int) throws {
  var registries = Registries()
  registerCoreRuntime(&registries)
  registerDatasetWrappers(&registries)
  registerClassification(&registries)
  let config = try Config.load(
    path: "../configs/cls/resnet/resnet50_8xb32_in1k.py",
    options: [
      "data.train.data_prefix=\(folder)", "data.workers_per_gpu=\(workers)", "data.samples_per_gpu=32",
      "data.train.type=CustomDataset",
    ])
  guard let node = config.root["data.train"] else { throw InvalidConfig("the config has no data.train") }
  let dataset = try buildDataset(
    node, path: "data.train", BuildContext(registries: registries, scope: "mmcls"))
  let loader = try LoaderSettings(config.root["data"], role: .train)
  let source = try ClassificationTask(registries: registries).makeSource(
    dataset, SourceOptions(loader: loader, seed: 0))
  var rates: [Double] = []
  for epoch in 0..<4 {
    let clock = ContinuousClock()
    let time = try clock.measure {
      let batches = try source.batches(epoch: epoch, from: 0)
      while try batches.next() != nil {}
    }
    rates.append(
      Double(dataset.count) / (Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18))
  }
  print(rates.dropFirst().map { String(format: "%.1f", $0) }.joined(separator: " "))
}
