import Core

/// Means over grids of several sizes, each convolved and brought back to the size of the image.
///
/// Zhao et al., 2016, section 3.2 (<https://arxiv.org/abs/1612.01105>). Mirrors mmseg's `PPM`.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: for each scale `[N, channels, H, W]`
final class PyramidPooling: Module {
  private let stages: [Sequential]
  private let alignCorners: Bool

  init(scales: [Int], _ inChannels: Int, _ channels: Int, _ style: ConvStyle, alignCorners: Bool) {
    stages = scales.map {
      Sequential([AdaptiveAvgPool2d(Pair($0)), style.make(inChannels, channels, kernel: 1)])
    }
    self.alignCorners = alignCorners
  }

  override var listsChildren: Bool { true }
  override var listedChildren: [(key: String, module: Module)] {
    stages.enumerated().map { (String($0), $1) }
  }

  func callAsFunction(_ x: Tensor) -> [Tensor] {
    stages.map { $0(x).resized(like: x, alignCorners: alignCorners) }
  }
}
