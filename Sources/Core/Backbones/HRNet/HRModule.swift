/// Branches of blocks side by side, and the exchange between their resolutions at the end.
///
/// - Input: for each branch `[N, channels_i, H / 2^i, W / 2^i]`
/// - Output: the same for the first `outBranches`.
final class HRModule: Module {
  let branches: ModuleList<Sequential>
  /// From each branch (inner list) to each result (outer list); nothing from a branch to itself.
  let fuseLayers: ModuleList<ModuleList<Sequential>>?
  private let interpolation: InterpolationMode

  init(_ stage: HRNet.Stage, outBranches: Int, _ config: HRNet.Config) {
    let widths = stage.outChannels
    var options = ResidualBlockOptions()
    (options.conv, options.norm) = (config.conv, config.norm)
    options.expansion = stage.usesBottleneck ? 4 : 1
    branches = ModuleList(
      zip(stage.blocks, widths).map { blocks, width in
        ResLayer.make(
          blocks: blocks, usesBottleneck: stage.usesBottleneck, inChannels: width, outChannels: width,
          averageDown: false, options)
      })
    interpolation = config.interpolation
    guard widths.count > 1 else {
      fuseLayers = nil
      return
    }
    func unit(_ inChannels: Int, _ outChannels: Int, kernel: Pair, stride: Int) -> [any UnaryModule] {
      [
        config.conv.make(
          inChannels, outChannels, kernel: kernel, stride: Pair(stride), padding: Pair(kernel.h / 2),
          bias: false),
        config.norm.make(outChannels),
      ]
    }
    fuseLayers = ModuleList(
      (0..<outBranches).map { to in
        ModuleList(
          widths.indices.map { from in
            if from > to { return Sequential(unit(widths[from], widths[to], kernel: 1, stride: 1)) }
            return Sequential(
              (0..<to - from).map { step in
                let isLast = step == to - from - 1
                let layers = unit(widths[from], widths[isLast ? to : from], kernel: 3, stride: 2)
                return Sequential(isLast ? layers : layers + [ReLU()])
              })
          })
      })
  }

  func callAsFunction(_ x: [Tensor]) -> [Tensor] {
    let x = zip(branches, x).map { $0($1) }
    guard let fuseLayers else { return x }
    return fuseLayers.enumerated().map { to, row in
      var sum: Tensor?
      for (from, layer) in row.enumerated() {
        let part =
          from == to
          ? x[from] : from > to ? enlarged(layer(x[from]), by: 1 << (from - to), like: x[to]) : layer(x[from])
        sum = sum.map { $0 + part } ?? part
      }
      return sum.map { $0.relu() } ?? x[to]
    }
  }

  /// By a power of two and then, with bilinear interpolation, to the size of `target`: sizes may be odd.
  private func enlarged(_ x: Tensor, by factor: Int, like target: Tensor) -> Tensor {
    let y = x.interpolate(
      size: Pair(h: x.shape[2] * factor, w: x.shape[3] * factor), mode: interpolation)
    if interpolation == .nearest || y.shape[2...] == target.shape[2...] { return y }
    return y.interpolate(size: Pair(h: target.shape[2], w: target.shape[3]), mode: interpolation)
  }
}
