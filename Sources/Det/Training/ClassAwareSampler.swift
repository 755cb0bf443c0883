import Core

/// Classes in turn, in random order, and for each so many of the pictures in which it occurs: rare classes come as often as frequent ones.
///
/// Shen et al., 2015 (<https://arxiv.org/abs/1512.05830>). Mirrors mmdet's `ClassAwareSampler`.
struct ClassAwareSampler: Sampler {
  /// The pictures of each class that occurs.
  let pictures: [[Int]]
  /// Pictures taken of a class before the next.
  let picturesPerClass: Int
  let seed: UInt64
  let count: Int

  /// - Throws: `DataError` when no class occurs.
  init(_ dataset: any Dataset, picturesPerClass: Int, batchSize: Int, seed: UInt64) throws {
    var pictures: [Int: [Int]] = [:]
    for index in 0..<dataset.count {
      for category in Set(dataset.categories(at: index)) { pictures[category, default: []].append(index) }
    }
    guard !pictures.isEmpty else {
      throw DataError("class_aware_sampler needs pictures with objects, found none")
    }
    self.pictures = pictures.sorted { $0.key < $1.key }.map(\.value)
    (self.picturesPerClass, self.seed) = (picturesPerClass, seed)
    count = (dataset.count + batchSize - 1) / batchSize * batchSize
  }

  func indices(epoch: Int) -> [Int] {
    var generator = RandomGenerator(seed: seed, epoch, -1)
    var classes = Cycle(Array(pictures.indices), &generator)
    var cycles = pictures.map { Cycle($0, &generator) }
    var indices: [Int] = []
    indices.reserveCapacity(count + picturesPerClass)
    while indices.count < count {
      let label = classes.next(&generator)
      for _ in 0..<picturesPerClass { indices.append(cycles[label].next(&generator)) }
    }
    return Array(indices.prefix(count))
  }

  /// Numbers in random order, in another one each time they are through.
  private struct Cycle {
    var numbers: [Int]
    var position = 0

    init(_ numbers: [Int], _ generator: inout RandomGenerator) {
      self.numbers = numbers.shuffled(using: &generator)
    }

    mutating func next(_ generator: inout RandomGenerator) -> Int {
      if position == numbers.count {
        numbers.shuffle(using: &generator)
        position = 0
      }
      defer { position += 1 }
      return numbers[position]
    }
  }
}
