import Det
import Testing

@Suite("Runs of masks")
struct RunLengthMaskTests {
  let golden: MaskGolden

  init() throws { golden = try MaskGolden.shared.get() }

  @Test("are those that pycocotools draws of polygons")
  func drawing() throws {
    for (index, drawing) in golden.drawings.enumerated() {
      let (height, width) = (drawing.height, drawing.width)
      let union = try RunLengthMask(polygons: drawing.polygons, height: height, width: width)
      #expect(union.compressed == drawing.union, "drawing \(index)")
      let parts = try drawing.polygons.map { try RunLengthMask(polygons: [$0], height: height, width: width) }
      #expect(parts.map(\.compressed) == drawing.parts, "drawing \(index)")
      #expect(RunLengthMask.combine(parts, .intersection)?.compressed == drawing.common, "drawing \(index)")
    }
  }

  @Test("have pycocotools' areas and boxes")
  func measures() throws {
    for (index, drawing) in golden.drawings.enumerated() {
      let mask = try RunLengthMask(compressed: drawing.union, height: drawing.height, width: drawing.width)
      #expect(mask.area == drawing.area, "drawing \(index)")
      let box = mask.box
      #expect([box.x, box.y, box.width, box.height] == drawing.box, "drawing \(index)")
    }
  }

  @Test("become text and bitmaps and come back")
  func forms() throws {
    let pixels = golden.pixels
    let masks = try pixels.texts.map {
      try RunLengthMask(compressed: $0, height: pixels.height, width: pixels.width)
    }
    #expect(masks.map(\.compressed) == pixels.texts)
    #expect(masks[1].bitmap == pixels.bits[0].utf8.map { $0 - 48 })
    #expect(masks[2].bitmap == pixels.bits[1].utf8.map { $0 - 48 })
    for mask in masks {
      #expect(RunLengthMask(bitmap: mask.bitmap, height: mask.height, width: mask.width) == mask)
      #expect(
        try RunLengthMask(counts: mask.runs.map(Int.init), height: mask.height, width: mask.width) == mask)
    }
  }

  @Test("of a window are those of the picture around it")
  func window() {
    var picture = [UInt8](repeating: 0, count: 31 * 90)
    var window: [UInt8] = []
    for y in 0..<9 {
      for x in 0..<70 {
        let byte: UInt8 = (x * 7 + y * 5) % 11 < 6 ? 1 : 0
        window.append(byte)
        picture[(y + 4) * 90 + x + 13] = byte
      }
    }
    let whole = RunLengthMask(bitmap: picture, height: 31, width: 90)
    #expect(
      RunLengthMask(window: window, width: 70, left: 13, top: 4, pictureHeight: 31, pictureWidth: 90) == whole
    )
    let empty = RunLengthMask(window: [], width: 0, left: 5, top: 5, pictureHeight: 31, pictureWidth: 90)
    #expect(empty.runs == [31 * 90])
  }

  @Test("overlap as pycocotools says, with and without crowds")
  func overlaps() throws {
    let pixels = golden.pixels
    let masks = try pixels.texts.map {
      try RunLengthMask(compressed: $0, height: pixels.height, width: pixels.width)
    }
    for (crowd, expected) in pixels.overlaps.enumerated() {
      let found = masks.flatMap { mask in masks.map { mask.overlap($0, isCrowd: crowd == 1) } }
      #expect(found == expected)
    }
    let other = RunLengthMask(height: 150, width: 37, runs: [0, 5550])
    #expect(masks[4].overlap(other) == -1)
  }

  @Test("that end early leave the rest to the background")
  func shortRuns() throws {
    #expect(try RunLengthMask(counts: [3], height: 2, width: 4).runs == [8])
    #expect(try RunLengthMask(counts: [3, 2], height: 2, width: 4).runs == [3, 2, 3])
    #expect(try RunLengthMask(counts: [], height: 2, width: 4).runs == [8])
    // Runs that were not checked neither trap nor hang.
    let broken = RunLengthMask(height: 2, width: 4, runs: [1, 2])
    #expect(broken.bitmap == [0, 1, 0, 0, 1, 0, 0, 0])
    let full = RunLengthMask(height: 2, width: 4, runs: [0, 8])
    #expect(RunLengthMask.combine([broken, full])?.area == 8)
    #expect(RunLengthMask(height: 2, width: 4, runs: [5, 100]).bitmap.reduce(0, +) == 3)
  }
}
