import CKernels
import Testing

/// Sums of products in `Double`, and the sums of their absolute values, which bound the rounding of any order.
struct NaiveSums {
  var value: [Double]
  var magnitude: [Double]

  init(count: Int) {
    value = Array(repeating: 0, count: count)
    magnitude = value
  }

  mutating func add(_ product: Double, at index: Int) {
    value[index] += product
    magnitude[index] += abs(product)
  }
}

/// A convolution with fixed pseudo-random operands, as the kernels compute it and as the definition says.
struct ConvCase: CustomTestStringConvertible, Sendable {
  let name: String
  let shape: mm_conv_shape
  let x, weight, dy, bias, residual, scale, inputBias: [Float]

  var testDescription: String { name }

  init(
    _ name: String, n: Int, h: Int, w: Int, c: Int, oc: Int, kernel: (Int, Int), stride: (Int, Int) = (1, 1),
    pad: (Int, Int) = (0, 0), dilation: (Int, Int) = (1, 1), groups: Int = 1
  ) {
    self.name = name
    let oh = (h + 2 * pad.0 - dilation.0 * (kernel.0 - 1) - 1) / stride.0 + 1
    let ow = (w + 2 * pad.1 - dilation.1 * (kernel.1 - 1) - 1) / stride.1 + 1
    shape = mm_conv_shape(
      n: Int32(n), h: Int32(h), w: Int32(w), c: Int32(c), oc: Int32(oc), kh: Int32(kernel.0),
      kw: Int32(kernel.1),
      stride_h: Int32(stride.0), stride_w: Int32(stride.1), pad_h: Int32(pad.0), pad_w: Int32(pad.1),
      dil_h: Int32(dilation.0), dil_w: Int32(dilation.1), groups: Int32(groups), oh: Int32(oh), ow: Int32(ow))
    var state: UInt32 = 12345
    func values(_ count: Int) -> [Float] {
      (0..<count).map { _ in
        state = state &* 1_664_525 &+ 1_013_904_223
        return Float(Int32(state >> 9) - (1 << 22)) / Float(1 << 22)
      }
    }
    x = values(n * h * w * c)
    weight = values(oc * (c / groups) * kernel.0 * kernel.1)
    dy = values(n * oh * ow * oc)
    bias = values(oc)
    residual = values(n * oh * ow * oc)
    scale = values(oc)
    inputBias = values(c)
  }

  /// Those, and for the gradient of the input also the sum of windows; without the merged rows of forward passes.
  var gradientAlgorithms: [mm_conv_algorithm] {
    algorithms.filter { $0 != MM_CONV_STEM } + (shape.groups == 1 ? [MM_CONV_SCATTER] : [])
  }

  /// Direct, the kernel chosen for the shape, and Winograd's wherever they apply.
  var algorithms: [mm_conv_algorithm] {
    var all = [MM_CONV_DIRECT]
    let chosen = withUnsafePointer(to: shape) { mm_conv_choose($0, MM_CONV_SET_DIRECT) }
    if chosen != MM_CONV_DIRECT { all.append(chosen) }
    let s = shape
    if s.kh == 3, s.kw == 3, s.stride_h == 1, s.stride_w == 1, s.dil_h == 1, s.dil_w == 1, s.groups == 1 {
      all += [MM_CONV_WINOGRAD2, MM_CONV_WINOGRAD4]
    }
    return all
  }

  // MARK: The kernels

  /// conv(x, weight * scale) + bias + residual, then ReLU6.
  func forward(_ algorithm: mm_conv_algorithm) -> [Float] {
    withUnsafePointer(to: shape) { shape in
      let packed = Packed(bytes: mm_conv_packed_bytes(shape, algorithm))
      mm_conv_pack(shape, algorithm, weight, scale, packed.start)
      var y = [Float](repeating: .nan, count: dy.count)
      mm_conv_forward(shape, algorithm, x, packed.start, bias, residual, MM_ACT_RELU6, 0, &y)
      return y
    }
  }

  /// The gradient of x plus a bias, then leaky ReLU of slope 0.25.
  func backwardData(_ algorithm: mm_conv_algorithm) -> [Float] {
    withUnsafePointer(to: shape) { shape in
      let packed = Packed(bytes: mm_conv_packed_bytes_dgrad(shape, algorithm))
      mm_conv_pack_dgrad(shape, algorithm, weight, nil, packed.start)
      var dx = [Float](repeating: .nan, count: x.count)
      mm_conv_backward_data(shape, algorithm, dy, packed.start, inputBias, MM_ACT_LEAKY_RELU, 0.25, &dx)
      return dx
    }
  }

  func backwardWeight() -> (weight: [Float], bias: [Float]) {
    withUnsafePointer(to: shape) { shape in
      var dw = [Float](repeating: .nan, count: weight.count)
      var db = [Float](repeating: .nan, count: bias.count)
      mm_conv_backward_weight(shape, x, dy, &dw, &db)
      return (dw, db)
    }
  }

  // MARK: The definition

  func naiveForward() -> NaiveSums {
    var sums = NaiveSums(count: dy.count)
    for i in dy.indices {
      sums.add(Double(bias[i % Int(shape.oc)]), at: i)
      sums.add(Double(residual[i]), at: i)
    }
    eachProduct { y, x, w, o in sums.add(Double(self.x[x]) * Double(weight[w]) * Double(scale[o]), at: y) }
    for i in sums.value.indices { sums.value[i] = min(max(sums.value[i], 0), 6) }
    return sums
  }

  func naiveBackwardData() -> NaiveSums {
    var sums = NaiveSums(count: x.count)
    for i in x.indices { sums.add(Double(inputBias[i % Int(shape.c)]), at: i) }
    eachProduct { y, x, w, _ in sums.add(Double(dy[y]) * Double(weight[w]), at: x) }
    for i in sums.value.indices where sums.value[i] < 0 { sums.value[i] *= 0.25 }
    return sums
  }

  func naiveBackwardWeight() -> (weight: NaiveSums, bias: NaiveSums) {
    var sums = NaiveSums(count: weight.count)
    var biasSums = NaiveSums(count: bias.count)
    for i in dy.indices { biasSums.add(Double(dy[i]), at: i % Int(shape.oc)) }
    eachProduct { y, x, w, _ in sums.add(Double(dy[y]) * Double(self.x[x]), at: w) }
    return (sums, biasSums)
  }

  // Calls `body(index into y, index into x, index into the weights, output channel)` for every product of the sum.
  private func eachProduct(_ body: (Int, Int, Int, Int) -> Void) {
    let s = shape
    let (h, w, c, oc) = (Int(s.h), Int(s.w), Int(s.c), Int(s.oc))
    let (kh, kw, oh, ow) = (Int(s.kh), Int(s.kw), Int(s.oh), Int(s.ow))
    let perGroup = c / Int(s.groups), outPerGroup = oc / Int(s.groups)
    for image in 0..<Int(s.n) {
      for oy in 0..<oh {
        for ox in 0..<ow {
          for ky in 0..<kh {
            let iy = oy * Int(s.stride_h) - Int(s.pad_h) + ky * Int(s.dil_h)
            guard iy >= 0, iy < h else { continue }
            for kx in 0..<kw {
              let ix = ox * Int(s.stride_w) - Int(s.pad_w) + kx * Int(s.dil_w)
              guard ix >= 0, ix < w else { continue }
              let pixel = ((image * h + iy) * w + ix) * c, out = ((image * oh + oy) * ow + ox) * oc
              for o in 0..<oc {
                let first = pixel + o / outPerGroup * perGroup
                for i in 0..<perGroup {
                  body(out + o, first + i, ((o * perGroup + i) * kh + ky) * kw + kx, o)
                }
              }
            }
          }
        }
      }
    }
  }
}

/// A 64-byte aligned block for packed weights.
final class Packed {
  let start: UnsafeMutableRawPointer

  init(bytes: Int) {
    start = .allocate(byteCount: max(bytes, 64), alignment: 64)
  }

  deinit { start.deallocate() }
}
