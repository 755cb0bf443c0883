import Foundation
import PyConfig

/// Blocks of one width.
public struct RegNetStage: Sendable, Equatable {
  public var width: Int
  public var blocks: Int
  /// Of the 3x3 convolutions.
  public var groups: Int
  /// Channels of a group.
  public var groupWidth: Int
}

/// The six numbers of a RegNet: the `arch` of a config, a name or `dict(w0=..., wa=..., wm=..., group_w=..., depth=..., bot_mul=...)`.
struct RegNetDesign: ConfigDecodable, Sendable {
  /// Width of the first block, slope of the width, base of its quantisation.
  var initialWidth: Int
  var slope, base: Double
  var groupWidth: Int
  var depth: Int
  /// Width of the middle of a block as a share of the block's.
  var bottleneckRatio: Double

  private static let known: [String: RegNetDesign] = [
    "regnetx_400mf": RegNetDesign(24, 24.48, 2.54, 16, 22),
    "regnetx_800mf": RegNetDesign(56, 35.73, 2.28, 16, 16),
    "regnetx_1.6gf": RegNetDesign(80, 34.01, 2.25, 24, 18),
    "regnetx_3.2gf": RegNetDesign(88, 26.31, 2.25, 48, 25),
    "regnetx_4.0gf": RegNetDesign(96, 38.65, 2.43, 40, 23),
    "regnetx_6.4gf": RegNetDesign(184, 60.83, 2.07, 56, 17),
    "regnetx_8.0gf": RegNetDesign(80, 49.56, 2.88, 120, 23),
    "regnetx_12gf": RegNetDesign(168, 73.36, 2.37, 112, 19),
  ]

  private init(_ w0: Int, _ wa: Double, _ wm: Double, _ group: Int, _ depth: Int) {
    (initialWidth, slope, base, groupWidth, self.depth, bottleneckRatio) = (w0, wa, wm, group, depth, 1)
  }

  init(from node: ConfigNode, at path: String) throws {
    if let name = node.string {
      guard let design = Self.known[name] else {
        throw BuildError(
          .unknownName(name, role: "RegNet", known: Self.known.keys.sorted()), path: path,
          location: node.location)
      }
      self = design
      return
    }
    var reader = try ConfigReader(node, path: path)
    initialWidth = try reader.value("w0")
    slope = try reader.value("wa")
    base = try reader.value("wm")
    groupWidth = try reader.value("group_w")
    depth = try reader.value("depth")
    bottleneckRatio = try reader.value("bot_mul")
    guard initialWidth > 0, initialWidth % 8 == 0, initialWidth <= 1 << 14, (0...1000).contains(slope),
      base > 1,
      groupWidth > 0, (1...1000).contains(depth), bottleneckRatio > 0, bottleneckRatio <= 16
    else {
      throw reader.invalid(
        "w0 must be a positive multiple of 8, wa not negative, wm above 1, group_w, depth and bot_mul positive, found "
          + "\(initialWidth), \(slope), \(base), \(groupWidth), \(depth), \(bottleneckRatio)")
    }
    guard (1...4).contains(stages.count) else {
      throw reader.invalid("must give 1 to 4 stages, found \(stages.count)")
    }
    try reader.finish()
  }

  /// Blocks of equal width, one behind the other, with widths that their groups divide.
  var stages: [RegNetStage] {
    let start = Double(initialWidth)
    var stages: [RegNetStage] = []
    for block in 0..<depth {
      let k = (log((Double(block) * slope + start) / start) / log(base)).rounded(.toNearestOrEven)
      let width = Int((start * pow(base, k) / 8).rounded(.toNearestOrEven) * 8)
      if stages.last?.width == width {
        stages[stages.count - 1].blocks += 1
      } else {
        stages.append(RegNetStage(width: width, blocks: 1, groups: 1, groupWidth: groupWidth))
      }
    }
    return stages.map { stage in
      let middle = Int(Double(stage.width) * bottleneckRatio)
      let group = max(1, min(groupWidth, middle))
      let fitted = Int((Double(middle) / Double(group)).rounded(.toNearestOrEven)) * group
      let width = Int(Double(fitted) / bottleneckRatio)
      let groups = Int((Double(width) * bottleneckRatio).rounded(.toNearestOrEven)) / group
      return RegNetStage(width: width, blocks: stage.blocks, groups: groups, groupWidth: group)
    }
  }
}
