import Core
import Foundation
import OrderedCollections
import TestSupport
import Testing

@Suite struct LayerTests {
  @Test func `linear layers start as PyTorch's`() {
    var generator = RandomGenerator(seed: 1)
    let layer = Linear(64, 100)
    layer.initializeWeights(using: &generator)
    #expect(Array(layer.state.keys) == ["weight", "bias"])
    #expect(layer.weight.shape == [100, 64] && layer.inFeatures == 64 && layer.outFeatures == 100)
    let bound: Float = 1.0 / 8
    let weight = layer.weight.value.detached()
    #expect(weight.absolute().amax().item <= bound && weight.absolute().amax().item > bound * 0.99)
    expectClose(weight.standardDeviation(), [Double(bound) / 3.0.squareRoot()], relative: 0.03)
    #expect((layer.bias?.value.detached().absolute().amax().item ?? 1) <= bound)
    #expect(Linear(2, 3, bias: false).bias == nil)
    let again = Linear(64, 100)
    var same = RandomGenerator(seed: 1)
    again.initializeWeights(using: &same)
    #expect(again.weight.value.floats == weight.floats)
  }

  @Test func `embeddings keep their padding row at 0`() {
    var generator = RandomGenerator(seed: 1)
    let layer = Embedding(5, 3, paddingIndex: -1)
    layer.initializeWeights(using: &generator)
    #expect(layer.paddingIndex == 4)
    let rows = layer(Tensor([[4, 0], [1, 4]].flatMap { $0 }.map { Int64($0) }, shape: [2, 2]))
    #expect(rows.shape == [2, 2, 3])
    #expect(Array(rows.floats.prefix(3)) == [0, 0, 0] && rows.floats[3] != 0)
    rows.sum().backward()
    #expect(layer.weight.gradient?.floats == [1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  }

  @Test func `rectifiers with a slope for each channel`() {
    let layer = PReLU(parameters: 2)
    #expect(Array(layer.state.keys) == ["weight"])
    #expect(layer(Tensor([-4, 4, -8, 8] as [Float], shape: [1, 2, 2])).floats == [-1, 4, -2, 8])
    layer.weight.assign(Tensor([0.5, 0] as [Float]))
    #expect(layer(Tensor([-4, 4, -8, 8] as [Float], shape: [1, 2, 2])).floats == [-2, 4, 0, 8])
  }

  @Test func `sigmoids of mmcv's first versions`() {
    let layer = HSigmoid(bias: 1, divisor: 2)
    #expect(layer(Tensor([-2, -1, 0, 0.5, 1, 3] as [Float])).floats == [0, 0, 0.5, 0.75, 1, 1])
    #expect(Softmax()(Tensor([0, 0] as [Float])).floats == [0.5, 0.5])
  }

  @Test func `steps of gradient descent fit a small network and take no new memory`() async {
    // In a process of its own: the pool's statistics are the process's.
    await #expect(processExitsWith: .success) {
      var generator = RandomGenerator(seed: 3)
      let model = Sequential([
        Linear(8, 32), GELU(), Dropout(0.1), Linear(32, 32, bias: false), ReLU(), Linear(32, 4),
      ])
      model.initializeWeights(using: &generator)
      let x = Tensor.normal([64, 8], using: &generator)
      let labels = x.sliced(1, 0..<4).argmax(1)
      var losses: [Float] = []
      var settled = 0
      for step in 0..<60 {
        let loss = model(x).crossEntropy(labels)
        loss.backward()
        withoutGradient {
          for parameter in model.parameters {
            guard let gradient = parameter.gradient else { fatalError("a parameter has no gradient") }
            parameter.value.addInPlace(gradient, scale: -0.5)
          }
        }
        model.clearGradients()
        losses.append(loss.item)
        if step == 5 { settled = MemoryPool.shared.statistics.systemAllocations }
      }
      let grown = MemoryPool.shared.statistics.systemAllocations - settled
      if grown != 0 { fatalError("\(grown) new blocks after the first steps") }
      if !(losses[0] > 1 && losses[59] < 0.4) { fatalError("losses \(losses[0]) to \(losses[59])") }
    }
  }
}
