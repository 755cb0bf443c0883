import Core
import PyConfig

/// Pyramids one behind the other with connections within and across them: feature pyramid grids.
///
/// Chen et al., 2020 (<https://arxiv.org/abs/2004.03580>). Mirrors mmdet's `FPG`.
///
/// - Input: `[N, inChannels[i], H_i, W_i]`
/// - Output: `outputs` maps `[N, outChannels, H_i, W_i]`
public final class FPG: Module, Neck, ConfiguredModule {
  let lateralConvs: ModuleList<Conv2d>
  let extraDownsamples: ModuleList<Module>
  let fpnTransitions: ModuleList<ModuleList<FPGTransitions>>
  let outputTransition: ModuleList<FPGLastConv>
  private let config: Config

  public init(_ config: Config) {
    self.config = config
    let (widths, last) = (config.widths, config.outputs - 1)
    lateralConvs = ModuleList(
      zip(config.inChannels[config.levels], widths).map { Conv2d($0, $1, kernel: 1) })
    extraDownsamples = ModuleList(
      (config.levels.count..<config.outputs).map { level -> Module in
        config.convolvesExtra
          ? Conv2d(widths[level - 1], widths[level], kernel: 3, stride: 2, padding: 1)
          : MaxPool2d(1, stride: 2)
      })
    fpnTransitions = ModuleList(
      config.paths.indices.map { stage -> ModuleList<FPGTransitions> in
        ModuleList(
          (0...last).map { level -> FPGTransitions in
            if config.skips[level].contains(stage) { return FPGTransitions([]) }
            func make(_ transition: FPGTransition?, from source: Int) -> (any UnaryModule)? {
              transition?.make(widths[source], widths[level])
            }
            return FPGTransitions([
              ("same_up", level == 0 ? nil : make(config.sameUp, from: level - 1)),
              ("same_down", level == last ? nil : make(config.sameDown, from: level + 1)),
              ("across_lateral", make(config.acrossLateral, from: level)),
              ("across_down", level == last ? nil : make(config.acrossDown, from: level + 1)),
              ("across_up", level == 0 ? nil : make(config.acrossUp, from: level - 1)),
              // The original takes the width of the level below, and of the last one for the first.
              ("across_skip", make(config.acrossSkip, from: level == 0 ? last : level - 1)),
            ])
          })
      })
    outputTransition = ModuleList(widths.map { FPGLastConv(config.output.conv($0, config.outChannels)) })
  }

  public var inputChannels: [Int]? { config.inChannels }
  public var outputChannels: [Int]? { Array(repeating: config.outChannels, count: config.outputs) }

  public func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    precondition(
      features.count == config.inChannels.count,
      "FPG: \(config.inChannels.count) feature maps, found \(features.count)")
    var maps = lateralConvs.indices.map { lateralConvs[$0](features[$0 + config.levels.lowerBound]) }
    for layer in extraDownsamples {
      if let layer = layer as? any UnaryModule { maps.append(layer(maps[maps.count - 1])) }
    }
    var stages = [maps]
    for (stage, isTopDown) in config.paths.enumerated() {
      let before = stages[stage]
      var next: [Tensor] = []
      for step in 0..<config.outputs {
        // As in the original, a level left out is looked up by its place in the order of this path.
        if config.skips[step].contains(stage) {
          next.append(before[step])
          continue
        }
        let level = isTopDown ? config.outputs - 1 - step : step
        let by = fpnTransitions[stage][level]
        var parts: [Tensor] = []
        if let same = by[isTopDown ? "same_down" : "same_up"] { parts.append(same(next[next.count - 1])) }
        if let lateral = by["across_lateral"] { parts.append(lateral(before[level])) }
        if let up = by["across_up"] { parts.append(up(before[level - 1])) }
        if let down = by["across_down"] { parts.append(down(before[level + 1])) }
        if let skip = by["across_skip"] { parts.append(skip(stages[0][level])) }
        next.append(parts.dropFirst().reduce(parts[0], +))
      }
      stages.append(isTopDown ? next.reversed() : next)
    }
    return zip(outputTransition, stages[stages.count - 1]).map { $0($1) }
  }

  public func check(_ shapes: [[Int]]) throws {
    try checkChannels(shapes)
    var used = Array(shapes[config.levels])
    while used.count < config.outputs {
      let last = used[used.count - 1]
      used.append([last[0], last[1], (last[2] + 1) / 2, (last[3] + 1) / 2])
    }
    try checkHalving(used)
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

/// The transitions into one level of one pyramid, by name.
final class FPGTransitions: Module {
  private let parts: [(String, (any UnaryModule)?)]

  init(_ parts: [(String, (any UnaryModule)?)]) { self.parts = parts }

  override var listsChildren: Bool { true }
  override var listedChildren: [(key: String, module: Module)] {
    parts.compactMap { key, module in module.map { (key, $0) } }
  }

  subscript(name: String) -> (any UnaryModule)? { parts.first { $0.0 == name }?.1 }
}

/// Enlarges a map and convolves it.
final class FPGUpConv: Module, UnaryModule {
  let conv: ConvModule
  private let upsample: UpsampleConfig

  init(_ conv: ConvModule, _ upsample: UpsampleConfig) { (self.conv, self.upsample) = (conv, upsample) }

  func callAsFunction(_ x: Tensor) -> Tensor { conv(upsample(x, to: x.imageSize)) }
}

/// The last convolution of a level.
final class FPGLastConv: Module, UnaryModule {
  let convOut: ConvModule

  init(_ convOut: ConvModule) { self.convOut = convOut }

  func callAsFunction(_ x: Tensor) -> Tensor { convOut(x) }
}
