/// Python source that reads back to the same values.
enum PythonDump {
  static func text(of node: ConfigNode) -> String { pythonRepr(node) }
}
