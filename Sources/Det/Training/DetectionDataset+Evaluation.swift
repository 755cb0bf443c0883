import Core

extension DetectionDataset {
  /// What measures results on this data set.
  ///
  /// - Throws: `BuildError` for settings that it does not have.
  func makeMeasure(_ reader: consuming ConfigReader) throws -> ([Detections]) throws -> EvaluationReport {
    if let coco {
      if type.hasPrefix("LVIS") { return try lvisMeasure(coco, reader) }
      return try cocoMeasure(coco, reader)
    }
    if let openImages { return try openImagesMeasure(openImages, reader) }
    if let panoptic = annotations as? PanopticAnnotations {
      return try panopticMeasure(panoptic.file, reader)
    }
    return try vocMeasure(reader)
  }

  private func cocoMeasure(
    _ coco: CocoReference, _ reader: consuming ConfigReader
  ) throws -> ([Detections]) throws -> EvaluationReport {
    // Files of cityscapesScripts' own metric, which is not measured here.
    if type == "CityscapesDataset" { reader.ignore("outfile_prefix") }
    let metrics = try COCOMetrics(from: &reader)
    try reader.finish()
    let truth = groundTruth(coco)
    return { results in try metrics(results, truth) }
  }

  private func lvisMeasure(
    _ coco: CocoReference, _ reader: consuming ConfigReader
  ) throws -> ([Detections]) throws -> EvaluationReport {
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
    return { results in try metrics(results, truth, pictures) }
  }

  private func vocMeasure(
    _ reader: consuming ConfigReader
  ) throws -> ([Detections]) throws -> EvaluationReport {
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
          (truth.ignoredBoxes, truth.ignoredLabels) = (
            annotation.ignoredBoxes ?? Boxes(), annotation.ignoredLabels
          )
        }
        return truth
      }
      return try metrics(results, truths, classNames: names, kind)
    }
  }

  private func openImagesMeasure(
    _ reference: OpenImagesReference, _ reader: consuming ConfigReader
  ) throws -> ([Detections]) throws -> EvaluationReport {
    let metrics = try OpenImagesMetrics(from: &reader)
    try reader.finish()
    let names = classNames ?? []
    var knowledge = OpenImagesMetrics.Knowledge(superclasses: try reference.superclasses(names.count))
    let config = reference.config
    (knowledge.usesSuperclasses, knowledge.filtersLabels) = (config.usesSuperclasses, config.filtersLabels)
    if config.readsImageLabels {
      let labels = try reference.imageLabels()
      knowledge.imageLabels = pictures.map { picture in
        let name = picture.fileName.split(separator: "/").last ?? ""
        return labels[String(name.dropLast(4))] ?? []
      }
    }
    let sizes = config.readsMetas && config.readsMetasFromFile ? try reference.sizes(pictures) : nil
    return { [self, knowledge] results in
      let truths = try (0..<count).map { index in
        var truth = MeanAveragePrecision.Truth()
        let annotation = try annotation(at: index)
        (truth.boxes, truth.labels, truth.isGroup) = (annotation.boxes, annotation.labels, annotation.isGroup)
        guard metrics.areBoxesRelative else { return truth }
        let (height, width) = try sizes?[index] ?? size(of: index)
        for position in truth.boxes.indices {
          let box = truth.boxes[position]
          truth.boxes[position] = Box(
            box.x1 * Float(width), box.y1 * Float(height), box.x2 * Float(width), box.y2 * Float(height))
        }
        return truth
      }
      return try metrics(results, truths, classNames: names, knowledge)
    }
  }

  /// As pipelines load the picture.
  private func size(of index: Int) throws -> (height: Int, width: Int) {
    let image = try Image.read(path: file(at: index).path)
    return (image.height, image.width)
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
            box: COCOBox(x: object.x, y: object.y, width: object.width, height: object.height),
            area: object.area,
            isCrowd: object.isCrowd, mask: withMasks ? try file.mask(of: object, in: picture) : nil)
        }
      },
      proposalTruths: { index in
        var boxes = Boxes()
        for number in file.objectsOfPicture[positions[index]] {
          let object = file.objects[Int(number)]
          if object.isIgnored || object.isCrowd { continue }
          let (right, bottom) = (object.x + object.width, object.y + object.height)
          boxes.append(Box(Float(object.x), Float(object.y), Float(right), Float(bottom)))
        }
        return boxes
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
