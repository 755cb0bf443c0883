import Core

/// Pictures with one XML file each, as PASCAL VOC has them. Mirrors mmdet's `XMLDataset`, `VOCDataset` and
/// `WIDERFaceDataset`.
enum XMLDataset {
  struct Config: ConfigRecord, Sendable {
    var base: DetectionDatasetConfig
    /// Objects with a shorter side count as difficult; 0 for none.
    var minSize: Int
    var imageFolder, annotationFolder: String

    init(from reader: inout ConfigReader) throws {
      minSize = try reader.optional("min_size") ?? 0
      imageFolder = try reader.value("img_subdir", default: "JPEGImages")
      annotationFolder = try reader.value("ann_subdir", default: "Annotations")
      base = try DetectionDatasetConfig(from: &reader)
    }
  }

  enum Kind: String, Sendable {
    case voc = "VOCDataset"
    case widerFace = "WIDERFaceDataset"
    case plain = "XMLDataset"

    var classNames: [String]? {
      switch self {
      case .voc: VOCClasses.names
      case .widerFace: ["face"]
      case .plain: nil
      }
    }

    var palette: [[UInt8]]? {
      switch self {
      case .voc: VOCClasses.palette
      case .widerFace: [[0, 255, 0]]
      case .plain: nil
      }
    }
  }

  /// Reads the annotations of the pictures that `ann_file` lists, one name a line.
  ///
  /// - Throws: `DataError` that names the XML file.
  static func load(_ config: Config, _ kind: Kind, _ context: BuildContext) throws -> DetectionDataset {
    let base = config.base
    guard let names = try base.classNames(kind.classNames).names else {
      throw BuildError(.missingKey("classes"), path: base.path)
    }
    var year: Int?
    if kind == .voc {
      let prefix = base.imagePrefix ?? ""
      year = prefix.contains("VOC2007") ? 2007 : prefix.contains("VOC2012") ? 2012 : nil
      guard year != nil else {
        throw BuildError(
          .invalid("must have VOC2007 or VOC2012 in it: the year is taken from the path, found '\(prefix)'"),
          path: "\(base.path).img_prefix")
      }
    }
    let isTesting = base.isTesting ?? context.isTesting
    guard config.minSize == 0 || !isTesting else {
      throw BuildError(
        .invalid("must not be given for testing, found \(config.minSize)"), path: "\(base.path).min_size")
    }
    let labels = Dictionary(names.enumerated().map { ($1, $0) }) { $1 }
    var pictures: [DatasetPicture] = []
    var annotations: [PictureAnnotation] = []
    for name in try TextFile.lines(base.annotationFile) {
      let folder = kind == .widerFace ? "Annotations" : config.annotationFolder
      let file = SampleFile(prefix: base.imagePrefix, name: "\(folder)/\(name).xml").path
      let root = try XMLTree.read(file)
      pictures.append(try picture(name, root, file, config, kind))
      annotations.append(try annotation(root, file, labels, config.minSize))
    }
    return try DetectionDataset(
      .init(
        type: kind.rawValue, pictures: pictures,
        annotations: XMLAnnotations(annotations: annotations), classNames: names, palette: kind.palette,
        year: year),
      base, context)
  }

  private static func picture(
    _ name: String, _ root: XMLTree, _ file: String, _ config: Config, _ kind: Kind
  ) throws -> DatasetPicture {
    var fileName = "\(config.imageFolder)/\(name).jpg"
    if kind == .widerFace {
      guard let folder = root.first("folder")?.text.trimmed, !folder.isEmpty else {
        throw DataError("must have the element 'folder'", file: file)
      }
      fileName = "\(folder)/\(name).jpg"
    }
    guard let size = root.first("size") else {
      // As stored, whatever EXIF says.
      let image = try Image.read(
        path: SampleFile(prefix: config.base.imagePrefix, name: fileName).path, mode: .unchanged)
      return DatasetPicture(fileName: fileName, width: image.width, height: image.height)
    }
    func side(_ key: String) throws -> Int {
      let text = size.first(key)?.text.trimmed ?? ""
      guard let side = Int(text), (1...1 << 24).contains(side) else {
        throw DataError("size.\(key) must be a positive whole number, found '\(text)'", file: file)
      }
      return side
    }
    return DatasetPicture(fileName: fileName, width: try side("width"), height: try side("height"))
  }

  private static func annotation(
    _ root: XMLTree, _ file: String, _ labels: [String: Int], _ minSize: Int
  ) throws -> PictureAnnotation {
    var result = PictureAnnotation()
    var ignored = Boxes()
    for (index, object) in root.all("object").enumerated() {
      func fail(_ text: String) -> DataError { DataError("object \(index + 1): \(text)", file: file) }
      guard let name = object.first("name")?.text else { throw fail("must have the element 'name'") }
      guard let label = labels[name] else { continue }
      let difficulty = object.first("difficult")?.text.trimmed ?? "0"
      guard let difficult = Int(difficulty) else {
        throw fail("difficult must be 0 or 1, found '\(difficulty)'")
      }
      let corners = try ["xmin", "ymin", "xmax", "ymax"].map { key -> Int in
        let text = object.first("bndbox")?.first(key)?.text.trimmed ?? ""
        guard let value = Double(text), abs(value) < 1e9 else {
          throw fail("bndbox.\(key) must be a number, found '\(text)'")
        }
        return Int(value)
      }
      guard corners[2] >= corners[0], corners[3] >= corners[1] else {
        throw fail("bndbox must have xmin <= xmax and ymin <= ymax, found \(corners)")
      }
      // Pixels are counted from 1 in these files.
      let box = Box(
        Float(corners[0] - 1), Float(corners[1] - 1), Float(corners[2] - 1), Float(corners[3] - 1))
      let isSmall = corners[2] - corners[0] < minSize || corners[3] - corners[1] < minSize
      if difficult != 0 || isSmall {
        ignored.append(box)
        result.ignoredLabels.append(label)
      } else {
        result.boxes.append(box)
        result.labels.append(label)
      }
    }
    result.ignoredBoxes = ignored
    return result
  }
}

/// The objects of XML files.
struct XMLAnnotations: AnnotationSource {
  let annotations: [PictureAnnotation]

  func annotation(at index: Int) -> PictureAnnotation { annotations[index] }

  /// Difficult objects count.
  func categories(at index: Int) -> [Int] { annotations[index].labels + annotations[index].ignoredLabels }

  func hasObjects(at index: Int) -> Bool { !categories(at: index).isEmpty }
}

extension String {
  /// Without spaces around it.
  fileprivate var trimmed: String {
    var text = Substring(self)
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
