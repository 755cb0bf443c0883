import Core
import TorchFile

/// Pictures with annotations in mmdet's own form: a list with one record a picture, as JSON or as a pickle.
///
/// ```
/// [{"filename": "a.jpg", "width": 1280, "height": 720,
///   "ann": {"bboxes": [[x1, y1, x2, y2], ...], "labels": [...], "bboxes_ignore": [...], "labels_ignore": [...]}}, ...]
/// ```
enum CustomDataset {
  /// - Throws: `DataError` that names the file and the picture.
  static func load(_ config: DetectionDatasetConfig, _ context: BuildContext) throws -> DetectionDataset {
    let file = config.annotationFile
    let records: [Record]
    if file.hasSuffix(".json") {
      records = try json(file)
    } else if file.hasSuffix(".pkl") || file.hasSuffix(".pickle") {
      records = try pickle(file)
    } else {
      throw DataError("must be a .json or .pkl file, found another name", file: file)
    }
    let classNames = try config.classNames(nil).names
    return try DetectionDataset(
      .init(
        type: "CustomDataset", pictures: records.map(\.picture),
        annotations: PlainAnnotations(
          annotations: try records.enumerated().map { try $1.annotation(classNames?.count, file, $0) }),
        classNames: classNames),
      config, context)
  }

  /// A picture as the file has it.
  private struct Record {
    var picture = DatasetPicture(fileName: "")
    var boxes: [[Double]] = []
    var labels: [Int] = []
    var ignored: [[Double]]?

    func annotation(_ classes: Int?, _ file: String, _ index: Int) throws -> PictureAnnotation {
      func fail(_ text: String) -> DataError {
        DataError("[\(index)] (\(picture.fileName)): \(text)", file: file)
      }
      guard !picture.fileName.isEmpty else { throw fail("missing required key 'filename'") }
      guard labels.count == boxes.count else {
        throw fail("must have one label a box, found \(labels.count) for \(boxes.count)")
      }
      if let label = labels.first(where: { $0 < 0 || $0 >= classes ?? .max }) {
        throw fail(
          "labels must be in 0..<\(classes.map(String.init) ?? "") (the data set's classes), found \(label)")
      }
      func converted(_ rows: [[Double]]) throws -> Boxes {
        Boxes(
          try rows.map { row in
            guard row.count == 4, row.allSatisfy(\.isFinite), row[2] >= row[0], row[3] >= row[1] else {
              throw fail("boxes must be [x1, y1, x2, y2] with x1 <= x2 and y1 <= y2, found \(row)")
            }
            return Box(Float(row[0]), Float(row[1]), Float(row[2]), Float(row[3]))
          })
      }
      return PictureAnnotation(
        boxes: try converted(boxes), labels: labels, ignoredBoxes: try ignored.map(converted))
    }
  }

  private static func json(_ file: String) throws -> [Record] {
    var scanner = try JSONScanner(path: file)
    var records: [Record] = []
    func rows(_ scanner: inout JSONScanner) throws -> [[Double]] {
      var rows: [[Double]] = []
      try scanner.array { scanner in
        var row: [Double] = []
        try scanner.numbers(into: &row)
        rows.append(row)
      }
      return rows
    }
    try scanner.array { scanner in
      var record = Record()
      try scanner.object { key, scanner in
        switch key {
        case "filename": record.picture.fileName = try scanner.string()
        case "width": record.picture.width = try scanner.int()
        case "height": record.picture.height = try scanner.int()
        case "ann":
          try scanner.object { key, scanner in
            switch key {
            case "bboxes": record.boxes = try rows(&scanner)
            case "labels": try scanner.array { record.labels.append(try $0.int()) }
            case "bboxes_ignore": record.ignored = try rows(&scanner)
            default: try scanner.skip()
            }
          }
        default: try scanner.skip()
        }
      }
      records.append(record)
    }
    try scanner.finish()
    return records
  }

  private static func pickle(_ file: String) throws -> [Record] {
    guard let items = try TorchFile.readPickle(path: file).elements else {
      throw DataError("must be a list with a record for each picture", file: file)
    }
    return try items.enumerated().map { index, item in
      func fail(_ text: String) -> DataError { DataError("[\(index)]: \(text)", file: file) }
      func rows(_ value: PickleValue?, _ key: String) throws -> [[Double]]? {
        guard let value else { return nil }
        if let tensor = value.tensor {
          let numbers = tensor.asFloat64()
          guard tensor.shape.count == 2, tensor.shape[1] == 4 else {
            if numbers.isEmpty { return [] }
            throw fail("\(key) must be an array of shape (n, 4), found \(value.summary)")
          }
          return (0..<tensor.shape[0]).map { Array(numbers[(4 * $0)..<(4 * $0 + 4)]) }
        }
        guard let rows = value.elements else {
          throw fail("\(key) must be an array of boxes, found \(value.summary)")
        }
        return rows.map { $0.elements?.compactMap(\.double) ?? [] }
      }
      guard item.dictionary != nil else { throw fail("must be a dictionary, found \(item.summary)") }
      var record = Record()
      record.picture = DatasetPicture(
        fileName: item["filename"]?.string ?? "", width: item["width"]?.int ?? 0,
        height: item["height"]?.int ?? 0)
      guard let annotation = item["ann"], annotation.dictionary != nil else { return record }
      record.boxes = try rows(annotation["bboxes"], "bboxes") ?? []
      record.ignored = try rows(annotation["bboxes_ignore"], "bboxes_ignore")
      switch annotation["labels"] {
      case .tensor(let tensor): record.labels = (tensor.asInt64() ?? []).map(Int.init)
      case let value?: record.labels = value.elements?.compactMap(\.int) ?? []
      case nil: record.labels = []
      }
      return record
    }
  }
}
