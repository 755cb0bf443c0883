import Core
import Det
import Testing

@Suite("Masks of objects")
struct InstanceMasksTests {
  let golden: MaskGolden.Instance
  let polygons, bitmaps: InstanceMasks
  let boxes: Boxes

  init() throws {
    golden = try MaskGolden.shared.get().instance
    let (height, width) = (golden.height, golden.width)
    polygons = InstanceMasks(.polygons(golden.objects), height: height, width: width)
    bitmaps = InstanceMasks(
      .bitmaps(
        try golden.bitmaps.map { try RunLengthMask(compressed: $0, height: height, width: width).bitmap }),
      height: height, width: width)
    boxes = Boxes(golden.boxes.map { Float($0) })
  }

  func move(_ name: String, _ masks: InstanceMasks) -> InstanceMasks? {
    switch name {
    case "flip_horizontal": masks.flipped(.horizontal)
    case "flip_vertical": masks.flipped(.vertical)
    case "flip_diagonal": masks.flipped(.diagonal)
    case "resize": masks.resized(toWidth: 33, height: 61)
    case "rescale": masks.rescaled(to: .within(100, 70))
    case "crop": masks.cropped(x1: 5, y1: 8, x2: 44, y2: 90)
    case "crop_outside": masks.cropped(x1: -5, y1: -8, x2: 20, y2: 20)
    case "pad": masks.padded(toWidth: 64, height: 50)
    case "expand": masks.expanded(toWidth: 80, height: 60, left: 13, top: 11)
    case "translate_x": masks.translated(offset: 7)
    case "translate_y": masks.translated(offset: -5.5, .vertical)
    case "shear_x": masks.sheared(magnitude: 0.3)
    case "shear_y": masks.sheared(magnitude: -0.2, .vertical)
    case "rotate": masks.rotated(degrees: 17)
    case "rotate_scaled": masks.rotated(degrees: -40, center: (10, 20), scale: 0.7)
    case "crop_and_resize":
      masks.croppedAndResized(boxes: boxes, objects: golden.indices, width: 17, height: 14)
    default: nil
    }
  }

  @Test("follow their picture as mmdet's do")
  func moves() throws {
    #expect(golden.moved.count == 16)
    for (name, expected) in golden.moved {
      let moved = try #require(move(name, bitmaps), "\(name)")
      #expect([moved.height, moved.width] == [expected.height, expected.width], "\(name)")
      let texts = try moved.runLengths().map(\.compressed)
      #expect(texts == expected.bitmaps, "\(name)")
      guard let points = expected.polygons, let moved = move(name, polygons) else { continue }
      #expect([moved.height, moved.width] == [expected.height, expected.width], "\(name)")
      guard case .polygons(let found) = moved.shapes else {
        Issue.record("\(name) makes something else of polygons")
        continue
      }
      #expect(found.map { $0.map(\.count) } == points.map { $0.map(\.count) })
      let difference = zip(found.joined().joined(), points.joined().joined()).map { abs($0 - $1) }.max() ?? 1
      #expect(difference < 1e-6, "\(name)")
    }
  }

  @Test("become bitmaps, areas and boxes as mmdet's do")
  func measures() throws {
    #expect(try polygons.rasterized() == bitmaps)
    #expect(zip(polygons.areas, golden.areas.polygons).allSatisfy { abs($0 - $1) < 1e-9 })
    #expect(bitmaps.areas == golden.areas.bitmaps)
    #expect(polygons.boundingBoxes.values == golden.bounds.polygons.map { Float($0) })
    #expect(bitmaps.boundingBoxes.values == golden.bounds.bitmaps.map { Float($0) })
    #expect(bitmaps[[2, 0]].areas == [golden.areas.bitmaps[2], golden.areas.bitmaps[0]])
    #expect(
      InstanceMasks(.bitmaps([[0, 0, 0, 0]]), height: 2, width: 2).boundingBoxes.values == [0, 0, 0, 0])
  }

  @Test("give mask heads mmdet's targets")
  func targets() throws {
    func texts(_ masks: InstanceMasks) throws -> [String] {
      let targets = try masks.targets(boxes: boxes, objects: golden.indices, width: 28, height: 28)
      return boxes.indices.map { index in
        RunLengthMask(
          bitmap: targets[(index * 784)..<((index + 1) * 784)].map { UInt8($0) }, height: 28, width: 28
        )
        .compressed
      }
    }
    #expect(try texts(polygons) == golden.targets.polygons)
    #expect(try texts(bitmaps) == golden.targets.bitmaps)
    let soft = try bitmaps.targets(boxes: boxes, objects: golden.indices, width: 28, height: 28, isSoft: true)
    #expect(zip(soft, golden.targets.soft).allSatisfy { abs(Double($0) - $1) < 2e-6 })
  }

  @Test("of no objects give nothing")
  func none() throws {
    let empty = InstanceMasks(.bitmaps([]), height: 4, width: 4)
    #expect(empty.resized(toWidth: 9, height: 8) == InstanceMasks(.bitmaps([]), height: 8, width: 9))
    #expect(try empty.targets(boxes: Boxes(), objects: [], width: 28, height: 28).isEmpty)
  }
}
