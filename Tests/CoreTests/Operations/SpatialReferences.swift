import TestSupport

@testable import Core

/// Spatial operators in `Double`, written plainly.
enum SpatialReferences {
  /// Calls `visit` for each product of a convolution: flat indices of image, weight and result.
  static func convolve(
    image: [Int], weight: [Int], output: [Int], _ g: ConvolutionGeometry, _ visit: (Int, Int, Int) -> Void
  ) {
    let (outputs, inputs) = (weight[0] / g.groups, weight[1])
    for n in 0..<image[0] {
      for o in 0..<weight[0] {
        for y in 0..<output[2] {
          for x in 0..<output[3] {
            for c in 0..<inputs {
              for i in 0..<weight[2] {
                for j in 0..<weight[3] {
                  let row = y * g.stride.h - g.padding.h + i * g.dilation.h
                  let column = x * g.stride.w - g.padding.w + j * g.dilation.w
                  if row < 0 || row >= image[2] || column < 0 || column >= image[3] { continue }
                  let channel = o / outputs * inputs + c
                  visit(
                    ((n * image[1] + channel) * image[2] + row) * image[3] + column,
                    ((o * inputs + c) * weight[2] + i) * weight[3] + j,
                    ((n * weight[0] + o) * output[2] + y) * output[3] + x)
                }
              }
            }
          }
        }
      }
    }
  }

  static func conv2d(_ x: Reference, _ w: Reference, _ b: Reference?, _ g: ConvolutionGeometry) -> Reference {
    let size = g.outputSize(Pair(h: x.shape[2], w: x.shape[3]), kernel: Pair(h: w.shape[2], w: w.shape[3]))
    let shape = [x.shape[0], w.shape[0], size.h, size.w]
    var y = biased(shape, b)
    convolve(image: x.shape, weight: w.shape, output: shape, g) {
      y.values[$2] += x.values[$0] * w.values[$1]
    }
    return y
  }

  /// Scatters instead of gathering.
  static func convTranspose2d(
    _ x: Reference, _ w: Reference, _ b: Reference?, _ g: ConvolutionGeometry, extra: Pair
  ) -> Reference {
    let size = g.transposedOutputSize(
      Pair(h: x.shape[2], w: x.shape[3]), kernel: Pair(h: w.shape[2], w: w.shape[3]), extra: extra)
    let shape = [x.shape[0], w.shape[1] * g.groups, size.h, size.w]
    var y = biased(shape, b)
    convolve(image: shape, weight: w.shape, output: x.shape, g) {
      y.values[$0] += x.values[$2] * w.values[$1]
    }
    return y
  }

  private static func biased(_ shape: [Int], _ bias: Reference?) -> Reference {
    var y = Reference(shape, Array(repeating: 0, count: shape.reduce(1, *)))
    guard let bias else { return y }
    for index in y.values.indices { y.values[index] = bias.values[index / (shape[2] * shape[3]) % shape[1]] }
    return y
  }

  /// Normalises over all elements that `key` gives the same number, then scales and shifts channels.
  static func normalize(
    _ x: Reference, eps: Double, weight: Reference?, bias: Reference?, parameter: (Int) -> Int,
    key: (Int) -> Int
  ) -> Reference {
    var sums: [Int: (count: Double, sum: Double)] = [:]
    for (index, value) in x.values.enumerated() {
      let old = sums[key(index)] ?? (0, 0)
      sums[key(index)] = (old.count + 1, old.sum + value)
    }
    var squares: [Int: Double] = [:]
    for (index, value) in x.values.enumerated() {
      let (count, sum) = sums[key(index)] ?? (1, 0)
      squares[key(index), default: 0] += (value - sum / count) * (value - sum / count)
    }
    var y = x
    for index in x.values.indices {
      let (count, sum) = sums[key(index)] ?? (1, 0)
      let variance = (squares[key(index)] ?? 0) / count
      let normalized = (x.values[index] - sum / count) / (variance + eps).squareRoot()
      y.values[index] =
        normalized * (weight?.values[parameter(index)] ?? 1) + (bias?.values[parameter(index)] ?? 0)
    }
    return y
  }

  /// The elements of windows that a pooling sees, and how many it counts with padding.
  static func pool(
    _ x: Reference, _ kernel: Pair, stride: Pair, padding: Pair, output: Pair, _ reduce: ([Double]) -> Double
  ) -> Reference {
    let (h, w) = (x.shape[2], x.shape[3])
    var values: [Double] = []
    for plane in 0..<(x.shape[0] * x.shape[1]) {
      for i in 0..<output.h {
        for j in 0..<output.w {
          var window: [Double] = []
          for a in 0..<kernel.h {
            for b in 0..<kernel.w {
              let (row, column) = (i * stride.h - padding.h + a, j * stride.w - padding.w + b)
              if row < 0 || row >= h || column < 0 || column >= w { continue }
              window.append(x.values[(plane * h + row) * w + column])
            }
          }
          values.append(reduce(window))
        }
      }
    }
    return Reference([x.shape[0], x.shape[1], output.h, output.w], values)
  }
}
