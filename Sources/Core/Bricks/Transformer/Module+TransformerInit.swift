extension Module {
  /// How transformers start where no rule says otherwise: linear weights normally distributed with deviation 0.02 and
  /// cut off, biases 0, norms 1 and 0.
  func initializeAsTransformer(using generator: inout RandomGenerator) {
    forEachModule { _, module in
      if let linear = module as? Linear {
        Init.truncatedNormal(linear.weight, standardDeviation: 0.02, using: &generator)
        linear.bias.map { Init.constant($0, 0) }
      } else if let norm = module as? LayerNorm {
        norm.resetAffine()
      }
    }
  }

  /// Convolutions normally distributed with deviation `√(2 / fan)`, the fan being outputs that one input reaches; biases 0.
  func initializeConvolutionsByFanOut(using generator: inout RandomGenerator) {
    forEachModule { _, module in
      guard let conv = module as? Conv2d else { return }
      let fan = conv.kernel.h * conv.kernel.w * conv.outChannels / conv.groups
      Init.normal(conv.weight, standardDeviation: (2 / Double(max(1, fan))).squareRoot(), using: &generator)
      conv.bias.map { Init.constant($0, 0) }
    }
  }
}
