import Core
import Foundation
import TestSupport
import Testing

@Suite struct ReductionGradientTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var shape: [Int]
    var axis: Int
    var testDescription: String { "\(shape) along \(axis)" }
  }
  static let cases = [
    Case(shape: [7], axis: 0), Case(shape: [3, 37], axis: 1), Case(shape: [5, 4], axis: 0),
    Case(shape: [2, 5, 3, 2], axis: 1), Case(shape: [2, 3, 4, 2], axis: 3),
    Case(shape: [2, 3, 1, 4], axis: 2),
  ]

  @Test(arguments: cases) func `along one axis, in every layout`(_ c: Case) {
    // All different, so that no finite difference runs over a tie.
    let total = c.shape.reduce(1, *)
    var generator = RandomGenerator(seed: 3)
    let x = Reference(
      c.shape, generator.permutation(total).map { (Double($0) / Double(total) * 4096).rounded() / 1024 - 2 })
    let n = Double(c.shape[c.axis])
    for channelsLast in [false, true] {
      func check(_ what: String, _ operation: (Tensor) -> Tensor, _ reference: ([Double]) -> [Double]) {
        checkGradients("\(what) \(c.testDescription)", [x], channelsLast: channelsLast) {
          operation($0[0])
        } reference: {
          $0[0].lines(c.axis, reference)
        }
      }
      let axis = c.axis
      check("softmax", { $0.softmax(axis) }, softmax)
      check("log softmax", { $0.logSoftmax(axis) }) { softmax($0).map { log($0) } }
      check("sum", { $0.sum([axis], keepingAxes: true) }) { [$0.reduce(0, +)] }
      check("mean", { $0.mean([axis], keepingAxes: true) }) { [$0.reduce(0, +) / n] }
      check("product", { $0.product([axis], keepingAxes: true) }) { [$0.reduce(1, *)] }
      check("log sum exp", { $0.logSumExp([axis], keepingAxes: true) }) {
        [log($0.reduce(0) { $0 + exp($1) })]
      }
      check("largest", { $0.maximum(along: axis, keepingAxis: true).values }) { [$0.max() ?? 0] }
      check("smallest", { $0.amin([axis], keepingAxes: true) }) { [$0.min() ?? 0] }
      check("norm", { $0.norm(axes: [axis], keepingAxes: true) }) {
        [$0.reduce(0) { $0 + $1 * $1 }.squareRoot()]
      }
      check("running sum", { $0.cumulativeSum(axis) }) { line in
        line.indices.map { line[...$0].reduce(0, +) }
      }
      check("sorted", { $0.sorted(axis).values }) { $0.sorted() }
      check("two largest", { $0.topK(1, axis: axis).values }) { [$0.max() ?? 0] }
      check("flipped", { $0.flipped([axis]) }) { $0.reversed() }
      check("rolled", { $0.rolled([1], axes: [axis]) }) { [$0[$0.count - 1]] + $0.dropLast() }
      check("selected", { $0.indexSelected(axis, [0, -1 + $0.shape[axis], 0]) }) {
        [$0[0], $0[$0.count - 1], $0[0]]
      }
      check("repeated", { $0.repeatedInterleaving(2, axis: axis) }) { $0.flatMap { [$0, $0] } }
      check("joined", { .concatenate([$0, $0.scaled(by: 2)], axis: axis) }) { $0 + $0.map { $0 * 2 } }
      if n > 1 {
        check("variance", { $0.variance([axis], keepingAxes: true) }) { line in
          let mean = line.reduce(0, +) / n
          return [line.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)]
        }
      }
    }
  }

  @Test func `sums over several axes of any layout`() {
    let x = Reference.random([2, 3, 2, 3], seed: 4)
    let order = [0, 2, 3, 1]
    for axes in [[0], [1, 2], [0, 2, 3], [3, 1], [0, 1, 2, 3]] {
      checkGradients("sum over \(axes)", [x], channelsLast: true) {
        $0[0].permuted(order).sum(axes)
      } reference: { inputs in
        var result = inputs[0].permuted(order)
        for axis in axes.sorted().reversed() {
          result = result.lines(axis) { [$0.reduce(0, +)] }
          result = result.reshaped(Array(result.shape[..<axis] + result.shape[(axis + 1)...]))
        }
        return result
      }
    }
  }

  @Test func `extreme inputs stay finite where they should`() {
    let large = Tensor([1000, -1000, 999] as [Float])
    expectClose(large.softmax(0), softmax([1000, -1000, 999]))
    expectClose(large.logSumExp([0]), [1000 + log(1 + exp(-1))])
    #expect(Tensor([-.infinity, -.infinity] as [Float]).logSumExp([0]).item == -.infinity)
    #expect(Tensor([.infinity, 1] as [Float]).logSumExp([0]).item == .infinity)
    #expect(Tensor([1, .nan, 3] as [Float]).argmax().elements(as: Int64.self) == [1])
    #expect(Tensor([1, .nan, 3] as [Float]).amax().item.isNaN)
    let zeros = Tensor.zeros([2, 3]).requiringGradient()
    zeros.norm(axes: [1]).sum().backward()
    #expect(zeros.gradient?.floats == [0, 0, 0, 0, 0, 0])
  }

  @Test func `whole numbers stay exact`() {
    let big: Int64 = 1 << 60
    let x = Tensor([big + 1, big, -big])
    #expect((x + 1).elements(as: Int64.self) == [big + 2, big + 1, -big + 1])
    #expect(x.compared(.greater, Tensor([big])).elements(as: Bool.self) == [true, false, false])
    #expect(x.unique().values.elements(as: Int64.self) == [-big, big, big + 1])
    #expect(Tensor.where(x.compared(.less, 0), x * -1, x).elements(as: Int64.self) == [big + 1, big, big])
    #expect(Tensor([3, 5] as [UInt8]).compared(.equal, 5).elements(as: Bool.self) == [false, true])
  }
}
