/// What the reading of one config may cost; every bound is far above what published configs need.
public struct ConfigLimits: Sendable {
  /// Bytes of one file.
  public var fileBytes = 4 << 20
  /// Files read for one config, repeated ones counted each time.
  public var files = 256
  /// Files in a chain of `_base_`.
  public var baseDepth = 32
  /// Brackets, blocks and containers inside one another.
  public var nesting = 200
  /// Items of one container, and values of a whole config.
  public var values = 1_000_000
  /// UTF-8 bytes of one string that an expression makes.
  public var stringBytes = 4 << 20
  /// Steps of evaluation, items and strings made included.
  public var work = 5_000_000

  public init() {}
  static let standard = ConfigLimits()
}

/// Counts the work of one load.
final class Budget {
  let limits: ConfigLimits
  private(set) var work = 0
  private(set) var files = 0

  init(_ limits: ConfigLimits = .standard) { self.limits = limits }

  /// Adds `amount` steps; false once the limit is passed.
  func spend(_ amount: Int) -> Bool {
    let (sum, overflow) = work.addingReportingOverflow(max(0, amount))
    work = overflow ? Int.max : sum
    return work <= limits.work
  }

  /// Counts one more file; false once the limit is passed.
  func openFile() -> Bool {
    files += 1
    return files <= limits.files
  }
}
