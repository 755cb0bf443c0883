import Core

/// Pictures with a map of regions each, things and stuff. Mirrors mmdet's `CocoPanopticDataset`.
///
/// Kirillov et al., 2018 (<https://arxiv.org/abs/1801.00868>).
enum CocoPanopticDataset {
  struct Config: ConfigRecord, Sendable {
    var base: DetectionDatasetConfig
    /// The annotations of instances, for their metrics.
    var instanceFile: String?

    init(from reader: inout ConfigReader) throws {
      instanceFile = try reader.optional("ins_ann_file")
      base = try DetectionDatasetConfig(from: &reader)
    }
  }

  /// Reads the annotations.
  ///
  /// - Throws: `DataError` that names the file, the line and the region.
  static func load(_ config: Config, _ context: BuildContext) throws -> DetectionDataset {
    let base = config.base
    let names = try base.classNames(PanopticClasses.names).names
    let file = try PanopticFile(path: base.annotationFile)
    return try DetectionDataset(
      .init(
        type: "CocoPanopticDataset", pictures: file.pictures, annotations: PanopticAnnotations(file: file),
        classNames: names, palette: PanopticClasses.palette),
      base, context)
  }
}

/// An annotation file of COCO's panoptic form.
struct PanopticFile: Sendable {
  struct Region: Sendable {
    var id: Int
    /// The identifier, then the label: the position of the class in the file.
    var category: Int
    var box: [Double]
    var area: Double
    var isCrowd: Bool
  }

  let path: String
  private(set) var pictures: [DatasetPicture] = []
  /// By label.
  private(set) var categories: [(id: Int, name: String, isThing: Bool)] = []
  /// Of each picture.
  private(set) var regions: [[Region]] = []

  init(path: String) throws {
    self.path = path
    var scanner = try JSONScanner(path: path)
    var ids: [Int: Int] = [:]
    var found: [(picture: Int, regions: [Region], position: Int)] = []
    try scanner.object { key, scanner in
      switch key {
      case "images": try readPictures(&scanner, &ids)
      case "categories": try readCategories(&scanner)
      case "annotations": try scanner.array { found.append(try Self.readRegions(&$0)) }
      default: try scanner.skip()
      }
    }
    try scanner.finish()
    regions = [[Region]](repeating: [], count: pictures.count)
    let labels = Dictionary(uniqueKeysWithValues: categories.enumerated().map { ($1.id, $0) })
    for (id, list, position) in found {
      guard let index = ids[id] else {
        throw scanner.error(
          "image_id must be the id of one of the \(pictures.count) images, found \(id)", at: position)
      }
      for var region in list {
        guard let label = labels[region.category] else {
          throw scanner.error(
            "category_id must be the id of one of the \(categories.count) categories, found \(region.category)",
            at: position)
        }
        region.category = label
        regions[index].append(region)
      }
    }
  }

  private mutating func readPictures(_ scanner: inout JSONScanner, _ ids: inout [Int: Int]) throws {
    try scanner.array { scanner in
      let start = scanner.position
      var picture = DatasetPicture(fileName: "")
      var id: Int?
      try scanner.object { key, scanner in
        switch key {
        case "id": id = try scanner.int()
        case "file_name": picture.fileName = try scanner.string()
        case "width": picture.width = try scanner.int()
        case "height": picture.height = try scanner.int()
        default: try scanner.skip()
        }
      }
      guard let id, !picture.fileName.isEmpty, (0...1 << 24).contains(picture.width),
        (0...1 << 24).contains(picture.height)
      else {
        throw scanner.error(
          "images[\(pictures.count)]: must have id, file_name, and a width and height from 0", at: start)
      }
      guard ids.updateValue(pictures.count, forKey: id) == nil else {
        throw scanner.error(
          "images[\(pictures.count)]: ids of pictures must be unique, found \(id) twice", at: start)
      }
      pictures.append(picture)
    }
  }

  private mutating func readCategories(_ scanner: inout JSONScanner) throws {
    try scanner.array { scanner in
      let start = scanner.position
      var (id, name, isThing) = (Int?.none, "", Bool?.none)
      try scanner.object { key, scanner in
        switch key {
        case "id": id = try scanner.int()
        case "name": name = try scanner.string()
        case "isthing": isThing = try scanner.bool()
        default: try scanner.skip()
        }
      }
      guard let id, let isThing, !categories.contains(where: { $0.id == id }) else {
        throw scanner.error(
          "categories[\(categories.count)]: must have an id of its own and isthing", at: start)
      }
      categories.append((id, name, isThing))
    }
  }

  private static func readRegions(_ scanner: inout JSONScanner) throws -> (Int, [Region], Int) {
    let start = scanner.position
    var (picture, regions) = (Int?.none, [Region]())
    try scanner.object { key, scanner in
      switch key {
      case "image_id": picture = try scanner.int()
      case "segments_info":
        try scanner.array { scanner in
          let start = scanner.position
          var (id, category) = (Int?.none, Int?.none)
          var region = Region(id: 0, category: 0, box: [], area: 0, isCrowd: false)
          try scanner.object { key, scanner in
            switch key {
            case "id": id = try scanner.int()
            case "category_id": category = try scanner.int()
            case "bbox": try scanner.numbers(into: &region.box)
            case "area": region.area = try scanner.double()
            case "iscrowd": region.isCrowd = try scanner.bool()
            default: try scanner.skip()
            }
          }
          guard let id, let category, region.box.count == 4, region.box.allSatisfy({ abs($0) < 1e9 }),
            region.box[2] >= 0,
            region.box[3] >= 0
          else {
            throw scanner.error(
              "segments_info[\(regions.count)]: must have id, category_id and bbox, [x, y, width, height]",
              at: start)
          }
          (region.id, region.category) = (id, category)
          regions.append(region)
        }
      default: try scanner.skip()
      }
    }
    guard let picture else { throw scanner.error("annotations: missing required key 'image_id'", at: start) }
    return (picture, regions, start)
  }
}

/// The regions of a panoptic file: things are objects, all are in the map.
struct PanopticAnnotations: AnnotationSource {
  let file: PanopticFile

  func annotation(at index: Int) -> PictureAnnotation {
    var result = PictureAnnotation()
    var (ignored, regions) = (Boxes(), [PanopticRegion]())
    for region in file.regions[index] {
      let (x, y, w, h) = (region.box[0], region.box[1], region.box[2], region.box[3])
      if region.area <= 0 || w < 1 || h < 1 { continue }
      let box = Box(Float(x), Float(y), Float(x + w), Float(y + h))
      var isThing = file.categories[region.category].isThing
      if isThing, region.isCrowd {
        ignored.append(box)
        isThing = false
      } else if isThing {
        result.boxes.append(box)
        result.labels.append(region.category)
      }
      regions.append(PanopticRegion(id: region.id, category: region.category, isThing: isThing))
    }
    (result.ignoredBoxes, result.regions) = (ignored, regions)
    result.semanticMap = file.pictures[index].fileName.replacing("jpg", with: "png")
    return result
  }

  /// Identifiers, as in the original.
  func categories(at index: Int) -> [Int] { file.regions[index].map { file.categories[$0.category].id } }

  func hasObjects(at index: Int) -> Bool {
    file.regions[index].contains { file.categories[$0.category].isThing }
  }
}
