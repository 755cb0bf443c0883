import Core
import Det
import Foundation

/// What det-metrics/make.py wrote.
struct MetricsGolden: Decodable {
  struct Truth: Decodable {
    var id, label: Int
    /// `x, y, width, height`
    var box: [Double]
    var area: Double
    var crowd, difficult, group: Bool
  }
  struct Picture: Decodable {
    var id: Int
    var truths: [Truth]
    /// `x1, y1, x2, y2, score, label`, by label.
    var found: [[Double]]
    var masks: [String]
    var absent, unexhaustive, imageLabels: [Int]
  }
  enum Value: Decodable {
    case number(Double)
    case text(String)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let text = try? container.decode(String.self) {
        self = .text(text)
      } else {
        self = .number((try? container.decode(Double.self)) ?? .nan)
      }
    }
  }
  struct Case: Decodable {
    var metrics: [[Value]]
    var lines: [String]
  }

  var names: [String]
  var identifiers: [Int]
  var height, width: Int
  var pictures: [Picture]
  var coco, lvis, voc, openimages: [String: Case]

  static let shared = Result { try EvaluationGolden.json("det-metrics/cases.json", as: MetricsGolden.self) }

  func detections(withMasks: Bool = false) throws -> [Detections] {
    try pictures.map { picture in
      var found = Detections(
        boxes: Boxes(picture.found.map { Box(Float($0[0]), Float($0[1]), Float($0[2]), Float($0[3])) }),
        scores: picture.found.map { Float($0[4]) }, labels: picture.found.map { Int($0[5]) })
      if withMasks {
        found.masks = try picture.masks.map {
          try RunLengthMask(compressed: $0, height: height, width: width)
        }
      }
      return found
    }
  }

  /// The data set as COCO's and LVIS's files have it.
  func groundTruth(hasCrowds: Bool = true) -> COCOGroundTruth {
    let (pictures, height, width) = (pictures, height, width)
    return COCOGroundTruth(
      categories: zip(identifiers, names).enumerated().map { index, pair in
        .init(id: pair.0, name: pair.1, frequency: Array("rfcf")[index])
      },
      pictures: pictures.map(\.id),
      truths: { index, withMasks in
        try pictures[index].truths.map { truth in
          let (x, y, w, h) = (truth.box[0], truth.box[1], truth.box[2], truth.box[3])
          let outline = [x, y, x + w, y, x + w, y + h, x, y + h - 3]
          return COCOEvaluation.Truth(
            id: truth.id, category: truth.label, box: COCOBox(x: x, y: y, width: w, height: h),
            area: truth.area,
            isCrowd: truth.crowd && hasCrowds,
            mask: withMasks ? try RunLengthMask(polygons: [outline], height: height, width: width) : nil)
        }
      },
      proposalTruths: { index in Self.boxes(pictures[index].truths.filter { !$0.crowd }) })
  }

  static func boxes(_ truths: [Truth]) -> Boxes {
    var boxes = Boxes()
    for box in truths.map(\.box) {
      let (right, bottom) = (box[0] + box[2], box[1] + box[3])
      boxes.append(Box(Float(box[0]), Float(box[1]), Float(right), Float(bottom)))
    }
    return boxes
  }

  /// The data set as VOC's (with difficult objects) and Open Images' (with groups) files have it.
  func truths(hasGroups: Bool) -> [MeanAveragePrecision.Truth] {
    pictures.map { picture in
      let own = picture.truths.filter { hasGroups || !$0.difficult }
      let ignored = hasGroups ? [] : picture.truths.filter(\.difficult)
      var truth = MeanAveragePrecision.Truth()
      (truth.boxes, truth.labels) = (Self.boxes(own), own.map(\.label))
      (truth.ignoredBoxes, truth.ignoredLabels) = (Self.boxes(ignored), ignored.map(\.label))
      truth.isGroup = hasGroups ? own.map(\.group) : nil
      return truth
    }
  }
}
