import TestSupport
import Testing

@testable import Core

/// All spatial operators against PyTorch, forward and backward, from inputs in several layouts.
@Suite struct SpatialGoldenTests {
  /// How the elements of an input lie in memory.
  enum Layout: CaseIterable {
    case rowMajor, channelsLast
    /// A view with gaps.
    case strided

    func arrange(_ tensor: Tensor) -> Tensor {
      switch self {
      case .rowMajor: return tensor
      case .channelsLast: return tensor.rank == 4 ? tensor.channelsLast() : tensor
      case .strided:
        let border = tensor.shape.map { _ in (before: 1, after: 2) }
        var view = tensor.pad(border, value: .nan)
        for (axis, size) in tensor.shape.enumerated() { view = view.sliced(axis, 1..<(1 + size)) }
        return view
      }
    }
  }

  @Test func `the fixture is complete`() {
    #expect(SpatialGoldens.cases.count == 104)
    #expect(SpatialGoldens.values.count == 15891)
  }

  @Test(arguments: SpatialGoldens.cases, Layout.allCases)
  func `equals PyTorch`(_ golden: SpatialGoldens.Case, _ layout: Layout) throws {
    let inputs = golden.inputs.map { input -> Tensor in
      let tensor = layout.arrange(input.tensor)
      return input.differentiable ? tensor.requiringGradient() : tensor
    }
    let (result, extra) = try #require(golden.run(inputs), "an operator without a runner: \(golden.op)")
    // Winograd convolutions round a little more.
    let tolerance = golden.op == "conv2d" ? 2e-4 : 2e-5
    result.backward(SpatialGoldens.pattern(result.shape, seed: 99))
    for output in golden.outputs {
      let found: Tensor?
      if output.name == "y" {
        found = result
      } else if let index = Int(output.name.dropFirst()), output.name.hasPrefix("d") {
        found = inputs[index].gradient
      } else {
        found = extra[output.name]
      }
      expectClose(
        try #require(found, "\(output.name) is missing"), output.expected, shape: output.shape,
        relative: tolerance,
        absolute: tolerance, "\(golden.op) \(output.name)")
    }
  }

  @Test(arguments: SpatialGoldens.cases)
  func `is the same without a gradient`(_ golden: SpatialGoldens.Case) throws {
    let (result, _) = try #require(withoutGradient { golden.run(golden.inputs.map(\.tensor)) })
    let tolerance = golden.op == "conv2d" ? 5e-4 : 2e-5
    expectClose(
      result, golden.outputs[0].expected, shape: golden.outputs[0].shape, relative: tolerance,
      absolute: tolerance)
    #expect(!result.requiresGradient)
  }
}

extension SpatialGoldens.Case {
  /// The operator on `x`, and further results by name; `nil` for an unknown operator.
  fileprivate func run(_ x: [Tensor]) -> (Tensor, [String: Tensor])? {
    let (second, third) = (x.count > 1 ? x[1] : nil, x.count > 2 ? x[2] : nil)
    let first = x[0]
    switch op {
    case "conv2d":
      guard let second else { return nil }
      let result = first.conv2d(
        second, bias: third, stride: pair("stride"), padding: pair("padding"), dilation: pair("dilation"),
        groups: int("groups"))
      return (result, [:])
    case "conv_transpose2d":
      guard let second else { return nil }
      let result = first.convTranspose2d(
        second, bias: third, stride: pair("stride"), padding: pair("padding"),
        outputPadding: pair("output_padding"), groups: int("groups"), dilation: pair("dilation"))
      return (result, [:])
    case "grid_sample":
      guard let second, let mode = GridSampleMode(rawValue: string("mode")),
        let padding = GridSamplePadding(rawValue: string("padding"))
      else { return nil }
      return (
        first.gridSample(second, mode: mode, padding: padding, alignCorners: bool("align_corners")), [:]
      )
    case "batch_norm":
      return batchNorm(first, second, third)
    case "group_norm":
      return (first.groupNorm(int("groups"), weight: second, bias: third, eps: 1e-4), [:])
    case "instance_norm":
      return (first.instanceNorm(weight: second, bias: third, eps: 1e-4), [:])
    case "layer_norm":
      return (first.layerNorm(ints("shape") ?? [], weight: second, bias: third, eps: 1e-6), [:])
    default:
      return runUnary(first).map { ($0, [:]) }
    }
  }

  private func batchNorm(_ x: Tensor, _ weight: Tensor?, _ bias: Tensor?) -> (Tensor, [String: Tensor]) {
    let mean = SpatialGoldens.pattern([x.shape[1]], seed: 21)
    let variance = SpatialGoldens.pattern([x.shape[1]], seed: 22, scale: 0.25, offset: 1)
    let statistics: BatchNormStatistics =
      bool("training")
      ? .batch(updating: bool("running") ? (mean, variance) : nil, momentum: 0.3)
      : .fixed(mean: mean, variance: variance)
    return (x.batchNorm(statistics, weight: weight, bias: bias, eps: 1e-3), ["mean": mean, "var": variance])
  }

  private func runUnary(_ x: Tensor) -> Tensor? {
    switch op {
    case "max_pool2d":
      return x.maxPool2d(
        pair("kernel"), stride: pair("stride"), padding: pair("padding"), dilation: pair("dilation"),
        ceilMode: bool("ceil_mode"))
    case "avg_pool2d":
      let divisor = int("divisor_override")
      return x.avgPool2d(
        pair("kernel"), stride: pair("stride"), padding: pair("padding"), ceilMode: bool("ceil_mode"),
        countIncludePad: bool("count_include_pad"), divisorOverride: divisor == 0 ? nil : divisor)
    case "adaptive_avg_pool2d": return x.adaptiveAvgPool2d(pair("size"))
    case "adaptive_max_pool2d": return x.adaptiveMaxPool2d(pair("size"))
    case "interpolate":
      guard let mode = InterpolationMode(rawValue: string("mode")) else { return nil }
      if case .numbers(let scale) = attributes["scale"] {
        return x.interpolate(
          scaleFactor: ScaleFactor(h: scale[0], w: scale[1]), mode: mode, alignCorners: bool("align_corners"),
          recomputesScale: bool("recompute"))
      }
      return x.interpolate(size: pair("size"), mode: mode, alignCorners: bool("align_corners"))
    case "pad2d":
      guard let mode = PadMode(rawValue: string("mode")), let border = ints("border") else { return nil }
      return x.pad2d(
        top: border[2], bottom: border[3], left: border[0], right: border[1], mode: mode, value: 0.5)
    case "pad":
      guard let border = ints("border") else { return nil }
      // The last axis comes first there.
      let pairs = stride(from: border.count - 2, through: 0, by: -2).map {
        (before: border[$0], after: border[$0 + 1])
      }
      return x.pad(pairs, value: -1.5)
    case "pixel_shuffle": return x.pixelShuffle(int("factor"))
    case "pixel_unshuffle": return x.pixelUnshuffle(int("factor"))
    case "unfold":
      return x.unfold(
        pair("kernel"), dilation: pair("dilation"), padding: pair("padding"), stride: pair("stride"))
    case "fold":
      return x.fold(
        pair("size"), kernel: pair("kernel"), dilation: pair("dilation"), padding: pair("padding"),
        stride: pair("stride"))
    case "l2_normalize": return x.l2Normalize(axis: int("axis"))
    case "local_response_norm":
      return x.localResponseNorm(int("size"), alpha: double("alpha"), beta: double("beta"), k: double("k"))
    default: return nil
    }
  }
}
