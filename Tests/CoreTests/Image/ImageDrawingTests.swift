import Testing

@testable import Core

@Suite struct ImageDrawingTests {
  /// A gray image as rows of characters.
  func rows(_ image: Image) -> [String] {
    let samples = image.bytes ?? []
    return (0..<image.height).map { y in
      (0..<image.width).map { samples[y * image.width + $0] == 0 ? "." : "#" }.joined()
    }
  }

  @Test func writesLetters() {
    var image = Image(width: 12, height: 9, channels: 1)
    image.draw(text: "Ag", x: 0, y: 0, color: [255])
    #expect(
      rows(image) == [
        ".###........", "#...#.......", "#...#..####.", "#####.#...#.", "#...#.#...#.", "#...#.#...#.",
        "#...#..####.",
        "..........#.", ".......###..",
      ])
    #expect(Image.textSize("ab\nabc", scale: 2) == (36, 40))
  }

  @Test func hasEveryCharacter() {
    var seen: Set<[String]> = []
    for code in UInt8(33)...126 {
      var image = Image(width: 6, height: 10, channels: 1)
      image.draw(text: String(UnicodeScalar(code)), x: 0, y: 0, color: [1])
      seen.insert(rows(image))
    }
    #expect(seen.count == 94)
  }

  @Test func drawsFramesAndLines() {
    var image = Image(width: 7, height: 5, channels: 1)
    image.drawRectangle(x1: 1, y1: 1, x2: 5, y2: 3, color: [9])
    #expect(rows(image) == [".......", ".#####.", ".#...#.", ".#####.", "......."])
    image = Image(width: 5, height: 5, channels: 1)
    image.drawLine(from: DrawingPoint(0, 2), to: DrawingPoint(4, 2), color: [9])
    #expect(rows(image) == [".....", ".....", "#####", ".....", "....."])
    image = Image(width: 5, height: 5, channels: 1)
    image.drawRectangle(x1: 0, y1: 0, x2: 4, y2: 4, color: [9], thickness: 3)
    #expect(rows(image) == ["#####", "#####", "##.##", "#####", "#####"])
  }

  @Test func fillsPolygons() {
    var image = Image(width: 6, height: 5, channels: 1)
    image.fillPolygon([DrawingPoint(0, 0), DrawingPoint(4, 0), DrawingPoint(0, 4)], color: [9])
    #expect(rows(image) == ["####..", "###...", "##....", "#.....", "......"])
    // The even-odd rule leaves the hole of a figure that crosses itself.
    let points = [(0.0, 0.0), (6, 0), (6, 5), (0, 5), (0, 0), (2, 1), (2, 3), (4, 3), (4, 1), (2, 1)]
    image = Image(width: 6, height: 5, channels: 1)
    image.fillPolygon(points.map { DrawingPoint($0.0, $0.1) }, color: [9])
    #expect(rows(image) == ["######", "##..##", "##..##", "######", "######"])
  }

  @Test func blends() {
    var image = Image(width: 2, height: 1, filledWith: 100)
    image.fillRectangle(x1: 1, y1: 0, x2: 5, y2: 9, color: [200, 0, 100], opacity: 0.5)
    #expect(image.bytes == [100, 100, 100, 150, 50, 100])
    image.paint(mask: [true, false], color: [0, 0, 0], opacity: 0.25)
    #expect(image.bytes == [75, 75, 75, 150, 50, 100])
    var canvas = Image(width: 3, height: 2, channels: 1)
    canvas.draw(Image(width: 2, height: 2, channels: 1, filledWith: 8), x: 2, y: -1)
    #expect(canvas.bytes == [0, 0, 8, 0, 0, 0])
  }

  @Test func cutsAtTheEdgesAndSharesNothing() {
    let original = Image(width: 4, height: 4, channels: 1)
    var image = original
    for place in [-1_000_000_000, -3, 2, 3_000_000] {
      image.drawRectangle(x1: place, y1: place, x2: place + 9, y2: place + 9, color: [1], thickness: 2)
      image.fillRectangle(x1: place, y1: place, x2: place + 1, y2: place + 1, color: [1])
      image.draw(text: "Wide\nWorld é", x: place, y: place, color: [1], background: [2])
      image.drawLine(
        from: DrawingPoint(Double(place), 0), to: DrawingPoint(0, Double(place)), color: [1], thickness: 2)
    }
    image.fillPolygon([DrawingPoint(.nan, 0), DrawingPoint(4, .infinity), DrawingPoint(0, 4)], color: [9])
    #expect(image != original)
    #expect(original == Image(width: 4, height: 4, channels: 1))
  }
}
