import Core

/// Takes over what the data set knows of the objects. Mirrors mmdet's `LoadAnnotations`.
public struct LoadAnnotations: Transform, ConfigRecord {
  public var withBoxes, withLabels, withMasks, withSemanticMap: Bool
  /// Whether outlines are drawn at once, or stay polygons.
  public var drawsPolygons: Bool
  /// Whether boxes come in shares of the picture's sides: OpenImages.
  public var scalesBoxes: Bool

  public init(from reader: inout ConfigReader) throws {
    withBoxes = try reader.value("with_bbox", default: true)
    withLabels = try reader.value("with_label", default: true)
    withMasks = try reader.value("with_mask", default: false)
    withSemanticMap = try reader.value("with_seg", default: false)
    drawsPolygons = try reader.value("poly2mask", default: true)
    scalesBoxes = try reader.value("denorm_bbox", default: false)
    reader.ignore("file_client_args")
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    guard let annotation = sample.detection.annotation else {
      throw DataError(
        "LoadAnnotations: a data set for testing gives no annotations; take it out of the test pipeline",
        file: sample.file?.path)
    }
    if withBoxes { loadBoxes(annotation, &sample) }
    if withLabels { sample.detection.labels = annotation.labels }
    if withMasks { try loadMasks(annotation, &sample) }
    if withSemanticMap { try loadSemanticMap(annotation, &sample) }
    return true
  }

  func loadBoxes(_ annotation: PictureAnnotation, _ sample: inout Sample) {
    var boxes = annotation.boxes
    if scalesBoxes {
      let (height, width) = (Float(sample.meta.imageShape[0]), Float(sample.meta.imageShape[1]))
      for index in boxes.indices {
        let box = boxes[index]
        boxes[index] = Box(box.x1 * width, box.y1 * height, box.x2 * width, box.y2 * height)
      }
    }
    sample.detection.boxes = boxes
    sample.detection.ignoredBoxes = annotation.ignoredBoxes
    sample.detection.isGroup = annotation.isGroup
  }

  private func loadMasks(_ annotation: PictureAnnotation, _ sample: inout Sample) throws {
    let (height, width) = sample.detection.pictureSize
    let path = sample.file?.path
    guard let outlines = annotation.outlines, height > 0, width > 0 else {
      throw DataError(
        "LoadAnnotations: the data set must have masks for with_mask=True, found none", file: path)
    }
    func located<Result>(_ index: Int, _ body: () throws -> Result) throws -> Result {
      do {
        return try body()
      } catch let error as DataError {
        throw DataError("object \(index + 1) of the picture: \(error.text)", file: path)
      }
    }
    if drawsPolygons {
      sample.detection.masks = InstanceMasks(
        .bitmaps(
          try outlines.enumerated().map { index, outline in
            try located(index) { try Segmentation.drawn(outline, height: height, width: width) }
          }), height: height, width: width)
    } else {
      sample.detection.masks = InstanceMasks(
        .polygons(
          try outlines.enumerated().map { index, outline in try located(index) { try polygons(outline) } }),
        height: height, width: width)
    }
  }

  /// As in the original, what is no polygon is left out here, without a word.
  private func polygons(_ outline: Segmentation?) throws -> [[Double]] {
    guard case .polygons(let polygons) = outline else {
      throw DataError(
        "its mask must be polygons for poly2mask=False, found \(outline == nil ? "none" : "runs of pixels")")
    }
    return polygons.filter { $0.count % 2 == 0 && $0.count >= 6 }
  }

  private func loadSemanticMap(_ annotation: PictureAnnotation, _ sample: inout Sample) throws {
    guard let name = annotation.semanticMap, let prefix = sample.detection.segmentationPrefix else {
      throw DataError(
        "LoadAnnotations: the data set must have seg_prefix for with_seg=True, found none",
        file: sample.file?.path)
    }
    let path = SampleFile(prefix: prefix, name: name).path
    let map = try Image.read(path: path, mode: .unchanged)
    guard map.channels == 1 else {
      throw DataError("a semantic map must have 1 channel, found \(map.channels)", file: path)
    }
    sample.detection.semanticMap = map
  }
}
