import Core

/// Takes over boxes and labels, and makes masks and a semantic map of the picture's map of regions. Mirrors mmdet's
/// `LoadPanopticAnnotations`.
public struct LoadPanopticAnnotations: Transform, ConfigRecord {
  public var withBoxes, withLabels, withMasks, withSemanticMap: Bool

  public init(from reader: inout ConfigReader) throws {
    withBoxes = try reader.value("with_bbox", default: true)
    withLabels = try reader.value("with_label", default: true)
    withMasks = try reader.value("with_mask", default: true)
    withSemanticMap = try reader.value("with_seg", default: true)
    reader.ignore("file_client_args")
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    guard let annotation = sample.detection.annotation, let regions = annotation.regions,
      let name = annotation.semanticMap
    else {
      throw DataError(
        "LoadPanopticAnnotations: the data set must have panoptic annotations; use CocoPanopticDataset, and leave this out "
          + "of test pipelines", file: sample.file?.path)
    }
    if withBoxes {
      sample.detection.boxes = annotation.boxes
      sample.detection.ignoredBoxes = annotation.ignoredBoxes
    }
    if withLabels { sample.detection.labels = annotation.labels }
    guard withMasks || withSemanticMap else { return true }
    let path = SampleFile(prefix: sample.detection.segmentationPrefix, name: name).path
    let map = try Image.read(path: path, mode: .color, order: .rgb)
    let (height, width) = sample.detection.pictureSize
    guard map.height == height, map.width == width, let bytes = map.bytes else {
      throw DataError(
        "must be of the size in the annotations, \(height)x\(width), found \(map.height)x\(map.width)",
        file: path)
    }
    let ids = (0..<(height * width)).map { pixel -> Int in
      let (red, green, blue) = (Int(bytes[3 * pixel]), Int(bytes[3 * pixel + 1]), Int(bytes[3 * pixel + 2]))
      return red | green << 8 | blue << 16
    }
    if withMasks {
      let masks = regions.filter(\.isThing).map { region in ids.map { UInt8($0 == region.id ? 1 : 0) } }
      sample.detection.masks = InstanceMasks(.bitmaps(masks), height: height, width: width)
    }
    if withSemanticMap {
      let labels = Dictionary(regions.map { ($0.id, UInt8(clamping: $0.category)) }) { $1 }
      sample.detection.semanticMap = Image(
        width: width, height: height, channels: 1, bytes: ids.map { labels[$0] ?? 255 })
    }
    return true
  }
}
