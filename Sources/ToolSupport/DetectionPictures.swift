import Core
import Det
import Foundation

/// Pictures with the objects that a detector finds in them.
public struct DetectionPictures {
  private let outcome: DetectionTestRun.Outcome
  private let scoreThreshold: Float

  /// - Parameter scoreThreshold: objects with a lower score are not drawn.
  public init(_ outcome: DetectionTestRun.Outcome, scoreThreshold: Float) {
    (self.outcome, self.scoreThreshold) = (outcome, scoreThreshold)
  }

  /// Writes every picture of the data set, under its own name below `folder`.
  ///
  /// - Throws: what is wrong with a picture or with the folder.
  public func write(to folder: String) throws {
    let parts = (outcome.dataset as? ConcatDataset)?.datasets ?? [outcome.dataset]
    var start = 0
    for part in parts {
      guard let dataset = part as? DetectionDataset else {
        throw DataError("--show-dir draws data sets of detection")
      }
      for index in 0..<dataset.count {
        let file = dataset.file(at: index)
        // Names come from a file: they must not lead out of the folder.
        let name = file.name.split(separator: "/").filter { $0 != ".." && $0 != "." }.joined(separator: "/")
        let target = "\(folder)/\(name)"
        try FileManager.default.createDirectory(
          atPath: URL(fileURLWithPath: target).deletingLastPathComponent().path,
          withIntermediateDirectories: true)
        let picture = try Image.read(path: file.path)
        try draw(outcome.pictures[start + index], on: picture, dataset.palette).write(path: target)
      }
      start += dataset.count
    }
  }

  /// The picture with masks, boxes, names and scores.
  public func draw(_ objects: Detections, on picture: Image, _ palette: [[UInt8]]?) -> Image {
    var canvas = picture
    let shown = (0..<objects.count).filter { objects.scores[$0] >= scoreThreshold }
    func color(_ index: Int) -> [UInt8] {
      let label = objects.labels[index]
      if let palette, palette.indices.contains(label), palette[label].count == 3 {
        return palette[label].reversed()
      }
      // Colours that lie far apart, for data sets without any.
      let hue = UInt32(truncatingIfNeeded: label + 1) &* 2_654_435_761
      return [UInt8(64 + (hue >> 8) % 192), UInt8(64 + (hue >> 16) % 192), UInt8(64 + (hue >> 24) % 192)]
    }
    for index in shown {
      guard let mask = objects.masks?[index], mask.height == canvas.height, mask.width == canvas.width else {
        continue
      }
      canvas.paint(mask: mask.bitmap.map { $0 != 0 }, color: color(index), opacity: 0.5)
    }
    let scale = max(1, min(picture.width, picture.height) / 400)
    for index in shown {
      let box = objects.boxes[index]
      guard [box.x1, box.y1, box.x2, box.y2].allSatisfy({ abs($0) < 1e6 }) else { continue }
      let (x1, y1, x2, y2) = (Int(box.x1), Int(box.y1), Int(box.x2), Int(box.y2))
      canvas.drawRectangle(x1: x1, y1: y1, x2: x2, y2: y2, color: color(index), thickness: scale)
      let label = objects.labels[index]
      let name = outcome.classNames.indices.contains(label) ? outcome.classNames[label] : "\(label)"
      canvas.draw(
        text: "\(name)|\(PythonText.fixed(Double(objects.scores[index]), 2))", x: x1 + 1, y: y1 + 1,
        color: [255, 255, 255], background: [0, 0, 0], backgroundOpacity: 0.6, scale: scale)
    }
    return canvas
  }
}
