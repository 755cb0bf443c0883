/// What is known of the pictures of a data set of COCO's form, for evaluation.
public struct COCOGroundTruth: Sendable {
  /// A class of the file.
  public struct Category: Sendable {
    public var id: Int
    public var name: String
    /// LVIS: `r`are, `c`ommon or `f`requent.
    public var frequency: Character?

    public init(id: Int, name: String, frequency: Character? = nil) {
      (self.id, self.name, self.frequency) = (id, name, frequency)
    }
  }

  /// By label.
  public var categories: [Category]
  /// The identifiers of the pictures, in the order of results.
  public var pictures: [Int]
  /// The objects of one picture that are of the classes: `category` is the label. Masks are asked for only when they
  /// are needed.
  public var truths: @Sendable (_ picture: Int, _ withMasks: Bool) throws -> [COCOEvaluation.Truth]
  /// The objects of one picture that proposals should find: of all classes, without crowds and ignored ones.
  public var proposalTruths: @Sendable (_ picture: Int) throws -> Boxes

  public init(
    categories: [Category], pictures: [Int],
    truths: @escaping @Sendable (_ picture: Int, _ withMasks: Bool) throws -> [COCOEvaluation.Truth],
    proposalTruths: @escaping @Sendable (_ picture: Int) throws -> Boxes
  ) {
    (self.categories, self.pictures) = (categories, pictures)
    (self.truths, self.proposalTruths) = (truths, proposalTruths)
  }

  /// Pictures as pycocotools orders them: by identifier.
  var order: [Int] { pictures.indices.sorted { pictures[$0] < pictures[$1] } }

  /// For each label the position of its class when classes are ordered by identifier, as pycocotools orders them.
  var ranks: [Int] {
    let sorted = categories.indices.sorted { categories[$0].id < categories[$1].id }
    var ranks = sorted
    for (rank, label) in sorted.enumerated() { ranks[label] = rank }
    return ranks
  }
}

extension Detections {
  /// The detections as result files have them: the sides of boxes as differences in 64 bits, by class.
  ///
  /// - Parameters:
  ///   - ranks: for each label the position of its class; other labels are left out.
  ///   - usesMasks: whether areas and scores are those of the masks.
  func cocoPredictions(ranks: [Int], usesMasks: Bool) -> [COCOEvaluation.Prediction] {
    let scores = usesMasks ? maskScores ?? scores : scores
    return labels.indices.filter { ranks.indices.contains(labels[$0]) }
      .sorted { (labels[$0], $0) < (labels[$1], $1) }
      .map { index in
        COCOEvaluation.Prediction(
          category: ranks[labels[index]], score: Double(scores[index]), box: COCOBox(boxes[index]),
          mask: usesMasks ? masks?[index] : nil)
      }
  }
}

extension COCOBox {
  /// A box of corners in 32 bits.
  public init(_ box: Box) {
    let (x, y) = (Double(box.x1), Double(box.y1))
    self.init(x: x, y: y, width: Double(box.x2) - x, height: Double(box.y2) - y)
  }
}
