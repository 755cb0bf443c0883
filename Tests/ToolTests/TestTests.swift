import Core
import Foundation
import Testing

/// `cls-test` on a trained checkpoint.
struct TestTests {
  private struct Results: Decodable {
    var accuracy_top1, accuracy_top5, precision, recall, f1_score, support: Double?
    var class_scores: [[Double]]?
    var pred_score: [Double]?
    var pred_label: [Int]?
    var pred_class: [String]?

    enum CodingKeys: String, CodingKey {
      case accuracy_top1 = "accuracy_top-1"
      case accuracy_top5 = "accuracy_top-5"
      case precision, recall, f1_score, support, class_scores, pred_score, pred_label, pred_class
    }
  }

  let bench: Workbench

  init() throws { bench = try Trained.digits.get().bench }

  @Test func `results and metrics agree with each other`() throws {
    let run = try bench.run(
      "cls-test", "configs/digits.py", "work/latest.pth", "--out", "results/all.json", "--metrics",
      "accuracy",
      "precision", "recall", "f1_score", "support"
    ).succeeded()
    let text = try bench.text("results/all.json")
    let keys = text.matches(of: #/"([a-z_0-9-]+)": /#).map { String($0.1) }
    #expect(
      keys == [
        "accuracy_top-1", "accuracy_top-5", "support", "precision", "recall", "f1_score", "class_scores",
        "pred_score", "pred_label", "pred_class",
      ])
    let results = try JSONDecoder().decode(Results.self, from: Data(text.utf8))
    let scores = try #require(results.class_scores)
    let labels = try #require(results.pred_label)
    #expect(scores.count == 100 && labels.count == 100)
    for (index, row) in scores.enumerated() {
      #expect(row.count == 10 && abs(row.reduce(0, +) - 1) < 1e-5)
      #expect(row.firstIndex(of: row.max() ?? 0) == labels[index])
      #expect(results.pred_score?[index] == row.max())
      #expect(results.pred_class?[index].hasPrefix("\(labels[index]) - ") == true)
    }
    let correct = labels.enumerated().count { $0 % 10 == $1 }
    #expect(results.accuracy_top1 == Double(correct))
    #expect(correct > 50, "chance is 10")
    #expect(results.support == 100)
    #expect(run.output.contains("\naccuracy_top-1 : \(Double(correct))\n"))
    #expect(run.output.hasSuffix("\ndumping results to results/all.json\n"))
  }

  @Test func `items can be left out, and top-k be chosen`() throws {
    let run = try bench.run(
      "cls-test", "configs/digits.py", "work/latest.pth", "--out", "few.json", "--out-items", "pred_label",
      "--metrics", "accuracy", "--metric-options", "topk=(1,3)"
    ).succeeded()
    let keys = try bench.text("few.json").matches(of: #/"([a-z_0-9-]+)": /#).map { String($0.1) }
    #expect(keys == ["accuracy_top-1", "accuracy_top-3", "pred_label"])
    #expect(run.output.contains("\naccuracy_top-3 : "))
  }

  @Test func `pictures show the predictions`() throws {
    try bench.run(
      "cls-test", "configs/digits.py", "work/latest.pth", "--show-dir", "shown", "--cfg-options",
      "data.workers_per_gpu=0"
    ).succeeded()
    #expect(bench.files("shown").count == 100)
    let picture = try Image.read(path: bench.file("shown/0.png"))
    #expect(picture.channels == 3 && picture.width > 28)
  }
}
