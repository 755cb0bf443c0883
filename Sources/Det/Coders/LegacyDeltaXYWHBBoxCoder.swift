import Core
import Foundation

/// As `DeltaXYWHBBoxCoder`, with sides one pixel longer, as mmdet 1.x had them. Mirrors `LegacyDeltaXYWHBBoxCoder`.
public struct LegacyDeltaXYWHBBoxCoder: BoxCoder, ConfigRecord {
  public var means, stds: [Float]

  public init(from reader: inout ConfigReader) throws {
    means = try reader.fourNumbers("target_means", default: [0, 0, 0, 0])
    stds = try reader.fourNumbers("target_stds", default: [1, 1, 1, 1])
    guard !stds.contains(0) else { throw reader.invalid("must not be 0", key: "target_stds") }
  }

  public func encode(_ priors: Boxes, _ boxes: Boxes) -> [Float] {
    var codes: [Float] = []
    codes.reserveCapacity(4 * priors.count)
    for index in priors.indices {
      let (p, g) = (priors[index], boxes[index])
      let (pw, ph, gw, gh) = (p.width + 1, p.height + 1, g.width + 1, g.height + 1)
      codes.append((((g.x1 + g.x2) * 0.5 - (p.x1 + p.x2) * 0.5) / pw - means[0]) / stds[0])
      codes.append((((g.y1 + g.y2) * 0.5 - (p.y1 + p.y2) * 0.5) / ph - means[1]) / stds[1])
      codes.append((logf(gw / pw) - means[2]) / stds[2])
      codes.append((logf(gh / ph) - means[3]) / stds[3])
    }
    return codes
  }

  public func decode(_ priors: Tensor, _ codes: Tensor, maxShape: Pair?) -> Tensor {
    let (count, width) = (codes.shape[0], codes.shape[1])
    if count == 0 { return codes }
    let deltas = codes.reshaped([count, width / 4, 4]) * Tensor(stds) + Tensor(means)
    let (start, end) = (priors.sliced(1, 0..<2).unsqueezed(1), priors.sliced(1, 2..<4).unsqueezed(1))
    let (center, size) = ((start + end) * 0.5, end - start + 1)
    let limit = abs(logf(DeltaXYWHBBoxCoder.ratioClip))
    let newSize = size * deltas.sliced(2, 2..<4).clamped(min: -limit, max: limit).exp()
    let newCenter = center + size * deltas.sliced(2, 0..<2)
    let boxes = Tensor.concatenate([newCenter - newSize * 0.5, newCenter + newSize * 0.5], axis: 2)
      .reshaped([count, width])
    guard let maxShape else { return boxes }
    return boxes.clipped(to: Pair(h: maxShape.h - 1, w: maxShape.w - 1))
  }
}
