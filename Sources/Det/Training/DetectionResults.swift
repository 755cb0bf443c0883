import Core

/// What `det-test --out` writes: an array with one object a picture.
public struct DetectionResults {
  public var pictures: [Detections]

  public init(_ pictures: [Detections]) { self.pictures = pictures }

  /// `[{"bboxes": [[x1, y1, x2, y2, score], ...], "labels": [...], "segms": [...], "mask_scores": [...], "pan_size": [h, w], "pan_runs": [[id, n], ...]}, ...]`
  public var json: String {
    var text = "["
    for (index, picture) in pictures.enumerated() {
      if index > 0 { text += ",\n" }
      append(picture, to: &text)
    }
    return text + "]\n"
  }

  private func append(_ picture: Detections, to text: inout String) {
    text += "{\"bboxes\": ["
    for index in 0..<picture.count {
      let box = picture.boxes[index]
      let numbers = [box.x1, box.y1, box.x2, box.y2, picture.scores[index]].map(Self.number).joined(
        separator: ", ")
      text += (index > 0 ? ", [" : "[") + numbers + "]"
    }
    text += "], \"labels\": [\(picture.labels.map(String.init).joined(separator: ", "))]"
    if let masks = picture.masks {
      let parts = masks.map {
        "{\"size\": [\($0.height), \($0.width)], \"counts\": \(PythonText.json($0.compressed))}"
      }
      text += ", \"segms\": [\(parts.joined(separator: ", "))]"
    }
    if let scores = picture.maskScores {
      text += ", \"mask_scores\": [\(scores.map(Self.number).joined(separator: ", "))]"
    }
    if let map = picture.panoptic {
      let runs = map.runs.map { "[\($0.id), \($0.count)]" }.joined(separator: ", ")
      text += ", \"pan_size\": [\(map.height), \(map.width)], \"pan_runs\": [\(runs)]"
    }
    text += "}"
  }

  /// The shortest digits that give a 32-bit float back.
  static func number(_ value: Float) -> String {
    value.isFinite ? "\(value)" : PythonText.json(Double(value))
  }
}
