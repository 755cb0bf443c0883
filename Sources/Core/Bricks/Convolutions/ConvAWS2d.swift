import OrderedCollections
import TorchFile

/// A convolution whose kernels are standardised and then given the scale and shift of those that training started from.
///
/// Adaptive weight standardisation, Qiao et al., "DetectoRS", 2020 (<https://arxiv.org/abs/2006.02334>). Mirrors mmcv's
/// `ConvAWS2d`.
public class ConvAWS2d: Conv2d, StateAdapting {
  /// `[outChannels, 1, 1, 1]`: deviations.
  public let weightGamma: Buffer
  /// `[outChannels, 1, 1, 1]`: means.
  public let weightBeta: Buffer
  private var standardized = DerivedKernels()

  public override init(
    _ inChannels: Int, _ outChannels: Int, kernel: Pair, stride: Pair = 1, padding: Pair = 0,
    dilation: Pair = 1,
    groups: Int = 1, bias: Bool = true, paddingMode: PaddingMode = .zeros
  ) {
    weightGamma = Buffer(.ones([outChannels, 1, 1, 1]))
    weightBeta = Buffer(.zeros([outChannels, 1, 1, 1]))
    super.init(
      inChannels, outChannels, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
      groups: groups,
      bias: bias, paddingMode: paddingMode)
  }

  override var kernels: Tensor {
    standardized.value(from: [weight.value, weightGamma.value, weightBeta.value]) {
      let (mean, deviation) = Self.statistics(weight.value)
      return weightGamma.value * ((weight.value - mean) / deviation) + weightBeta.value
    }
  }

  /// Mean and deviation of each kernel, `[outChannels, 1, 1, 1]`.
  private static func statistics(_ weight: Tensor) -> (mean: Tensor, deviation: Tensor) {
    let axes = [1, 2, 3]
    return (
      weight.mean(axes, keepingAxes: true), (weight.variance(axes, keepingAxes: true) + 1e-5).squareRoot()
    )
  }

  /// Weights of a plain convolution bring no scale and shift: theirs are taken, so that the kernels stay as they are.
  public func adapt(_ stored: inout OrderedDictionary<String, StoredTensor>, prefix: String) {
    let (gamma, beta) = (prefix + "weight_gamma", prefix + "weight_beta")
    if let known = stored[gamma]?.asFloat32(), known.reduce(0, +) > 0 { return }
    withoutGradient {
      var weight = self.weight.value.detached()
      if let new = stored[prefix + "weight"], new.shape == weight.shape {
        weight = Tensor(new.asFloat32(), shape: new.shape)
      }
      let (mean, deviation) = Self.statistics(weight)
      stored[gamma] = StoredTensor(deviation)
      stored[beta] = StoredTensor(mean)
    }
  }
}
