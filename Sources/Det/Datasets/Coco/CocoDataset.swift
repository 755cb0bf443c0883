import Core
import PyConfig

/// What a data set's COCO file says, in its own numbers, for evaluation and result files.
struct CocoReference: Sendable {
  var file: CocoFile
  /// The identifiers of the classes, by label.
  var categoryIDs: [Int]
}

/// Data sets with annotation files of COCO's form. Mirrors mmdet's `CocoDataset`.
enum CocoDataset {
  /// What data sets of that form differ in.
  struct Kind: Sendable {
    var type = "CocoDataset"
    var classNames: [String]? = CocoClasses.names
    var palette: [[UInt8]]? = CocoClasses.palette
    var naming = CocoFile.Naming.fileName
    /// Whether labels go by the file's classes, whatever names the data set has: LVIS.
    var takesAllCategories = false
    /// Whether classes are sorted by their identifiers first: Objects365, whose files differ.
    var sortsCategories = false
    /// Pictures that are left out.
    var missing: Set<String> = []
    /// Which objects count.
    var rules = CocoAnnotations.Rules.coco
  }

  /// Reads the annotations.
  ///
  /// - Throws: `DataError` that names the file, the line and the object.
  static func load(_ config: DetectionDatasetConfig, _ kind: Kind, _ context: BuildContext) throws
    -> DetectionDataset
  {
    let (names, areGiven) = try config.classNames(kind.classNames)
    let file = try CocoFile(
      path: config.annotationFile, naming: kind.naming, sortsCategories: kind.sortsCategories,
      without: kind.missing)
    // Labels follow the order of the classes in the file, not in the list of names.
    let categories =
      kind.takesAllCategories ? file.categories : file.categories.filter { names?.contains($0.name) ?? true }
    if let names, !kind.takesAllCategories { try check(names, areGiven, file, config) }
    let labels = Dictionary(uniqueKeysWithValues: categories.enumerated().map { ($1.id, $0) })
    return try DetectionDataset(
      .init(
        type: kind.type,
        pictures: file.pictures.map {
          DatasetPicture(fileName: $0.fileName, width: $0.width, height: $0.height)
        },
        annotations: CocoAnnotations(
          file: file, labels: labels, semanticSuffix: config.segmentationSuffix, rules: kind.rules),
        classNames: names, palette: kind.palette,
        coco: CocoReference(file: file, categoryIDs: categories.map(\.id))),
      config, context)
  }

  /// Names that the config gives must all be in the file; of a data set's own names some must be.
  private static func check(
    _ names: [String], _ areGiven: Bool, _ file: CocoFile, _ config: DetectionDatasetConfig
  ) throws {
    let known = file.categories.map(\.name)
    func fail(_ text: String) -> BuildError {
      BuildError(.invalid(text), path: config.classes.path, location: config.classes.node?.location)
    }
    let some = known.prefix(5).joined(separator: ", ") + (known.count > 5 ? "..." : "")
    if areGiven, let missing = names.first(where: { !known.contains($0) }) {
      let hint = nearest(missing, among: known).map { "; did you mean '\($0)'?" } ?? "; it has \(some)"
      throw fail("must be classes of \(file.path), found '\(missing)'\(hint)")
    }
    if areGiven, Set(names).count < names.count { throw fail("must be different names, found \(names)") }
    if !known.isEmpty, !names.contains(where: known.contains) {
      throw fail(
        "must be given: \(file.path) has none of the data set's own classes, but \(some); set classes=[...]")
    }
  }
}

/// The objects of a COCO file.
struct CocoAnnotations: AnnotationSource {
  /// Which objects are left out.
  enum Rules: Sendable {
    /// Those without area, smaller than a pixel, or outside of the picture; crowds are ignored regions.
    case coco
    /// As `coco`, but objects outside of the picture stay, pictures with nothing but crowds are empty, and the file
    /// names the semantic maps.
    case cityscapes
  }

  let file: CocoFile
  /// Class indices by the identifiers of the classes that count.
  let labels: [Int: Int]
  let semanticSuffix: String
  let rules: Rules

  func annotation(at index: Int) throws -> PictureAnnotation {
    let picture = file.pictures[index]
    let (pictureWidth, pictureHeight) = (Double(picture.width), Double(picture.height))
    var result = PictureAnnotation()
    var (ignored, outlines) = (Boxes(), [Segmentation?]())
    for position in file.objectsOfPicture[index] {
      let object = file.objects[Int(position)]
      if object.isIgnored { continue }
      let (x1, y1, w, h) = (object.x, object.y, object.width, object.height)
      if rules == .coco {
        let insideWidth = max(0, min(x1 + w, pictureWidth) - max(x1, 0))
        let insideHeight = max(0, min(y1 + h, pictureHeight) - max(y1, 0))
        if insideWidth * insideHeight == 0 { continue }
      }
      if object.area <= 0 || w < 1 || h < 1 { continue }
      guard let label = labels[object.category] else { continue }
      let box = Box(Float(x1), Float(y1), Float(x1 + w), Float(y1 + h))
      if object.isCrowd {
        ignored.append(box)
      } else {
        result.boxes.append(box)
        result.labels.append(label)
        outlines.append(file.segmentation(of: object))
      }
    }
    (result.ignoredBoxes, result.outlines) = (ignored, outlines)
    let name = picture.fileName
    result.semanticMap =
      rules == .cityscapes
      ? picture.semanticMap : (name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name) + semanticSuffix
    return result
  }

  /// The identifiers of all objects' classes, as the original has them here.
  func categories(at index: Int) -> [Int] {
    file.objectsOfPicture[index].map { file.objects[Int($0)].category }
  }

  func hasObjects(at index: Int) -> Bool {
    let objects = file.objectsOfPicture[index].lazy.map { file.objects[Int($0)] }
    return objects.contains { labels[$0.category] != nil }
      && (rules == .coco || !objects.allSatisfy(\.isCrowd))
  }
}
