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
    let categories = Dictionary(uniqueKeysWithValues: file.categories.map { ($0.id, $0) })
    return COCOGroundTruth(
      categories: coco.categoryIDs.map { id in
        .init(id: id, name: categories[id]?.name ?? "\(id)", frequency: categories[id]?.frequency)
      },
      pictures: positions.map { file.pictures[$0].id },
      truths: { index, withMasks in
        let picture = file.pictures[positions[index]]
        return try file.objectsOfPicture[positions[index]].compactMap { position in
          let object = file.objects[Int(position)]
          guard let label = labels[object.category] else { return nil }
          return COCOEvaluation.Truth(
            id: object.id, category: label,
            box: COCOBox(x: object.x, y: object.y, width: object.width, height: object.height), area: object.area,
            isCrowd: object.isCrowd, mask: withMasks ? try file.mask(of: object, in: picture) : nil)
        }
      },
      proposalTruths: { index in
        Boxes(
          file.objectsOfPicture[positions[index]].lazy.map { file.objects[Int($0)] }
            .filter { !$0.isIgnored && !$0.isCrowd }
            .map { Box(Float($0.x), Float($0.y), Float($0.x + $0.width), Float($0.y + $0.height)) })
      })
  }
}

extension CocoReference {
  /// Labels by the identifiers of classes.
  var labels: [Int: Int] { Dictionary(uniqueKeysWithValues: categoryIDs.enumerated().map { ($1, $0) }) }
}

extension CocoFile {
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
