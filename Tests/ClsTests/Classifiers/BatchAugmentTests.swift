import Core
import OrderedCollections
import PyConfig
import Testing
import TestSupport

@testable import Cls

/// Mixing of batches: what is in an image, and what its target says of it.
@Suite struct BatchAugmentTests {
  /// Image `i` is all `2^i`, so that a pixel tells which image it came from.
  static func images(_ count: Int = 4, side: Int = 16) -> Tensor {
    let pixels = side * side
    return Tensor((0..<count * pixels).map { Float(1 << ($0 / pixels)) }, shape: [count, 1, side, side])
  }

  static var labels: ClassificationTarget { .labels(Tensor([Int64(0), 1, 2, 3])) }

  static func augments(_ text: String) throws -> BatchAugments {
    try BatchAugments(node(text), path: "augments")
  }

  /// Mixed images and targets `[4][4]` for a seed.
  static func mix(_ augments: BatchAugments, seed: UInt64) -> (images: Tensor, targets: [[Float]]) {
    RandomSource.$current.withValue(RandomSource(seed: seed)) {
      let (mixed, target) = augments(images(), labels)
      guard case .scores(let scores) = target else { return (mixed, []) }
      let values = scores.floats
      return (mixed, (0..<4).map { Array(values[($0 * 4)..<($0 * 4 + 4)]) })
    }
  }

  @Test(arguments: ["BatchMixup", "BatchCutMix", "BatchResizeMix"])
  func `targets say how much of each image there is`(_ type: String) throws {
    let augments = try Self.augments("dict(type='\(type)', alpha=1.0, num_classes=4, prob=1.0)")
    var shares: [Float] = []
    for seed in 0..<200 {
      let (mixed, targets) = Self.mix(augments, seed: UInt64(seed))
      let pixels = mixed.floats
      for (row, target) in targets.enumerated() {
        #expect(abs(target.reduce(0, +) - 1) < 1e-6)
        let expected = zip(target, [1, 2, 4, 8] as [Float]).reduce(0) { $0 + $1.0 * $1.1 }
        let mean = pixels[(row * 256)..<(row * 256 + 256)].reduce(0, +) / 256
        #expect(abs(mean - expected) < 1e-4, "\(mean) \(expected)")
        shares.append(target[row])
      }
    }
    #expect(Set(shares).count > 40)
  }

  @Test func `mixup's share is Beta distributed`() throws {
    for (alpha, variance) in [(0.2, 0.25 / 1.4), (1.0, 1.0 / 12), (8.0, 0.25 / 17)] {
      let augments = try Self.augments("dict(type='BatchMixup', alpha=\(alpha), num_classes=4)")
      var shares: [Double] = []
      for seed in 0..<3000 {
        let targets = Self.mix(augments, seed: UInt64(seed)).targets
        // An image that was mixed with another one tells the share.
        guard let row = targets.indices.first(where: { targets[$0][$0] < 1 }) else { continue }
        shares.append(Double(targets[row][row]))
      }
      let mean = shares.reduce(0, +) / Double(shares.count)
      let found = shares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(shares.count)
      #expect(abs(mean - 0.5) < 0.03, "\(alpha): \(mean)")
      #expect(abs(found - variance) < 0.1 * variance, "\(alpha): \(found) \(variance)")
    }
  }

  @Test func `bounded rectangles have bounded sides`() throws {
    let augments = try Self.augments(
      "dict(type='BatchCutMix', alpha=1.0, num_classes=4, cutmix_minmax=[0.25, 0.75])")
    for seed in 0..<300 {
      for (row, target) in Self.mix(augments, seed: UInt64(seed)).targets.enumerated() where target[row] < 1 {
        #expect((1 - target[row]) * 256 >= 15.9 && (1 - target[row]) * 256 <= 121.1)
      }
    }
  }

  @Test func `uncorrected shares are those that were drawn`() throws {
    let augments = try Self.augments(
      "dict(type='BatchResizeMix', alpha=1.0, num_classes=4, lam_min=0.4, lam_max=0.5, correct_lam=False)")
    for seed in 0..<100 {
      for (row, target) in Self.mix(augments, seed: UInt64(seed)).targets.enumerated() where target[row] < 1 {
        #expect((0.4...0.5).contains(target[row]))
      }
    }
  }

  @Test func `one of several is chosen by its probability`() throws {
    let augments = try Self.augments(
      "[dict(type='BatchMixup', alpha=1.0, num_classes=4, prob=0.2), dict(type='BatchCutMix', alpha=1.0, num_classes=4, prob=0.5)]"
    )
    var (untouched, mixed, cut) = (0, 0, 0)
    for seed in 0..<2000 {
      let pixels = Self.mix(augments, seed: UInt64(seed)).images.floats
      let kinds = Set(pixels)
      if kinds.isSubset(of: [1, 2, 4, 8]) {
        if (0..<4).allSatisfy({ row in
          pixels[(row * 256)..<(row * 256 + 256)].allSatisfy { $0 == Float(1 << row) }
        }) {
          untouched += 1
        } else {
          cut += 1
        }
      } else {
        mixed += 1
      }
    }
    // Orders that leave every image where it is (1 of 24) and empty rectangles count as untouched.
    #expect((340...430).contains(mixed), "\(mixed)")
    #expect((800...1000).contains(cut), "\(cut)")
    #expect((600...780).contains(untouched), "\(untouched)")
  }

  @Test func `a seed decides, and the source is left as it was`() throws {
    let augments = try Self.augments("dict(type='BatchCutMix', alpha=1.0, num_classes=4)")
    let source = Self.images()
    let before = source.floats
    let first = RandomSource.$current.withValue(RandomSource(seed: 5)) {
      augments(source, Self.labels).0.floats
    }
    let second = RandomSource.$current.withValue(RandomSource(seed: 5)) {
      augments(source, Self.labels).0.floats
    }
    #expect(first == second)
    #expect(source.floats == before)
  }

  static let errors: [(String, String)] = [
    ("[]", "augments: must not be empty"),
    (
      "dict(type='BatchMixUp', alpha=1.0, num_classes=4)",
      "'BatchMixUp' is not in the augment registry; did you mean 'BatchMixup'?"
    ),
    ("dict(type='BatchMixup', num_classes=4)", "augments: missing required key 'alpha'"),
    ("dict(type='BatchMixup', alpha=1.0)", "augments: missing required key 'num_classes'"),
    ("dict(type='BatchMixup', alpha=0, num_classes=4)", "augments.alpha: must be positive, found 0.0"),
    ("dict(type='BatchMixup', alpha=1, num_classes=4, prob=2)", "augments.prob: must be in 0...1, found 2.0"),
    (
      "dict(type='BatchCutMix', alpha=1, num_classes=4, cutmix_minmax=[0.9, 0.2])",
      "augments.cutmix_minmax: must be (min, max), ordered and in 0...1, found [0.9, 0.2]"
    ),
    (
      "[dict(type='BatchMixup', alpha=1, num_classes=4, prob=0.6), dict(type='BatchCutMix', alpha=1, num_classes=4, prob=0.6)]",
      "augments: probabilities must add up to at most 1, found 1.2"
    ),
    (
      "[dict(type='BatchMixup', alpha=1, num_classes=4, prob=0.6), dict(type='Identity', num_classes=4, prob=0.2)]",
      "augments: with an Identity, probabilities must add up to 1, found 0.8"
    ),
    (
      "[dict(type='BatchMixup', alpha=1, num_classes=4, prob=0.5), dict(type='BatchCutMix', alpha=1, num_classes=5, prob=0.5)]",
      "augments: all must have one num_classes, found [4, 5]"
    ),
  ]

  @Test(arguments: errors) func `a wrong option is named`(_ text: String, _ expected: String) {
    let message = errorText { _ = try Self.augments(text) }
    #expect(message.contains(expected), "\(message)")
  }

  @Test func `a head without layers mixes too`() throws {
    let model = try classifier(
      """
      dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=4), head=dict(type='ClsHead'),
           train_cfg=dict(augments=dict(type='BatchMixup', alpha=1.0, num_classes=4)))
      """.replacing("\n", with: " "))
    Golden.fill(model)
    let images = Golden.images([4, 1, 32, 32], seed: 1)
    let losses = try (0..<4).map { seed in
      try RandomSource.$current.withValue(RandomSource(seed: UInt64(seed))) {
        try model.losses(images, Self.labels).total().loss.item
      }
    }
    #expect(Set(losses).count > 1)
  }
}
