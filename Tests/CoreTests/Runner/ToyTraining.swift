import Core
import Foundation
import Logging
import OrderedCollections
import PyConfig
import Synchronization

/// A batch that is nothing but its number and size.
struct ToyBatch: TrainingBatch {
  var epoch: Int
  var index: Int
  var size: Int
}

/// `sampleCount` samples in batches; counts how often it was asked for batches.
final class ToySource: BatchSource {
  let sampleCount: Int
  let batchSize: Int
  private(set) var made: [(epoch: Int, index: Int)] = []

  init(_ sampleCount: Int, batchSize: Int) { (self.sampleCount, self.batchSize) = (sampleCount, batchSize) }

  var batchCount: Int { (sampleCount + batchSize - 1) / batchSize }

  func batches(epoch: Int, from start: Int) throws -> any BatchIterator { Iterator(self, epoch, start) }

  private final class Iterator: BatchIterator {
    let source: ToySource
    let epoch: Int
    var index: Int

    init(_ source: ToySource, _ epoch: Int, _ index: Int) {
      (self.source, self.epoch, self.index) = (source, epoch, index)
    }

    func next() throws -> (any TrainingBatch)? {
      guard index < source.batchCount else { return nil }
      defer { index += 1 }
      source.made.append((epoch, index))
      return ToyBatch(
        epoch: epoch, index: index, size: min(source.batchSize, source.sampleCount - index * source.batchSize)
      )
    }
  }
}

/// Two layers of numbers with dropout between them; inputs are a function of the epoch and the batch.
final class ToyModel: Module, TrainableModel {
  final class Layer: Module {
    let weight: Parameter
    let bias: Parameter

    init(_ weight: [Float], _ bias: [Float]) {
      (self.weight, self.bias) = (Parameter(Tensor(weight)), Parameter(Tensor(bias)))
    }
  }

  let first = Layer([0.5, -0.25, 0.125, 0.75], [0.1, -0.1, 0.2, -0.2])
  let second = Layer([1, -0.5, 0.25, -1], [0.05, 0, -0.05, 0.1])
  let runningMean = Buffer(Tensor([Float](repeating: 0, count: 4)))
  let numBatchesTracked = Buffer(Tensor([Int64(0)], shape: []))
  var dropout = 0.5
  /// Called with each batch before it is worked on.
  var onStep: (ToyBatch) throws -> Void = { _ in }
  var lossScale: Float = 1

  func trainStep(_ batch: any TrainingBatch) throws -> TrainOutput {
    guard let batch = batch as? ToyBatch else { throw RunnerError("ToyModel: a ToyBatch") }
    try onStep(batch)
    var generator = RandomGenerator(seed: 3, batch.epoch, batch.index)
    let x = Tensor((0..<4).map { _ in Float(generator.normal()) })
    var hidden = x * first.weight.value + first.bias.value
    if isTraining, dropout > 0 {
      var drop = RandomGenerator(seed: RandomSource.current.next())
      let mask = (0..<4).map { _ in Float(drop.uniform() < dropout ? 0 : 1 / (1 - dropout)) }
      hidden = hidden * Tensor(mask)
    }
    if isTraining {
      runningMean.assign(runningMean.value * 0.9 + hidden.detached() * 0.1)
      numBatchesTracked.assign(Tensor([numBatchesTracked.value.elements(as: Int64.self)[0] + 1], shape: []))
    }
    let error = hidden * second.weight.value + second.bias.value
    let loss = (error * error).mean() * lossScale
    let value = Double(loss.detached().item)
    return TrainOutput(loss: loss, logVars: ["loss_toy": value, "loss": value], sampleCount: batch.size)
  }
}

/// Keeps what a logger gets, as `LEVEL text`.
final class LogRecorder: Sendable {
  private let stored = Mutex<[String]>([])

  var lines: [String] { stored.withLock { $0 } }

  var logger: Logger {
    Logger(label: "toy") { label in
      TextLogHandler(label: label) { [self] line in
        // Time and name go.
        let parts = line.components(separatedBy: " - ")
        stored.withLock {
          $0.append(
            parts.dropFirst(2).joined(separator: " - ").replacing(" - ", with: " ", maxReplacements: 1))
        }
      }
    }
  }
}

/// A folder that goes away with the value.
final class TemporaryFolder {
  let path: String

  init() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("mmswift-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    path = folder.standardizedFileURL.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var files: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }

  func text(_ name: String) throws -> String {
    try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
  }
}

/// The registries of Core's runtime.
func runtimeContext() -> BuildContext {
  var registries = Registries()
  registerCoreRuntime(&registries)
  return BuildContext(registries: registries, scope: "mmcls")
}

extension Module {
  /// All values of the state dict, for comparisons to the bit.
  var snapshot: [String: [Float]] {
    Dictionary(
      uniqueKeysWithValues: stateDict.map {
        ($0.key, $0.value.dtype == .float32 ? $0.value.floats : [$0.value.item])
      })
  }
}
