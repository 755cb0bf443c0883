import PyConfig

/// How the keys and shapes of a checkpoint met those of a model.
public struct LoadReport: Sendable, Equatable {
  public struct Mismatch: Sendable, Equatable {
    public var key: String
    public var found: [Int]
    public var expected: [Int]
  }

  /// Keys whose values were taken over.
  public var matched: [String] = []
  /// Keys of the model that the checkpoint lacks; counts of batches of normalisation layers are not worth mention.
  public var missing: [String] = []
  /// Keys of the checkpoint that the model lacks.
  public var unexpected: [String] = []
  public var mismatched: [Mismatch] = []

  public init() {}

  public var isPerfect: Bool { missing.isEmpty && unexpected.isEmpty && mismatched.isEmpty }

  /// What did not match: counts first, then the first ten of each kind with the nearest name on the other side.
  public var description: String {
    if isPerfect { return "all \(matched.count) keys match" }
    let total = matched.count + missing.count + mismatched.count
    var lines = [
      "The model and loaded state dict do not match exactly",
      "\(matched.count) of \(total) keys match; \(mismatched.count) of another shape, \(unexpected.count) unexpected, "
        + "\(missing.count) missing",
    ]
    let shown = 10
    for item in mismatched.prefix(shown) {
      lines.append(
        "size mismatch for \(item.key): copying a param with shape \(Self.size(item.found)) from checkpoint, "
          + "the shape in current model is \(Self.size(item.expected)).")
    }
    if mismatched.count > shown { lines.append("... and \(mismatched.count - shown) more of another shape") }
    if !unexpected.isEmpty {
      lines.append("unexpected key in source state_dict: " + Self.list(unexpected, shown, missing))
    }
    if !missing.isEmpty {
      lines.append("missing keys in source state_dict: " + Self.list(missing, shown, unexpected))
    }
    return lines.joined(separator: "\n")
  }

  /// A shape as PyTorch prints it, `torch.Size([2, 3])`.
  private static func size(_ shape: [Int]) -> String { "torch.Size(\(shape))" }

  private static func list(_ keys: [String], _ count: Int, _ others: [String]) -> String {
    let shown = keys.prefix(count).map { key in
      // A search among thousands of names for each would take longer than the loading.
      nearest(key, among: others.prefix(500)).map { "\(key) (did you mean \($0)?)" } ?? key
    }
    return shown.joined(separator: ", ") + (keys.count > count ? ", ... (\(keys.count) in all)" : "")
  }
}
