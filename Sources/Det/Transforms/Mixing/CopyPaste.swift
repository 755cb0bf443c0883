import Core

/// Objects of another picture of the same size, pasted over this one.
///
/// Ghiasi et al., 2020 (<https://arxiv.org/abs/2012.07177>). Mirrors mmdet's `CopyPaste`.
public struct CopyPaste: MixingTransform, ConfigRecord {
  public var maxPasted: Int
  /// How far, in pixels, a side of a box may move before its object counts as hidden.
  public var boxThreshold: Float
  /// The least number of pixels that must be left of a hidden object.
  public var maskThreshold: Double
  /// Whether some of the objects are drawn, or all are taken.
  public var selects: Bool

  public init(from reader: inout ConfigReader) throws {
    maxPasted = try reader.value("max_num_pasted", default: 100)
    guard maxPasted > 0 else {
      throw reader.invalid("must be positive, found \(maxPasted)", key: "max_num_pasted")
    }
    boxThreshold = try reader.value("bbox_occluded_thr", default: 10)
    maskThreshold = try reader.value("mask_occluded_thr", default: 300)
    selects = try reader.value("selected", default: true)
  }

  func choose(from dataset: any Dataset, using generator: inout RandomGenerator) -> [Int] {
    [generator.integer(0..<dataset.count)]
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let other = try sample.requireOthers(1, "CopyPaste")[0]
    let image = try sample.requireImage("CopyPaste")
    let source = try other.requireImage("CopyPaste")
    guard source.width == image.width, source.height == image.height, source.channels == image.channels,
      source.isFloat == image.isFloat
    else {
      throw DataError(
        "CopyPaste: both pictures must be of one size, found \(image.height)x\(image.width) and "
          + "\(source.height)x\(source.width); resize, crop and pad before it", file: sample.file?.path)
    }
    let own = try sample.requireObjects("CopyPaste")
    var given = try other.requireObjects("CopyPaste")
    let keepsMasks = sample.detection.masks != nil
    let ownMasks = try Self.bitmaps(of: sample, own.boxes, image)
    var givenMasks = try Self.bitmaps(of: other, given.boxes, image)
    if selects {
      let count = generator.integer(0..<min(given.labels.count + 1, maxPasted))
      let chosen = Array(generator.permutation(given.labels.count).prefix(count))
      given = (given.boxes[chosen], chosen.map { given.labels[$0] })
      givenMasks = chosen.map { givenMasks[$0] }
    }
    guard !given.labels.isEmpty else { return true }
    var cover = [UInt8](repeating: 0, count: image.height * image.width)
    for mask in givenMasks { for index in cover.indices where mask[index] != 0 { cover[index] = 1 } }
    let left = ownMasks.map { mask in
      var mask = mask
      for index in cover.indices where cover[index] != 0 { mask[index] = 0 }
      return mask
    }
    let masks = InstanceMasks(.bitmaps(left), height: image.height, width: image.width)
    let (updated, areas) = (masks.boundingBoxes, masks.areas)
    let kept = own.boxes.indices.filter { index in
      let (a, b) = (updated[index], own.boxes[index])
      let isVisible =
        max(abs(a.x1 - b.x1), abs(a.y1 - b.y1), abs(a.x2 - b.x2), abs(a.y2 - b.y2)) <= boxThreshold
      return isVisible || areas[index] > maskThreshold
    }
    var boxes = updated[kept]
    boxes.append(contentsOf: given.boxes)
    sample.image = image.pasting(source, where: cover)
    sample.detection.boxes = boxes
    sample.detection.labels = kept.map { own.labels[$0] } + given.labels
    if keepsMasks {
      sample.detection.masks = InstanceMasks(
        .bitmaps(kept.map { left[$0] } + givenMasks), height: image.height, width: image.width)
    }
    return true
  }

  /// The objects' masks, or their boxes where there are none.
  private static func bitmaps(of sample: Sample, _ boxes: Boxes, _ image: Image) throws -> [[UInt8]] {
    guard let masks = sample.detection.masks else {
      return boxes.indices.map { index in
        let box = boxes[index].clipped(width: Float(image.width), height: Float(image.height))
        var map = [UInt8](repeating: 0, count: image.height * image.width)
        for y in Int(box.y1)..<max(Int(box.y1), Int(box.y2)) {
          for x in Int(box.x1)..<max(Int(box.x1), Int(box.x2)) { map[y * image.width + x] = 1 }
        }
        return map
      }
    }
    guard case .bitmaps(let maps) = masks.shapes, masks.height == image.height, masks.width == image.width
    else {
      throw DataError(
        "CopyPaste: masks must be bitmaps of the picture's size; set poly2mask=True", file: sample.file?.path)
    }
    return maps
  }
}

extension Image {
  /// The pixels of another picture where `cover` is not 0.
  func pasting(_ other: Image, where cover: [UInt8]) -> Image {
    switch (pixels, other.pixels) {
    case (.u8(var target), .u8(let source)):
      for index in cover.indices where cover[index] != 0 {
        for c in (index * channels)..<((index + 1) * channels) { target[c] = source[c] }
      }
      return Image(width: width, height: height, channels: channels, bytes: target)
    case (.f32(var target), .f32(let source)):
      for index in cover.indices where cover[index] != 0 {
        for c in (index * channels)..<((index + 1) * channels) { target[c] = source[c] }
      }
      return Image(width: width, height: height, channels: channels, floats: target)
    default: return self
    }
  }
}
