import Core

/// The mean over each feature map.
///
/// Mirrors mmcls's `GlobalAveragePooling`.
///
/// - Input: feature maps `[N, C, H, W]`
/// - Output: features `[N, C]`
public final class GlobalAveragePooling: Module, Neck {
  public struct Config: ConfigRecord, Sendable {
    /// Axes of a feature map: 1 or 2.
    public var axes: Int

    public init(from reader: inout ConfigReader) throws {
      axes = try reader.value("dim", default: 2)
      guard axes == 1 || axes == 2 else {
        throw reader.invalid(
          "must be 1 or 2 (3-D features are not part of this suite), found \(axes)", key: "dim")
      }
    }
  }

  private let axes: Int

  public init(_ config: Config) { axes = config.axes }

  public func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    features.map { axes == 2 ? $0.globalAvgPool2d().flattened(from: 1) : $0.mean([-1]) }
  }
}
