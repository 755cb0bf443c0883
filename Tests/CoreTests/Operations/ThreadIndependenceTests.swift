import CKernels
import Core
import TestSupport
import Testing

/// Results must be the same to the bit for any number of threads.
@Suite(.serialized) struct ThreadIndependenceTests {
  @Test func `a forward and a backward pass are equal for 1, 2 and 4 threads`() async {
    // In a process of its own, where nothing else uses the pool.
    await #expect(processExitsWith: .success) {
      func run() -> [[Float]] {
        var generator = RandomGenerator(seed: 2)
        let x = Tensor.normal([4, 33, 40, 41], using: &generator).channelsLast().requiringGradient()
        let weight = Tensor.normal([70, 33], using: &generator).requiringGradient()
        let bias = Tensor.normal([70], using: &generator).requiringGradient()
        let labels = Tensor((0..<(4 * 40 * 41)).map { Int64($0 % 70) })
        let tokens = x.flattened(from: 2).transposed(1, 2)
        let hidden = tokens.linear(weight, bias: bias).applying(.gelu).dropout(0.2, seed: 9)
        let logits = hidden.reshaped([-1, 70])
        let attended = Tensor.attention(
          query: hidden[.all, ..<300], key: hidden[.all, ..<200], value: hidden[.all, ..<200])
        let loss =
          logits.crossEntropy(labels, labelSmoothing: 0.1) + attended.squared().mean()
          + (x.logSoftmax(1).variance([0, 2, 3]) * x.mean([0, 2, 3])).sum()
        loss.backward()
        return [loss.floats] + [x, weight, bias].map { $0.gradient?.floats ?? [] }
      }
      mm_pool_set_threads(1)
      let expected = run()
      for threads: Int32 in [2, 4, 1] {
        mm_pool_set_threads(threads)
        let found = run()
        for (index, (a, b)) in zip(expected, found).enumerated() {
          let differing = zip(a, b).filter { $0.bitPattern != $1.bitPattern }.count
          if a.isEmpty || a.count != b.count || differing > 0 {
            fatalError("value \(index) with \(threads) threads: \(differing) of \(a.count) elements differ")
          }
        }
      }
    }
  }
}
