import Core
import Foundation

/// Offsets of the centre in units of the prior's sides, and logarithms of the ratios of sides.
///
/// Girshick et al., 2013, appendix C (<https://arxiv.org/abs/1311.2524>). Mirrors mmdet's `DeltaXYWHBBoxCoder`.
public struct DeltaXYWHBBoxCoder: BoxCoder, ConfigRecord {
  /// Subtracted from, and dividing, the four numbers.
  public var means, stds: [Float]
  public var clipsBorder = true
  /// Whether centres move by at most `centerClamp` pixels, and boxes may shrink without limit (YOLOF).
  public var clampsCenter = false
  public var centerClamp: Float = 32
  /// Sides change by at most this factor, or its inverse.
  static let ratioClip: Float = 16.0 / 1000

  public init(means: [Float] = [0, 0, 0, 0], stds: [Float] = [1, 1, 1, 1]) {
    (self.means, self.stds) = (means, stds)
  }

  public init(from reader: inout ConfigReader) throws {
    means = try reader.fourNumbers("target_means", default: [0, 0, 0, 0])
    stds = try reader.fourNumbers("target_stds", default: [1, 1, 1, 1])
    guard !stds.contains(0) else { throw reader.invalid("must not be 0", key: "target_stds") }
    clipsBorder = try reader.value("clip_border", default: true)
    clampsCenter = try reader.value("add_ctr_clamp", default: false)
    centerClamp = try reader.value("ctr_clamp", default: 32)
  }

  public func encode(_ priors: Boxes, _ boxes: Boxes) -> [Float] {
    precondition(priors.count == boxes.count, "BoxCoder.encode: as many boxes as priors")
    var codes: [Float] = []
    codes.reserveCapacity(4 * priors.count)
    for index in priors.indices {
      let (p, g) = (priors[index], boxes[index])
      let (px, py, gx, gy) = (
        (p.x1 + p.x2) * 0.5, (p.y1 + p.y2) * 0.5, (g.x1 + g.x2) * 0.5, (g.y1 + g.y2) * 0.5
      )
      codes.append(((gx - px) / p.width - means[0]) / stds[0])
      codes.append(((gy - py) / p.height - means[1]) / stds[1])
      codes.append((logf(g.width / p.width) - means[2]) / stds[2])
      codes.append((logf(g.height / p.height) - means[3]) / stds[3])
    }
    return codes
  }

  public func decode(_ priors: Tensor, _ codes: Tensor, maxShape: Pair?) -> Tensor {
    let (count, width) = (codes.shape[0], codes.shape[1])
    if count == 0 { return codes }
    let deltas = codes.reshaped([count, width / 4, 4]) * Tensor(stds) + Tensor(means)
    let (shift, ratio) = (
      deltas[TensorAxis.all, TensorAxis.all, 0..<2], deltas[TensorAxis.all, TensorAxis.all, 2..<4]
    )
    let (start, end) = (priors.sliced(1, 0..<2).unsqueezed(1), priors.sliced(1, 2..<4).unsqueezed(1))
    let (center, size) = ((start + end) * 0.5, end - start)
    let limit = abs(logf(Self.ratioClip))
    var move = size * shift
    if clampsCenter { move = move.clamped(min: -centerClamp, max: centerClamp) }
    let newCenter = center + move
    let half = size * ratio.clamped(min: clampsCenter ? -.infinity : -limit, max: limit).exp() * 0.5
    let boxes = Tensor.concatenate([newCenter - half, newCenter + half], axis: 2).reshaped([count, width])
    return clipsBorder ? boxes.clipped(to: maxShape) : boxes
  }
}

extension Tensor {
  /// Boxes `[n, 4k]` cut to a picture of height and width `shape`.
  func clipped(to shape: Pair?) -> Tensor {
    guard let shape else { return self }
    let limit = Tensor([Float(shape.w), Float(shape.h)])
    let corners = reshaped([self.shape[0], self.shape[1] / 2, 2])
    return corners.clamped(min: Tensor(Float(0)), max: limit).reshaped(self.shape)
  }
}

extension ConfigReader {
  /// A list of four numbers.
  mutating func fourNumbers(_ key: String, default standard: [Float]) throws -> [Float] {
    let values = try value(key, default: standard)
    guard values.count == 4 else { throw invalid("must be four numbers, found \(values.count)", key: key) }
    return values
  }
}
