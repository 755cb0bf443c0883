import PyConfig

/// An `upsample_cfg` of arguments of `torch.nn.functional.interpolate`: how a neck enlarges feature maps.
public struct UpsampleConfig: Sendable, Equatable {
  public var mode: InterpolationMode
  /// `nil`: to the size of the map that it is added to.
  public var factor: ScaleFactor?
  public var alignCorners: Bool

  public init(_ mode: InterpolationMode = .nearest, factor: ScaleFactor? = nil, alignCorners: Bool = false) {
    (self.mode, self.factor, self.alignCorners) = (mode, factor, alignCorners)
  }

  /// - Parameter size: of the result, where no factor is given.
  public func callAsFunction(_ x: Tensor, to size: Pair) -> Tensor {
    if let factor { return x.interpolate(scaleFactor: factor, mode: mode, alignCorners: alignCorners) }
    return x.interpolate(size: size, mode: mode, alignCorners: alignCorners)
  }

  /// The size of the result for a map of `size`; `nil` where it can be any.
  public func enlarged(_ size: Pair) -> Pair? {
    factor.map { Pair(h: Int(Double(size.h) * $0.h), w: Int(Double(size.w) * $0.w)) }
  }
}

extension UpsampleConfig: ConfigRecord {
  public init(from reader: inout ConfigReader) throws {
    mode = try reader.value("mode", default: .nearest)
    factor = try reader.optional("scale_factor")
    if let factor, !(factor.h >= 1 && factor.w >= 1 && factor.h <= 64 && factor.w <= 64) {
      throw reader.invalid("must be 1 to 64, found \(factor.h), \(factor.w)", key: "scale_factor")
    }
    let corners: Bool? = try reader.optional("align_corners")
    if corners != nil, mode != .bilinear, mode != .bicubic {
      throw reader.invalid(
        "is for bilinear and bicubic only, found mode '\(mode.rawValue)'", key: "align_corners")
    }
    alignCorners = corners ?? false
  }
}
