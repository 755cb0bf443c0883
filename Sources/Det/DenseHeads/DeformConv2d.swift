import Core

/// A convolution whose points move as it is told, without a bias. Mirrors mmcv's `DeformConv2d`.
///
/// - Input: `[N, inChannels, H, W]` and moves `[N, 2 · deformGroups · kernel², H, W]`
/// - Output: `[N, outChannels, H, W]`
final class DeformConv2d: Module {
  /// `[outChannels, inChannels, kernel, kernel]`
  let weight: Parameter
  private let padding: Int
  private let deformGroups: Int

  init(_ inChannels: Int, _ outChannels: Int, kernel: Int, padding: Int, deformGroups: Int = 1) {
    weight = Parameter(.zeros([outChannels, inChannels, kernel, kernel]))
    (self.padding, self.deformGroups) = (padding, deformGroups)
    super.init()
    var generator = RandomGenerator(seed: RandomSource.current.next())
    initializeWeights(using: &generator)
  }

  func callAsFunction(_ x: Tensor, _ offset: Tensor) -> Tensor {
    x.deformConv2d(offset: offset, weight.value, padding: Pair(padding), deformGroups: deformGroups)
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    let bound = 1 / Double(weight.shape.dropFirst().reduce(1, *)).squareRoot()
    Init.uniform(weight, low: -bound, high: bound, using: &generator)
  }
}

/// The points of a square kernel, `y, x` of each: `[1, 2 · kernel², 1, 1]`.
func kernelGrid(_ kernel: Int) -> Tensor {
  let reach = kernel / 2
  let points = (-reach...reach).flatMap { y in (-reach...reach).flatMap { x in [Float(y), Float(x)] } }
  return Tensor(points, shape: [1, points.count, 1, 1])
}
