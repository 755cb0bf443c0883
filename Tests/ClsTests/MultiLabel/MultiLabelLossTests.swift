import Cls
import Core
import Foundation
import OrderedCollections
import TestSupport
import Testing

@Suite struct MultiLabelLossTests {
  @Test func `losses and their gradients are the original's`() throws {
    let golden = try MultiLabelCases.load().losses
    for item in golden.cases {
      let what =
        "\(item.config) \(item.target) weighted \(item.weighted) factor \(String(describing: item.factor))"
      let scores = MultiLabelCases.tensor(golden.scores, [4, 5]).requiringGradient()
      let target: ClassificationTarget =
        item.target == "labels"
        ? .labels(Tensor(golden.labels)) : .scores(MultiLabelCases.tensor(golden.hard, [4, 5]))
      let weight = item.weighted ? MultiLabelCases.tensor(golden.weight, [4]) : nil
      let loss = try MultiLabelCases.context.registries.classificationLosses.build(
        MultiLabelCases.node(item.config), path: "loss", context: MultiLabelCases.context)
      // The first call only counts.
      _ = try loss(scores, target, weight: weight, averageFactor: item.factor)
      let value = try loss(scores, target, weight: weight, averageFactor: item.factor)
      expectClose(value, item.value, relative: 2e-5, absolute: 2e-6, what)
      value.sum().backward()
      let gradient = try #require(scores.gradient)
      expectClose(
        gradient, item.gradient, shape: [4, 5], relative: 1e-4, absolute: 2e-6, "gradient of \(what)")
    }
  }

  @Test func `gradients are those of the formulas`() {
    func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    let scores = Reference.random([3, 4], seed: 3, in: -2...2)
    let hard = (0..<12).map { Double($0 * 7 % 3 == 0 ? 1 : 0) }
    let target = ClassificationTarget.scores(Tensor(hard.map { Float($0) }, shape: [3, 4]))
    var focal = FocalLoss.Config()
    (focal.gamma, focal.alpha, focal.reduction) = (1.5, 0.3, .none)
    checkGradients("focal", [scores]) { x in
      do { return try FocalLoss(focal)(x[0], target) } catch { preconditionFailure("\(error)") }
    } reference: { x in
      Reference(
        [3, 4],
        zip(x[0].values, hard).map { score, t in
          let p = sigmoid(score)
          return t == 1 ? -log(p) * 0.3 * pow(1 - p, 1.5) : -log(1 - p) * 0.7 * pow(p, 1.5)
        })
    }
    var asymmetric = AsymmetricLoss.Config()
    (asymmetric.positiveGamma, asymmetric.clip, asymmetric.reduction) = (2, 0.1, .none)
    checkGradients("asymmetric", [scores]) { x in
      do { return try AsymmetricLoss(asymmetric)(x[0], target) } catch { preconditionFailure("\(error)") }
    } reference: { x in
      Reference(
        [3, 4],
        zip(x[0].values, hard).map { score, t in
          let p = sigmoid(score)
          let right = t == 1 ? p : min(1 - p + 0.1, 1)
          return -log(right) * pow(1 - right, t == 1 ? 2 : 4)
        })
    }
  }

  @Test func `easy negatives leave no gradient and no NaN`() throws {
    // With the margin 1 - p + clip is above 1: the focus is 0^4, of positives with γ 0 it is 0^0.
    let scores = Tensor([-40, 40, -4, 30] as [Float], shape: [2, 2]).requiringGradient()
    let target = ClassificationTarget.scores(Tensor([0, 1, 0, 1] as [Float], shape: [2, 2]))
    let loss = try AsymmetricLoss()(scores, target)
    loss.backward()
    let gradient = try #require(scores.gradient).floats
    #expect(loss.item == 0)
    #expect(gradient.allSatisfy { $0 == 0 })
  }

  @Test func `the seesaw counts what it has seen`() throws {
    let loss = SeesawLoss(.init(classes: 3))
    _ = try loss(Tensor.zeros([4, 3]), .labels(Tensor([0, 2, 2, 2] as [Int64])))
    #expect(loss.stateDict["cum_samples"]?.floats == [1, 0, 3])
    let head = try MultiLabelCases.context.registries.classificationHeads.build(
      MultiLabelCases.node(
        "dict(type='LinearClsHead', num_classes=4, in_channels=6, loss=dict(type='SeesawLoss', num_classes=4))"
      ),
      path: "head", context: MultiLabelCases.context)
    #expect(Array(head.stateDict.keys) == (try MultiLabelCases.load()).seesaw_keys)
  }

  @Test func `targets that do not fit are refused`() {
    let scores = Tensor.zeros([2, 3])
    #expect(
      throws: InvalidConfig("labels must be in 0..<3, found 3: the head has too few classes for the data set")
    ) {
      try FocalLoss()(scores, .labels(Tensor([0, 3] as [Int64])))
    }
    #expect(throws: InvalidConfig("a loss needs a label for each of 2 images, found shape [1]")) {
      try AsymmetricLoss()(scores, .labels(Tensor([0] as [Int64])))
    }
    #expect(
      throws: InvalidConfig("targets must have the shape of the scores, [2, 3], found [2, 4]")
    ) {
      try FocalLoss()(scores, .scores(Tensor.zeros([2, 4])))
    }
    #expect(throws: InvalidConfig("SeesawLoss: num_classes is 1000, the head gives 3 scores")) {
      try SeesawLoss()(scores, .labels(Tensor([0, 1] as [Int64])))
    }
    #expect(throws: InvalidConfig("SeesawLoss: takes one label an image, not a value for each class")) {
      try SeesawLoss(.init(classes: 3))(scores, .scores(scores))
    }
  }
}
