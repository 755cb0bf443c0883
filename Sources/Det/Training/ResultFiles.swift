import Core
import OrderedCollections
import PyConfig

/// Files with results for a test server: `prefix.bbox.json` and, with masks, `prefix.segm.json`.
public struct ResultFiles {
  private let dataset: DetectionDataset
  private let coco: CocoReference
  private let prefix: String

  /// - Parameter options: `jsonfile_prefix`, where the files go.
  /// - Throws: `DataError` where the data set has no such files, `BuildError` for other options.
  public init(_ dataset: any Dataset, _ options: OrderedDictionary<String, ConfigNode>) throws {
    guard let dataset = dataset as? DetectionDataset, let coco = dataset.coco else {
      throw DataError("--format-only writes files of single data sets of COCO's form, found another")
    }
    var reader = try ConfigReader(ConfigNode(.dictionary(ConfigDictionary(options))), path: "--eval-options")
    prefix = try reader.value("jsonfile_prefix")
    try reader.finish()
    (self.dataset, self.coco) = (dataset, coco)
  }

  /// - Returns: the names of the files.
  public func write(_ pictures: [Detections]) throws -> [String] {
    var boxes: [String] = []
    var masks: [String] = []
    for (index, picture) in pictures.enumerated() {
      let id = coco.file.pictures[dataset.positions[index]].id
      // By class, as the original has them.
      for position in picture.labels.indices.sorted(by: {
        (picture.labels[$0], $0) < (picture.labels[$1], $1)
      }) {
        let label = picture.labels[position]
        guard coco.categoryIDs.indices.contains(label) else {
          throw DataError(
            "the model's classes must be the data set's \(coco.categoryIDs.count), found class \(label)",
            file: coco.file.path)
        }
        let box = picture.boxes[position]
        let (x1, y1, x2, y2) = (Double(box.x1), Double(box.y1), Double(box.x2), Double(box.y2))
        let place = [x1, y1, x2 - x1, y2 - y1].map(PythonText.json).joined(separator: ", ")
        func entry(_ score: Float, _ more: String = "") -> String {
          "{\"image_id\": \(id), \"bbox\": [\(place)], \"score\": \(PythonText.json(Double(score))), "
            + "\"category_id\": \(coco.categoryIDs[label])\(more)}"
        }
        boxes.append(entry(picture.scores[position]))
        guard let mask = picture.masks?[position] else { continue }
        let outline =
          "{\"size\": [\(mask.height), \(mask.width)], \"counts\": \(PythonText.json(mask.compressed))}"
        masks.append(
          entry(picture.maskScores?[position] ?? picture.scores[position], ", \"segmentation\": \(outline)"))
      }
    }
    var files = [(name: "\(prefix).bbox.json", entries: boxes)]
    if pictures.contains(where: { $0.masks != nil }) { files.append(("\(prefix).segm.json", masks)) }
    for file in files {
      try DataFile.write("[\(file.entries.joined(separator: ", "))]", to: file.name)
    }
    return files.map(\.name)
  }
}
