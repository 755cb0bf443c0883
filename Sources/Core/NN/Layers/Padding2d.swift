/// Rows and columns around an image.
public struct Padding: Sendable, Hashable, ExpressibleByIntegerLiteral {
  public var top, bottom, left, right: Int

  public init(top: Int, bottom: Int, left: Int, right: Int) {
    (self.top, self.bottom, self.left, self.right) = (top, bottom, left, right)
  }

  /// As much at opposite sides.
  public init(_ pair: Pair) { self.init(top: pair.h, bottom: pair.h, left: pair.w, right: pair.w) }
  public init(integerLiteral value: Int) { self.init(Pair(value)) }
}

extension Tensor {
  /// Puts a border around images of `[N, C, H, W]`.
  public func pad2d(_ padding: Padding, mode: PadMode = .constant, value: Float = 0) -> Tensor {
    pad2d(
      top: padding.top, bottom: padding.bottom, left: padding.left, right: padding.right, mode: mode,
      value: value)
  }
}

/// Zeros around images.
///
/// Mirrors `torch.nn.ZeroPad2d`.
///
/// - Input: `[N, C, H, W]`
/// - Output: `[N, C, top + H + bottom, left + W + right]`
public final class ZeroPad2d: Module, UnaryModule {
  public let padding: Padding

  public init(_ padding: Padding) { self.padding = padding }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.pad2d(padding) }
}

/// The image mirrored at its border, the border pixel not repeated.
///
/// Mirrors `torch.nn.ReflectionPad2d`.
///
/// - Input: `[N, C, H, W]`
/// - Output: `[N, C, top + H + bottom, left + W + right]`
public final class ReflectionPad2d: Module, UnaryModule {
  public let padding: Padding

  public init(_ padding: Padding) { self.padding = padding }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.pad2d(padding, mode: .reflect) }
}

/// The border pixels repeated around images.
///
/// Mirrors `torch.nn.ReplicationPad2d`.
///
/// - Input: `[N, C, H, W]`
/// - Output: `[N, C, top + H + bottom, left + W + right]`
public final class ReplicationPad2d: Module, UnaryModule {
  public let padding: Padding

  public init(_ padding: Padding) { self.padding = padding }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.pad2d(padding, mode: .replicate) }
}
