import Core
import Det
import Foundation
import TestSupport
import Testing

/// Losses and their gradients equal mmdet's; values: Fixtures/det-dense/make.py.
@Suite("Losses of detection")
struct DetectionLossTests {
  struct Numbers: Decodable, Sendable {
    var shape: [Int]
    var values: [Double]
  }

  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var config, pred, target: String
    var weight: String?
    var factor: Double?
    var reduction: String?
    var shape: [Int]
    var loss, gradient: [Double]
    var testDescription: String {
      "\(config) \(target) \(weight ?? "") \(factor.map { "/ \($0)" } ?? "") \(reduction ?? "")"
    }
  }

  struct Fixture: Decodable, Sendable {
    var arrays: [String: Numbers]
    var cases: [Case]
  }

  static let fixture: Fixture? = try? Formula.json("det-dense/losses.json")

  @Test func `there are cases`() { #expect(Self.fixture?.cases.count ?? 0 > 200) }

  private func tensor(_ name: String) throws -> Tensor {
    let array = try #require(Self.fixture?.arrays[name])
    return Tensor(array.values.map { Float($0) }, shape: array.shape)
  }

  private func labels(_ name: String) throws -> Tensor {
    let array = try #require(Self.fixture?.arrays[name])
    return Tensor(array.values.map { Int64($0) })
  }

  private func target(_ c: Case) throws -> LossTarget {
    switch c.target {
    case "labels", "inside": .labels(try labels(c.target))
    case "labels+quality": .quality(labels: try labels("labels"), scores: try tensor("quality"))
    case "mask_targets+inside":
      .masks(try tensor("mask_targets"), labels: try labels("inside").elements(as: Int64.self).map(Int.init))
    default: .values(try tensor(c.target))
    }
  }

  @Test(arguments: fixture?.cases ?? []) func `equals the original`(_ c: Case) throws {
    let x = try tensor(c.pred).requiringGradient()
    let term = try detectionLoss(c.config)
    let value = try term(
      x, target(c), weight: c.weight.map { try tensor($0) }, averageFactor: c.factor,
      reduction: c.reduction.flatMap { LossReduction(rawValue: $0) })
    expectClose(value, c.loss, shape: c.shape, relative: 5e-6, absolute: 2e-6, "loss")
    let count = c.shape.reduce(1, *)
    guard value.shape == c.shape else { return }
    value.backward(Tensor((1...count).map { Float($0) / 4 }, shape: c.shape))
    let gradient = try #require(x.gradient)
    expectClose(gradient, c.gradient, relative: 2e-5, absolute: 3e-6, "gradient")
  }

  static let errors: [(String, String)] = [
    (
      "dict(type='GIoUloss')",
      "c.py:1: loss.type: 'GIoUloss' is not in the loss registry; did you mean 'GIoULoss'?"
    ),
    (
      "dict(type='CrossEntropyLoss', use_mask=True, use_sigmoid=True)",
      "use_sigmoid and use_mask do not go together"
    ),
    (
      "dict(type='FocalLoss', use_sigmoid=False)",
      "loss.use_sigmoid: must be True: the loss is one of sigmoids"
    ),
    ("dict(type='SmoothL1Loss', beta=0)", "loss.beta: must be positive, found 0.0"),
    ("dict(type='GHMC', bins=0)", "loss.bins: must be in 1...100000, found 0"),
    ("dict(type='IoULoss', mode='cube')", "loss.mode: must be one of linear, square, log, found 'cube'"),
    ("dict(type='L1Loss', weight=2)", "unknown key 'weight'"),
  ]

  @Test(arguments: errors) func `a wrong option is named`(_ text: String, _ expected: String) {
    let message = textOfError { _ = try detectionLoss(text) }
    #expect(message.contains(expected), "\(message)")
  }

  @Test func `a loss says what it cannot be held against`() throws {
    let message = textOfError {
      let term = try detectionLoss("dict(type='L1Loss')")
      _ = try term(Tensor.zeros([2, 4]), labels: Tensor([Int64(0), 1]))
    }
    #expect(message == "L1Loss cannot be held against class labels")
    let sum = textOfError {
      let term = try detectionLoss("dict(type='L1Loss', reduction='sum')")
      _ = try term(
        Tensor.zeros([2, 4]), values: Tensor.zeros([2, 4]), averageFactor: 2)
    }
    #expect(sum == "a loss with reduction='sum' cannot be divided by a number of samples")
  }

  @Test func `focal loss of many classes and rows has the right gradient`() {
    let labels = Tensor([Int64(0), 39, 40, 17, -1])
    let weight = Reference([5], [1, 0.5, 2, 0, 1])
    for gamma in [2.0, 1.5] {
      checkGradients("focal", [Reference.random([5, 40], seed: 4, in: -4...4)]) {
        $0[0].sigmoidFocalLoss(labels, gamma: Float(gamma), alpha: 0.3, weight: weight.tensor())
      } reference: { inputs in
        Reference(
          [5],
          (0..<5).map { row in
            weight.values[row]
              * (0..<40).reduce(0.0) { sum, label in
                let p = 1 / (1 + exp(-inputs[0][row, label]))
                let positive = [0, 39, 40, 17, -1][row] == label
                return sum
                  - (positive ? 0.3 * pow(1 - p, gamma) * log(p) : 0.7 * pow(p, gamma) * log(1 - p))
              }
          })
      }
    }
  }
}
