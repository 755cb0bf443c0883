import Core
import Det
import Testing

@Suite("COCO's metric")
struct COCOEvaluationTests {
  static let golden = Result { try EvaluationGolden.json("det-coco-eval/stats.json", as: [[Double]].self) }

  func stats(_ number: Int, _ shape: COCOEvaluation.Shape, usesCategories: Bool = true) throws -> [Double] {
    let set = COCOCase(number)
    var evaluation = COCOEvaluation(shape, categories: set.classes)
    evaluation.usesCategories = usesCategories
    evaluation.maxDetections = number % 2 == 0 ? [100, 300, 1000] : [1, 10, 100]
    let curves = try evaluation(pictures: set.pictures.count) { index in
      let picture = set.pictures[index]
      return shape == .mask ? try set.withMasks(picture) : (picture.truths, picture.predictions)
    }
    return COCOSummary(curves).stats
  }

  func expect(_ kind: Int, _ shape: COCOEvaluation.Shape, usesCategories: Bool = true) throws {
    let golden = try Self.golden.get()
    #expect(golden.count == 200)
    for (number, expected) in golden.enumerated() {
      let found = try stats(number, shape, usesCategories: usesCategories)
      let difference = zip(found, expected[(12 * kind)...]).map { abs($0 - $1) }.max() ?? 1
      #expect(difference < 1e-8, "set \(number)")
    }
  }

  @Test("of boxes is pycocotools' in 200 data sets")
  func boxes() throws { try expect(0, .box) }

  @Test("of masks is pycocotools' in 200 data sets")
  func masks() throws { try expect(1, .mask) }

  @Test("of boxes without classes is pycocotools' in 200 data sets")
  func proposals() throws { try expect(2, .box, usesCategories: false) }

  @Test("does not depend on how many threads compute it")
  func threads() throws {
    let many = try stats(17, .box)
    // Work inside of work runs on one thread.
    #expect(try concurrentMap(count: 1) { _ in try stats(17, .box) } == [many])
  }

  @Test("prints what pycocotools prints")
  func text() throws {
    let set = COCOCase(1)
    let curves = try COCOEvaluation(.box, categories: set.classes)(pictures: set.pictures.count) {
      (set.pictures[$0].truths, set.pictures[$0].predictions)
    }
    let summary = COCOSummary(curves)
    let lines = summary.text.split(separator: "\n")
    let number = { (index: Int) in PythonText.fixed(summary.stats[index], 3) }
    #expect(lines.count == 12)
    #expect(
      lines[0] == " Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = \(number(0))")
    #expect(
      lines[1] == " Average Precision  (AP) @[ IoU=0.50      | area=   all | maxDets=100 ] = \(number(1))")
    #expect(
      lines[6] == " Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=  1 ] = \(number(6))")
    #expect(
      lines[9] == " Average Recall     (AR) @[ IoU=0.50:0.95 | area= small | maxDets=100 ] = \(number(9))")
  }

  @Test("of scores that are not numbers and of nothing at all is still a number")
  func strange() throws {
    let nothing = try COCOEvaluation(.box, categories: 3)(pictures: 0) { _ in ([], []) }
    #expect(COCOSummary(nothing).stats == [Double](repeating: -1, count: 12))
    let box = COCOBox(x: 0, y: 0, width: 50, height: 50)
    let strange = try COCOEvaluation(.box, categories: 1)(pictures: 1) { _ in
      (
        [COCOEvaluation.Truth(id: 1, category: 0, box: box, area: 2500)],
        [.nan, 0.5, .infinity].map { COCOEvaluation.Prediction(category: 0, score: $0, box: box) }
          + [COCOEvaluation.Prediction(category: 7, score: 1, box: box)]
      )
    }
    #expect(COCOSummary(strange).stats[0] == 1)
  }
}
