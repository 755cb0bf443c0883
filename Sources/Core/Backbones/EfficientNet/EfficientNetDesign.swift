import PyConfig

/// What makes up an EfficientNet: blocks of one of two families, scaled in width and depth.
public struct EfficientNetDesign: Sendable {
  /// A block: kernel, channels, how many times fewer squeeze and excitation has (0: none), stride, widening.
  struct Block: Sendable, Equatable {
    var kernel, channels, squeeze, stride, expansion: Int
    /// Whether it widens with its large kernel.
    var isEdge = false
  }

  /// Factors of channels and of blocks.
  var width, depth: Double
  var isEdge: Bool

  init(width: Double, depth: Double, isEdge: Bool = false) {
    (self.width, self.depth, self.isEdge) = (width, depth, isEdge)
  }

  /// By their names in configs.
  static let known: [String: EfficientNetDesign] = [
    "b0": .init(width: 1, depth: 1), "b1": .init(width: 1, depth: 1.1), "b2": .init(width: 1.1, depth: 1.2),
    "b3": .init(width: 1.2, depth: 1.4), "b4": .init(width: 1.4, depth: 1.8),
    "b5": .init(width: 1.6, depth: 2.2),
    "b6": .init(width: 1.8, depth: 2.6), "b7": .init(width: 2, depth: 3.1),
    "b8": .init(width: 2.2, depth: 3.6),
    "es": .init(width: 1, depth: 1, isEdge: true), "em": .init(width: 1, depth: 1.1, isEdge: true),
    "el": .init(width: 1.2, depth: 1.4, isEdge: true),
  ]

  var stemChannels: Int { makeDivisible(32 * width, by: 8) }
  var lastChannels: Int { makeDivisible(1280 * width, by: 8) }

  /// Channels of all normalisation layers.
  var channels: [Int] {
    var channels: [Int] = []
    var width = stemChannels
    for block in stages.joined() {
      channels += [width, width * block.expansion]
      // Some blocks of the other family widen fourfold instead of threefold.
      if block.isEdge, block.expansion == 3 { channels.append(width * 4) }
      width = block.channels
    }
    return channels + [width, lastChannels]
  }

  /// Runs of equal blocks of the unscaled network, with the stride of the first of each.
  private var runs: [(block: Block, count: Int)] {
    func run(
      _ kernel: Int, _ channels: Int, _ squeeze: Int, _ stride: Int, _ expansion: Int, _ count: Int,
      edge: Bool = false
    )
      -> (block: Block, count: Int)
    {
      (
        Block(
          kernel: kernel, channels: channels, squeeze: squeeze, stride: stride, expansion: expansion,
          isEdge: edge), count
      )
    }
    if isEdge {
      return [
        run(3, 24, 0, 1, 3, 1, edge: true), run(3, 32, 0, 2, 8, 2, edge: true),
        run(3, 48, 0, 2, 8, 4, edge: true),
        run(5, 96, 0, 2, 8, 5), run(5, 144, 0, 1, 8, 4), run(5, 192, 0, 2, 8, 2),
      ]
    }
    return [
      run(3, 16, 4, 1, 1, 1), run(3, 24, 4, 2, 6, 2), run(5, 40, 4, 2, 6, 2), run(3, 80, 4, 2, 6, 3),
      run(5, 112, 4, 1, 6, 3), run(5, 192, 4, 2, 6, 4), run(3, 320, 4, 1, 6, 1),
    ]
  }

  /// Blocks by stages: a run with stride 1 is part of the stage before it.
  var stages: [[Block]] {
    var stages: [[Block]] = []
    for (index, run) in runs.enumerated() {
      var first = run.block
      first.channels = makeDivisible(Double(first.channels) * width, by: 8)
      var rest = first
      rest.stride = 1
      let count = Int((depth * Double(run.count)).rounded(.up))
      let blocks = [first] + Array(repeating: rest, count: count - 1)
      if first.stride == 1, index > 0 {
        stages[stages.count - 1] += blocks
      } else {
        stages.append(blocks)
      }
    }
    return stages
  }
}

extension EfficientNet.Config {
  /// Reads the keys that the suites share.
  ///
  /// - Throws: `BuildError`.
  public init(from reader: inout ConfigReader) throws {
    self.init()
    let name = try reader.value("arch", default: "b0")
    guard let known = EfficientNetDesign.known[name] else {
      throw BuildError(
        .unknownName(name, role: "EfficientNet", known: EfficientNetDesign.known.keys.sorted()),
        path: reader.path("arch"), location: reader.location)
    }
    design = known
    dropPath = try reader.dropPathRate()
    outIndices = try reader.outIndices(default: [6], count: design.stages.count + 2)
    frozenStages = try reader.frozenStages(default: 0, in: 0...design.stages.count + 2)
    // An explicit `conv_cfg=None` means plain convolutions.
    let conv = try reader.value("conv_cfg", default: Optional(style.conv)) ?? .plain
    let norm: NormConfig = try reader.value("norm_cfg", default: EfficientNet.standardNorm)
    style = ConvStyle(
      conv: conv, norm: norm, activation: try reader.value("act_cfg", default: .function(.silu)))
    evaluatesNorm = try reader.value("norm_eval", default: false)
    // Recomputing activations saves memory where it is scarce; it never changes a result.
    reader.ignore("with_cp")
  }
}
