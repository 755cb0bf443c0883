import Core
import OrderedCollections
import PyConfig
import Synchronization

/// Samples without pictures: their labels are their indices, and a number is drawn for each.
final class CountingDataset: Dataset {
  let count: Int
  /// Indices whose samples cannot be read, and those that a transform drops.
  let bad, dropped: Set<Int>
  let classNames: [String]? = ["even", "odd"]
  let reads = Mutex(0)

  init(_ count: Int, bad: Set<Int> = [], dropped: Set<Int> = []) {
    (self.count, self.bad, self.dropped) = (count, bad, dropped)
  }

  func sample(at index: Int, using generator: inout RandomGenerator) throws -> Sample? {
    reads.withLock { $0 += 1 }
    if bad.contains(index) { throw DataError("damaged", file: "\(index).png") }
    if dropped.contains(index) { return nil }
    var sample = Sample(file: SampleFile(prefix: nil, name: "\(index).png"))
    sample.label = index
    sample.labelScores = [Float(generator.uniform())]
    return sample
  }

  func categories(at index: Int) -> [Int] { [index % 2] }
}

/// Labels and drawn numbers of a batch.
struct CountingBatch: TrainingBatch, Equatable {
  var labels: [Int]
  var draws: [Float]

  init(_ samples: [Sample]) {
    labels = samples.compactMap(\.label)
    draws = samples.flatMap { $0.labelScores ?? [] }
  }
}
