import Core
import TorchFile

/// Pictures with boxes in shares of their sides. Mirrors mmdet's `OpenImagesDataset` and `OpenImagesChallengeDataset`.
///
/// Kuznetsova et al., 2018 (<https://arxiv.org/abs/1811.00982>).
enum OpenImagesDataset {
  struct Config: ConfigRecord, Sendable {
    var base: DetectionDatasetConfig
    var labelFile: String
    var imageLabelFile: String
    var hierarchyFile: String?
    var metaFile: String
    var usesSuperclasses, readsMetas, readsMetasFromFile, filtersLabels, readsImageLabels: Bool

    init(from reader: inout ConfigReader) throws {
      labelFile = try reader.value("label_file")
      imageLabelFile = try reader.value("image_level_ann_file", default: "")
      usesSuperclasses = try reader.value("get_supercategory", default: true)
      hierarchyFile = try reader.optional("hierarchy_file")
      readsMetas = try reader.value("get_metas", default: true)
      readsMetasFromFile = try reader.value("load_from_file", default: true)
      metaFile = try reader.value("meta_file", default: "")
      filtersLabels = try reader.value("filter_labels", default: true)
      readsImageLabels = try reader.value("load_image_level_labels", default: true)
      guard labelFile.hasSuffix("csv") else {
        throw reader.invalid("must be a .csv file, found '\(labelFile)'", key: "label_file")
      }
      base = try DetectionDatasetConfig(from: &reader)
      if let root = base.dataRoot, !root.isEmpty {
        if !metaFile.isEmpty { metaFile = SampleFile(prefix: root, name: metaFile).path }
        hierarchyFile = hierarchyFile.map { SampleFile(prefix: root, name: $0).path }
      }
    }
  }

  enum Kind: String, Sendable {
    case plain = "OpenImagesDataset"
    case challenge = "OpenImagesChallengeDataset"
  }

  static func load(_ config: Config, _ kind: Kind, _ context: BuildContext) throws -> DetectionDataset {
    let (names, labels) = try classes(config.labelFile, kind)
    let (pictures, annotations) =
      kind == .plain
      ? try readTable(config.base.annotationFile, labels)
      : try readList(config.base.annotationFile, names.count)
    let knowledge = OpenImagesReference(config: config, kind: kind, labels: labels)
    return try DetectionDataset(
      .init(
        type: kind.rawValue, pictures: pictures, annotations: PlainAnnotations(annotations: annotations),
        classNames: names, minSize: 0, hasSizes: false, openImages: knowledge),
      config.base, context)
  }

  /// Names by label, and labels by the identifiers that other files use.
  private static func classes(_ file: String, _ kind: Kind) throws -> (names: [String], labels: [String: Int])
  {
    let rows = try CSVFile.rows(file)
    var labels: [String: Int] = [:]
    var numbered: [(number: Int, name: String)] = []
    for (index, row) in rows.enumerated() {
      guard row.count >= (kind == .plain ? 2 : 3) else {
        throw DataError(
          "must have \(kind == .plain ? 2 : 3) columns, found \(row.count)", file: file, line: index + 1)
      }
      var number = index + 1
      if kind == .challenge {
        guard let given = Int(row[2]), (1...rows.count).contains(given) else {
          throw DataError(
            "must have a number in 1...\(rows.count) in column 3, found '\(row[2])'", file: file,
            line: index + 1)
        }
        number = given
      }
      labels[row[0]] = number - 1
      numbered.append((number, row[1]))
    }
    return (numbered.sorted { $0.number < $1.number }.map(\.name), labels)
  }

  /// Open Images' own table: one line a box.
  private static func readTable(
    _ file: String, _ labels: [String: Int]
  ) throws -> ([DatasetPicture], [PictureAnnotation]) {
    var (pictures, annotations) = ([DatasetPicture](), [PictureAnnotation]())
    var indices: [String: Int] = [:]
    for (number, row) in try CSVFile.rows(file).enumerated().dropFirst() {
      func fail(_ text: String) -> DataError { DataError(text, file: file, line: number + 1) }
      guard row.count >= 13 else { throw fail("must have 13 columns, found \(row.count)") }
      guard let label = labels[row[2]] else {
        throw fail("must have a class of the label file, found '\(row[2])'")
      }
      let corners = try [row[4], row[6], row[5], row[7]].map { text -> Float in
        guard let value = Double(text), value.isFinite else {
          throw fail("corners must be numbers, found '\(text)'")
        }
        return Float(value)
      }
      guard corners[2] >= corners[0], corners[3] >= corners[1] else {
        throw fail("boxes must have XMin <= XMax and YMin <= YMax, found \(corners)")
      }
      let index: Int
      if let known = indices[row[0]] {
        index = known
      } else {
        index = pictures.count
        indices[row[0]] = index
        pictures.append(DatasetPicture(fileName: "\(row[0]).jpg"))
        annotations.append(PictureAnnotation(ignoredBoxes: Boxes(), isGroup: []))
      }
      annotations[index].boxes.append(Box(corners[0], corners[1], corners[2], corners[3]))
      annotations[index].labels.append(label)
      annotations[index].isGroup?.append(row[10] == "1")
    }
    return (pictures, annotations)
  }

  /// The challenge's list: a name, a line of no use, the number of boxes, and the boxes.
  private static func readList(_ file: String, _ classes: Int) throws -> (
    [DatasetPicture], [PictureAnnotation]
  ) {
    let lines = try TextFile.lines(file)
    var (pictures, annotations) = ([DatasetPicture](), [PictureAnnotation]())
    var position = 0
    while position < lines.count {
      guard position + 2 < lines.count, let count = Int(lines[position + 2].filter { !$0.isWhitespace }),
        (0...lines.count - position - 3).contains(count)
      else {
        throw DataError(
          "must have the number of boxes two lines below a picture's name", file: file, line: position + 1)
      }
      pictures.append(DatasetPicture(fileName: lines[position].trimmingSuffix(while: \.isWhitespace)))
      var annotation = PictureAnnotation(ignoredBoxes: Boxes(), isGroup: [])
      for number in (position + 3)..<(position + 3 + count) {
        let fields = lines[number].split(whereSeparator: \.isWhitespace)
        let corners = fields.count >= 6 ? fields[1...4].compactMap { Float($0) } : []
        guard let label = fields.first.flatMap({ Int($0) }), (1...classes).contains(label),
          corners.count == 4,
          corners.allSatisfy(\.isFinite), corners[2] >= corners[0], corners[3] >= corners[1]
        else {
          throw DataError(
            "must have a label in 1...\(classes), four ordered corners and a flag, found '\(lines[number])'",
            file: file,
            line: number + 1)
        }
        annotation.boxes.append(Box(corners[0], corners[1], corners[2], corners[3]))
        annotation.labels.append(label - 1)
        annotation.isGroup?.append(fields[5] == "1")
      }
      annotations.append(annotation)
      position += 3 + count
    }
    return (pictures, annotations)
  }
}

extension String {
  fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> String {
    var text = Substring(self)
    while let last = text.last, predicate(last) { text.removeLast() }
    return String(text)
  }
}

/// What Open Images' metrics need beside boxes.
struct OpenImagesReference: Sendable {
  let config: OpenImagesDataset.Config
  let kind: OpenImagesDataset.Kind
  let labels: [String: Int]

  /// For each class those that its boxes count for, itself among them.
  func superclasses(_ count: Int) throws -> [[Int]] {
    var table = (0..<count).map { Set([$0]) }
    guard config.usesSuperclasses else { return table.map { $0.sorted() } }
    guard let file = config.hierarchyFile else {
      throw BuildError(.missingKey("hierarchy_file"), path: config.base.path)
    }
    if kind == .challenge {
      let array = try NPYFile.read(file)
      guard array.shape.count == 2, array.shape[0] > count, array.shape[1] > count else {
        throw DataError(
          "must be a table of at least \(count + 1) x \(count + 1), found \(array.shape)", file: file)
      }
      let (values, stride) = (array.asFloat64(), array.shape[1])
      // Row and column 0 are of no class.
      return (1...count).map { row in (1...count).filter { values[row * stride + $0] != 0 }.map { $0 - 1 } }
    }
    var scanner = try JSONScanner(path: file)
    try addChildren(&scanner, [], file, &table)
    try scanner.finish()
    return table.map { $0.sorted() }
  }

  /// Reads a class with its subclasses, each of which counts for all above it.
  private func addChildren(
    _ scanner: inout JSONScanner, _ parents: [Int], _ file: String, _ table: inout [Set<Int>]
  ) throws {
    // The name may stand behind the subclasses: they are read again when it is known.
    var name: String?
    var children: JSONScanner?
    try scanner.object { key, scanner in
      switch key {
      case "LabelName": name = try scanner.string()
      case "Subcategory":
        children = scanner
        try scanner.skip()
      default: try scanner.skip()
      }
    }
    var above = parents
    if let label = name.flatMap({ labels[$0] }), table.indices.contains(label) {
      table[label].formUnion(parents)
      above.append(label)
    } else if !parents.isEmpty {
      throw DataError("must name classes of the label file, found '\(name ?? "")'", file: file)
    }
    guard var children else { return }
    try children.array { try addChildren(&$0, above, file, &table) }
  }

  /// The classes that each picture was checked for, by the names of pictures without their endings.
  func imageLabels() throws -> [String: [Int]] {
    var result: [String: [Int]] = [:]
    for (number, row) in try CSVFile.rows(config.imageLabelFile).enumerated().dropFirst() {
      let column = kind == .plain ? 2 : 1
      guard row.count > column, let label = labels[row[column]] else {
        throw DataError(
          "must have a class of the label file in column \(column + 1)", file: config.imageLabelFile,
          line: number + 1)
      }
      result[row[0], default: []].append(label)
    }
    return result
  }

  /// Heights and widths of the pictures, from a pickle with what pipelines knew of them.
  func sizes(_ pictures: [DatasetPicture]) throws -> [(height: Int, width: Int)] {
    let file = config.metaFile
    guard let items = try TorchFile.readPickle(path: file).elements, items.count == pictures.count else {
      throw DataError("must be a list with a record for each of the \(pictures.count) pictures", file: file)
    }
    return try zip(items, pictures).map { item, picture in
      let shape = item["ori_shape"]?.elements?.compactMap(\.int) ?? []
      guard shape.count >= 2,
        item["filename"]?.string?.split(separator: "/").last == picture.fileName.split(separator: "/").last
      else { throw DataError("must have filename and ori_shape of \(picture.fileName)", file: file) }
      return (shape[0], shape[1])
    }
  }
}
