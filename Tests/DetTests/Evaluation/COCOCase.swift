import Det

/// A made-up data set and detections on it; det-coco-eval/make.py makes the same.
struct COCOCase: Sendable {
  struct Picture: Sendable {
    var id: Int
    var truths: [COCOEvaluation.Truth] = []
    var predictions: [COCOEvaluation.Prediction] = []
  }

  var classes: Int
  var height, width: Int
  var pictures: [Picture] = []

  /// The generator of both sides.
  struct Random {
    var state: UInt64

    mutating func next(_ n: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(n))
    }
  }

  init(_ number: Int) {
    var random = Random(state: UInt64(number + 1))
    classes = 1 + random.next(4)
    let count = 2 + random.next(6)
    height = 60 + random.next(100)
    width = 60 + random.next(140)
    var id = number % 10 == 0 ? 0 : 1
    for index in 0..<count {
      var picture = Picture(id: 100 - 3 * index)
      for _ in 0..<random.next(7) {
        let box = box(&random)
        let category = random.next(classes)
        picture.truths.append(
          COCOEvaluation.Truth(
            id: id, category: category, box: box, area: box.width * box.height * 0.75,
            isCrowd: random.next(8) == 0))
        id += 1
        for _ in 0..<random.next(4) {
          let other = random.next(8) == 0 ? random.next(classes) : category
          let x = box.x + Double(random.next(17) - 8) / 4
          let y = box.y + Double(random.next(17) - 8) / 4
          let w = box.width * Double(24 + random.next(17)) / 32
          let h = box.height * Double(24 + random.next(17)) / 32
          add(COCOBox(x: x, y: y, width: w, height: h), other, &picture, &random)
        }
      }
      for _ in 0..<random.next(4) {
        let box = box(&random)
        add(box, random.next(classes), &picture, &random)
      }
      pictures.append(picture)
    }
    if pictures.allSatisfy(\.predictions.isEmpty) {
      pictures[0].predictions = [
        COCOEvaluation.Prediction(category: 0, score: 0.5, box: COCOBox(x: 1, y: 2, width: 3, height: 4))
      ]
    }
    pictures.sort { $0.id < $1.id }
  }

  private func box(_ random: inout Random) -> COCOBox {
    let x = Double(random.next(width * 4)) / 4
    let y = Double(random.next(height * 4)) / 4
    let w = Double(8 + random.next(width * 3)) / 4
    return COCOBox(x: x, y: y, width: w, height: Double(8 + random.next(height * 3)) / 4)
  }

  private func add(_ box: COCOBox, _ category: Int, _ picture: inout Picture, _ random: inout Random) {
    let score = Double(random.next(40)) / 40
    picture.predictions.append(COCOEvaluation.Prediction(category: category, score: score, box: box))
  }

  /// A shape inside of a box.
  func mask(_ box: COCOBox) throws -> RunLengthMask {
    let (x, y, w, h) = (box.x, box.y, box.width, box.height)
    let points = [
      x, y + h / 4, x + w / 2, y, x + w, y + h / 2, x + w * 3 / 4, y + h, x + w / 4, y + h * 7 / 8,
    ]
    return try RunLengthMask(polygons: [points], height: height, width: width)
  }

  /// With masks, as result files of masks are read: areas are the masks'.
  func withMasks(
    _ picture: Picture
  ) throws -> (truths: [COCOEvaluation.Truth], predictions: [COCOEvaluation.Prediction]) {
    let truths = try picture.truths.map { truth in
      var truth = truth
      truth.mask = try mask(truth.box)
      return truth
    }
    let predictions = try picture.predictions.map {
      COCOEvaluation.Prediction(category: $0.category, score: $0.score, box: $0.box, mask: try mask($0.box))
    }
    return (truths, predictions)
  }
}
