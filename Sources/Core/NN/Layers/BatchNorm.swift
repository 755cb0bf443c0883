/// Normalises each channel by the statistics of the batch, in evaluation by their running means.
///
/// Ioffe and Szegedy, 2015, <https://arxiv.org/abs/1502.03167>. Mirrors the batch normalisations of `torch.nn`, whose
/// state dicts are the same; `BatchNorm1d` and `BatchNorm2d` differ in the inputs that they take.
public class BatchNorm: Module, NormLayer, BatchNormalizationLayer {
  /// `[features]`
  public let weight: Parameter?
  /// `[features]`
  public let bias: Parameter?
  /// `[features]`
  public let runningMean: Buffer?
  /// `[features]`, unbiased
  public let runningVar: Buffer?
  /// A single `int64`: how many batches have entered the running statistics.
  public let numBatchesTracked: Buffer?
  public let features: Int
  public let eps: Double
  /// The share of a new batch in the running statistics; `nil` for the plain mean over all batches.
  public var momentum: Double?
  private var folded: Folded?

  public init(
    _ features: Int, eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true,
    trackRunningStats: Bool = true
  ) {
    precondition(features > 0, "BatchNorm: at least one feature, found \(features)")
    (self.features, self.eps, self.momentum) = (features, eps, momentum)
    weight = affine ? Parameter(.ones([features])) : nil
    bias = affine ? Parameter(.zeros([features])) : nil
    runningMean = trackRunningStats ? Buffer(.zeros([features])) : nil
    runningVar = trackRunningStats ? Buffer(.ones([features])) : nil
    numBatchesTracked = trackRunningStats ? Buffer(.zeros([], dtype: .int64)) : nil
  }

  public final func callAsFunction(_ x: Tensor) -> Tensor { self(x, residual: nil, activation: .none) }

  /// `activation(norm(x) + residual)` in one pass.
  public final func callAsFunction(_ x: Tensor, residual: Tensor?, activation: FusedActivation) -> Tensor {
    check(x)
    // A sequence is an image of one column.
    let isSequence = x.rank == 3
    let y = (isSequence ? x.unsqueezed(-1) : x).batchNorm(
      statistics(of: x), weight: weight?.value, bias: bias?.value, eps: eps,
      residual: isSequence ? residual?.unsqueezed(-1) : residual, activation: activation)
    return isSequence ? y.squeezed(-1) : y
  }

  /// Traps unless `x` has the shape that the layer takes.
  func check(_ x: Tensor) {
    precondition(
      x.rank >= 2 && x.rank <= 4 && x.shape[1] == features,
      "\(type(of: self)): [N, \(features), ...], found \(x.shape)")
  }

  /// What normalises this time; counts the batch.
  private func statistics(of x: Tensor) -> BatchNormStatistics {
    guard let runningMean, let runningVar, let numBatchesTracked else {
      return hasVariance(x)
        ? .batch(updating: nil, momentum: 0) : .fixed(mean: .zeros([features]), variance: .ones([features]))
    }
    let fixed = BatchNormStatistics.fixed(mean: runningMean.value, variance: runningVar.value)
    guard isTraining else { return fixed }
    guard hasVariance(x) else { return fixed }
    let batches = numBatchesTracked.value.elements(as: Int64.self)[0] &+ 1
    numBatchesTracked.assign(Tensor([batches], shape: []))
    return .batch(
      updating: (runningMean.value, runningVar.value), momentum: momentum ?? 1 / Double(max(1, batches)))
  }

  /// Whether a batch has more than one value a channel; one alone would become zero. An empty batch stays as it is.
  private func hasVariance(_ x: Tensor) -> Bool {
    if x.count > features { return true }
    if x.count == 0 { return false }
    InputFault.report(
      "\(type(of: self)): more than one value a channel in training, found \(x.shape); use more samples_per_gpu, larger "
        + "images, or leave the last, smaller batch out (drop_last=True)")
    return false
  }

  /// Running statistics at zero mean and unit variance.
  public final func resetRunningStats() {
    runningMean?.value.fillInPlace(0)
    runningVar?.value.fillInPlace(1)
    numBatchesTracked?.value.fillInPlace(0)
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    resetRunningStats()
    resetAffine()
  }

  // MARK: - Folding into a convolution

  /// Scale and shift with the state of the tensors that they were computed from.
  private final class Folded {
    let sources: [(storage: Storage, version: Int)]
    let scale, shift: Tensor

    init(_ tensors: [Tensor], scale: Tensor, shift: Tensor) {
      sources = tensors.map { ($0.storage, $0.storage.version) }
      (self.scale, self.shift) = (scale, shift)
    }

    func isCurrent(_ tensors: [Tensor]) -> Bool {
      tensors.count == sources.count
        && zip(tensors, sources).allSatisfy { $0.storage === $1.storage && $0.storage.version == $1.version }
    }
  }

  public final func foldedAffine(addingTo bias: Parameter?) -> (scale: Tensor, shift: Tensor)? {
    guard !isTraining, let runningMean, let runningVar else { return nil }
    let tensors = [runningMean.value, runningVar.value, weight?.value, self.bias?.value, bias?.value]
      .compactMap { $0 }
    if let folded, folded.isCurrent(tensors) { return (folded.scale, folded.shift) }
    return withoutGradient {
      let (scale, shift, _) = runningMean.value.backend.batchNormCoefficients(
        mean: runningMean.value.detached(), variance: runningVar.value.detached(),
        weight: weight?.value.detached(),
        bias: self.bias?.value.detached(), eps: Float(eps))
      let total = bias.map { shift + $0.value.detached() * scale } ?? shift
      folded = Folded(tensors, scale: scale, shift: total)
      return (scale, total)
    }
  }
}

/// Batch normalisation of images.
///
/// Mirrors `torch.nn.BatchNorm2d`.
///
/// - Input: `[N, features, H, W]`; the output has the same shape.
public final class BatchNorm2d: BatchNorm {
  override func check(_ x: Tensor) {
    precondition(
      x.rank == 4 && x.shape[1] == features, "BatchNorm2d: [N, \(features), H, W], found \(x.shape)")
  }
}

/// Batch normalisation of vectors and sequences.
///
/// Mirrors `torch.nn.BatchNorm1d`.
///
/// - Input: `[N, features]` or `[N, features, L]`; the output has the same shape.
public final class BatchNorm1d: BatchNorm {
  override func check(_ x: Tensor) {
    precondition(
      (x.rank == 2 || x.rank == 3) && x.shape[1] == features,
      "BatchNorm1d: [N, \(features)] or [N, \(features), L], found \(x.shape)")
  }
}

/// Batch normalisation over all processes that train together; with one process the same as `BatchNorm2d`.
public typealias SyncBatchNorm = BatchNorm2d
