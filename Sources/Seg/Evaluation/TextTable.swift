/// A table in a frame of characters, its cells centred: the form of Python's prettytable.
struct TextTable {
  var columns: [String]
  var rows: [[String]]

  var text: String {
    let widths = columns.indices.map { column in
      max(columns[column].count, rows.map { $0[column].count }.max() ?? 0)
    }
    let frame = "+" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "+") + "+"
    func line(_ cells: [String]) -> String {
      "|" + zip(cells, widths).map { " \(Self.centered($0, $1)) " }.joined(separator: "|") + "|"
    }
    return ([frame, line(columns), frame] + rows.map(line) + [frame]).joined(separator: "\n")
  }

  /// Where the space cannot be halved, the larger part goes behind texts of odd length and before others.
  private static func centered(_ text: String, _ width: Int) -> String {
    let space = width - text.count
    let before = space % 2 == 1 && text.count % 2 == 0 ? space / 2 + 1 : space / 2
    return String(repeating: " ", count: before) + text + String(repeating: " ", count: space - before)
  }
}
