import Core
import Foundation
import OrderedCollections
import PyConfig

/// Testing from a config file and a checkpoint: what the original's `tools/test.py` does.
public struct SegmentationTestRun {
  /// What is to be measured.
  public enum Evaluation: Sendable {
    case metrics(SegmentationMetrics)
    /// The scores of Cityscapes' own scripts.
    case cityscapes
  }

  public var config: Config
  public var checkpoint: String
  public var evaluation: Evaluation?
  /// Where class indices go, one PNG file a picture.
  public var outDirectory: String?
  /// Where pictures go with the classes painted over them.
  public var showDirectory: String?
  /// How much of the colours is seen in them, in 0...1.
  public var opacity = 0.5
  /// Where the files for a benchmark's server go.
  public var formatDirectory: String?
  /// Whether those of Cityscapes keep class indices instead of label ids.
  public var keepsTrainIDs = false
  /// Whether pictures are shown in six sizes, mirrored and not.
  public var augments = false
  /// Told of what a user should know.
  public var notice: (String) -> Void = { _ in }
  /// Gets the tables of results.
  public var report: (String) -> Void = { _ in }
  /// Told how many of how many pictures are done.
  public var progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }

  private let registries: Registries

  public init(config: Config, checkpoint: String, registries: Registries) {
    (self.config, self.checkpoint, self.registries) = (config, checkpoint, registries)
  }

  /// Runs the model over the config's `data.test`.
  ///
  /// - Returns: metrics by the original's names; nothing without an `evaluation`.
  /// - Throws: what is wrong with the config, the data or the checkpoint.
  public func callAsFunction() throws -> ConfigDictionary {
    let config = try prepared()
    var context = BuildContext(registries: registries, scope: "mmseg")
    context.isTesting = true
    guard let data = config.root["data.test"] else {
      throw BuildError(.missingKey("data.test"), path: "", location: config.root.location)
    }
    let dataset = try buildDataset(data, path: "data.test", context)
    let loader = try LoaderSettings(config.root["data"], role: .test, testsSingly: true)
    let (model, meta) = try Self.loadModel(config, checkpoint, context, notice)
    if let names = dataset.classNames, names.count != model.classes, evaluation != nil {
      notice(
        "the model tells \(model.classes) classes apart, the data set has \(names.count): "
          + "predictions of others count as wrong"
      )
    }

    var (measurement, cityscapes): (SegmentationMeasurement?, CityscapesMeasurement?) = (nil, nil)
    switch evaluation {
    case .metrics: measurement = try SegmentationMeasurement(dataset)
    case .cityscapes: cityscapes = try CityscapesMeasurement(dataset)
    case nil: break
    }
    let out = try outDirectory.map { try ResultFiles(indicesIn: $0, dataset) }
    let formatted = try formatDirectory.map {
      try ResultFiles(formattedIn: $0, dataset, keepsTrainIds: keepsTrainIDs)
    }
    let overlay = Overlay(palette: palette(dataset, meta, model), opacity: opacity)
    let source = SegmentationTask.makeTestSource(
      dataset, workers: loader.workers, readsTruth: measurement != nil)
    try SegmentationTest.run(model, source) { outcome in
      try measurement?.add(outcome)
      try cityscapes?.add(outcome)
      try out?.write(outcome.prediction, at: outcome.index)
      try formatted?.write(outcome.prediction, at: outcome.index)
      if let showDirectory { try show(outcome, overlay, in: showDirectory) }
      progress(outcome.index + 1, dataset.count)
    }
    if let cityscapes { return cityscapes.results(report: report) }
    guard let measurement, case .metrics(let metrics) = evaluation else { return ConfigDictionary() }
    return ConfigDictionary(measurement.results(metrics, report: report).mapValues { ConfigNode(.float($0)) })
  }

  /// The config with test-time augmentation, if that is asked for: the second step of the test pipeline gets the
  /// original's sizes.
  private func prepared() throws -> Config {
    guard augments else { return config }
    var config = config
    guard config.root["data.test.pipeline.1.type"]?.string == "MultiScaleFlipAug" else {
      throw BuildError(
        .invalid("must be a MultiScaleFlipAug for test-time augmentation"), path: "data.test.pipeline.1",
        location: config.root["data.test.pipeline"]?.location)
    }
    try config.merge(options: [
      "data.test.pipeline.1.img_ratios=[0.5,0.75,1.0,1.25,1.5,1.75]", "data.test.pipeline.1.flip=True",
    ])
    return config
  }

  private func palette(_ dataset: any Dataset, _ meta: ConfigDictionary, _ model: any Segmentor) -> [[UInt8]]
  {
    if let palette = dataset.palette { return palette }
    let saved = meta["PALETTE"]?.items?.compactMap { color -> [UInt8]? in
      let parts = color.items?.compactMap(\.int) ?? []
      return parts.count == 3 && parts.allSatisfy { (0...255).contains($0) } ? parts.map { UInt8($0) } : nil
    }
    if let saved, saved.count == model.classes { return saved }
    return ClassSelection.randomPalette(model.classes)
  }

  private func show(_ outcome: SegmentationTest.Outcome, _ overlay: Overlay, in folder: String) throws {
    let painted = overlay(outcome.prediction, on: outcome.picture.picture())
    let name = outcome.picture.views[0].metas[0].originalFilename ?? "\(outcome.index).png"
    let isWritable = ["jpg", "jpeg", "png"].contains(URL(fileURLWithPath: name).pathExtension.lowercased())
    try painted.write(path: "\(folder)/\(name)" + (isWritable ? "" : ".png"))
  }

  /// The config's model with the checkpoint's weights, in evaluation mode, and the checkpoint's meta data.
  public static func loadModel(
    _ config: Config, _ checkpoint: String, _ context: BuildContext, _ notice: (String) -> Void
  ) throws -> (model: any Segmentor, meta: ConfigDictionary) {
    guard let node = config.root["model"] else {
      throw BuildError(.missingKey("model"), path: "", location: config.root.location)
    }
    let model = try withoutInitialValues {
      try context.registries.segmentors.build(node, path: "model", context: context)
    }
    let loaded = try Checkpoint(path: checkpoint)
    let report = try model.load(loaded.state)
    if report.matched.isEmpty {
      throw CheckpointError(path: checkpoint, "is of another model: \(report.description)")
    }
    if !report.isPerfect { notice("\(checkpoint): \(report.description)") }
    model.train(false)
    return (model, loaded.meta)
  }
}
