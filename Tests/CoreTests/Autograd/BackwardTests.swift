import Foundation
import TestSupport
import Testing

@testable import Core

@Suite struct BackwardTests {
  @Test func `gradients of several uses add up`() {
    let x = Tensor([2, -3] as [Float]).requiringGradient()
    let y = x * x + x * 3 + x
    y.sum().backward()
    expectClose(x.gradient ?? x, [8, -2])
    (x * 2).sum().backward()  // a second pass adds to the first
    expectClose(x.gradient ?? x, [10, 0])
  }

  @Test func `gradients through shared intermediate values add up`() {
    let x = Tensor([0.5, 2] as [Float]).requiringGradient()
    let shared = x.squared()
    let (a, b, c) = (shared * 2, shared * 3, shared.exp())
    (a + b + c).sum().backward()
    expectClose(x.gradient ?? x, [5 + exp(0.25), 20 + 4 * exp(4)], relative: 1e-6)
  }

  @Test func `a chain of 50,000 operations runs backward and is freed without recursion`() {
    weak var last: Node?
    let x = Tensor(Float(1)).requiringGradient()
    do {
      var y = x
      for _ in 0..<50_000 { y = y + 0 }
      last = y.edge?.node
      #expect(last != nil)
      y.backward()
      #expect(x.gradient?.item == 1)
    }
    #expect(last == nil)
    // Freed without a backward pass, closures and all.
    do {
      var y = x
      for _ in 0..<50_000 { y = y * 1.0000001 }
      last = y.edge?.node
    }
    #expect(last == nil)
  }

  @Test func `branches of a freed graph are freed too`() {
    weak var inner: Node?
    do {
      let x = Tensor([1, 2] as [Float]).requiringGradient()
      var y = x
      for _ in 0..<20_000 { y = Tensor.stack([y, y]).sum([0]) }
      inner = (x * 2).edge?.node
      _ = y
    }
    #expect(inner == nil)
  }

  @Test func `nothing is recorded without gradients`() {
    let x = Tensor([1] as [Float]).requiringGradient()
    let y = withoutGradient { x * 2 }
    #expect(!y.requiresGradient)
    let z = withoutGradient { withGradient { x * 2 } }
    #expect(z.requiresGradient)
    #expect(isGradientEnabled)
    #expect(!x.detached().requiresGradient)
    #expect(!x.compared(.greater, 0).requiresGradient)
  }

  @Test func `a kept graph runs again`() {
    let x = Tensor([3] as [Float]).requiringGradient()
    let y = x.squared().sum()
    y.backward(keepingGraph: true)
    y.backward()
    #expect(x.gradient?.item == 12)
  }

  @Test func `a freed graph traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let y = Tensor([3] as [Float]).requiringGradient().squared().sum()
      y.backward()
      y.backward()
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("sum.backward: the graph was freed by an earlier backward pass"))
  }

  @Test func `a value that was modified in place traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tensor([3] as [Float]).requiringGradient()
      let factor = Tensor([2] as [Float])
      let y = (x * factor).sum()
      factor.fillInPlace(5)
      y.backward()
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("mul.backward: a value that it needs was modified in place"))
  }

  @Test func `modifying what no gradient needs is allowed`() {
    let x = Tensor([3] as [Float]).requiringGradient()
    let shift = Tensor([2] as [Float])
    let y = (x + shift).sum()
    shift.fillInPlace(5)
    y.backward()
    #expect(x.gradient?.item == 1)
  }

  @Test func `a seed is needed for more than one element`() async {
    await #expect(processExitsWith: .failure) {
      Tensor([1, 2] as [Float]).requiringGradient().exp().backward()
    }
    let x = Tensor([1, 2] as [Float]).requiringGradient()
    (x * 3).backward(Tensor([1, 10] as [Float]))
    expectClose(x.gradient ?? x, [3, 30])
  }

  @Test func `each leaf's gradient has memory of its own and the leaf's layout`() {
    let a = Tensor.ones([2, 3, 2, 2]).channelsLast().requiringGradient()
    let b = Tensor.ones([2, 3, 2, 2]).requiringGradient()
    (a + b).backward(Tensor.ones([2, 3, 2, 2]))
    guard let x = a.gradient, let y = b.gradient else {
      Issue.record("gradients are missing")
      return
    }
    #expect(x.storage !== y.storage)
    #expect(x.isChannelsLast && y.isContiguous)
    let c = Tensor.ones([4]).requiringGradient()
    c.sum().backward()
    #expect(c.gradient?.isDense == true)
    // The seed stays the caller's.
    let seed = Tensor.ones([4])
    c.backward(seed)
    #expect(c.gradient?.storage !== seed.storage && c.gradient?.floats == [2, 2, 2, 2])
  }

  @Test func `gradients can be asked for without leaving them in slots`() {
    let (x, y) = (Tensor([2] as [Float]).requiringGradient(), Tensor([5] as [Float]).requiringGradient())
    let result = gradients(of: (x * x * 2).sum(), withRespectTo: [x, y])
    #expect(result[0]?.item == 8)
    #expect(result[1] == nil)
    #expect(x.gradient == nil)
  }

  @Test func `an operation with several outputs may use only some`() {
    let x = Tensor((0..<6).map { Float($0) }).requiringGradient()
    let pieces = x.split(0, sizes: [1, 2, 3])
    (pieces[1] * 2).sum().backward()
    expectClose(x.gradient ?? x, [0, 2, 2, 0, 0, 0])
  }

  @Test func `a recorder sees names, attributes and shapes`() {
    let recorder = OperationRecorder()
    OperationRecorder.$current.withValue(recorder) {
      _ = Tensor.ones([2, 3]).linear(Tensor.ones([4, 3])).softmax(-1)
    }
    #expect(
      recorder.operations.map(\.name).filter { $0 == "linear" || $0 == "softmax" } == ["linear", "softmax"])
    #expect(recorder.operations.last?.attributes == ["axis": .int(1)])
    #expect(recorder.operations.last?.outputShapes == [[2, 4]])
  }
}
