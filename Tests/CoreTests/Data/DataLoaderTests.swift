import Core
import Foundation
import OrderedCollections
import PyConfig
import Synchronization
import Testing

@Suite struct DataLoaderTests {
  static func loader(
    _ dataset: CountingDataset, workers: Int = 0, batch: Int = 4, dropsLast: Bool = false, seed: UInt64 = 1,
    skips: Bool = false, shuffled: Bool = false, onSkip: @escaping @Sendable (any Error) -> Void = { _ in }
  ) -> DataLoader<[Sample]> {
    var options = DataLoader<[Sample]>.Options()
    (options.workers, options.batchSize, options.dropsLast) = (workers, batch, dropsLast)
    (options.seed, options.skipsBadSamples) = (seed, skips)
    let sampler: any Sampler =
      shuffled ? RandomSampler(count: dataset.count, seed: seed) : SequentialSampler(count: dataset.count)
    return DataLoader(
      dataset, sampler: sampler, options, collate: { $0 }, makeBatch: { CountingBatch($0) }, onSkip: onSkip)
  }

  static func all(_ loader: DataLoader<[Sample]>, epoch: Int = 0, from start: Int = 0) throws
    -> [CountingBatch]
  {
    let iterator = try loader.batches(epoch: epoch, from: start)
    var batches: [CountingBatch] = []
    while let batch = try iterator.next() as? CountingBatch { batches.append(batch) }
    return batches
  }

  @Test func `batches come in order, the last one short or dropped`() throws {
    #expect(
      try Self.all(Self.loader(CountingDataset(10))).map(\.labels) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])
    let dropping = Self.loader(CountingDataset(10), dropsLast: true)
    #expect(dropping.batchCount == 2)
    #expect(try Self.all(dropping).map(\.labels) == [[0, 1, 2, 3], [4, 5, 6, 7]])
    #expect(try Self.all(Self.loader(CountingDataset(3), dropsLast: true)).isEmpty)
  }

  @Test(arguments: [1, 2, 4, 9]) func `workers change nothing`(_ workers: Int) throws {
    let dataset = CountingDataset(37, dropped: [5, 6])
    let alone = Self.loader(dataset, shuffled: true)
    let together = Self.loader(dataset, workers: workers, shuffled: true)
    for epoch in 0..<2 { #expect(try Self.all(together, epoch: epoch) == Self.all(alone, epoch: epoch)) }
  }

  @Test func `epochs and seeds differ, and all samples are seen`() throws {
    let dataset = CountingDataset(40)
    let first = try Self.all(Self.loader(dataset, shuffled: true))
    let second = try Self.all(Self.loader(dataset, shuffled: true), epoch: 1)
    let other = try Self.all(Self.loader(dataset, seed: 2, shuffled: true))
    for batches in [first, second, other] { #expect(batches.flatMap(\.labels).sorted() == Array(0..<40)) }
    #expect(first != second && first != other)
    #expect(Set((first + second + other).flatMap(\.draws)).count == 120)
  }

  @Test func `a start in the middle leaves the batches before unread`() throws {
    let dataset = CountingDataset(40)
    let whole = try Self.all(Self.loader(dataset, workers: 2, shuffled: true))
    dataset.reads.withLock { $0 = 0 }
    let rest = try Self.all(Self.loader(dataset, workers: 2, shuffled: true), from: 7)
    #expect(rest == Array(whole[7...]))
    #expect(dataset.reads.withLock { $0 } == 12)
    #expect(try Self.all(Self.loader(dataset, workers: 2), from: 99).isEmpty)
  }

  @Test(arguments: [0, 1, 4]) func `an error arrives in its place and names the file`(_ workers: Int) throws {
    let iterator = try Self.loader(CountingDataset(16, bad: [6, 13]), workers: workers).batches(epoch: 0)
    #expect((try iterator.next() as? CountingBatch)?.labels == [0, 1, 2, 3])
    #expect(throws: DataError("damaged", file: "6.png")) { _ = try iterator.next() }
    #expect((try iterator.next() as? CountingBatch)?.labels == [8, 9, 10, 11])
    #expect(throws: DataError("damaged", file: "13.png")) { _ = try iterator.next() }
    #expect(try iterator.next() == nil)
    #expect(try iterator.next() == nil)
  }

  @Test(arguments: [0, 3]) func `bad samples can be left out, and are told of`(_ workers: Int) throws {
    let told = Mutex<[String]>([])
    let dataset = CountingDataset(12, bad: [2, 7])
    let loader = Self.loader(dataset, workers: workers, skips: true) { error in
      told.withLock { $0.append("\(error)") }
    }
    let batches = try Self.all(loader)
    #expect(batches.map(\.labels.count) == [4, 4, 4])
    #expect(batches.flatMap(\.labels).allSatisfy { $0 != 2 && $0 != 7 })
    let messages = told.withLock { $0 }
    #expect(messages.contains("2.png: damaged") && messages.contains("7.png: damaged"))
    #expect(try Self.all(Self.loader(dataset, skips: true)) == batches)
  }

  @Test func `dropped samples are replaced by others`() throws {
    let dataset = CountingDataset(12, dropped: [0, 1, 2, 3, 4, 5])
    let batches = try Self.all(Self.loader(dataset))
    #expect(batches.flatMap(\.labels).count == 12)
    #expect(batches.flatMap(\.labels).allSatisfy { $0 > 5 })
    let none = Self.loader(CountingDataset(3, dropped: [0, 1, 2]))
    #expect(throws: DataError.self) { _ = try Self.all(none) }
  }

  @Test func `stopping early ends the workers and frees everything`() throws {
    weak var released: CountingDataset?
    do {
      let dataset = CountingDataset(100_000)
      released = dataset
      let iterator = try Self.loader(dataset, workers: 3).batches(epoch: 0)
      _ = try iterator.next()
    }
    let deadline = Date().addingTimeInterval(20)
    while released != nil, Date() < deadline { Thread.sleep(forTimeInterval: 0.01) }
    #expect(released == nil)
  }

  @Test func `workers read ahead no further than they may`() throws {
    let dataset = CountingDataset(4000)
    let iterator = try Self.loader(dataset, workers: 2).batches(epoch: 0)
    _ = try iterator.next()
    Thread.sleep(forTimeInterval: 0.1)
    // Two batches ahead for each of two workers, and those that are given or at work.
    #expect(dataset.reads.withLock { $0 } <= 4 * 7)
    withExtendedLifetime(iterator) {}
  }
}
