import Core

/// Single operations by name. Shapes are those of `peers.py`.
let operations: [String: @Sendable () -> () throws -> Void] = [
  "layer_norm": {
    let x = random([8, 3136, 96]), weight = random([96]), bias = random([96])
    return { withoutGradient { _ = x.layerNorm([96], weight: weight, bias: bias) } }
  },
  "gelu": {
    let x = random([8, 3136, 384])
    return { withoutGradient { _ = x.gelu() } }
  },
  "softmax": {
    let x = random([8, 12, 197, 197])
    return { withoutGradient { _ = x.softmax(-1) } }
  },
  "depthwise": {
    let x = image([8, 144, 56, 56]), weight = random([144, 1, 3, 3])
    return { withoutGradient { _ = x.conv2d(weight, padding: 1, groups: 144) } }
  },
  "depthwise-step": {
    let x = image([8, 144, 56, 56]), weight = random([144, 1, 3, 3])
    return {
      let (input, kernel) = (Parameter(x), Parameter(weight))
      input.value.conv2d(kernel.value, padding: 1, groups: 144).sum().backward()
    }
  },
  "bilinear": {
    let x = image([1, 256, 65, 65])
    return { withoutGradient { _ = x.interpolate(size: 129, mode: .bilinear) } }
  },
  "bilinear-narrow": {
    let x = image([1, 19, 64, 128])
    return { withoutGradient { _ = x.interpolate(size: Pair(h: 512, w: 1024), mode: .bilinear) } }
  },
  "attention-vit": { attention(images: 8, tokens: 197, width: 768, heads: 12) },
  "attention-swin": { attention(images: 8 * 64, tokens: 49, width: 96, heads: 3) },
]

/// Projection to queries, keys and values, attention, projection; forward and backward.
private func attention(images: Int, tokens: Int, width: Int, heads: Int) -> () throws -> Void {
  let x = Parameter(random([images, tokens, width]))
  let inward = Linear(width, 3 * width), outward = Linear(width, width)
  var generator = RandomGenerator(seed: 2)
  inward.initializeWeights(using: &generator)
  outward.initializeWeights(using: &generator)
  let all = [x] + inward.parameters + outward.parameters
  return {
    for parameter in all { parameter.gradient = nil }
    let parts = inward(x.value).reshaped([images, tokens, 3, heads, width / heads]).permuted([2, 0, 3, 1, 4])
    let y = Tensor.attention(query: parts[0], key: parts[1], value: parts[2])
    outward(y.permuted([0, 2, 1, 3]).reshaped([images, tokens, width])).sum().backward()
  }
}

private func random(_ shape: [Int]) -> Tensor {
  var generator = RandomGenerator(seed: 3)
  return Tensor.normal(shape, using: &generator)
}

/// Channels innermost in memory, as activations are.
private func image(_ shape: [Int]) -> Tensor {
  random([shape[0], shape[2], shape[3], shape[1]]).permuted([0, 3, 1, 2])
}
