// Reductions built from sums.
extension Tensor {
  /// The product over `axes` (all when none are named); gradients are right where elements are 0, too.
  public func product(_ axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    let axes = reductionAxes(axes)
    let stay = (0..<rank).filter { !axes.contains($0) }
    // Reduced axes last, as one.
    let order = stay + axes
    let lines = permuted(order).reshaped(stay.map { shape[$0] } + [elementCount(of: axes.map { shape[$0] })])
    let x = lines.detached()
    let kept = x.reduced(.product, [x.rank - 1])
    let result = Tape.record("prod", ["axes": .ints(axes)], inputs: [lines], output: kept, saving: [x]) {
      gradient in
      [gradient.backend.productGradient(x, gradient: gradient)]
    }
    return result.reshaped(
      keepingAxes ? (0..<rank).map { axes.contains($0) ? 1 : shape[$0] } : stay.map { shape[$0] })
  }

  /// The mean squared distance from the mean over `axes` (all when none are named), by `n - 1` if `unbiased`.
  public func variance(_ axes: [Int]? = nil, unbiased: Bool = true, keepingAxes: Bool = false) -> Tensor {
    let axes = reductionAxes(axes)
    let n = elementCount(of: axes.map { shape[$0] })
    let squares = (self - mean(axes, keepingAxes: true)).squared().sum(axes, keepingAxes: keepingAxes)
    return squares / Float(unbiased ? n - 1 : n)
  }

  /// The square root of the variance.
  public func standardDeviation(_ axes: [Int]? = nil, unbiased: Bool = true, keepingAxes: Bool = false)
    -> Tensor
  {
    variance(axes, unbiased: unbiased, keepingAxes: keepingAxes).squareRoot()
  }

  /// `log Σ exp(x)` over `axes`, without overflow.
  public func logSumExp(_ axes: [Int], keepingAxes: Bool = false) -> Tensor {
    let axes = reductionAxes(axes)
    let largest = detached().reduced(.maximum, axes)
    // Where the largest is infinite it must not be subtracted.
    let shift = Tensor.where(largest.absolute().compared(.less, .infinity), largest, Tensor(Float(0)))
    let kept = (self - shift).exp().sum(axes, keepingAxes: true).log() + shift
    return keepingAxes ? kept : kept.reshaped((0..<rank).filter { !axes.contains($0) }.map { shape[$0] })
  }

  /// Running sums along `axis`.
  public func cumulativeSum(_ axis: Int) -> Tensor {
    requireFloat("cumulativeSum")
    let at = self.axis(axis, "Tensor.cumulativeSum")
    let output = backend.cumulativeSum(detached(), axis: at, reversed: false)
    return Tape.record("cumsum", ["axis": .int(at)], inputs: [self], output: output) { gradient in
      [gradient.backend.cumulativeSum(gradient, axis: at, reversed: true)]
    }
  }

  /// `(Σ |x|^p)^(1/p)` over `axes` (all when none are named); the largest `|x|` for infinite `p`.
  ///
  /// The gradient of the 2-norm is 0 at 0.
  public func norm(_ p: Float = 2, axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    precondition(p > 0, "Tensor.norm: a positive p, found \(p)")
    if p == .infinity { return absolute().amax(axes, keepingAxes: keepingAxes) }
    if p == 1 { return absolute().sum(axes, keepingAxes: keepingAxes) }
    if p != 2 { return absolute().power(p).sum(axes, keepingAxes: keepingAxes).power(1 / p) }
    let axes = reductionAxes(axes)
    let x = detached()
    let kept = x.squared().sum(axes, keepingAxes: true).squareRoot()
    let result = Tape.record("norm", ["axes": .ints(axes)], inputs: [self], output: kept, saving: [x, kept]) {
      g in
      let factor = Tensor.where(kept.compared(.equal, 0), Tensor(Float(0)), g / kept)
      return [x * factor]
    }
    return keepingAxes ? result : result.reshaped((0..<rank).filter { !axes.contains($0) }.map { shape[$0] })
  }

  /// Divided by its norm along `axis`, or by `epsilon` where that is larger, as `torch.nn.functional.normalize`.
  public func normalized(_ axis: Int = 1, p: Float = 2, epsilon: Float = 1e-12) -> Tensor {
    self / norm(p, axes: [axis], keepingAxes: true).clamped(min: epsilon)
  }
}
