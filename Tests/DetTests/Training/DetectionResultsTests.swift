import Core
import Foundation
import Testing

@testable import Det

/// The file that `det-test --out` writes.
@Suite struct DetectionResultsTests {
  @Test func `a picture is an object with what the model gives`() throws {
    var first = Detections(boxes: Boxes([1, 2.5, 3, 4, 5, 6, 7.25, 8]), scores: [0.5, 0.1], labels: [3, 0])
    first.masks = [
      RunLengthMask(height: 2, width: 3, runs: [1, 2, 3]), RunLengthMask(height: 2, width: 3, runs: [0, 6]),
    ]
    first.maskScores = [0.25, 1]
    var second = Detections()
    second.panoptic = PanopticMap(height: 2, width: 3, ids: [5, 5, 1007, 1007, 1007, 5])
    let data = Data(DetectionResults([first, second]).json.utf8)
    let results = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
    #expect(results[0]["bboxes"] as? [[Double]] == [[1, 2.5, 3, 4, 0.5], [5, 6, 7.25, 8, 0.1]])
    #expect(results[0]["labels"] as? [Int] == [3, 0])
    let masks = try #require(results[0]["segms"] as? [[String: Any]])
    #expect(masks[0]["size"] as? [Int] == [2, 3])
    let text = try #require(masks[0]["counts"] as? String)
    #expect(try RunLengthMask(compressed: text, height: 2, width: 3).runs == [1, 2, 3])
    #expect(results[0]["mask_scores"] as? [Double] == [0.25, 1])
    #expect((results[1]["bboxes"] as? [Any])?.isEmpty == true && results[1]["segms"] == nil)
    #expect(results[1]["pan_size"] as? [Int] == [2, 3])
    #expect(results[1]["pan_runs"] as? [[Int]] == [[5, 2], [1007, 3], [5, 1]])
  }

  @Test func `numbers that are not finite are written as Python writes them`() {
    #expect(DetectionResults.number(.nan) == "NaN" && DetectionResults.number(-.infinity) == "-Infinity")
    #expect(DetectionResults.number(0.1) == "0.1")
  }
}
