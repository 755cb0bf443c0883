/// A config that can't be read or that breaks a rule of the language.
///
/// Printed as `file:line:column: what must hold, what was found; hint`.
public struct ConfigError: Error, CustomStringConvertible, Sendable, Hashable {
  /// What must hold, what was found and, where there is one, a hint.
  public var message: String
  /// `nil` where no file is involved.
  public var location: SourceLocation?

  public init(_ message: String, at location: SourceLocation? = nil) {
    (self.message, self.location) = (message, location)
  }

  public var description: String {
    guard let location else { return message }
    return "\(location.file):\(location.line):\(location.column): \(message)"
  }
}
