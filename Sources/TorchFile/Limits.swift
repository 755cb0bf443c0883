extension TorchFile {
  /// Bounds on what reading one file may cost, whatever the file claims.
  public struct Limits: Sendable {
    /// Values in the file's object tree, shared ones counted as often as they are reached.
    public var nodes = 5_000_000
    /// Containers nested in one another.
    public var depth = 200
    /// Bytes of tensors that are copies (views, expanded or transposed storages) may total this many times the
    /// file's size, or `allowance` if that is more.
    public var expansion = 8
    /// Bytes unpacked from compressed entries may total this many times the file's size, or `allowance` if that
    /// is more.
    public var inflation = 32
    /// Bytes that even a small file may expand to.
    public var allowance = 64 << 20

    public static let `default` = Limits()

    public init() {}
  }
}

/// What is left of the limits while one file is read.
final class Budget {
  let limits: TorchFile.Limits
  private let bytesAllowed: Int
  private let inflatedAllowed: Int
  private(set) var nodes = 0
  private(set) var bytes = 0
  private(set) var inflated = 0

  init(_ limits: TorchFile.Limits, fileSize: Int) {
    self.limits = limits
    func allowed(_ factor: Int) -> Int {
      let (product, overflow) = factor.multipliedReportingOverflow(by: fileSize)
      return max(limits.allowance, overflow ? .max : product)
    }
    bytesAllowed = allowed(limits.expansion)
    inflatedAllowed = allowed(limits.inflation)
  }

  /// Counts values of the object tree.
  func chargeNodes(_ count: Int, _ place: Place, at offset: Int? = nil) throws(TorchFileError) {
    nodes = Self.sum(nodes, count)
    if nodes > limits.nodes {
      throw place.error(.limit("values in the file", found: nodes, allowed: limits.nodes), at: offset)
    }
  }

  /// Counts bytes about to be allocated beyond the file's own.
  func chargeBytes(_ count: Int, _ place: Place, at offset: Int? = nil) throws(TorchFileError) {
    bytes = Self.sum(bytes, count)
    if bytes > bytesAllowed {
      throw place.error(
        .limit("bytes of copied tensors and strings", found: bytes, allowed: bytesAllowed), at: offset)
    }
  }

  /// Counts bytes about to be unpacked.
  func chargeInflated(_ count: Int, _ place: Place, at offset: Int? = nil) throws(TorchFileError) {
    inflated = Self.sum(inflated, count)
    if inflated > inflatedAllowed {
      throw place.error(
        .limit("bytes of unpacked entries", found: inflated, allowed: inflatedAllowed), at: offset)
    }
  }

  private static func sum(_ a: Int, _ b: Int) -> Int {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max : sum
  }
}
