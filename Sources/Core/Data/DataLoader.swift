import Foundation
import Synchronization

/// Reads batches ahead on threads of its own and hands them out in order.
///
/// What a sample looks like depends on the seed, the epoch, its index and how often that came before in the epoch, never
/// on the number of workers; an error arrives in place of the batch that it belongs to.
public final class DataLoader<Collated: Sendable>: BatchSource {
  /// How a data set is cut into batches.
  public struct Options: Sendable {
    public var batchSize = 1
    /// Threads that read ahead; 0 reads on the calling thread.
    public var workers = 2
    public var dropsLast = false
    public var seed: UInt64 = 0
    /// What to do with samples that cannot be read.
    public var skipsBadSamples = false

    public init() {}
  }

  public let dataset: any Dataset
  public let sampler: any Sampler
  public let options: Options
  private let collate: @Sendable ([Sample]) throws -> Collated
  private let makeBatch: (Collated) -> any TrainingBatch
  private let onSkip: @Sendable (any Error) -> Void

  /// - Parameters:
  ///   - collate: joins samples to what crosses from the workers; runs on a worker.
  ///   - makeBatch: makes tensors of it; runs on the thread that asks for batches.
  ///   - onSkip: told of each bad sample that is left out.
  public init(
    _ dataset: any Dataset, sampler: any Sampler, _ options: Options,
    collate: @escaping @Sendable ([Sample]) throws -> Collated,
    makeBatch: @escaping (Collated) -> any TrainingBatch,
    onSkip: @escaping @Sendable (any Error) -> Void = { _ in }
  ) {
    (self.dataset, self.sampler, self.options) = (dataset, sampler, options)
    (self.collate, self.makeBatch, self.onSkip) = (collate, makeBatch, onSkip)
  }

  public var batchCount: Int {
    options.dropsLast
      ? sampler.count / options.batchSize : (sampler.count + options.batchSize - 1) / options.batchSize
  }

  public func batches(epoch: Int, from start: Int) throws -> any BatchIterator {
    let indices = sampler.indices(epoch: epoch)
    let size = options.batchSize
    let visits = Self.visits(indices)
    let groups = (0..<batchCount).map { batch in
      (batch * size..<min(indices.count, (batch + 1) * size)).map { (index: indices[$0], visit: visits[$0]) }
    }
    let (dataset, options, collate, onSkip) = (dataset, options, collate, onSkip)
    let load: @Sendable (Int) throws -> Collated = { batch in
      try collate(
        groups[batch].map { item in
          try Self.sample(dataset, item.index, visit: item.visit, epoch: epoch, options, onSkip)
        })
    }
    return LoaderIterator(
      Prefetcher(range: start..<max(start, groups.count), workers: options.workers, load: load),
      makeBatch)
  }

  /// How often each index has come before, for samplers that repeat some.
  private static func visits(_ indices: [Int]) -> [Int] {
    var counts = [Int](repeating: 0, count: (indices.max() ?? -1) + 1)
    return indices.map { index in
      defer { counts[index] += 1 }
      return counts[index]
    }
  }

  /// A sample; when a transform drops it, or it is bad and may be skipped, another one drawn in its place.
  private static func sample(
    _ dataset: any Dataset, _ index: Int, visit: Int, epoch: Int, _ options: Options,
    _ onSkip: (any Error) -> Void
  ) throws -> Sample {
    var generator =
      visit == 0
      ? RandomGenerator(seed: options.seed, epoch, index)
      : RandomGenerator(seed: options.seed, epoch, index, visit)
    var index = index
    for _ in 0..<1000 {
      do {
        if let sample = try dataset.sample(at: index, using: &generator) { return sample }
      } catch  where options.skipsBadSamples {
        onSkip(error)
      }
      index = generator.integer(0..<dataset.count)
    }
    throw DataError(
      "the pipeline dropped 1000 samples one after the other; the data set may have none that fits")
  }
}

private final class LoaderIterator<Collated: Sendable>: BatchIterator {
  private let prefetcher: Prefetcher<Collated>
  private let makeBatch: (Collated) -> any TrainingBatch

  init(_ prefetcher: Prefetcher<Collated>, _ makeBatch: @escaping (Collated) -> any TrainingBatch) {
    (self.prefetcher, self.makeBatch) = (prefetcher, makeBatch)
  }

  func next() throws -> (any TrainingBatch)? { try prefetcher.next().map(makeBatch) }

  deinit { prefetcher.stop() }
}
