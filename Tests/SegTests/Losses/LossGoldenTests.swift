import Core
import Seg
import Testing
import TestSupport

/// Losses and their gradients equal mmseg's; values: Fixtures/seg-models/make.py.
@Suite struct SegmentationLossTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var config, kind: String
    var weighted: Bool
    var name: String
    var loss: Double
    var gradient: Described
    var testDescription: String { config + (weighted ? " weighted" : "") }
  }

  static let cases: [Case] = (try? SegGolden.json("seg-models/losses.json")) ?? []

  static func loss(_ config: String) throws -> any SegmentationLoss {
    let context = segmentationContext()
    return try context.registries.segmentationLosses.build(segNode(config), path: "loss", context: context)
  }

  @Test func `there are cases`() { #expect(Self.cases.count > 40) }

  @Test(arguments: cases) func `equals the original`(_ golden: Case) throws {
    let loss = try Self.loss(golden.config)
    #expect(loss.name == golden.name)
    let shape = golden.kind == "flat" ? [2, 6, 7] : [2, golden.kind == "softmax" ? 5 : 1, 6, 7]
    let logits = (SegGolden.tensor(shape, seed: 1) * 3).detached().requiringGradient()
    let labels = SegGolden.labels([2, 6, 7], classes: golden.kind == "softmax" ? 5 : 2, seed: 600)
    let weight = SegGolden.tensor([2, 6, 7], seed: 2).compared(.greater, 0 as Float).converted(to: .float32)
    let value = try loss(logits, labels, weight: golden.weighted ? weight : nil, ignored: 255)
    let sum = value.sum()
    expectClose(sum, [golden.loss], relative: 1e-5, absolute: 1e-6, "loss")
    sum.backward()
    golden.gradient.expect(try #require(logits.gradient), relative: 1e-4, "gradient")
  }

  static let errors: [(String, String)] = [
    (
      "dict(type='CrossEntropyLos')",
      "c.py:1: loss.type: 'CrossEntropyLos' is not in the loss registry; did you mean 'CrossEntropyLoss'?"
    ),
    (
      "dict(type='CrossEntropyLoss', use_mask=True)",
      "c.py:1: loss.use_mask: must be False: it is for masks of instances, which decode heads do not give"
    ),
    (
      "dict(type='CrossEntropyLoss', class_weight='nowhere.npy')",
      "c.py:1: loss.class_weight: nowhere.npy: cannot be read"
    ),
    ("dict(type='LovaszLoss')", "c.py:1: loss.reduction: must be 'none' when per_image is False"),
    (
      "dict(type='TverskyLoss', alpha=0.5)",
      "c.py:1: loss: alpha and beta must add up to 1, found 0.5 and 0.7"
    ),
    (
      "dict(type='FocalLoss', use_sigmoid=False)",
      "c.py:1: loss.use_sigmoid: must be True: there is no focal loss of softmax"
    ),
  ]

  @Test(arguments: errors) func `what cannot be is explained`(_ config: String, _ text: String) {
    #expect(segErrorText { _ = try Self.loss(config) } == text)
  }

  @Test func `a label that is no class is named`() throws {
    let labels = Tensor([0, 1, 7, 255] as [Int64], shape: [1, 2, 2])
    let text = segErrorText {
      let loss = try Self.loss("dict(type='CrossEntropyLoss')")
      _ = try loss(Tensor.zeros([1, 5, 2, 2]), labels, ignored: 255)
    }
    #expect(
      text
        == "labels must be in 0..<5 or 255, which is ignored, found 7: the head has too few classes for the data set, "
        + "or reduce_zero_label is wrong")
  }

  @Test func `weights of the wrong number are refused`() {
    let labels = Tensor([0, 1, 0, 1] as [Int64], shape: [1, 2, 2])
    #expect(
      segErrorText {
        let loss = try Self.loss("dict(type='CrossEntropyLoss', class_weight=[1.0, 2.0])")
        _ = try loss(Tensor.zeros([1, 5, 2, 2]), labels)
      } == "CrossEntropyLoss: class_weight must have one entry for each of 5 classes, found 2")
  }

  @Test func `a batch without labels that count has no loss and no gradient`() throws {
    let labels = Tensor.full([2, 3, 3], 255, dtype: .int64)
    for config in [
      "dict(type='CrossEntropyLoss', avg_non_ignore=True)", "dict(type='LovaszLoss', reduction='none')",
    ] {
      let scores = SegGolden.tensor([2, 4, 3, 3], seed: 3).requiringGradient()
      let term = try Self.loss(config)
      let value = try term(scores, labels, ignored: 255)
      #expect(value.item == 0)
      value.backward()
      let gradient = try #require(scores.gradient)
      #expect(gradient.floats.allSatisfy { $0 == 0 })
    }
  }
}
