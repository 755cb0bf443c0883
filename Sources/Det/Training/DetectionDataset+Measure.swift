import Core

extension DetectionDataset {
  /// What measures results on this data set.
  ///
  /// - Throws: `BuildError` for settings that it does not have.
  func makeMeasure(_ reader: consuming ConfigReader) throws -> ([Detections]) throws -> EvaluationReport {
    if let coco {
      let truth = groundTruth(coco)
      guard type.hasPrefix("LVIS") else {
        let metrics = try COCOMetrics(from: &reader)
        try reader.finish()
        return { try metrics($0, truth) }
      }
      let metrics = try LVISMetrics(from: &reader)
      try reader.finish()
      let pictures = knowledge(coco)
      return { try metrics($0, truth, pictures) }
    }
    let metrics = try VOCMetrics(from: &reader)
    try reader.finish()
    let kind: VOCMetrics.Kind = year == nil ? .custom : year == 2007 ? .voc2007 : .voc2012
    return { [self] results in
      let truths = try (0..<count).map { try MeanAveragePrecision.Truth(annotation(at: $0)) }
      let most = (truths.flatMap(\.labels) + results.flatMap(\.labels)).max() ?? -1
      return try metrics(results, truths, classNames: classNames ?? (0...max(most, 0)).map { "\($0)" }, kind)
    }
  }

  /// The objects of the file, as evaluation needs them.
  private func groundTruth(_ coco: CocoReference) -> COCOGroundTruth {
    let (file, positions) = (coco.file, positions)
    let labels = Dictionary(uniqueKeysWithValues: coco.categoryIDs.enumerated().map { ($1, $0) })
    let categories = Dictionary(uniqueKeysWithValues: file.categories.map { ($0.id, $0) })
    return COCOGroundTruth(
      categories: coco.categoryIDs.compactMap { id in
        categories[id].map { .init(id: id, name: $0.name, frequency: $0.frequency) }
      },
      pictures: positions.map { file.pictures[$0].id },
      truths: { index, withMasks in
        let picture = file.pictures[positions[index]]
        return try file.objectsOfPicture[positions[index]].compactMap { number in
          let object = file.objects[Int(number)]
          guard let label = labels[object.category] else { return nil }
          return COCOEvaluation.Truth(
            id: object.id, category: label,
            box: COCOBox(x: object.x, y: object.y, width: object.width, height: object.height), area: object.area,
            isCrowd: object.isCrowd, mask: withMasks ? try file.mask(of: object, in: picture) : nil)
        }
      },
      proposalTruths: { index in
        Boxes(
          file.objectsOfPicture[positions[index]].compactMap { number -> Box? in
            let object = file.objects[Int(number)]
            guard !object.isIgnored, !object.isCrowd else { return nil }
            return Box(
              Float(object.x), Float(object.y), Float(object.x + object.width), Float(object.y + object.height))
          })
      })
  }

  /// What LVIS says of classes in its pictures.
  private func knowledge(_ coco: CocoReference) -> [LVISMetrics.Picture] {
    let labels = Dictionary(uniqueKeysWithValues: coco.categoryIDs.enumerated().map { ($1, $0) })
    return positions.map { position in
      let picture = coco.file.pictures[position]
      return LVISMetrics.Picture(
        absent: Set(picture.negativeCategories.compactMap { labels[$0] }),
        unexhaustive: Set(picture.unexhaustiveCategories.compactMap { labels[$0] }))
    }
  }
}

extension CocoFile {
  /// An object's pixels, for evaluation.
  ///
  /// - Throws: `DataError` that names the file and the object.
  func mask(of object: Object, in picture: Picture) throws -> RunLengthMask {
    guard let outline = segmentation(of: object) else {
      throw DataError("annotation \(object.id): must have a segmentation for metric 'segm', found none", file: path)
    }
    do {
      return try outline.mask(height: picture.height, width: picture.width)
    } catch let error as MaskError {
      throw DataError("annotation \(object.id): \(error)", file: path)
    }
  }
}

extension MeanAveragePrecision.Truth {
  init(_ annotation: PictureAnnotation) {
    self.init()
    (boxes, labels) = (annotation.boxes, annotation.labels)
    if let ignored = annotation.ignoredBoxes, ignored.count == annotation.ignoredLabels.count {
      (ignoredBoxes, ignoredLabels) = (ignored, annotation.ignoredLabels)
    }
    isGroup = annotation.isGroup
  }
}
