extension Module {
  /// How transformers start where no rule says otherwise: linear weights normally distributed with deviation 0.02 and
  /// cut off, biases 0, norms 1 and 0.
  public func initializeAsTransformer(using generator: inout RandomGenerator) {
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

extension Module {
  /// The linear layers of all feed-forward networks below: weights by `rule`, biases next to 0.
  public func initializeFeedForward(
    using generator: inout RandomGenerator, _ rule: (Parameter, inout RandomGenerator) -> Void
  ) {
    forEachModule { _, module in
      guard let network = module as? FeedForward else { return }
      network.forEachModule { _, layer in
        guard let linear = layer as? Linear else { return }
        rule(linear.weight, &generator)
        if let bias = linear.bias { Init.normal(bias, standardDeviation: 1e-6, using: &generator) }
      }
    }
  }

  /// How mmseg's plain transformers start where no rule says otherwise.
  func initializeAsSegmentationTransformer(using generator: inout RandomGenerator) {
    initializeAsTransformer(using: &generator)
    initializeFeedForward(using: &generator) {
      Init.truncatedNormal($0, standardDeviation: 0.02, using: &$1)
    }
    forEachModule { _, module in
      guard let conv = module as? Conv2d else { return }
      Init.kaiming(conv.weight, mode: .fanIn, using: &generator)
      conv.bias.map { Init.constant($0, 0) }
    }
  }
}
