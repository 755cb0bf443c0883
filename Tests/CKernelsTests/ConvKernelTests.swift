import CKernels
import Foundation
import Testing

/// Every convolution kernel against a naive sum in `Double`, on each instruction set that this machine has.
@Suite(.serialized) struct ConvKernelTests {
  /// Shapes with tails everywhere: odd channels, pads beyond the kernel, strides, dilations, groups, one pixel.
  static let shapes: [ConvCase] = [
    ConvCase("1x1", n: 2, h: 7, w: 9, c: 24, oc: 17, kernel: (1, 1)),
    ConvCase("1x1 stride 2", n: 1, h: 9, w: 8, c: 16, oc: 33, kernel: (1, 1), stride: (2, 2)),
    ConvCase("deep 1x1", n: 1, h: 5, w: 5, c: 300, oc: 48, kernel: (1, 1)),
    ConvCase("stem", n: 2, h: 21, w: 18, c: 3, oc: 64, kernel: (7, 7), stride: (2, 2), pad: (3, 3)),
    ConvCase("one channel", n: 1, h: 6, w: 6, c: 1, oc: 5, kernel: (3, 3), pad: (1, 1)),
    ConvCase(
      "11x11 stride 4", n: 1, h: 31, w: 29, c: 3, oc: 16, kernel: (11, 11), stride: (4, 4), pad: (2, 2)),
    ConvCase("3x3", n: 2, h: 13, w: 11, c: 16, oc: 48, kernel: (3, 3), pad: (1, 1)),
    ConvCase("3x3 without pad", n: 1, h: 9, w: 10, c: 33, oc: 20, kernel: (3, 3)),
    ConvCase("3x3 stride 2", n: 2, h: 9, w: 12, c: 24, oc: 16, kernel: (3, 3), stride: (2, 2), pad: (1, 1)),
    ConvCase("3x3 stride 3, 1", n: 1, h: 11, w: 7, c: 5, oc: 16, kernel: (3, 3), stride: (3, 1), pad: (1, 2)),
    ConvCase("dilated", n: 1, h: 14, w: 14, c: 17, oc: 16, kernel: (3, 3), pad: (4, 4), dilation: (4, 4)),
    ConvCase("1x7", n: 1, h: 5, w: 12, c: 16, oc: 24, kernel: (1, 7), pad: (0, 3)),
    ConvCase("5x5, pads of 7", n: 1, h: 4, w: 4, c: 8, oc: 8, kernel: (5, 5), pad: (7, 7)),
    ConvCase("one pixel", n: 3, h: 1, w: 1, c: 16, oc: 16, kernel: (3, 3), pad: (1, 1)),
    ConvCase("kernel of the image's size", n: 9, h: 5, w: 5, c: 16, oc: 30, kernel: (5, 5)),
    ConvCase("narrow input, many images", n: 9, h: 14, w: 12, c: 6, oc: 16, kernel: (5, 5), pad: (1, 2)),
    ConvCase("patches", n: 1, h: 13, w: 12, c: 3, oc: 272, kernel: (4, 4), stride: (4, 4)),
    ConvCase(
      "windows with gaps", n: 2, h: 12, w: 11, c: 5, oc: 8, kernel: (2, 2), stride: (3, 3), pad: (1, 1)),
    ConvCase("1x1 with stride 3 of 2 rows", n: 1, h: 2, w: 2, c: 4, oc: 4, kernel: (1, 1), stride: (3, 3)),
    ConvCase("32 groups of 4", n: 1, h: 8, w: 8, c: 128, oc: 128, kernel: (3, 3), pad: (1, 1), groups: 32),
    ConvCase(
      "8 groups of 8", n: 2, h: 7, w: 9, c: 64, oc: 64, kernel: (3, 3), stride: (2, 2), pad: (1, 1), groups: 8
    ),
    ConvCase(
      "groups of 5 to 3", n: 2, h: 6, w: 5, c: 15, oc: 9, kernel: (3, 2), stride: (2, 1), pad: (1, 1),
      groups: 3),
    ConvCase("depthwise", n: 2, h: 9, w: 15, c: 35, oc: 35, kernel: (3, 3), pad: (1, 1), groups: 35),
    ConvCase(
      "depthwise stride 2", n: 1, h: 9, w: 14, c: 20, oc: 20, kernel: (5, 5), stride: (2, 2), pad: (2, 2),
      groups: 20),
    ConvCase("depthwise 7x7", n: 1, h: 8, w: 8, c: 16, oc: 16, kernel: (7, 7), pad: (3, 3), groups: 16),
    ConvCase(
      "depthwise dilated", n: 1, h: 9, w: 9, c: 6, oc: 6, kernel: (3, 3), pad: (2, 2), dilation: (2, 2),
      groups: 6),
    ConvCase(
      "depthwise with multiplier", n: 1, h: 7, w: 6, c: 6, oc: 12, kernel: (3, 3), pad: (1, 1), groups: 6),
  ]

  static let sets = [MM_ISA_GENERIC, MM_ISA_AVX2, MM_ISA_AVX512].filter {
    $0.rawValue <= mm_isa_best().rawValue
  }

  @Test(arguments: shapes) func `forward is the naive sum`(_ given: ConvCase) {
    let expected = given.naiveForward()
    onEachSet { set in
      for algorithm in given.algorithms {
        let found = given.forward(algorithm)
        #expect(
          distance(found, expected) < tolerance(algorithm),
          "\(given.name), set \(set), algorithm \(algorithm)")
      }
    }
  }

  @Test(arguments: shapes) func `gradient of the input is the naive sum`(_ given: ConvCase) {
    let expected = given.naiveBackwardData()
    onEachSet { set in
      for algorithm in given.gradientAlgorithms {
        let found = given.backwardData(algorithm)
        #expect(
          distance(found, expected) < tolerance(algorithm),
          "\(given.name), set \(set), algorithm \(algorithm)")
      }
    }
  }

  @Test(arguments: shapes) func `gradients of weights and bias are the naive sums`(_ given: ConvCase) {
    let (weight, bias) = given.naiveBackwardWeight()
    onEachSet { set in
      let found = given.backwardWeight()
      #expect(distance(found.weight, weight) < 2e-6, "\(given.name), set \(set)")
      #expect(distance(found.bias, bias) < 2e-6, "\(given.name), set \(set)")
    }
  }

  @Test(arguments: shapes) func `results do not depend on the number of threads`(_ given: ConvCase) {
    let threads = mm_pool_threads()
    defer { mm_pool_set_threads(threads) }
    onEachSet { set in
      var runs: [[[Float]]] = []
      for count in [1, 2, 4] {
        mm_pool_set_threads(Int32(count))
        var results = given.algorithms.map { given.forward($0) }
        results += given.gradientAlgorithms.map { given.backwardData($0) }
        let gradients = given.backwardWeight()
        runs.append(results + [gradients.weight, gradients.bias])
      }
      #expect(runs[0] == runs[1] && runs[0] == runs[2], "\(given.name), set \(set)")
    }
  }

  @Test func `the chosen algorithm follows shape and setting`() throws {
    let wide = ConvCase("", n: 1, h: 56, w: 56, c: 64, oc: 64, kernel: (3, 3), pad: (1, 1)).shape
    #expect(choice(wide, MM_CONV_SET_AUTO) == MM_CONV_WINOGRAD4)
    #expect(choice(wide, MM_CONV_SET_AUTO_TRAINING) == MM_CONV_WINOGRAD2)
    #expect(choice(wide, MM_CONV_SET_DIRECT) == MM_CONV_DIRECT)
    func named(_ name: String) throws -> mm_conv_shape {
      try #require(Self.shapes.first { $0.name == name }).shape
    }
    #expect(choice(try named("stem"), MM_CONV_SET_AUTO) == MM_CONV_STEM)
    #expect(choice(try named("depthwise"), MM_CONV_SET_AUTO) == MM_CONV_DEPTHWISE)
    var whole = try named("kernel of the image's size")
    #expect(mm_conv_choose_dgrad(&whole, MM_CONV_SET_AUTO) == MM_CONV_SCATTER)
    var many = try named("narrow input, many images")
    #expect(mm_conv_choose_dgrad(&many, MM_CONV_SET_AUTO) == MM_CONV_SCATTER)
  }

  @Test func `impossible shapes are refused`() {
    func valid(_ change: (inout mm_conv_shape) -> Void) -> Bool {
      var shape = Self.shapes[6].shape
      change(&shape)
      return mm_conv_shape_valid(&shape) != 0
    }
    #expect(valid { _ in })
    #expect(!valid { $0.n = 0 })
    #expect(!valid { $0.stride_h = 0 })
    #expect(!valid { $0.groups = 5 })
    #expect(!valid { $0.pad_w = -1 })
    #expect(
      !valid {
        $0.h = 1 << 20; $0.w = 1 << 20
      })
    #expect(
      !valid {
        $0.kh = 1 << 15; $0.kw = 1 << 15
      })
  }

  // Runs the body once on each instruction set.
  private func onEachSet(_ body: (mm_isa) -> Void) {
    let current = mm_isa_current()
    defer { mm_isa_set(current) }
    for set in Self.sets {
      mm_isa_set(set)
      body(set)
    }
  }

  private func choice(_ shape: mm_conv_shape, _ setting: mm_conv_setting) -> mm_conv_algorithm {
    withUnsafePointer(to: shape) { mm_conv_choose($0, setting) }
  }

  // Largest difference in units of the sum of absolute products (for Winograd, of the largest such sum).
  private func tolerance(_ algorithm: mm_conv_algorithm) -> Double {
    switch algorithm {
    case MM_CONV_WINOGRAD4: 1e-4
    case MM_CONV_WINOGRAD2: 2e-5
    default: 2e-6
    }
  }

  private func distance(_ found: [Float], _ expected: NaiveSums) -> Double {
    guard found.count == expected.value.count else { return .infinity }
    var worst = 0.0
    let floor = expected.magnitude.max() ?? 0
    for i in found.indices {
      let difference =
        abs(Double(found[i]) - expected.value[i]) / max(expected.magnitude[i], 0.1 * floor, 1e-3)
      worst = difference.isNaN ? .infinity : max(worst, difference)
    }
    return worst
  }
}
