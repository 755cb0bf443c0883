import TestSupport
import Testing

@testable import Core

@Suite struct PoolingTests {
  @Test(arguments: [false, true])
  func `max pooling`(_ channelsLast: Bool) {
    checkGradients("maxPool2d", [.random([2, 3, 7, 6], seed: 8)], channelsLast: channelsLast, step: 1e-6) {
      $0[0].maxPool2d(3, stride: 2, padding: 1)
    } reference: {
      SpatialReferences.pool($0[0], 3, stride: 2, padding: 1, output: Pair(h: 4, w: 3)) { $0.max() ?? 0 }
    }
  }

  @Test(arguments: [(true, 9.0), (false, 0.0)])
  func `average pooling`(_ countsPadding: Bool, _ divisor: Double) {
    checkGradients("avgPool2d", [.random([2, 3, 7, 6], seed: 8)]) {
      $0[0].avgPool2d(3, stride: 2, padding: 1, countIncludePad: countsPadding)
    } reference: {
      SpatialReferences.pool($0[0], 3, stride: 2, padding: 1, output: Pair(h: 4, w: 3)) {
        $0.reduce(0, +) / (countsPadding ? divisor : Double($0.count))
      }
    }
  }

  @Test func `global average pooling`() {
    checkGradients("globalAvgPool2d", [.random([2, 5, 4, 3], seed: 8)]) {
      $0[0].globalAvgPool2d()
    } reference: {
      SpatialReferences.pool($0[0], Pair(h: 4, w: 3), stride: 1, padding: 0, output: 1) {
        $0.reduce(0, +) / Double($0.count)
      }
    }
  }

  /// Sizes as PyTorch computes them: input, kernel, stride, padding, dilation, ceil mode, output.
  @Test(arguments: [
    [5, 2, 2, 0, 1, 0, 2], [5, 2, 2, 0, 1, 1, 3], [4, 3, 2, 1, 1, 1, 3], [3, 2, 2, 1, 1, 1, 2],
    [1, 2, 2, 0, 1, 1, 1], [7, 3, 3, 1, 1, 1, 3], [6, 2, 1, 0, 3, 0, 3], [112, 3, 2, 1, 1, 0, 56],
    [2, 2, 3, 1, 1, 1, 1],
  ])
  func `output sizes`(_ row: [Int]) {
    let x = Tensor.ones([1, 1, row[0], row[0]])
    let y = x.maxPool2d(
      Pair(row[1]), stride: Pair(row[2]), padding: Pair(row[3]), dilation: Pair(row[4]), ceilMode: row[5] == 1
    )
    #expect(y.shape == [1, 1, row[6], row[6]])
    #expect(y.floats.allSatisfy { $0 == 1 })
  }

  @Test func `NaN wins and the first of equals takes the gradient`() {
    let x = Tensor([1, .nan, 3, 3, 3, 0, 2, 3] as [Float], shape: [1, 1, 2, 4]).requiringGradient()
    let y = x.maxPool2d(2)
    #expect(y.floats[0].isNaN && y.floats[1] == 3)
    y.backward(Tensor([5, 7] as [Float], shape: [1, 1, 1, 2]))
    #expect(x.gradient?.floats == [0, 5, 7, 0, 0, 0, 0, 0])
  }

  @Test func `empty batches`() {
    let x = Tensor.zeros([0, 3, 6, 6]).requiringGradient()
    for y in [x.maxPool2d(2), x.avgPool2d(2), x.adaptiveAvgPool2d(3), x.adaptiveMaxPool2d(3)] {
      #expect(y.shape == [0, 3, 3, 3])
      y.backward(.zeros(y.shape))
      #expect(x.gradient?.shape == x.shape)
    }
  }

  @Test func `padding above half the kernel traps`() async {
    await #expect(processExitsWith: .failure) { _ = Tensor.ones([1, 1, 4, 4]).maxPool2d(2, padding: 2) }
  }

  @Test func `dilated windows that jump over the image trap`() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor.ones([1, 1, 2, 2]).maxPool2d(2, stride: 1, padding: 1, dilation: 3)
    }
  }
}
