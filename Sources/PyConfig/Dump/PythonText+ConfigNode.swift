import OrderedCollections

/// Python's `repr` of a value, on one line; `inf` and `nan` as expressions that read back.
func pythonRepr(_ node: ConfigNode) -> String {
  var text = ""
  write(node, to: &text)
  return text
}

/// A key as Python writes it.
func pythonRepr(key: String, in dictionary: ConfigDictionary) -> String {
  dictionary.integerKeys.contains(key) ? key : pythonRepr(key)
}

private func write(_ node: ConfigNode, to text: inout String) {
  func list(_ items: [ConfigNode], _ open: String, _ close: String) {
    text += open
    for (index, item) in items.enumerated() {
      if index > 0 { text += ", " }
      write(item, to: &text)
    }
    text += close
  }
  switch node.value {
  case .none: text += "None"
  case .bool(let value): text += value ? "True" : "False"
  case .int(let value): text += String(value)
  case .float(let value): text += value.isFinite ? pythonRepr(value) : "float('\(pythonRepr(value))')"
  case .string(let value): text += pythonRepr(value)
  case .list(let items): list(items, "[", "]")
  case .tuple(let items): list(items, "(", items.count == 1 ? ",)" : ")")
  case .dictionary(let dictionary):
    text += "{"
    for (index, (key, value)) in dictionary.entries.enumerated() {
      if index > 0 { text += ", " }
      text += pythonRepr(key: key, in: dictionary) + ": "
      write(value, to: &text)
    }
    text += "}"
  }
}
