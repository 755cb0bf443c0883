import TestSupport
import Testing

@testable import Core

@Suite struct ViewTests {
  private let x = Tensor((0..<24).map { Float($0) }, shape: [2, 3, 4])

  @Test func `reshaping contiguous memory shares it`() {
    let y = x.reshaped([6, -1])
    #expect(y.shape == [6, 4])
    #expect(y.storage === x.storage)
    #expect(y.floats == x.floats)
  }

  @Test func `reshaping a transposed tensor copies into row-major order`() {
    let y = x.transposed(0, 2).reshaped([12, 2])
    #expect(y.storage !== x.storage)
    #expect(
      y.floats == [0, 12, 4, 16, 8, 20, 1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23])
  }

  @Test func `flattening the positions of a channels-last map shares its memory`() {
    let map = Tensor((0..<48).map { Float($0) }, shape: [2, 3, 2, 4]).channelsLast()
    #expect(map.isChannelsLast && !map.isContiguous)
    let tokens = map.flattened(from: 2).transposed(1, 2)
    #expect(tokens.storage === map.storage && tokens.isContiguous)
    #expect(tokens.shape == [2, 8, 3])
    #expect(Array(tokens.floats.prefix(6)) == [0, 8, 16, 1, 9, 17])
  }

  @Test func `layouts do not change elements`() {
    let map = Tensor((0..<48).map { Float($0) }, shape: [2, 3, 2, 4])
    #expect(map.channelsLast().floats == map.floats)
    #expect(map.channelsLast().contiguous().isContiguous)
    #expect(map.channelsLast().clone().isChannelsLast)
  }

  @Test func `subscripts pick like Python's brackets`() {
    #expect(x[1].floats == (12..<24).map { Float($0) })
    #expect(x[-1, 0].floats == [12, 13, 14, 15])
    #expect(x[.all, 1, 2...].floats == [6, 7, 18, 19])
    #expect(x[0, 1..<3, ..<1].shape == [2, 1])
    #expect(x[0, .new, 0...1].shape == [1, 2, 4])
    #expect(x[1, 2, 3].item == 23)
  }

  @Test func `slices step and chunks cover`() {
    #expect(x.sliced(2, 1..<4, step: 2).floats == [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23])
    let pieces = Tensor((0..<10).map { Float($0) }).chunked(0, 4)
    #expect(pieces.map(\.count) == [3, 3, 3, 1])
    #expect(x.unbound(1).map(\.shape) == [[2, 4], [2, 4], [2, 4]])
    #expect(x.unbound(1)[1].floats == [4, 5, 6, 7, 16, 17, 18, 19])
  }

  @Test func `expansion repeats without memory`() {
    let row = Tensor([1, 2, 3] as [Float], shape: [3, 1])
    let wide = row.expanded(to: [2, -1, 2])
    #expect(wide.storage === row.storage)
    #expect(wide.floats == [1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3])
    #expect(!wide.isDense)
  }

  @Test func `empty tensors pass through views`() {
    let empty = Tensor.zeros([0, 3])
    #expect(empty.reshaped([3, 0]).count == 0)
    #expect(empty.transposed().contiguous().shape == [3, 0])
    #expect(Tensor.concatenate([empty, Tensor.ones([1, 3])]).floats == [1, 1, 1])
    #expect((empty + 1).floats.isEmpty)
    #expect(empty.sum([0]).floats == [0, 0, 0])
  }

  struct Reshape: Sendable {
    var shape, strides, target: [Int]
    var expected: [Int]?
  }
  static let reshapes: [Reshape] = [
    Reshape(shape: [2, 3, 4], strides: [12, 4, 1], target: [6, 4], expected: [4, 1]),
    Reshape(shape: [2, 3, 4], strides: [12, 4, 1], target: [2, 2, 6], expected: [12, 6, 1]),
    Reshape(shape: [2, 3, 4], strides: [1, 2, 6], target: [24], expected: nil),
    Reshape(shape: [4, 6], strides: [1, 4], target: [2, 2, 3, 2], expected: [2, 1, 8, 4]),
    Reshape(shape: [1, 6], strides: [99, 1], target: [3, 2], expected: [2, 1]),
    Reshape(shape: [3, 4], strides: [8, 2], target: [12], expected: [2]),
    Reshape(shape: [3, 4], strides: [0, 1], target: [12], expected: nil),
  ]

  @Test(arguments: reshapes) func `strides of a reshaped view`(_ reshape: Reshape) {
    #expect(Strides.reshaped(reshape.shape, reshape.strides, to: reshape.target) == reshape.expected)
  }

  @Test func `types convert as PyTorch converts`() {
    let x = Tensor([-1.5, 0, 2.5] as [Float])
    #expect(x.converted(to: .int64).elements(as: Int64.self) == [-1, 0, 2])
    #expect(x.converted(to: .bool).elements(as: Bool.self) == [true, false, true])
    #expect(Tensor.arange(1, 6, step: 2).floats == [1, 3, 5])
    #expect(Tensor.full([2], 3, dtype: .int32).elements(as: Int32.self) == [3, 3])
    let half = x.requiringGradient().converted(to: .float16)
    #expect(half.requiresGradient && half.converted(to: .float32).floats == x.floats)
  }
}
