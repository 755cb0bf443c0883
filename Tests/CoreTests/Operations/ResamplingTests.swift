import TestSupport
import Testing

@testable import Core

/// Resizing, padding and rearranging: what the comparison with PyTorch does not cover.
@Suite struct ResamplingTests {
  @Test func `resizing to the same size changes nothing`() {
    let x = Reference.random([1, 3, 5, 4]).tensor()
    for mode in [InterpolationMode.nearest, .nearestExact, .bilinear, .bicubic, .area] {
      expectClose(x.interpolate(size: Pair(h: 5, w: 4), mode: mode), x.floats.map(Double.init), relative: 0)
    }
  }

  @Test(arguments: [InterpolationMode.bilinear, .bicubic], [false, true])
  func `the gradient of a resizing is its transpose`(_ mode: InterpolationMode, _ alignCorners: Bool) {
    // <resize(x), g> = <x, resizeᵀ(g)> for a linear map.
    let x = Reference.random([1, 2, 6, 5], seed: 1).tensor().requiringGradient()
    let y = x.interpolate(size: Pair(h: 9, w: 4), mode: mode, alignCorners: alignCorners)
    let seed = Reference.random(y.shape, seed: 2).tensor()
    y.backward(seed)
    let left = zip(y.floats, seed.floats).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    let right = zip(x.floats, x.gradient?.floats ?? []).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    #expect(abs(left - right) < 1e-4)
  }

  @Test func `a factor may leave a fraction of a pixel`() {
    let x = Tensor.ones([1, 1, 5, 7])
    #expect(x.interpolate(scaleFactor: 1.5).shape == [1, 1, 7, 10])
    #expect(x.interpolate(scaleFactor: ScaleFactor(h: 0.5, w: 2)).shape == [1, 1, 2, 14])
  }

  @Test func `shuffled pixels come back`() {
    let x = Reference.random([2, 12, 3, 2]).tensor()
    #expect(x.pixelShuffle(2).pixelUnshuffle(2).floats == x.floats)
    #expect(x.pixelShuffle(2).shape == [2, 3, 6, 4])
  }

  @Test func `folding counts how often a pixel was covered`() {
    let x = Tensor.ones([1, 1, 3, 3])
    let sum = x.unfold(2).fold(3, kernel: 2)
    #expect(sum.floats == [1, 2, 1, 2, 4, 2, 1, 2, 1])
  }

  @Test func `padding of any axes, with cropping and a gradient`() {
    let x = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3]).requiringGradient()
    let y = x.pad([(before: 1, after: 0), (before: -1, after: 1)], value: 9)
    #expect(y.shape == [3, 3])
    #expect(y.floats == [9, 9, 9, 2, 3, 9, 5, 6, 9])
    y.backward(Tensor([1, 2, 3, 4, 5, 6, 7, 8, 9] as [Float], shape: [3, 3]))
    #expect(x.gradient?.floats == [0, 4, 5, 0, 7, 8])
  }

  @Test func `an identity grid samples the image`() {
    let x = Reference.random([1, 2, 3, 4], seed: 4).tensor()
    var points: [Float] = []
    for row in 0..<3 {
      for column in 0..<4 { points += [Float(column) / 3 * 2 - 1, Float(row) - 1] }
    }
    let grid = Tensor(points, shape: [1, 3, 4, 2])
    for mode in GridSampleMode.allCases {
      expectClose(
        x.gridSample(grid, mode: mode, padding: .border, alignCorners: true), x.floats.map(Double.init),
        absolute: 2e-6)
    }
  }

  @Test func `empty batches`() {
    let x = Tensor.zeros([0, 4, 4, 4])
    #expect(x.interpolate(size: 8, mode: .bilinear).shape == [0, 4, 8, 8])
    #expect(x.pad2d(top: 1, bottom: 1, left: 1, right: 1, mode: .reflect).shape == [0, 4, 6, 6])
    #expect(x.pixelShuffle(2).shape == [0, 1, 8, 8])
    #expect(x.unfold(2).shape == [0, 16, 9])
    #expect(x.gridSample(.zeros([0, 3, 5, 2])).shape == [0, 4, 3, 5])
  }

  @Test func `reflection beyond the image traps`() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor.ones([1, 1, 3, 3]).pad2d(top: 3, bottom: 0, left: 0, right: 0, mode: .reflect)
    }
  }
}

/// The largest channel of a resized image, without the image.
@Suite struct ResizedArgmaxTests {
  @Test(arguments: [1, 3, 15, 16, 19, 64, 150, 256], [false, true])
  func `equals resizing and then looking`(_ channels: Int, _ alignCorners: Bool) {
    let x = Reference.random([2, channels, 9, 7], seed: UInt64(channels)).tensor(channelsLast: true)
    for size in [Pair(h: 9, w: 7), Pair(h: 31, w: 24), Pair(h: 4, w: 5), Pair(1)] {
      let resized = x.interpolate(size: size, mode: .bilinear, alignCorners: alignCorners)
      let (best, expected) = resized.maximum(along: 1)
      let found = x.resizedArgmax(size: size, alignCorners: alignCorners)
      #expect(found.shape == [2, size.h, size.w] && found.dtype == .uint8)
      let chosen = resized.gathered(1, found.converted(to: .int64).unsqueezed(1)).squeezed(1)
      expectClose(chosen, best.floats.map(Double.init), relative: 1e-5, absolute: 1e-6)
      let same = zip(found.elements(as: UInt8.self), expected.elements(as: Int64.self)).filter {
        Int64($0) == $1
      }
      #expect(same.count >= found.count - 2)
    }
  }

  @Test func `of equal channels the first counts`() {
    for channels in [5, 16, 40] {
      let x = Tensor.full([1, channels, 3, 3], 0.5)
      #expect(x.resizedArgmax(size: 6).elements(as: UInt8.self).allSatisfy { $0 == 0 })
    }
  }
}
