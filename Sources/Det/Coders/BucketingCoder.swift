import Core

/// Says for each side of a box in which of some buckets it lies, and how far from the bucket's middle.
///
/// Wang et al., 2019, section 3.2 (<https://arxiv.org/abs/1912.04260>). Mirrors mmdet's `BucketingBBoxCoder`. Rows hold
/// numbers for the left, right, top and bottom side, `sideBuckets` each.
public struct BucketingCoder: ConfigRecord, Sendable {
  public var buckets: Int
  /// How much larger than the prior the box is that is cut into buckets.
  public var scale: Float
  /// How many of the nearest buckets learn an offset, if it is below a bound.
  public var offsetTopK: Int
  public var offsetBound: Float
  /// Whether buckets next to the right one do not count as wrong.
  public var ignoresNeighbors: Bool
  public var clipsBorder: Bool

  public init(from reader: inout ConfigReader) throws {
    let type: String = try reader.value("type")
    guard type == "BucketingBBoxCoder" || type == "mmdet.BucketingBBoxCoder" else {
      throw BuildError(
        .unknownName(type, role: "bucketing box coder", known: ["BucketingBBoxCoder"]),
        path: reader.path("type"),
        location: reader.location)
    }
    buckets = try reader.integer("num_buckets", in: 2...4096)
    scale = try reader.value("scale_factor")
    offsetTopK = try reader.integer("offset_topk", default: 2, in: 1...4096)
    offsetBound = try reader.value("offset_upperbound", default: 1)
    ignoresNeighbors = try reader.value("cls_ignore_neighbor", default: true)
    clipsBorder = try reader.value("clip_border", default: true)
    guard scale > 0 else { throw reader.invalid("must be positive, found \(scale)", key: "scale_factor") }
    guard offsetTopK <= sideBuckets else {
      throw reader.invalid("must be at most half of num_buckets, found \(offsetTopK)", key: "offset_topk")
    }
  }

  /// Buckets of a side: half of them all.
  public var sideBuckets: Int { (buckets + 1) / 2 }

  /// For each prior the sides of the larger box, the sizes of its buckets, and where each side is to be.
  private func sides(_ box: Box) -> (starts: [Float], steps: [Float], sizes: [Float]) {
    let (x, y) = ((box.x1 + box.x2) * 0.5, (box.y1 + box.y2) * 0.5)
    let (width, height) = (box.width * scale, box.height * scale)
    let (x1, x2, y1, y2) = (x - 0.5 * width, x + 0.5 * width, y - 0.5 * height, y + 0.5 * height)
    let (w, h) = ((x2 - x1) / Float(buckets), (y2 - y1) / Float(buckets))
    return ([x1, x2, y1, y2], [w, -w, h, -h], [w, w, h, h])
  }

  /// What boxes are, relative to priors.
  public struct Codes: Sendable {
    public var offsets: [Float] = [], offsetWeights: [Float] = []
    public var labels: [Float] = [], labelWeights: [Float] = []
  }

  public func encode(_ priors: Boxes, _ boxes: Boxes) -> Codes {
    precondition(priors.count == boxes.count, "BucketingCoder.encode: as many boxes as priors")
    var codes = Codes()
    let count = sideBuckets
    for index in priors.indices {
      let (starts, steps, sizes) = sides(priors[index]), box = boxes[index]
      for (side, target) in [box.x1, box.x2, box.y1, box.y2].enumerated() {
        let offsets = (0..<count).map {
          (starts[side] + (0.5 + Float($0)) * steps[side] - target) / sizes[side]
        }
        let nearest = offsets.indices.sorted { (abs(offsets[$0]), $0) < (abs(offsets[$1]), $1) }
        var weights = [Float](repeating: 0, count: count)
        for (rank, bucket) in nearest.prefix(offsetTopK).enumerated() {
          weights[bucket] = rank == 0 || abs(offsets[bucket]) < offsetBound ? 1 : 0
        }
        codes.offsets += offsets
        codes.offsetWeights += weights
        for bucket in 0..<count {
          let isRight = bucket == nearest[0]
          codes.labels.append(isRight ? 1 : 0)
          codes.labelWeights.append(ignoresNeighbors && !isRight && abs(offsets[bucket]) < 1 ? 0 : 1)
        }
      }
    }
    return codes
  }

  /// Boxes, and how sure their sides are.
  ///
  /// - Parameters:
  ///   - scores: before the softmax over a side's buckets, `[n, 4 · sideBuckets]`.
  ///   - offsets: of the same shape.
  public func decode(_ priors: Boxes, _ scores: Tensor, _ offsets: Tensor, maxShape: Pair?) -> (
    boxes: Boxes, confidences: [Float]
  ) {
    let count = sideBuckets
    let probabilities = scores.detached().reshaped([priors.count * 4, count]).softmax(1).floats
    let moves = offsets.detached().floats
    var (result, confidences) = (Boxes(), [Float]())
    for index in priors.indices {
      let (starts, steps, sizes) = sides(priors[index])
      var (corners, sum): ([Float], Float) = ([], 0)
      for side in 0..<4 {
        let start = (4 * index + side) * count
        var (best, second) = (0, -1)
        for bucket in 1..<max(count, 1) where probabilities[start + bucket] > probabilities[start + best] {
          best = bucket
        }
        for bucket in 0..<count where bucket != best {
          if second < 0 || probabilities[start + bucket] > probabilities[start + second] { second = bucket }
        }
        corners.append(starts[side] + (0.5 + Float(best)) * steps[side] - moves[start + best] * sizes[side])
        sum += probabilities[start + best]
        if second >= 0, abs(best - second) == 1 { sum += probabilities[start + second] }
      }
      if clipsBorder, let maxShape {
        for side in 0..<4 {
          corners[side] = min(max(corners[side], 0), Float((side < 2 ? maxShape.w : maxShape.h) - 1))
        }
      }
      result.append(Box(corners[0], corners[2], corners[1], corners[3]))
      confidences.append(sum / 4)
    }
    return (result, confidences)
  }
}
