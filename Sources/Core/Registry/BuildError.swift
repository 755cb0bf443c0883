import PyConfig

/// Why something could not be built from a config: where, what must hold, what was found.
public struct BuildError: Error, Sendable, CustomStringConvertible, Equatable {
  /// What is wrong.
  public enum Reason: Sendable, Equatable {
    case missingKey(String)
    case unknownKey(String, accepted: [String])
    case wrongType(expected: String, found: String)
    case unknownName(String, role: String, known: [String])
    case invalid(String)
  }

  public var reason: Reason
  /// Dotted path from the root of the config, such as `model.backbone.depth`.
  public var path: String
  public var location: SourceLocation?

  public init(_ reason: Reason, path: String, location: SourceLocation? = nil) {
    (self.reason, self.path, self.location) = (reason, path, location)
  }

  public var description: String {
    (location.map { "\($0): " } ?? "") + (path.isEmpty ? "" : "\(path): ") + explanation
  }

  private var explanation: String {
    switch reason {
    case .missingKey(let key):
      return "missing required key '\(key)'"
    case .unknownKey(let key, let accepted):
      let hint = nearest(key, among: accepted).map { "did you mean '\($0)'? " } ?? ""
      return "unknown key '\(key)'; \(hint)accepted keys: \(accepted.joined(separator: ", "))"
    case .wrongType(let expected, let found):
      return "expected \(expected), found \(found)"
    case .unknownName(let name, let role, let known):
      let hint = nearest(name, among: known).map { "; did you mean '\($0)'?" } ?? ""
      return "'\(name)' is not in the \(role) registry\(hint)"
        + (hint.isEmpty && known.count <= 40 ? "; it has \(known.joined(separator: ", "))" : "")
    case .invalid(let text):
      return text
    }
  }
}
