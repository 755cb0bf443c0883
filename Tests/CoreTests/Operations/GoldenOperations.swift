import Core

/// The operations of Fixtures/ops-basic/make.py by name.
let goldenOperations: [String: @Sendable ([Tensor]) -> [Tensor]] =
  goldenMatrix.merging(goldenReductions) { a, _ in a }.merging(goldenIndexing) { a, _ in a }
  .merging(goldenArithmetic) { a, _ in a }.merging(goldenLosses) { a, _ in a }.merging(goldenActivations) {
    a, _ in a
  }

private typealias Operations = [String: @Sendable ([Tensor]) -> [Tensor]]

private let matmul: @Sendable ([Tensor]) -> [Tensor] = { [$0[0].matmul($0[1])] }

private let goldenMatrix: Operations = [
  "matmul 2d": matmul, "matmul batch by matrix": matmul, "matmul broadcast": matmul,
  "matmul matrix by batch": matmul,
  "matmul vectors": matmul, "matmul vector by matrix": matmul, "matmul batch by vector": matmul,
  "linear": { [$0[0].linear($0[1], bias: $0[2])] },
  "linear vector": { [$0[0].linear($0[1])] },
  "einsum attention": { [.einsum("bnc,bmc->bnm", $0[0], $0[1])] },
  "einsum mixed": { [.einsum("bic,cb->ib", $0[0], $0[1])] },
  "einsum sum": { [.einsum("abc,bd->da", $0[0], $0[1])] },
  "einsum implicit": { [.einsum("ij,jk", $0[0], $0[1])] },
  "outer": { [$0[0].outer($0[1])] },
  "attention": { [.attention(query: $0[0], key: $0[1], value: $0[2], bias: $0[3], scale: 0.5)] },
]

private let goldenReductions: Operations = [
  "softmax last": { [$0[0].softmax(-1)] },
  "softmax middle": { [$0[0].softmax(1)] },
  "log softmax first": { [$0[0].logSoftmax(0)] },
  "sum axes": { [$0[0].sum([0, 2])] },
  "mean": { [$0[0].mean([1], keepingAxes: true)] },
  "max axis": { pair($0[0].maximum(along: 1)) },
  "min axis": { pair($0[0].minimum(along: 0, keepingAxis: true)) },
  "max ties": { pair($0[0].maximum(along: 1)) },
  "amax ties": { [$0[0].amax([1])] },
  "amin axes": { [$0[0].amin([0, 2])] },
  "argmax": { [$0[0].argmax()] },
  "argmin axis": { [$0[0].argmin(1)] },
  "product": { [$0[0].product([1])] },
  "variance": { [$0[0].variance([0, 2])] },
  "variance biased": { [$0[0].variance([1], unbiased: false, keepingAxes: true)] },
  "standard deviation": { [$0[0].standardDeviation()] },
  "log sum exp": { [$0[0].logSumExp([0, 1])] },
  "cumulative sum": { [$0[0].cumulativeSum(1)] },
  "norm 2": { [$0[0].norm(axes: [1])] },
  "norm 1": { [$0[0].norm(1, axes: [0])] },
  "norm 3": { [$0[0].norm(3, axes: [1])] },
  "norm infinity": { [$0[0].norm(.infinity)] },
  "normalized": { [$0[0].normalized()] },
  "any": { [$0[0].any([1])] },
  "all": { [$0[0].all([0])] },
]

private func pair(_ result: (values: Tensor, indices: Tensor)) -> [Tensor] {
  [result.values, result.indices]
}

private let goldenIndexing: Operations = [
  "index select": { [$0[0].indexSelected(1, $0[1])] },
  "gather": { [$0[0].gathered(1, $0[1])] },
  "gather corner": { [$0[0].gathered(1, $0[1])] },
  "scatter": { [$0[0].scattered(1, $0[1], $0[2])] },
  "scatter add": { [$0[0].sliced(1, 0..<4).scatterAdded(0, $0[1], $0[2])] },
  "embedding": { [$0[0].embedding($0[1], paddingIndex: 3)] },
  "one hot": { [$0[0].oneHot(classes: 4)] },
  "masked select": { [$0[0].maskedSelected($0[1])] },
  "nonzero": { [$0[0].nonzero()] },
  "where": { [.where($0[0], $0[1], $0[2])] },
  "masked fill": { [$0[0].filled(where: $0[1], with: -3)] },
  "sort": { pair($0[0].sorted(1)) },
  "sort descending": { pair($0[0].sorted(0, descending: true)) },
  "top k": { pair($0[0].topK(2, axis: 1)) },
  "top k smallest": { pair($0[0].topK(3, axis: 0, largest: false)) },
  "kth value": { pair($0[0].kthValue(2, axis: 1)) },
  "unique": {
    let (values, inverse, counts) = $0[0].detached().unique()
    return [values, inverse, counts]
  },
  "concatenate": { [.concatenate($0, axis: 1)] },
  "stack": { [.stack($0, axis: -1)] },
  "split": {
    let pieces = $0[0].split(1, sizes: [1, 2, 3])
    return [pieces[0], pieces[2]]
  },
  "chunk": { $0[0].chunked(0, 3) },
  "flip": { [$0[0].flipped([0, 2])] },
  "roll": { [$0[0].rolled([1, -2], axes: [0, 1])] },
  "repeat": { [$0[0].repeated([2, 1, 2])] },
  "repeat interleave": { [$0[0].repeatedInterleaving(2, axis: 1)] },
  "lower triangle": { [$0[0].lowerTriangle(1)] },
  "upper triangle": { [$0[0].upperTriangle(-1)] },
  "mesh grid": { Tensor.meshGrid($0) },
]

private let goldenArithmetic: Operations = [
  "clamp tensors": { [$0[0].clamped(min: $0[1], max: $0[2])] },
  "integer arithmetic": {
    let (a, b) = ($0[0], $0[1])
    return [
      a + b, a - b, a * b, a.floorDivided(by: b), a.remainder(dividingBy: b), a.compared(.greater, b),
      a.compared(.equal, b),
    ]
  },
  "logic": { [$0[0].and($0[1]), $0[0].or($0[1]), $0[0].xor($0[1]), $0[0].not()] },
  "power": { [$0[0].power($0[1])] },
  "maximum": { [$0[0].maximum($0[1])] },
  "division": { [$0[0] / $0[1]] },
]

private let goldenLosses: Operations = [
  "cross entropy": { [$0[0].crossEntropy($0[1])] },
  "cross entropy sum": { [$0[0].crossEntropy($0[1], reduction: .sum)] },
  "cross entropy none": { [$0[0].crossEntropy($0[1], reduction: .none)] },
  "cross entropy weight": { [$0[0].crossEntropy($0[1], weight: $0[2])] },
  "cross entropy smooth": { [$0[0].crossEntropy($0[1], weight: $0[2], labelSmoothing: 0.1)] },
  "cross entropy smooth none": { [$0[0].crossEntropy($0[1], labelSmoothing: 0.2, reduction: .none)] },
  "cross entropy maps": { [$0[0].crossEntropy($0[1], ignoreIndex: 255, reduction: .none)] },
  "cross entropy maps smooth": {
    [$0[0].channelsLast().crossEntropy($0[1], ignoreIndex: 255, labelSmoothing: 0.1)]
  },
  "cross entropy vector": { [$0[0].crossEntropy($0[1])] },
  "soft cross entropy": { [$0[0].softCrossEntropy($0[1].detached(), weight: $0[2].detached())] },
  "nll": { [$0[0].negativeLogLikelihood($0[1], weight: $0[2])] },
  "bce with logits": { [$0[0].binaryCrossEntropyWithLogits($0[1])] },
  "bce with logits weights": {
    [$0[0].binaryCrossEntropyWithLogits($0[1], weight: $0[2], positiveWeight: $0[2] + 1, reduction: .none)]
  },
  "bce": { [$0[0].binaryCrossEntropy($0[1], reduction: .sum)] },
  "mse": { [$0[0].meanSquaredError($0[1])] },
  "l1": { [$0[0].l1Loss($0[1], reduction: .sum)] },
  "smooth l1": { [$0[0].smoothL1Loss($0[1], beta: 0.75)] },
  "kl divergence": { [$0[0].klDivergence($0[1], reduction: .none)] },
]

private func layer(_ make: @escaping @Sendable () -> any UnaryModule) -> @Sendable ([Tensor]) -> [Tensor] {
  { inputs in
    let layer = make()
    return [layer(inputs[0])]
  }
}

private let goldenActivations: Operations = [
  "relu": layer { ReLU() },
  "relu6": layer { ReLU6() },
  "leaky relu": layer { LeakyReLU(slope: 0.1) },
  "elu": layer { ELU(alpha: 0.5) },
  "sigmoid": layer { Sigmoid() },
  "tanh": layer { Tanh() },
  "silu": layer { SiLU() },
  "hswish": layer { HSwish() },
  "hsigmoid": layer { HSigmoid() },
  "gelu": layer { GELU() },
  "mish": layer { Mish() },
  "softplus": layer { Softplus(beta: 2, threshold: 5) },
  "log sigmoid": { [$0[0].applying(.logSigmoid)] },
  "clamp": layer { Clamp(min: -1, max: 2.5) },
  "prelu": { prelu($0) },
  "prelu single": { prelu($0) },
]

/// The layer's formula with a slope that is an input.
private func prelu(_ inputs: [Tensor]) -> [Tensor] { [inputs[0].prelu(inputs[1])] }
