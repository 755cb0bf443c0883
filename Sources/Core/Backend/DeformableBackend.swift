/// What a deformable convolution reads besides the image, and how it slides.
struct DeformableGeometry: Sendable {
  var convolution: ConvolutionGeometry
  /// Groups of channels for which the points of the kernel move each in its own way.
  var groups: Int
}

/// Convolutions whose kernels' points move.
///
/// The image is `[N, C, H, W]`, weights `[O, C / groups, kH, kW]`, offsets `[N, 2 · groups · kH · kW, H', W']` with the
/// movement down before that to the right, masks `[N, groups · kH · kW, H', W']`, all in any layout.
protocol DeformableBackend {
  func deformConv2d(
    _ x: Tensor, offset: Tensor, mask: Tensor?, _ weight: Tensor, bias: Tensor?,
    _ geometry: DeformableGeometry
  ) -> Tensor

  /// Gradients of those operands for which they are wanted: image, offset, mask, weight.
  func deformConv2dGradient(
    _ gradient: Tensor, _ x: Tensor, offset: Tensor, mask: Tensor?, _ weight: Tensor,
    _ geometry: DeformableGeometry,
    wants: (image: Bool, offset: Bool, mask: Bool, weight: Bool)
  ) -> (image: Tensor?, offset: Tensor?, mask: Tensor?, weight: Tensor?)
}
