/// Text in a small bitmap font.
extension Image {
  /// The space that `text` takes, its last line's descenders included.
  public static func textSize(_ text: String, scale: Int = 1) -> (width: Int, height: Int) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    return (
      (lines.map(\.count).max() ?? 0) * BitmapFont.cellWidth * scale,
      lines.count * BitmapFont.cellHeight * scale
    )
  }

  /// Writes text with its upper left corner at (`x`, `y`); what lies outside is cut off.
  /// - Parameters:
  ///   - color: one value a channel, BGR.
  ///   - background: fills the box behind the text when given.
  ///   - scale: dots become squares of this side.
  public mutating func draw(
    text: String, x: Int, y: Int, color: [UInt8], background: [UInt8]? = nil, backgroundOpacity: Double = 1,
    scale: Int = 1
  ) {
    precondition(scale > 0, "Image.draw: the text's scale must be positive, found \(scale)")
    if let background {
      let size = Image.textSize(text, scale: scale)
      fillRectangle(
        x1: x, y1: y, x2: x + size.width - 1, y2: y + size.height - 1, color: background,
        opacity: backgroundOpacity)
    }
    paint("draw", color) { canvas in
      for (row, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
        for (column, character) in line.enumerated() {
          let left = x + column * BitmapFont.cellWidth * scale
          for (dotY, dots) in BitmapFont.lines(of: character).enumerated() where dots != 0 {
            let top = y + (row * BitmapFont.cellHeight + dotY) * scale
            for dotX in 0..<5 where dots & (16 >> UInt8(dotX)) != 0 {
              let start = left + dotX * scale
              for line in top..<top + scale { canvas.span(from: start, to: start + scale - 1, y: line) }
            }
          }
        }
      }
    }
  }
}
