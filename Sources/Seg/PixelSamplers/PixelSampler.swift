import Core

/// Chooses the pixels that a training step learns from.
public protocol PixelSampler {
  /// - Parameters:
  ///   - scores: `[N, C, H, W]`.
  ///   - labels: `[N, H, W]`.
  ///   - losses: of the head that asks.
  /// - Returns: a weight for each pixel, `[N, H, W]`.
  /// - Throws: `InvalidConfig` where a loss cannot say which pixels are hard.
  func weights(
    _ scores: Tensor, _ labels: Tensor, ignored: Int?, losses: [any SegmentationLoss]
  ) throws -> Tensor
}

extension Registries {
  /// Pixel samplers of decode heads.
  public var pixelSamplers: Registry<any PixelSampler> {
    get { self[(any PixelSampler).self, role: "pixel sampler"] }
    set { self[(any PixelSampler).self, role: "pixel sampler"] = newValue }
  }
}
