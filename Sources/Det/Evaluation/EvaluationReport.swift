import Core
import OrderedCollections

/// Metrics by name, as the original's `evaluate` returns them, and what it prints.
public struct EvaluationReport: Sendable {
  public var metrics: OrderedDictionary<String, LogValue> = [:]
  /// Lines for people.
  public var text = ""

  public init() {}

  /// Adds lines as the original's logger has them: one message a call.
  mutating func print(_ message: String) { text += message + "\n" }
}
