import Core

/// Cuts out a part that every object overlaps by at least a drawn amount; objects whose middle is outside are left out.
///
/// Liu et al., 2015 (<https://arxiv.org/abs/1512.02325>). Mirrors mmdet's `MinIoURandomCrop`.
public struct MinIoURandomCrop: Transform, ConfigRecord {
  /// Least overlaps to draw from; 1 leaves the picture as it is.
  public var minOverlaps: [Double]
  /// Share of each side.
  public var minSize: Double
  public var clipsBoxes: Bool

  public init(from reader: inout ConfigReader) throws {
    let overlaps: [Double] = try reader.value("min_ious", default: [0.1, 0.3, 0.5, 0.7, 0.9])
    minOverlaps = [1] + overlaps + [0]
    minSize = try reader.share("min_crop_size", default: 0.3)
    clipsBoxes = try reader.value("bbox_clip_border", default: true)
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("MinIoURandomCrop")
    let fields = sample.detection
    var all = fields.ignoredBoxes ?? Boxes()
    all.append(contentsOf: fields.boxes ?? Boxes())
    // The original tries for ever; the whole picture always fits.
    for _ in 0..<1000 {
      let overlap = minOverlaps[generator.integer(0..<minOverlaps.count)]
      if overlap == 1 { return true }
      for _ in 0..<50 {
        guard let part = part(of: image, all, overlap, using: &generator) else { continue }
        crop(&sample, image, part)
        return true
      }
    }
    return true
  }

  private typealias Part = (x1: Int, y1: Int, x2: Int, y2: Int)

  private func part(
    of image: Image, _ boxes: Boxes, _ minOverlap: Double, using generator: inout RandomGenerator
  ) -> Part? {
    let (w, h) = (Double(image.width), Double(image.height))
    let width = generator.uniform(minSize * w, w)
    let height = generator.uniform(minSize * h, h)
    guard width > 0, (0.5...2).contains(height / width) else { return nil }
    // The original draws places between the part's width and 1, in any order.
    let left = generator.uniform(min(1, w - width), max(1, w - width))
    let top = generator.uniform(min(1, h - height), max(1, h - height))
    let part = (
      Int(left), Int(top), min(Int(left + width), image.width), min(Int(top + height), image.height)
    )
    guard part.2 > part.0, part.3 > part.1 else { return nil }
    let frame = Box(Float(part.0), Float(part.1), Float(part.2), Float(part.3))
    if boxes.isEmpty { return part }
    var hasCenter = false
    for index in boxes.indices {
      let box = boxes[index]
      let wide = max(min(box.x2, frame.x2) - max(box.x1, frame.x1), 0)
      let high = max(min(box.y2, frame.y2) - max(box.y1, frame.y1), 0)
      let union = max(frame.area + box.area - wide * high, 1e-6)
      if Double(wide * high / union) < minOverlap { return nil }
      hasCenter = hasCenter || box.hasCenter(insideX1: frame.x1, y1: frame.y1, x2: frame.x2, y2: frame.y2)
    }
    return hasCenter ? part : nil
  }

  private func crop(_ sample: inout Sample, _ image: Image, _ part: Part) {
    let frame = Box(Float(part.x1), Float(part.y1), Float(part.x2), Float(part.y2))
    let clips = clipsBoxes
    sample.detection.moveBoxes { box in
      guard box.hasCenter(insideX1: frame.x1, y1: frame.y1, x2: frame.x2, y2: frame.y2) else { return nil }
      var box = box
      if clips {
        box = Box(max(box.x1, frame.x1), max(box.y1, frame.y1), min(box.x2, frame.x2), min(box.y2, frame.y2))
      }
      return box.moved(x: -frame.x1, y: -frame.y1)
    }
    let (width, height) = (part.x2 - part.x1, part.y2 - part.y1)
    if let masks = sample.detection.masks {
      sample.detection.masks = masks.cropped(x1: part.x1, y1: part.y1, x2: part.x2, y2: part.y2)
    }
    sample.replaceImage(image.cropped(x: part.x1, y: part.y1, width: width, height: height))
    if let map = sample.detection.semanticMap, map.width == image.width, map.height == image.height {
      sample.detection.semanticMap = map.cropped(x: part.x1, y: part.y1, width: width, height: height)
    }
  }
}
