/// How many rows and columns are put around an image; negative numbers crop.
struct Border: Sendable, Equatable, CustomStringConvertible {
  var top, bottom, left, right: Int

  /// Whether rows and columns are in the given ranges.
  func isWithin(_ rows: Range<Int>, _ columns: Range<Int>) -> Bool {
    rows.contains(top) && rows.contains(bottom) && columns.contains(left) && columns.contains(right)
  }

  var description: String { "top \(top), bottom \(bottom), left \(left), right \(right)" }
}

/// A resizing of images.
struct Resize: Sendable, Equatable {
  var mode: InterpolationMode
  var output: Pair
  /// The factors from which source positions are derived; `nil` for the ratio of the sizes.
  var scale: ScaleFactor?
  var alignCorners: Bool
}

/// A reading of images at given points.
struct GridSampling: Sendable, Equatable {
  var mode: GridSampleMode
  var padding: GridSamplePadding
  var alignCorners: Bool
}

/// Resizing, padding and rearranging feature maps.
///
/// Images are `[N, C, H, W]` in any layout, results channels-last.
protocol SpatialBackend {
  func resize(_ x: Tensor, _ resize: Resize) -> Tensor
  /// Which channel is the largest of each pixel of the resized image: `uint8`, `[N, H, W]`.
  func resizedArgmax(_ x: Tensor, _ resize: Resize) -> Tensor
  /// The gradient of an image of `size`.
  func resizeGradient(_ gradient: Tensor, _ resize: Resize, size: Pair) -> Tensor

  func pad2d(_ x: Tensor, _ border: Border, mode: PadMode, value: Float) -> Tensor
  func pad2dGradient(_ gradient: Tensor, _ border: Border, mode: PadMode) -> Tensor

  /// `[N, C · factor², H, W]` to `[N, C, H · factor, W · factor]`.
  func pixelShuffle(_ x: Tensor, factor: Int) -> Tensor
  /// `[N, C, H · factor, W · factor]` to `[N, C · factor², H, W]`.
  func pixelUnshuffle(_ x: Tensor, factor: Int) -> Tensor

  /// `[N, C, H, W]` to the row-major `[N, C · kH · kW, L]`, a column for each of `L` places of the kernel.
  func unfold(_ x: Tensor, kernel: Pair, _ geometry: ConvolutionGeometry) -> Tensor
  /// Columns summed where they came from: the gradient of `unfold` of an image of `size`.
  func fold(_ columns: Tensor, size: Pair, kernel: Pair, _ geometry: ConvolutionGeometry) -> Tensor

  /// `grid` is `[N, H', W', 2]` and holds `(x, y)` between -1 and 1.
  func gridSample(_ x: Tensor, grid: Tensor, _ sampling: GridSampling) -> Tensor
  func gridSampleGradient(
    _ gradient: Tensor, x: Tensor, grid: Tensor, _ sampling: GridSampling, wantsImage: Bool, wantsGrid: Bool
  ) -> (image: Tensor?, grid: Tensor?)
}
