/// A table in a frame of characters, its cells to the left: the form of Python's terminaltables.
struct AsciiTable {
  /// The first row holds the headings. Short rows are filled up with empty cells.
  var rows: [[String]]
  /// Draws a line above the last row.
  var hasFooter = false

  var text: String {
    let columns = rows.map(\.count).max() ?? 0
    var widths = [Int](repeating: 0, count: columns)
    for row in rows {
      for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.count) }
    }
    let frame = "+" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "+") + "+"
    var lines = [frame]
    for (index, row) in rows.enumerated() {
      let cells = widths.indices.map { column in
        let cell = column < row.count ? row[column] : ""
        return " " + cell + String(repeating: " ", count: widths[column] - cell.count + 1)
      }
      if hasFooter, index == rows.count - 1, index > 1 { lines.append(frame) }
      lines.append("|" + cells.joined(separator: "|") + "|")
      if index == 0 { lines.append(frame) }
    }
    if rows.count > 1 { lines.append(frame) }
    return lines.joined(separator: "\n")
  }
}
