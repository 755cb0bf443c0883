import Core
import PyConfig

/// The file that a test leaves its metrics in: `{"config": ..., "metric": {...}}`.
public struct EvaluationFile {
  public var config: String
  public var metrics: ConfigDictionary

  public init(config: String, metrics: ConfigDictionary) { (self.config, self.metrics) = (config, metrics) }

  /// `eval_single_scale_<time>.json`, or `eval_multi_scale_...` with test-time augmentation.
  public static func name(isAugmented: Bool) -> String {
    "eval_\(isAugmented ? "multi" : "single")_scale_\(Runner.timeStamp()).json"
  }

  /// With four spaces a level, as the original writes it.
  public var json: String {
    var whole = ConfigDictionary()
    whole["config"] = ConfigNode(.string(config))
    whole["metric"] = ConfigNode(.dictionary(metrics))
    return Self.indented(ConfigNode(.dictionary(whole)), "")
  }

  private static func indented(_ node: ConfigNode, _ margin: String) -> String {
    let inner = margin + "    "
    func block(_ open: String, _ items: [String], _ close: String) -> String {
      items.isEmpty
        ? open + close
        : "\(open)\n" + items.map { inner + $0 }.joined(separator: ",\n") + "\n\(margin)\(close)"
    }
    switch node.value {
    case .dictionary(let dictionary):
      return block(
        "{", dictionary.entries.map { "\(PythonText.json($0.key)): \(indented($0.value, inner))" }, "}")
    case .list(let items), .tuple(let items): return block("[", items.map { indented($0, inner) }, "]")
    case .none, .bool, .int, .float, .string: return PythonText.json(node)
    }
  }
}
