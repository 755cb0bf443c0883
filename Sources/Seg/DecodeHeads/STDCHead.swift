import Core

/// Learns where classes meet: an auxiliary head whose labels are the borders of the label map.
///
/// Fan et al., "Rethinking BiSeNet", 2021, section 3.3 (<https://arxiv.org/abs/2104.13188>). Mirrors mmseg's
/// `STDCHead`.
final class STDCHead: FCNHead {
  struct BoundaryConfig: ConfigRecord {
    var head: FCNHead.Config
    var threshold: Float

    init(from reader: inout ConfigReader) throws {
      threshold = try reader.value("boundary_threshold", default: 0.1)
      head = try FCNHead.Config(from: &reader)
    }
  }

  /// `[1, 1, 3, 3]`
  let laplacianKernel: Buffer
  /// `[1, 3, 1, 1]`: how much borders of the three sizes count.
  let fusionKernel: Parameter
  private let boundaryThreshold: Float

  init(_ config: BoundaryConfig, _ context: BuildContext) throws {
    laplacianKernel = Buffer(Tensor([-1, -1, -1, -1, 8, -1, -1, -1, -1] as [Float], shape: [1, 1, 3, 3]))
    fusionKernel = Parameter(
      Tensor([0.6, 0.3, 0.1] as [Float], shape: [1, 3, 1, 1]), requiresGradient: false)
    boundaryThreshold = config.threshold
    try super.init(config.head, context)
  }

  override func losses(
    _ features: [Tensor], previous: Tensor?, labels: Tensor, _ settings: TrainSettings
  ) throws -> LossTerms {
    try losses(of: self(features), labels: withoutGradient { boundaries(labels) })
  }

  /// 1 where neighbouring labels differ, seen at full size, a half and a quarter: `[N, 1, H, W]`.
  func boundaries(_ labels: Tensor) -> Tensor {
    let map = labels.converted(to: .float32)
    let size = Pair(h: map.shape[2], w: map.shape[3])
    func isAbove(_ x: Tensor) -> Tensor { x.compared(.greater, boundaryThreshold).converted(to: .float32) }
    let levels = [1, 2, 4].map { stride in
      let edges = map.conv2d(laplacianKernel.value, stride: Pair(stride), padding: 1)
      return isAbove(stride == 1 ? edges : edges.interpolate(size: size, mode: .nearest))
    }
    return isAbove(Tensor.concatenate(levels, axis: 1).conv2d(fusionKernel.value)).converted(to: .int64)
  }
}
