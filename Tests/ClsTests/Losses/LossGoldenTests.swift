import Cls
import Core
import OrderedCollections
import PyConfig
import Testing
import TestSupport

/// Losses and their gradients equal mmcls's; values: Fixtures/cls-losses/make.py.
@Suite struct LossGoldenTests {
  struct Fixture: Decodable, Sendable {
    var logits, soft, many, weight: [Float]
    var labels: [Int64]
    var cases: [Case]
  }

  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var config, target: String
    var weighted: Bool
    var factor: Double?
    var shape: [Int]
    var loss, gradient: [Double]
    var testDescription: String {
      "\(config) \(target)\(weighted ? " weighted" : "") \(factor.map { "/ \($0)" } ?? "")"
    }
  }

  static let fixture: Fixture? = try? Golden.json("cls-losses/cases.json")

  @Test func `there are cases`() { #expect(Self.fixture?.cases.count ?? 0 > 150) }

  @Test(arguments: fixture?.cases ?? []) func `equals the original`(_ c: Case) throws {
    let fixture = try #require(Self.fixture)
    let context = classificationContext()
    let loss = try context.registries.classificationLosses.build(
      node(c.config), path: "loss", context: context)
    let logits = Tensor(fixture.logits, shape: [5, 4]).requiringGradient()
    let target: ClassificationTarget =
      switch c.target {
      case "labels": .labels(Tensor(fixture.labels))
      case "soft": .scores(Tensor(fixture.soft, shape: [5, 4]))
      default: .scores(Tensor(fixture.many, shape: [5, 4]))
      }
    let value = try loss(
      logits, target, weight: c.weighted ? Tensor(fixture.weight) : nil, averageFactor: c.factor)
    expectClose(value, c.loss, shape: c.shape, relative: 2e-6, absolute: 1e-6, "loss")
    let count = c.shape.reduce(1, *)
    value.backward(Tensor((1...count).map { Float($0) / 4 }, shape: c.shape))
    let gradient = try #require(logits.gradient)
    expectClose(gradient, c.gradient, shape: [5, 4], relative: 5e-6, absolute: 1e-6, "gradient")
  }

  static let errors: [(String, String)] = [
    (
      "dict(type='CrossEntropyLos')",
      "c.py:1: loss.type: 'CrossEntropyLos' is not in the loss registry; did you mean 'CrossEntropyLoss'?"
    ),
    (
      "dict(type='CrossEntropyLoss', use_soft=True, use_sigmoid=True)",
      "c.py:1: loss: use_sigmoid and use_soft do not go together"
    ),
    (
      "dict(type='CrossEntropyLoss', reduction='avg')",
      "loss.reduction: must be one of none, mean, sum, found 'avg'"
    ),
    ("dict(type='LabelSmoothLoss')", "c.py:1: loss: missing required key 'label_smooth_val'"),
    (
      "dict(type='LabelSmoothLoss', label_smooth_val=1.0)",
      "loss.label_smooth_val: must be in 0..<1, found 1.0"
    ),
    (
      "dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='orginal')",
      "loss.mode: must be one of original, classy_vision, multi_label, found 'orginal'; did you mean 'original'?"
    ),
  ]

  @Test(arguments: errors) func `a wrong option is named`(_ text: String, _ expected: String) {
    let context = classificationContext()
    let message = errorText {
      _ = try context.registries.classificationLosses.build(node(text), path: "loss", context: context)
    }
    #expect(message.contains(expected), "\(message)")
  }

  static let misfits: [(String, Bool, String)] = [
    (
      "dict(type='CrossEntropyLoss', class_weight=[1, 2])", true,
      "class_weight must have one entry for each of 4 classes, found 2"
    ),
    (
      "dict(type='CrossEntropyLoss', use_sigmoid=True, pos_weight=[1, 2])", false,
      "pos_weight must have one entry for each of 4 classes, found 2"
    ),
    (
      "dict(type='CrossEntropyLoss', use_soft=True)", true,
      "take one value for each class; the data set gives labels"
    ),
    (
      "dict(type='LabelSmoothLoss', label_smooth_val=0.1, num_classes=7)", true,
      "num_classes is 7, the head gives 4 scores"
    ),
  ]

  @Test(arguments: misfits) func `a loss that does not fit the head is an error`(
    _ text: String, _ labels: Bool, _ expected: String
  ) throws {
    let context = classificationContext()
    let loss = try context.registries.classificationLosses.build(node(text), path: "loss", context: context)
    let message = errorText {
      _ = try loss(
        Tensor.zeros([2, 4]), labels ? .labels(Tensor([Int64(1), 2])) : .scores(.zeros([2, 4])), weight: nil,
        averageFactor: nil)
    }
    #expect(message.contains(expected), "\(message)")
  }

  @Test(arguments: ["dict(type='CrossEntropyLoss')", "dict(type='LabelSmoothLoss', label_smooth_val=0.1)"])
  func `a label that is no class is an error`(_ text: String) throws {
    let context = classificationContext()
    let loss = try context.registries.classificationLosses.build(node(text), path: "loss", context: context)
    let message = errorText {
      _ = try loss(Tensor.zeros([2, 4]), .labels(Tensor([Int64(1), 4])), weight: nil, averageFactor: nil)
    }
    #expect(message.contains("labels must be in 0..<4, found 4"), "\(message)")
  }
}
