import Core
import Testing

@testable import Seg

@Suite struct CityscapesTests {
  @Test func `class indices become label ids`() {
    let ids = (0..<19).map { CityscapesLabel.idOfTrainID[$0] }
    #expect(ids == [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33])
    #expect(CityscapesLabel.idOfTrainID[255] == 0)
    // The colours of both lists agree.
    for (index, id) in ids.enumerated() {
      let start = Int(id) * 3
      #expect(Array(CityscapesLabel.palette[start..<(start + 3)]) == ClassSet.cityscapes.palette[index])
    }
    #expect(CityscapesLabel.palette.count == 35 * 3)
  }
}
