import Core

/// Batches of pictures that are all higher or all wider, in random order: less of a batch is padding.
///
/// A group that does not fill its last batch lends some pictures twice. Mirrors mmdet's `GroupSampler`.
struct GroupSampler: Sampler {
  let groups: [[Int]]
  let batchSize: Int
  let seed: UInt64

  init(_ dataset: any Dataset, batchSize: Int, seed: UInt64) {
    var groups: [Int: [Int]] = [:]
    for index in 0..<dataset.count { groups[dataset.group(at: index), default: []].append(index) }
    self.groups = groups.sorted { $0.key < $1.key }.map(\.value)
    (self.batchSize, self.seed) = (batchSize, seed)
  }

  var count: Int { groups.reduce(0) { $0 + ($1.count + batchSize - 1) / batchSize * batchSize } }

  func indices(epoch: Int) -> [Int] {
    var generator = RandomGenerator(seed: seed, epoch, -1)
    var indices: [Int] = []
    indices.reserveCapacity(count)
    for group in groups {
      indices += generator.permutation(group.count).map { group[$0] }
      while indices.count % batchSize != 0 { indices.append(group[generator.integer(0..<group.count)]) }
    }
    return generator.permutation(indices.count / batchSize).flatMap { batch in
      indices[(batch * batchSize)..<((batch + 1) * batchSize)]
    }
  }
}
