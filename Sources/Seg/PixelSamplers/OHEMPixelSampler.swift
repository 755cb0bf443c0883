import Core
import Foundation

/// Keeps the pixels that are hardest: those with a low probability of their class, or those with the largest loss.
///
/// Mirrors mmseg's `OHEMPixelSampler`.
struct OHEMPixelSampler: PixelSampler, ConfigRecord {
  /// Pixels below this probability are kept; without it, those with the largest loss.
  private let threshold: Float?
  /// How many pixels of each picture are kept at least.
  private let minKept: Int

  init(from reader: inout ConfigReader) throws {
    threshold = try reader.optional("thresh")
    minKept = try reader.value("min_kept", default: 100000)
    guard minKept > 1 else { throw reader.invalid("must be more than 1, found \(minKept)", key: "min_kept") }
  }

  func weights(
    _ scores: Tensor, _ labels: Tensor, ignored: Int?, losses: [any SegmentationLoss]
  ) throws -> Tensor {
    try withoutGradient {
      let scores = scores.detached()
      let ignored = ignored ?? PixelLabels.none
      try PixelLabels.check(labels, classes: scores.shape[1], ignored: ignored)
      let classes = labels.converted(to: .int64).elements(as: Int64.self)
      let counted = classes.indices.filter { classes[$0] != Int64(ignored) }
      let kept = minKept * scores.shape[0]
      var weights = [Float](repeating: 0, count: classes.count)
      if let threshold {
        let losses = scores.crossEntropy(labels, ignoreIndex: ignored, reduction: .none).floats
        let probabilities = counted.map { expf(-losses[$0]) }
        let limit = max(smallest(probabilities, at: kept), threshold)
        for (index, probability) in zip(counted, probabilities) where probability < limit {
          weights[index] = 1
        }
      } else {
        let total = try loss(scores, labels, ignored, losses)
        let order = Tensor(counted.map { total[$0] }).argsorted(descending: true).elements(as: Int64.self)
        for index in order.prefix(kept) { weights[counted[Int(index)]] = 1 }
      }
      return Tensor(weights, shape: labels.shape)
    }
  }

  /// The element at `index` of the sorted values, the largest where there are fewer; 0 of none.
  private func smallest(_ values: [Float], at index: Int) -> Float {
    guard index < values.count else { return values.max() ?? 0 }
    return Tensor(values).sorted().values.sliced(0, index..<(index + 1)).item
  }

  private func loss(
    _ scores: Tensor, _ labels: Tensor, _ ignored: Int, _ losses: [any SegmentationLoss]
  ) throws -> [Float] {
    var total: Tensor?
    for loss in losses {
      let value = try loss(scores, labels, weight: nil, ignored: ignored, reduction: LossReduction.none)
      guard value.shape == labels.shape else {
        throw InvalidConfig(
          "OHEMPixelSampler: without thresh, the loss must be one number a pixel, \(loss.name) is not")
      }
      total = total.map { $0 + value } ?? value
    }
    return total?.floats ?? [Float](repeating: 0, count: labels.count)
  }
}
