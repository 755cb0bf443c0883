import Foundation
import OrderedCollections
import TorchFile

/// A regular expression and what takes its place in the keys of a checkpoint.
public struct KeyRevision: Sendable, Equatable {
  public var pattern: String
  /// With `\1` for groups, as in Python.
  public var replacement: String

  public init(_ pattern: String, _ replacement: String) {
    (self.pattern, self.replacement) = (pattern, replacement)
  }

  /// Takes off what data-parallel training put before all keys.
  public static let withoutModule = KeyRevision(#"^module\."#, "")
}

extension Module {
  /// Loads a checkpoint file into this module.
  ///
  /// - Parameters:
  ///   - strict: whether anything missing, unexpected or of another shape is an error. Then nothing is changed.
  ///   - prefix: takes only keys below this one, without it (`backbone`), as for the `Pretrained` initialisation.
  ///   - revisions: applied to each key in turn.
  /// - Throws: `CheckpointError`, `TorchFileError`.
  @discardableResult
  public func loadCheckpoint(
    _ path: String, strict: Bool = false, prefix: String? = nil, revisions: [KeyRevision] = [.withoutModule]
  ) throws -> LoadReport {
    let checkpoint = try Checkpoint(path: path)
    do {
      return try load(checkpoint.state, strict: strict, prefix: prefix, revisions: revisions)
    } catch let error as LoadError {
      throw CheckpointError(path: path, error.text)
    }
  }

  struct LoadError: Error, CustomStringConvertible {
    var text: String
    var description: String { text }
  }

  /// Loads a state dict into this module; see `loadCheckpoint`.
  @discardableResult
  public func load(
    _ stored: OrderedDictionary<String, StoredTensor>, strict: Bool = false, prefix: String? = nil,
    revisions: [KeyRevision] = [.withoutModule]
  ) throws -> LoadReport {
    var stored = try revise(stored, revisions)
    if let prefix {
      let lead = prefix.hasSuffix(".") ? prefix : prefix + "."
      let inside = stored.filter { $0.key.hasPrefix(lead) }
      guard !inside.isEmpty else {
        throw LoadError(
          text:
            "no key starts with '\(lead)'; the first keys are \(stored.keys.prefix(5).joined(separator: ", "))"
        )
      }
      stored = [:]
      for (key, value) in inside { stored[String(key.dropFirst(lead.count))] = value }
    }
    forEachModule { key, module in
      (module as? any StateAdapting)?.adapt(&stored, prefix: key.isEmpty ? "" : key + ".")
    }
    var report = LoadReport()
    var assignments: [(entry: StateEntry, value: StoredTensor)] = []
    for (key, entry) in state {
      guard let value = stored.removeValue(forKey: key) else {
        if !key.contains("num_batches_tracked") { report.missing.append(key) }
        continue
      }
      let expected = entry.value.shape
      // Scalars were saved with one axis by PyTorch before 0.4.
      let fits = value.shape == expected || expected.isEmpty && value.shape == [1]
      guard fits, value.fits(entry.value.dtype) else {
        report.mismatched.append(.init(key: key, found: value.shape, expected: expected))
        continue
      }
      report.matched.append(key)
      assignments.append((entry, value))
    }
    report.unexpected = Array(stored.keys)
    if strict, !report.isPerfect { throw LoadError(text: report.description) }
    for (entry, value) in assignments { value.write(into: entry.value) }
    return report
  }
}

/// The state dict with revised keys; of two that become equal, the later one stays, as in Python.
private func revise(_ state: OrderedDictionary<String, StoredTensor>, _ revisions: [KeyRevision]) throws
  -> OrderedDictionary<String, StoredTensor>
{
  var state = state
  for revision in revisions {
    guard let expression = try? NSRegularExpression(pattern: revision.pattern) else {
      throw InvalidConfig("'\(revision.pattern)' is not a regular expression")
    }
    // Python's templates have backslashes where these have dollars.
    let template = revision.replacement.replacingOccurrences(of: "$", with: "\\$")
      .replacingOccurrences(of: #"\\(?:g<)?([0-9]+)>?"#, with: "\\$$1", options: .regularExpression)
    var revised: OrderedDictionary<String, StoredTensor> = [:]
    for (key, value) in state {
      let whole = NSRange(key.startIndex..., in: key)
      revised[expression.stringByReplacingMatches(in: key, range: whole, withTemplate: template)] = value
    }
    state = revised
  }
  return state
}
