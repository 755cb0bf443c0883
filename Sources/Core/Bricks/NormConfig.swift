import PyConfig

/// A `norm_cfg`: which normalisation layers a model is built with.
///
/// `BN`, `BN1d`, `BN2d`, `SyncBN` and `MMSyncBN` are batch normalisation (one process trains, so statistics need no
/// exchange), `GN`, `LN`, `LN2d`, `IN` and its variants are what their names say.
public struct NormConfig: Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    case batchNorm
    case batchNorm1d
    case groupNorm(groups: Int)
    case layerNorm
    /// mmcls's `LN2d`: over the channels of an `[N, C, H, W]` tensor.
    case layerNorm2d
    case instanceNorm
  }

  public var kind: Kind
  public var eps: Double = 1e-5
  /// Of running statistics; `nil` averages over all batches.
  public var momentum: Double? = 0.1
  /// Whether there is a learnt scale and shift; `nil` is the layer's own default.
  public var affine: Bool?
  public var tracksRunningStatistics: Bool?
  /// Whether scale and shift are trained.
  public var requiresGradient = true

  public init(_ kind: Kind) { self.kind = kind }

  public static let batchNorm = NormConfig(.batchNorm)

  /// mmcv's short name of the layer, with which attribute names begin: `bn1`, `gn`.
  public var abbreviation: String {
    switch kind {
    case .batchNorm, .batchNorm1d: "bn"
    case .groupNorm: "gn"
    case .layerNorm, .layerNorm2d: "ln"
    case .instanceNorm: "in"
    }
  }

  /// - Throws: `InvalidConfig` when no layer can be made for one of these numbers of channels.
  public func check(channels: [Int]) throws {
    guard case .groupNorm(let groups) = kind else { return }
    if let odd = channels.first(where: { $0 % groups != 0 }) {
      throw InvalidConfig(
        "norm_cfg.num_groups must divide all channel numbers, found \(groups) groups for \(odd) channels")
    }
  }

  /// A layer for `channels` channels.
  public func make(_ channels: Int) -> any NormLayer {
    let layer: any NormLayer
    switch kind {
    case .batchNorm:
      layer = BatchNorm2d(
        channels, eps: eps, momentum: momentum, affine: affine ?? true,
        trackRunningStats: tracksRunningStatistics ?? true)
    case .batchNorm1d:
      layer = BatchNorm1d(
        channels, eps: eps, momentum: momentum, affine: affine ?? true,
        trackRunningStats: tracksRunningStatistics ?? true)
    case .groupNorm(let groups):
      layer = GroupNorm(groups, channels, eps: eps, affine: affine ?? true)
    case .layerNorm:
      layer = LayerNorm([channels], eps: eps, affine: affine ?? true)
    case .layerNorm2d:
      layer = LayerNorm2d(channels, eps: eps)
    case .instanceNorm:
      layer = InstanceNorm2d(
        channels, eps: eps, momentum: momentum ?? 0.1, affine: affine ?? false,
        trackRunningStats: tracksRunningStatistics ?? false)
    }
    if !requiresGradient { layer.setRequiresGradient(false) }
    return layer
  }

  /// A layer under the key that mmcv gives it: `bn1` for `suffix: "1"`.
  public func named(_ channels: Int, suffix: String = "") -> Named<any NormLayer> {
    Named(abbreviation + suffix, make(channels))
  }
}

extension NormConfig: ConfigRecord {
  public init(from reader: inout ConfigReader) throws {
    let type: String = try reader.value("type")
    switch type {
    case "BN", "BN2d", "SyncBN", "MMSyncBN": kind = .batchNorm
    case "BN1d": kind = .batchNorm1d
    case "GN":
      let groups: Int = try reader.value("num_groups")
      guard groups > 0 else { throw reader.invalid("must be positive, found \(groups)", key: "num_groups") }
      kind = .groupNorm(groups: groups)
    case "LN": kind = .layerNorm
    case "LN2d": kind = .layerNorm2d
    case "IN", "IN2d": kind = .instanceNorm
    default:
      throw BuildError(
        .unknownName(
          type, role: "norm layer",
          known: ["BN", "BN1d", "BN2d", "GN", "IN", "IN2d", "LN", "LN2d", "MMSyncBN", "SyncBN"]),
        path: reader.path("type"), location: reader.location)
    }
    eps = try reader.value("eps", default: 1e-5)
    if reader.has("momentum") { momentum = try reader.optional("momentum") }
    affine = try reader.optional(kind == .layerNorm ? "elementwise_affine" : "affine")
    tracksRunningStatistics = try reader.optional("track_running_stats")
    requiresGradient = try reader.value("requires_grad", default: true)
  }
}
