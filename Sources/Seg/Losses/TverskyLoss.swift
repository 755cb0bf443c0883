import Core

/// A Dice loss in which false positives and false negatives count differently: `1 - (TP + s) / (TP + α FP + β FN +
/// s)`.
///
/// Salehi et al., 2017 (<https://arxiv.org/abs/1706.05721>). Mirrors mmseg's `TverskyLoss`.
struct TverskyLoss: SegmentationLoss, ConfigRecord {
  private let config: RegionLossConfig
  private let alpha, beta: Float

  init(from reader: inout ConfigReader) throws {
    let alpha: Double = try reader.value("alpha", default: 0.3)
    let beta: Double = try reader.value("beta", default: 0.7)
    guard alpha + beta == 1 else {
      throw reader.invalid("alpha and beta must add up to 1, found \(alpha) and \(beta)")
    }
    (self.alpha, self.beta) = (Float(alpha), Float(beta))
    config = try RegionLossConfig(from: &reader, name: "loss_tversky")
  }

  var name: String { config.name }

  func callAsFunction(
    _ scores: Tensor, _ labels: Tensor, weight: Tensor?, ignored: Int?, reduction: LossReduction?
  ) throws -> Tensor {
    let (p, t, valid) = try config.masks(scores, labels, "TverskyLoss")
    let pixels = Array(2..<p.rank)
    let counted = p * valid
    let target = t * valid
    let truePositive = (p * target).sum(pixels)
    let falsePositive = counted.sum(pixels) - truePositive
    let falseNegative = target.sum(pixels) - truePositive
    let total = truePositive + falsePositive * alpha + falseNegative * beta + config.smooth
    return try config.reduced(1 - (truePositive + config.smooth) / total, "TverskyLoss")
  }
}
