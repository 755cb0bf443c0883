import Core
import Foundation
import TestSupport
import Testing

@Suite struct MatrixGradientTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var m, k, n: Int
    var testDescription: String { "\(m)x\(k)x\(n)" }
  }
  static let cases = [
    Case(m: 1, k: 1, n: 1), Case(m: 1, k: 7, n: 3), Case(m: 5, k: 1, n: 4), Case(m: 4, k: 3, n: 1),
    Case(m: 6, k: 5, n: 7),
  ]

  @Test(arguments: cases) func `products of plain and transposed operands`(_ c: Case) {
    let (a, b) = (Reference.random([c.m, c.k], seed: 1), Reference.random([c.k, c.n], seed: 2))
    let (aT, bT) = (Reference.random([c.k, c.m], seed: 3), Reference.random([c.n, c.k], seed: 4))
    checkGradients("nn", [a, b]) {
      $0[0].matmul($0[1])
    } reference: {
      $0[0].matmul($0[1])
    }
    checkGradients("tn", [aT, b]) {
      $0[0].transposed().matmul($0[1])
    } reference: {
      $0[0].permuted([1, 0]).matmul($0[1])
    }
    checkGradients("nt", [a, bT], { $0[0].matmul($0[1].transposed(), scale: 0.5) }) {
      $0[0].matmul($0[1].permuted([1, 0])).map { $0 * 0.5 }
    }
    checkGradients("tt", [aT, bT]) {
      $0[0].transposed().matmul($0[1].transposed())
    } reference: {
      $0[0].permuted([1, 0]).matmul($0[1].permuted([1, 0]))
    }
  }

  @Test func `transposed operands are not copied`() {
    // A product of views allocates its result and nothing else.
    let a = Tensor.ones([64, 32])
    let b = Tensor.ones([64, 48])
    let y = withoutGradient { a.transposed().matmul(b) }
    #expect(y.shape == [32, 48] && y.floats.allSatisfy { $0 == 64 })
  }

  @Test func `batches, heads and broadcast operands`() {
    // [B, N, 3, H, D] as an attention layer makes it: strided heads.
    let qkv = Reference.random([2, 3, 3 * 2 * 4], seed: 1)
    checkGradients("heads", [qkv]) { inputs in
      let parts = inputs[0].reshaped([2, 3, 3, 2, 4]).permuted([2, 0, 3, 1, 4]).unbound()
      return Tensor.attention(query: parts[0], key: parts[1], value: parts[2])
        .transposed(1, 2).reshaped([2, 3, 8])
    } reference: { inputs in
      let parts = inputs[0].reshaped([2, 3, 3, 2, 4]).permuted([2, 0, 3, 1, 4])
      func part(_ i: Int) -> Reference {
        Reference([2, 2, 3, 4], Array(parts.values[(i * 48)..<(i * 48 + 48)]))
      }
      let weights = part(0).matmul(part(1).permuted([0, 1, 3, 2])).map { $0 * 0.5 }.lines(-1, softmax)
      return weights.matmul(part(2)).permuted([0, 2, 1, 3]).reshaped([2, 3, 8])
    }
    let (a, b) = (Reference.random([2, 1, 3, 2], seed: 2), Reference.random([3, 2, 4], seed: 3))
    checkGradients("broadcast", [a, b]) {
      $0[0].matmul($0[1])
    } reference: { inputs in
      let wide = inputs[0].zip(Reference([1, 3, 1, 1], [1, 1, 1]), *)
      return wide.matmul(inputs[1].reshaped([1, 3, 2, 4]).zip(Reference([2, 1, 1, 1], [1, 1]), *))
    }
  }

  @Test func `attention with a mask, a broadcast bias and dropout`() {
    let (q, k, v) = (
      Reference.random([2, 2, 3], seed: 1), Reference.random([2, 4, 3], seed: 2),
      Reference.random([2, 4, 2], seed: 3)
    )
    let bias = Reference.random([2, 4], seed: 4)
    checkGradients("bias", [q, k, v, bias]) {
      .attention(query: $0[0], key: $0[1], value: $0[2], bias: $0[3])
    } reference: {
      $0[0].matmul($0[1].permuted([0, 2, 1])).map { $0 / 3.0.squareRoot() }.zip($0[3], +).lines(-1, softmax)
        .matmul($0[2])
    }
    let mask = Tensor([0, -.infinity, 0, -.infinity] as [Float])
    let masked = Tensor.attention(query: q.tensor(), key: k.tensor(), value: v.tensor(), bias: mask)
    let seen = Tensor.attention(
      query: q.tensor(), key: k.tensor().indexSelected(1, [0, 2]), value: v.tensor().indexSelected(1, [0, 2]))
    expectClose(masked, seen.floats.map(Double.init))
    let dropped = RandomSource.$current.withValue(RandomSource(seed: 3)) {
      Tensor.attention(query: q.tensor(), key: k.tensor(), value: v.tensor(), dropout: 1)
    }
    #expect(dropped.floats.allSatisfy { $0 == 0 })
  }

  @Test func `linear layers over any number of axes`() {
    let (w, b) = (Reference.random([4, 5], seed: 2), Reference.random([4], seed: 3))
    for shape in [[3, 5], [2, 3, 5], [2, 1, 2, 5], [1, 5]] {
      checkGradients("linear \(shape)", [Reference.random(shape, seed: 1), w, b], channelsLast: true) {
        $0[0].linear($0[1], bias: $0[2])
      } reference: { inputs in
        inputs[0].reshaped([shape.dropLast().reduce(1, *), 5]).matmul(inputs[1].permuted([1, 0]))
          .zip(inputs[2], +).reshaped(shape.dropLast() + [4])
      }
    }
  }

  @Test func `empty inner axes give zeros`() {
    #expect(Tensor.zeros([2, 0]).matmul(Tensor.zeros([0, 3])).floats == [0, 0, 0, 0, 0, 0])
    #expect(Tensor.zeros([0, 4]).linear(Tensor.ones([2, 4]), bias: Tensor.ones([2])).shape == [0, 2])
    #expect(Tensor.zeros([1, 0]).linear(Tensor.zeros([2, 0]), bias: Tensor.ones([2])).floats == [1, 1])
  }

  @Test func `shapes that do not fit trap`() async {
    await #expect(processExitsWith: .failure) { _ = Tensor.ones([2, 3]).matmul(Tensor.ones([2, 3])) }
    await #expect(processExitsWith: .failure) { _ = Tensor.ones([2, 3]).linear(Tensor.ones([4, 2])) }
    await #expect(processExitsWith: .failure) {
      _ = Tensor.einsum("ij,jk->ik", Tensor.ones([2, 3]), Tensor.ones([2, 3]))
    }
  }
}

/// The plain formula, without overflow.
func softmax(_ line: [Double]) -> [Double] {
  let largest = line.max() ?? 0
  let exponentials = line.map { exp($0 - largest) }
  let sum = exponentials.reduce(0, +)
  return exponentials.map { $0 / sum }
}
