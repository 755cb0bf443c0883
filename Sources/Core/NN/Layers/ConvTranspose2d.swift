/// Applies a transposed 2-D convolution: the gradient of a convolution as a layer that enlarges images.
///
/// Mirrors `torch.nn.ConvTranspose2d`, state-dict keys and first values included.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, H', W']` with
///   `H' = (H − 1)·stride.h − 2·padding.h + dilation.h·(kernel.h − 1) + outputPadding.h + 1` (and `W'` alike).
public final class ConvTranspose2d: Module, UnaryModule {
  /// `[inChannels, outChannels / groups, kernel.h, kernel.w]`
  public let weight: Parameter
  /// `[outChannels]`, or `nil` when the layer was made without one.
  public let bias: Parameter?
  public let inChannels: Int, outChannels: Int
  public let kernel: Pair, stride: Pair, padding: Pair, outputPadding: Pair, dilation: Pair
  public let groups: Int

  public init(
    _ inChannels: Int, _ outChannels: Int, kernel: Pair, stride: Pair = 1, padding: Pair = 0,
    outputPadding: Pair = 0, groups: Int = 1, bias: Bool = true, dilation: Pair = 1
  ) {
    precondition(
      inChannels > 0 && outChannels > 0 && groups > 0 && inChannels % groups == 0
        && outChannels % groups == 0,
      "ConvTranspose2d: groups (\(groups)) must divide inChannels (\(inChannels)) and outChannels (\(outChannels))"
    )
    precondition(
      kernel.h > 0 && kernel.w > 0,
      "ConvTranspose2d: a kernel of at least one row and column, found \(kernel)")
    (self.inChannels, self.outChannels, self.kernel, self.groups) = (inChannels, outChannels, kernel, groups)
    (self.stride, self.padding, self.outputPadding, self.dilation) = (
      stride, padding, outputPadding, dilation
    )
    weight = Parameter(.zeros([inChannels, outChannels / groups, kernel.h, kernel.w]))
    self.bias = bias ? Parameter(.zeros([outChannels])) : nil
    super.init()
    InitialValues.draw { initializeWeights(using: &$0) }
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.convTranspose2d(
      weight.value, bias: bias?.value, stride: stride, padding: padding, outputPadding: outputPadding,
      groups: groups, dilation: dilation)
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    Init.linearDefault(weight, bias: bias, using: &generator)
  }
}
