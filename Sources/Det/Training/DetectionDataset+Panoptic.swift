import Core

extension DetectionDataset {
  /// What measures maps of regions: mmdet's `CocoPanopticDataset.evaluate` with the metric `PQ`.
  func panopticMeasure(
    _ file: PanopticFile, _ reader: consuming ConfigReader
  ) throws -> ([Detections]) throws -> EvaluationReport {
    let metrics = try reader.value("metric", default: OneOrMany(["PQ"])).elements
    if let other = metrics.first(where: { $0 != "PQ" && $0 != "pq" }) {
      throw reader.invalid(
        "must be PQ: instances of panoptic data sets are not measured, found '\(other)'", key: "metric")
    }
    let isClasswise = try reader.value("classwise", default: false)
    reader.ignore("nproc", "jsonfile_prefix")
    try reader.finish()
    var table = PanopticMetrics(categories: file.categories.map { .init(name: $0.name, isThing: $0.isThing) })
    table.isClasswise = isClasswise
    return { [self, table] results in
      let quality = PanopticQuality(categories: table.categories.count)
      let counts = try quality(pictures: results.count) { index in
        guard let found = results[index].panoptic else {
          throw DataError("PQ is not in results: the model gives no panoptic map (picture \(index))")
        }
        return (try truth(file, at: index), PanopticQuality.Map(found, classes: quality.categories))
      }
      return table.report(counts)
    }
  }

  private func truth(_ file: PanopticFile, at index: Int) throws -> PanopticQuality.Map {
    let name = try annotation(at: index).semanticMap ?? ""
    let path = SampleFile(prefix: config.segmentationPrefix, name: name).path
    let image = try Image.read(path: path, mode: .color, order: .rgb)
    guard let bytes = image.bytes else { throw DataError("must be a picture of bytes", file: path) }
    var ids: [UInt32] = []
    ids.reserveCapacity(image.width * image.height)
    for pixel in stride(from: 0, to: bytes.count, by: 3) {
      let (red, green, blue) = (UInt32(bytes[pixel]), UInt32(bytes[pixel + 1]), UInt32(bytes[pixel + 2]))
      ids.append(red | green << 8 | blue << 16)
    }
    let segments = try file.regions[positions[index]].map { region in
      guard let id = UInt32(exactly: region.id), abs(region.area) < 1e15 else {
        throw DataError(
          "regions must have an id from 0 and an area in pixels, found \(region.id) and \(region.area) "
            + "(\(file.pictures[positions[index]].fileName))", file: file.path)
      }
      return PanopticQuality.Segment(
        id: id, category: region.category, area: Int(region.area), isCrowd: region.isCrowd)
    }
    return PanopticQuality.Map(height: image.height, width: image.width, ids: ids, segments: segments)
  }
}

extension PanopticMap {
  /// What numbers of objects are multiplied by: mmdet's `INSTANCE_OFFSET`.
  static let instanceOffset: Int32 = 1000
}

extension PanopticQuality.Map {
  /// A map as models give it; `classes` stands for pixels of no region.
  init(_ map: PanopticMap, classes: Int) {
    let ids = map.ids.map { id -> UInt32 in
      Int(id % PanopticMap.instanceOffset) == classes ? 0 : UInt32(bitPattern: id)
    }
    // Number 0 is what belongs to nothing, also to the original, unless a region has it.
    let regions = Set(map.ids).filter { Int($0 % PanopticMap.instanceOffset) != classes }.sorted()
    let segments = regions.map { id in
      PanopticQuality.Segment(id: UInt32(bitPattern: id), category: Int(id % PanopticMap.instanceOffset))
    }
    self.init(height: map.height, width: map.width, ids: ids, segments: segments)
  }
}
