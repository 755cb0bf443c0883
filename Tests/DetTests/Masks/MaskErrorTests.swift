import Det
import Testing

@Suite("Broken masks")
struct MaskErrorTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var message: String
    var make: @Sendable () throws -> RunLengthMask
  }

  static let cases = [
    Case(testDescription: "long runs", message: "runs must not exceed the 2x3 picture, found 4 + 3 at 1") {
      try RunLengthMask(counts: [4, 3], height: 2, width: 3)
    },
    Case(
      testDescription: "huge runs", message: "runs must not exceed the 2x3 picture, found 4 + \(Int.max) at 1"
    ) {
      try RunLengthMask(counts: [4, .max], height: 2, width: 3)
    },
    Case(testDescription: "negative runs", message: "run lengths must not be negative, found -4 at 0") {
      try RunLengthMask(counts: [-4, 3], height: 2, width: 3)
    },
    Case(
      testDescription: "a picture without pixels",
      message: "the picture's sides must be positive and small enough for 2^32 pixels, found 0x3"
    ) { try RunLengthMask(counts: [], height: 0, width: 3) },
    Case(
      testDescription: "a huge picture",
      message: "the picture's sides must be positive and small enough for 2^32 pixels, found 9000000x9000000"
    ) { try RunLengthMask(polygons: [[0, 0, 1, 1, 2, 0]], height: 9_000_000, width: 9_000_000) },
    Case(
      testDescription: "strange characters",
      message: "compressed counts must be characters from '0' to 'o', found code 32 at 1"
    ) { try RunLengthMask(compressed: "0 1", height: 2, width: 3) },
    Case(
      testDescription: "half", message: "compressed counts must end with a whole number, found part of one"
    ) {
      try RunLengthMask(compressed: "2o", height: 2, width: 3)
    },
    Case(
      testDescription: "endless", message: "a compressed count must be below 2^32, found a longer one at 7"
    ) {
      try RunLengthMask(compressed: "oooooooooo0", height: 2, width: 3)
    },
    Case(
      testDescription: "a compressed negative number",
      message: "run lengths must not be negative, found -1 at 0"
    ) {
      try RunLengthMask(compressed: "O", height: 2, width: 3)
    },
    Case(
      testDescription: "no polygon",
      message: "the first polygon must have at least three points, found no polygon"
    ) { try RunLengthMask(polygons: [], height: 2, width: 3) },
    Case(
      testDescription: "a line", message: "the first polygon must have at least three points, found 4 numbers"
    ) {
      try RunLengthMask(polygons: [[1, 2, 3, 4]], height: 2, width: 3)
    },
    Case(
      testDescription: "half a point", message: "a polygon must have an even number of coordinates, found 7"
    ) {
      try RunLengthMask(polygons: [[0, 0, 1, 1, 2, 2, 3]], height: 2, width: 3)
    },
    Case(
      testDescription: "not a number", message: "a polygon's coordinates must be within 10^8, found nan at 2"
    ) {
      try RunLengthMask(polygons: [[0, 0, .nan, 1, 2, 2]], height: 2, width: 3)
    },
    Case(
      testDescription: "a huge number",
      message: "a polygon's coordinates must be within 10^8, found 1e+300 at 3"
    ) {
      try RunLengthMask(polygons: [[0, 0, 1, 1e300, 2, 2]], height: 2, width: 3)
    },
  ]

  @Test("are told", arguments: cases)
  func message(_ test: Case) {
    #expect(throws: MaskError(test.message)) { try test.make() }
  }

  @Test("that reach far out of the picture are drawn at once")
  func distantPolygons() throws {
    let mask = try RunLengthMask(
      polygons: [[-9e7, -9e7, 9e7, -9e7, 9e7, 9e7, -9e7, 9e7]], height: 20, width: 30)
    #expect(mask.area == 600)
  }

  @Test("soft targets of polygons are refused")
  func softPolygons() {
    let masks = InstanceMasks(.polygons([[[0, 0, 4, 0, 4, 4]]]), height: 5, width: 5)
    let problem = "soft_mask_target must not be set where masks are polygons; load them with poly2mask=True"
    #expect(throws: MaskError(problem)) {
      try masks.targets(boxes: Boxes([0, 0, 4, 4]), objects: [0], width: 7, height: 7, isSoft: true)
    }
  }
}
