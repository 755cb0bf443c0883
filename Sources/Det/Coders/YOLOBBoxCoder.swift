import Core
import Foundation

/// The centre's place in its cell and logarithms of the ratios of sides.
///
/// Redmon and Farhadi, 2016 (<https://arxiv.org/abs/1506.02640>). Mirrors mmdet's `YOLOBBoxCoder`, which needs the stride
/// of each prior's level.
public struct YOLOBBoxCoder: BoxCoder, ConfigRecord {
  public var epsilon: Float

  public init(from reader: inout ConfigReader) throws { epsilon = try reader.value("eps", default: 1e-6) }

  /// With a stride of one pixel.
  public func encode(_ priors: Boxes, _ boxes: Boxes) -> [Float] {
    encode(priors, boxes, strides: [Float](repeating: 1, count: priors.count))
  }

  public func encode(_ priors: Boxes, _ boxes: Boxes, strides: [Float]) -> [Float] {
    priors.indices.flatMap { index -> [Float] in
      let (p, g, stride) = (priors[index], boxes[index], strides[index])
      func place(_ distance: Float) -> Float { min(max(distance / stride + 0.5, epsilon), 1 - epsilon) }
      return [
        place((g.x1 + g.x2) * 0.5 - (p.x1 + p.x2) * 0.5), place((g.y1 + g.y2) * 0.5 - (p.y1 + p.y2) * 0.5),
        logf(max(g.width / p.width, epsilon)), logf(max(g.height / p.height, epsilon)),
      ]
    }
  }

  /// With a stride of one pixel.
  public func decode(_ priors: Tensor, _ codes: Tensor, maxShape: Pair?) -> Tensor {
    decode(priors, codes, stride: 1)
  }

  /// - Parameter codes: of which the first two have gone through a sigmoid.
  public func decode(_ priors: Tensor, _ codes: Tensor, stride: Float) -> Tensor {
    let (start, end) = (priors.sliced(1, 0..<2), priors.sliced(1, 2..<4))
    let center = (start + end) * 0.5 + (codes.sliced(1, 0..<2) - 0.5) * stride
    let half = (end - start) * 0.5 * codes.sliced(1, 2..<4).exp()
    return Tensor.concatenate([center - half, center + half], axis: 1)
  }
}
