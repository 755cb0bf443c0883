/// How boxes on feature maps become small maps of one size.
public struct RegionPooling: Sendable, Equatable {
  public enum Method: Sendable, Equatable {
    /// RoIAlign: the mean of bilinear samples.
    case alignAverage
    /// RoIAlign: the largest of bilinear samples.
    case alignMaximum
    /// RoIPool: the largest pixel.
    case pool
  }

  public var method: Method
  public var output: Pair
  /// Samples of a bin along each axis; 0 takes one a pixel.
  public var samplingRatio: Int
  /// Whether pixels have their centres at halves, as they have; older models put them at whole numbers.
  public var isAligned: Bool

  public init(_ method: Method = .alignAverage, output: Pair, samplingRatio: Int = 0, isAligned: Bool = true)
  {
    (self.method, self.output, self.samplingRatio, self.isAligned) = (
      method, output, samplingRatio, isAligned
    )
  }
}

/// Boxes of the images of a batch, and the feature maps that they are read from.
struct Regions: Sendable, Equatable {
  /// Image, `x1, y1, x2, y2` of each box, in pixels of the images.
  var boxes: [Float]
  /// The map of each box; `nil`: all from the first.
  var levels: [Int32]?
  /// Of each map: how many of its pixels make one of the image.
  var scales: [Float]

  var count: Int { boxes.count / 5 }
}

/// Pooling of regions, and reassembly of features.
protocol RegionBackend {
  /// `[regions, C, output.h, output.w]` and, for maxima, what `poolRegionsGradient` needs to know of them.
  func poolRegions(_ maps: [Tensor], _ regions: Regions, _ pooling: RegionPooling) -> (Tensor, kept: Tensor?)
  /// The gradients of maps of the given shapes.
  func poolRegionsGradient(
    _ gradient: Tensor, shapes: [[Int]], _ regions: Regions, _ pooling: RegionPooling, kept: Tensor?
  ) -> [Tensor]

  /// `x` is `[N, C, H, W]`, `kernels` `[N, groups · size², factor · H, factor · W]`.
  func reassemble(_ x: Tensor, kernels: Tensor, size: Int, groups: Int, factor: Int) -> Tensor
  func reassembleGradient(
    _ gradient: Tensor, x: Tensor, kernels: Tensor, size: Int, groups: Int, factor: Int, wantsImage: Bool,
    wantsKernels: Bool
  ) -> (image: Tensor?, kernels: Tensor?)
}
