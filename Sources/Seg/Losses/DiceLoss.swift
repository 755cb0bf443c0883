import Core

/// How little the pixels of a class and their probabilities overlap: `1 - (2 Σ p t + s) / (Σ pᵉ + Σ tᵉ + s)`.
///
/// Milletari et al., "V-Net", 2016 (<https://arxiv.org/abs/1606.04797>). Mirrors mmseg's `DiceLoss`: the
/// denominator is over all pixels, also ignored ones.
struct DiceLoss: SegmentationLoss, ConfigRecord {
  private let config: RegionLossConfig
  private let exponent: Float

  init(from reader: inout ConfigReader) throws {
    exponent = try reader.value("exponent", default: 2)
    // One number is left whatever the reduction is.
    _ = try reader.value("reduction", default: LossReduction.mean)
    config = try RegionLossConfig(from: &reader, name: "loss_dice")
  }

  var name: String { config.name }

  func callAsFunction(
    _ scores: Tensor, _ labels: Tensor, weight: Tensor?, ignored: Int?, reduction: LossReduction?
  ) throws -> Tensor {
    let (p, t, valid) = try config.masks(scores, labels, "DiceLoss")
    let pixels = Array(2..<p.rank)
    let overlap = (p * (t * valid)).sum(pixels) * 2 + config.smooth
    let total = (exponent == 2 ? p.squared() : p.power(exponent)).sum(pixels) + t.sum(pixels) + config.smooth
    return try config.reduced(1 - overlap / total, "DiceLoss")
  }
}
