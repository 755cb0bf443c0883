import CKernels
import TestSupport
import Testing

@testable import Core

/// A small network as a whole: independent of threads, and frugal.
///
/// Each test has a process of its own, because threads
/// and memory are shared by all that runs in one.
@Suite(.serialized) struct TrainingStepTests {
  /// Convolutions of several kinds, normalisation, pooling and resizing.
  final class Network: Module {
    let stem = Conv2d(3, 16, kernel: 7, stride: 2, padding: 3, bias: false)
    let norm = BatchNorm2d(16)
    let depthwise = Conv2d(16, 16, kernel: 3, padding: 1, groups: 16)
    let groupNorm = GroupNorm(4, 16)
    let conv = Conv2d(16, 32, kernel: 3, padding: 1, bias: false)
    let norm2 = BatchNorm2d(32)
    let up = ConvTranspose2d(32, 8, kernel: 2, stride: 2)
    let layerNorm = LayerNorm2d(8)

    func callAsFunction(_ x: Tensor) -> Tensor {
      var x = stem(x, norm: norm, activation: .relu)
      x = x.maxPool2d(3, stride: 2, padding: 1)
      x = depthwise(x, norm: groupNorm, residual: x, activation: .relu)
      x = conv(x, norm: norm2, activation: .relu)
      x = layerNorm(up(x))
      return x.interpolate(size: 24, mode: .bilinear)
    }

    /// One step: results and gradients of all parameters, in one array.
    func step(_ x: Tensor) -> [Float] {
      clearGradients()
      let y = self(x)
      y.backward(Reference.random(y.shape, seed: 7).tensor())
      return y.floats + namedParameters.flatMap { $0.parameter.gradient?.floats ?? [.nan] }
    }
  }

  @Test func `results are the same to the bit for any number of threads`() async {
    await #expect(processExitsWith: .success) {
      let x = Reference.random([3, 3, 45, 37]).tensor()
      let results = [1, 2, 4].map { threads -> [UInt32] in
        mm_pool_set_threads(Int32(threads))
        let network = RandomSource.$current.withValue(RandomSource(seed: 5)) { Network() }
        return network.step(x).map(\.bitPattern)
      }
      precondition(results[0] == results[1] && results[0] == results[2], "results differ")
      precondition(results[0].allSatisfy { !Float(bitPattern: $0).isNaN }, "a result is NaN")
    }
  }

  @Test func `repeated steps take no new memory from the system`() async {
    await #expect(processExitsWith: .success) {
      let (network, x) = (Network(), Reference.random([2, 3, 40, 36]).tensor())
      for _ in 0..<3 { _ = network.step(x) }
      let before = MemoryPool.shared.statistics
      for _ in 0..<5 { _ = network.step(x) }
      let after = MemoryPool.shared.statistics
      precondition(
        after.systemAllocations == before.systemAllocations,
        "\(before.systemAllocations) \(after.systemAllocations)")
      precondition(after.live == before.live, "\(before.live) \(after.live)")
    }
  }

  @Test func `a block keeps two activations`() async {
    await #expect(processExitsWith: .success) {
      let blocks = (0..<4).map { _ in (Conv2d(32, 32, kernel: 3, padding: 1, bias: false), BatchNorm2d(32)) }
      var x = Reference.random([1, 32, 64, 64]).tensor(channelsLast: true)
      let activation = 32 * 64 * 64 * 4
      let before = MemoryPool.shared.statistics.live
      for (conv, norm) in blocks { x = conv(x, norm: norm, activation: .relu) }
      let kept = MemoryPool.shared.statistics.live - before
      precondition(x.requiresGradient, "no gradient is recorded")
      precondition(
        kept < 4 * 2 * activation + activation / 4, "\(Double(kept) / Double(activation)) activations")
    }
  }
}
