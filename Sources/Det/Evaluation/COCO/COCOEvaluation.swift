import Core

/// Average precision and recall of boxes or masks over several IoU thresholds and area ranges: COCO's metric.
///
/// Lin et al., 2014 (<https://arxiv.org/abs/1405.0312>). The numbers are pycocotools', to the order of ties; LVIS is
/// measured by the same steps with other rules. Pictures are matched one by one, on all threads; of each only what
/// the curves need is kept.
public struct COCOEvaluation: Sendable {
  /// What is compared.
  public enum Shape: Sendable { case box, mask }

  /// An object that is there.
  public struct Truth: Sendable {
    /// The annotation's identifier. As with pycocotools, a detection that matches number 0 counts as unmatched.
    public var id: Int
    /// The position of its class.
    public var category: Int
    public var box: COCOBox
    /// In pixels, as the annotation has it.
    public var area: Double
    /// Any part of it may be matched, as often as one likes.
    public var isCrowd: Bool
    /// Neither finding nor missing it counts.
    public var isIgnored: Bool
    public var mask: RunLengthMask?

    public init(
      id: Int, category: Int, box: COCOBox, area: Double, isCrowd: Bool = false, isIgnored: Bool? = nil,
      mask: RunLengthMask? = nil
    ) {
      (self.id, self.category, self.box, self.area) = (id, category, box, area)
      (self.isCrowd, self.isIgnored, self.mask) = (isCrowd, isIgnored ?? isCrowd, mask)
    }
  }

  /// An object that was found.
  public struct Prediction: Sendable {
    public var category: Int
    public var score: Double
    public var box: COCOBox
    public var area: Double
    public var mask: RunLengthMask?
    /// Whether it does not count when it matches nothing: LVIS, where not every object of the class is marked.
    public var isExcused: Bool

    /// - Parameter area: by default that of the mask, else of the box.
    public init(
      category: Int, score: Double, box: COCOBox, mask: RunLengthMask? = nil, area: Double? = nil,
      isExcused: Bool = false
    ) {
      (self.category, self.score, self.box, self.mask) = (category, score, box, mask)
      self.area = area ?? mask.map { Double($0.area) } ?? box.area
      self.isExcused = isExcused
    }
  }

  /// A range of areas in pixels, both ends inside.
  public struct AreaRange: Sendable, Equatable {
    public var name: String
    public var low, high: Double

    public static let standard = [
      AreaRange(name: "all", low: 0, high: 1e10), AreaRange(name: "small", low: 0, high: 1024),
      AreaRange(name: "medium", low: 1024, high: 9216), AreaRange(name: "large", low: 9216, high: 1e10),
    ]
  }

  public var shape: Shape
  /// How many classes there are.
  public var categories: Int
  /// Whether objects only match objects of their class.
  public var usesCategories = true
  /// At most 64.
  public var thresholds: [Double] = Self.spaced(0.5, 0.95, 10)
  public var recalls: [Double] = Self.spaced(0, 1, 101)
  /// How many detections of a class in a picture count, ascending.
  public var maxDetections = [1, 10, 100]
  public let areas = AreaRange.standard

  public init(_ shape: Shape, categories: Int) { (self.shape, self.categories) = (shape, categories) }

  /// `numpy.linspace`
  public static func spaced(_ first: Double, _ last: Double, _ count: Int) -> [Double] {
    let step = (last - first) / Double(count - 1)
    return (0..<count).map { $0 == count - 1 ? last : Double($0) * step + first }
  }

  /// Measures the detections in some pictures.
  ///
  /// - Parameters:
  ///   - pictures: how many there are; ties between scores go by their order.
  ///   - content: what is in a picture and what was found; called once for each, from several threads.
  /// - Throws: what `content` throws.
  /// - Complexity: O(thresholds × areas × detections × objects of the class in the picture).
  public func callAsFunction(
    pictures: Int, _ content: @Sendable (Int) throws -> (truths: [Truth], predictions: [Prediction])
  ) throws -> COCOCurves {
    precondition(thresholds.count <= 64, "COCOEvaluation: at most 64 thresholds, found \(thresholds.count)")
    precondition(
      !maxDetections.isEmpty && maxDetections == maxDetections.sorted(),
      "COCOEvaluation: maxDetections must ascend, found \(maxDetections)")
    let chunk = 16
    let matcher = COCOMatcher(self)
    let matches = try concurrentMap(count: (pictures + chunk - 1) / chunk) { index in
      var matches: [COCOMatcher.Group] = []
      for picture in (index * chunk)..<min((index + 1) * chunk, pictures) {
        let (truths, predictions) = try content(picture)
        matcher.match(truths, predictions, into: &matches)
      }
      return matches
    }
    var groups = [[COCOMatcher.Group]](repeating: [], count: usesCategories ? categories : 1)
    for group in matches.joined() { groups[group.category].append(group) }
    return COCOCurves(self, groups)
  }
}
