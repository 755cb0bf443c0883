import OrderedCollections
import TestSupport
import Testing

@testable import Core

@Suite struct BatchNormTests {
  @Test func `keys, shapes and first values are PyTorch's`() {
    let norm = BatchNorm2d(3)
    #expect(
      Array(norm.stateDict.keys) == ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"])
    #expect(norm.stateDict["num_batches_tracked"]?.dtype == .int64)
    #expect(norm.stateDict["num_batches_tracked"]?.shape == [])
    #expect(norm.weight?.value.floats == [1, 1, 1])
    #expect(norm.runningVar?.value.floats == [1, 1, 1])
    #expect(BatchNorm2d(3, affine: false, trackRunningStats: false).stateDict.isEmpty)
  }

  @Test func `one value a channel is an error of the step, not a crash`() throws {
    let norm = BatchNorm2d(3)
    let error = #expect(throws: InvalidConfig.self) {
      try InputFault.check { norm(Tensor.ones([1, 3, 1, 1])) }
    }
    #expect(
      error?.text == "BatchNorm2d: more than one value a channel in training, found [1, 3, 1, 1]; use more "
        + "samples_per_gpu, larger images, or leave the last, smaller batch out (drop_last=True)")
    #expect(norm.runningMean?.value.floats == [0, 0, 0])
    #expect(throws: InvalidConfig.self) {
      try InputFault.check { InstanceNorm2d(3)(Tensor.ones([2, 3, 1, 1])) }
    }
    // In evaluation, and for an empty batch, there is nothing wrong.
    #expect(try InputFault.check { norm(Tensor.zeros([0, 3, 4, 4])) }.shape == [0, 3, 4, 4])
    norm.train(false)
    #expect(try InputFault.check { norm(Tensor.ones([1, 3, 1, 1])) }.shape == [1, 3, 1, 1])
  }

  /// Mean and unbiased variance of each channel.
  private func statistics(_ x: Reference) -> [(mean: Double, variance: Double)] {
    let (channels, pixels) = (x.shape[1], x.shape[2] * x.shape[3])
    return (0..<channels).map { channel in
      let values = x.values.enumerated().filter { $0.offset / pixels % channels == channel }.map(\.element)
      let mean = values.reduce(0, +) / Double(values.count)
      return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1))
    }
  }

  @Test(arguments: [0.1, 0.3, nil] as [Double?])
  func `running statistics move towards those of the batches`(_ momentum: Double?) throws {
    let norm = BatchNorm2d(3, momentum: momentum)
    var expected = [(mean: Double, variance: Double)](repeating: (0, 1), count: 3)
    for step in 1...3 {
      let x = Reference.random([2, 3, 4, 5], seed: UInt64(step), in: -1...3)
      _ = norm(x.tensor())
      let share = momentum ?? 1 / Double(step)
      for (channel, new) in statistics(x).enumerated() {
        expected[channel].mean += share * (new.mean - expected[channel].mean)
        expected[channel].variance += share * (new.variance - expected[channel].variance)
      }
    }
    expectClose(try #require(norm.runningMean).value, expected.map(\.mean))
    expectClose(try #require(norm.runningVar).value, expected.map(\.variance))
    #expect(norm.numBatchesTracked?.value.elements(as: Int64.self) == [3])
  }

  @Test func `evaluation uses running statistics and leaves them alone`() {
    let norm = BatchNorm2d(2)
    norm.runningMean?.assign(Tensor([1, -1] as [Float]))
    norm.runningVar?.assign(Tensor([4, 9] as [Float]))
    norm.train(false)
    let y = norm(.full([1, 2, 1, 1], 3))
    expectClose(y, [1, 4.0 / 3], shape: [1, 2, 1, 1])
    #expect(norm.runningMean?.value.floats == [1, -1])
    #expect(norm.numBatchesTracked?.value.elements(as: Int64.self) == [0])
  }

  @Test func `without running statistics the batch is used in evaluation, too`() {
    let norm = BatchNorm2d(1, trackRunningStats: false)
    norm.train(false)
    expectClose(norm(Tensor([1, 3] as [Float], shape: [1, 1, 1, 2])), [-1, 1], absolute: 1e-4)
    #expect(norm.foldedAffine(addingTo: nil) == nil)
  }

  @Test func `vectors and sequences`() {
    let norm = BatchNorm1d(3)
    let x = Reference.random([4, 3, 5])
    let y = norm(x.tensor())
    #expect(y.shape == [4, 3, 5])
    let image = BatchNorm2d(3)(Tensor(x.values.map { Float($0) }, shape: [4, 3, 5, 1]))
    #expect(y.floats == image.floats)
    #expect(norm(Reference.random([4, 3]).tensor()).shape == [4, 3])
  }

  @Test func `a frozen layer takes no gradient, one in evaluation does`() {
    let norm = BatchNorm2d(2)
    let model = Sequential([Conv2d(1, 2, kernel: 1), norm])
    model.evaluateBatchNorms()
    #expect(model.isTraining && !norm.isTraining)
    let x = Reference.random([2, 1, 3, 3]).tensor()
    model(x).sum().backward()
    #expect(norm.weight?.gradient != nil)
    norm.setFrozen(true)
    #expect(norm.weight?.gradient == nil)
    model(x).sum().backward()
    #expect(norm.weight?.gradient == nil && norm.bias?.gradient == nil)
  }

  @Test func `initialization brings everything back`() {
    let norm = BatchNorm2d(2)
    _ = norm(Reference.random([2, 2, 3, 3]).tensor())
    norm.resetAffine(weight: 0, bias: 5)
    #expect(norm.weight?.value.floats == [0, 0])
    var generator = RandomGenerator(seed: 1)
    norm.initializeWeights(using: &generator)
    #expect(norm.weight?.value.floats == [1, 1] && norm.bias?.value.floats == [0, 0])
    #expect(norm.runningMean?.value.floats == [0, 0] && norm.runningVar?.value.floats == [1, 1])
    #expect(norm.numBatchesTracked?.value.elements(as: Int64.self) == [0])
  }

  @Test func `other features trap`() async {
    await #expect(processExitsWith: .failure) { _ = BatchNorm2d(3)(.ones([2, 4, 2, 2])) }
  }
}
