import Det
import Testing

@Suite("Boxes")
struct BoxesTests {
  let boxes = Boxes([1, 2, 4, 8, 0, 0, 10, 5])

  @Test("are read and written by index")
  func elements() {
    var boxes = boxes
    #expect(boxes[1] == Box(0, 0, 10, 5))
    boxes[0] = Box(3, 3, 4, 5)
    boxes.append(Box(7, 7, 9, 9))
    #expect(boxes.values == [3, 3, 4, 5, 0, 0, 10, 5, 7, 7, 9, 9])
    #expect(boxes.count == 3)
  }

  @Test("are gathered in the order of the indices, also repeatedly")
  func gathering() {
    #expect(boxes[[1, 0, 1]].values == [0, 0, 10, 5, 1, 2, 4, 8, 0, 0, 10, 5])
    #expect(boxes[[Int]()].isEmpty)
  }

  @Test("measure themselves without adding a pixel")
  func measures() {
    let box = boxes[0]
    #expect((box.width, box.height, box.area) == (3, 6, 18))
    #expect(box.center == (2.5, 5))
  }
}
