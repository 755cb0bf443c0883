import Core
import PyConfig

extension DetectionDataset {
  /// What measures results on this data set.
  ///
  /// - Throws: `BuildError` for settings that it does not have.
  func makeMeasure(_ reader: consuming ConfigReader) throws -> ([Detections]) throws -> DetectionEvaluation.Report {
    if let coco {
      if type.hasPrefix("LVIS") { return try lvisMeasure(coco, reader) }
      return try cocoMeasure(coco, reader)
    }
    return try vocMeasure(reader)
  }

  private func cocoMeasure(
    _ coco: CocoReference, _ reader: consuming ConfigReader
  ) throws -> ([Detections]) throws -> DetectionEvaluation.Report {
    // The scripts of Cityscapes, whose files these would be, are not part of this suite: its masks are measured as COCO's.
    if type == "CityscapesDataset" { reader.ignore("outfile_prefix") }
    let metrics = try COCOMetrics(from: &reader)
    try reader.finish()
    let truth = groundTruth(coco)
    return { results in Self.report(try metrics(results, truth)) }
  }

  private func lvisMeasure(
    _ coco: CocoReference, _ reader: consuming ConfigReader
  ) throws -> ([Detections]) throws -> DetectionEvaluation.Report {
    let metrics = try LVISMetrics(from: &reader)
    try reader.finish()
    let truth = groundTruth(coco)
    let labels = coco.labels
    let pictures = positions.map { position in
      let picture = coco.file.pictures[position]
      return LVISMetrics.Picture(
        absent: Set(picture.negativeCategories.compactMap { labels[$0] }),
        unexhaustive: Set(picture.unexhaustiveCategories.compactMap { labels[$0] }))
    }
    return { results in Self.report(try metrics(results, truth, pictures)) }
  }

  private func vocMeasure(
    _ reader: consuming ConfigReader
  ) throws -> ([Detections]) throws -> DetectionEvaluation.Report {
    let metrics = try VOCMetrics(from: &reader)
    try reader.finish()
    let names = classNames ?? []
    let kind: VOCMetrics.Kind = year.map { $0 == 2007 ? .voc2007 : .voc2012 } ?? .custom
    return { [self] results in
      let truths = try (0..<count).map { index in
        let annotation = try annotation(at: index)
        var truth = MeanAveragePrecision.Truth()
        (truth.boxes, truth.labels) = (annotation.boxes, annotation.labels)
        // Without classes ignored boxes have no part in this.
        if annotation.ignoredLabels.count == annotation.ignoredBoxes?.count {
          (truth.ignoredBoxes, truth.ignoredLabels) = (annotation.ignoredBoxes ?? Boxes(), annotation.ignoredLabels)
        }
        return truth
      }
      return Self.report(try metrics(results, truths, classNames: names, kind))
    }
  }

  private static func report(_ report: EvaluationReport) -> DetectionEvaluation.Report {
    .init(metrics: report.metrics, text: report.text)
  }

  /// The annotation file as evaluation wants it.
  func groundTruth(_ coco: CocoReference) -> COCOGroundTruth {
    let (file, labels, positions) = (coco.file, coco.labels, positions)
    let known = Dictionary(uniqueKeysWithValues: file.categories.map { ($0.id, $0) })
    let categories = coco.categoryIDs.map { id in
      COCOGroundTruth.Category(id: id, name: known[id]?.name ?? "\(id)", frequency: known[id]?.frequency)
    }
    return COCOGroundTruth(
      categories: categories, pictures: positions.map { file.pictures[$0].id },
      truths: { try file.truths(at: positions[$0], labels, withMasks: $1) },
      proposalTruths: { file.proposalTruths(at: positions[$0]) })
  }
}

extension CocoReference {
  /// Labels by the identifiers of classes.
  var labels: [Int: Int] { Dictionary(uniqueKeysWithValues: categoryIDs.enumerated().map { ($1, $0) }) }
}

extension CocoFile {
  /// The objects of a picture that are of the classes of `labels`.
  fileprivate func truths(at index: Int, _ labels: [Int: Int], withMasks: Bool) throws -> [COCOEvaluation.Truth] {
    var truths: [COCOEvaluation.Truth] = []
    for position in objectsOfPicture[index] {
      let object = objects[Int(position)]
      guard let label = labels[object.category] else { continue }
      let box = COCOBox(x: object.x, y: object.y, width: object.width, height: object.height)
      let mask = withMasks ? try mask(of: object, in: pictures[index]) : nil
      truths.append(
        COCOEvaluation.Truth(
          id: object.id, category: label, box: box, area: object.area, isCrowd: object.isCrowd, mask: mask))
    }
    return truths
  }

  fileprivate func proposalTruths(at index: Int) -> Boxes {
    var boxes = Boxes()
    for position in objectsOfPicture[index] {
      let object = objects[Int(position)]
      if object.isIgnored || object.isCrowd { continue }
      let (right, bottom) = (object.x + object.width, object.y + object.height)
      boxes.append(Box(Float(object.x), Float(object.y), Float(right), Float(bottom)))
    }
    return boxes
  }

  /// - Throws: `DataError` that names the file and the object.
  fileprivate func mask(of object: Object, in picture: Picture) throws -> RunLengthMask {
    guard let outline = segmentation(of: object) else {
      throw DataError("annotation \(object.id): must have a segmentation for segm, found none", file: path)
    }
    do {
      return try outline.mask(height: picture.height, width: picture.width)
    } catch let error as MaskError {
      throw DataError("annotation \(object.id): \(error.problem)", file: path)
    }
  }
}
