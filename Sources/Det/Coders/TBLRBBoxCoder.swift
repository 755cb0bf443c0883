import Core

/// Distances of the prior's centre to the top, bottom, left and right, in units of the prior's sides and a normaliser.
///
/// Zhu et al., 2019 (<https://arxiv.org/abs/1903.00621>). Mirrors mmdet's `TBLRBBoxCoder`.
public struct TBLRBBoxCoder: BoxCoder, ConfigRecord {
  /// For each of the four.
  public var normalizer: [Float]
  public var clipsBorder: Bool

  public init(from reader: inout ConfigReader) throws {
    let values: OneOrMany<Float> = try reader.value("normalizer", default: OneOrMany([4], wasList: false))
    normalizer = values.wasList ? values.elements : [Float](repeating: values.elements[0], count: 4)
    guard normalizer.count == 4, !normalizer.contains(0) else {
      throw reader.invalid("must be a number or four, not 0", key: "normalizer")
    }
    clipsBorder = try reader.value("clip_border", default: true)
  }

  public func encode(_ priors: Boxes, _ boxes: Boxes) -> [Float] {
    priors.indices.flatMap { index -> [Float] in
      let (prior, box) = (priors[index], boxes[index])
      let (x, y) = prior.center
      return [
        (y - box.y1) / prior.height / normalizer[0], (box.y2 - y) / prior.height / normalizer[1],
        (x - box.x1) / prior.width / normalizer[2], (box.x2 - x) / prior.width / normalizer[3],
      ]
    }
  }

  public func decode(_ priors: Tensor, _ codes: Tensor, maxShape: Pair?) -> Tensor {
    let p = priors.corners
    let (x, y) = ((p.x1 + p.x2) / 2, (p.y1 + p.y2) / 2)
    let (width, height) = (p.x2 - p.x1, p.y2 - p.y1)
    let scaled = codes * Tensor(normalizer)
    func side(_ index: Int, _ unit: Tensor) -> Tensor { unit * scaled.selected(1, index) }
    let boxes = Tensor.stack(
      [x - side(2, width), y - side(0, height), x + side(3, width), y + side(1, height)], axis: 1)
    return clipsBorder ? boxes.clipped(to: maxShape) : boxes
  }
}
