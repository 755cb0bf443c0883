import Core

/// Joins two feature maps at one size: the cell of searched pyramids. Mirrors mmcv's `SumCell`, `ConcatCell` and
/// `GlobalPoolingCell`.
///
/// - Input: two maps of `channels` channels
/// - Output: `[N, channels, H, W]`
public final class MergeCell: Module {
  public enum Kind: Sendable {
    case sum
    /// The two are put one behind the other.
    case concat
    /// The first, weighted by what the second is on average, is added to the second.
    case globalPooling
  }

  let outConv: ConvModule?
  @Named var input1: ConvModule?
  @Named var input2: ConvModule?
  private let kind: Kind

  /// - Parameters:
  ///   - outConv: applied to the result.
  ///   - inputs: applied to the maps before they are resized.
  public init(_ kind: Kind, outConv: ConvModule?, inputs: (ConvModule?, ConvModule?) = (nil, nil)) {
    (self.kind, self.outConv) = (kind, outConv)
    _input1 = Named("input1_conv", inputs.0)
    _input2 = Named("input2_conv", inputs.1)
  }

  /// - Parameter size: of the result; by default the larger of the two.
  public func callAsFunction(_ a: Tensor, _ b: Tensor, size: Pair? = nil) -> Tensor {
    let size = size ?? (Self.isBefore(a.imageSize, b.imageSize) ? b.imageSize : a.imageSize)
    let x = Self.resize(input1.map { $0(a) } ?? a, to: size),
      y = Self.resize(input2.map { $0(b) } ?? b, to: size)
    let joined =
      switch kind {
      case .sum: x + y
      case .concat: Tensor.concatenate([x, y], axis: 1)
      case .globalPooling: y + y.globalAvgPool2d().sigmoid() * x
      }
    return outConv.map { $0(joined) } ?? joined
  }

  /// The original compares sizes as Python compares tuples: by height, then by width.
  private static func isBefore(_ a: Pair, _ b: Pair) -> Bool { (a.h, a.w) < (b.h, b.w) }

  /// Enlarges to the nearest pixel, shrinks by the largest one, with zeros around what does not divide.
  private static func resize(_ x: Tensor, to size: Pair) -> Tensor {
    let from = x.imageSize
    if from == size { return x }
    if isBefore(from, size) { return x.interpolate(size: size) }
    func missing(_ length: Int, _ target: Int) -> Int { (length + target - 1) / target * target - length }
    let (h, w) = (missing(from.h, size.h), missing(from.w, size.w))
    let padded = h == 0 && w == 0 ? x : x.pad2d(top: h / 2, bottom: h - h / 2, left: w / 2, right: w - w / 2)
    let kernel = Pair(h: padded.shape[2] / size.h, w: padded.shape[3] / size.w)
    return padded.maxPool2d(kernel, stride: kernel)
  }
}
