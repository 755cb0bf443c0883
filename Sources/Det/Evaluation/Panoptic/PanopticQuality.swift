import Core

/// How well maps of regions agree: segmentation quality times recognition quality.
///
/// Kirillov et al., 2019 (<https://arxiv.org/abs/1801.00868>); the numbers are panopticapi's. Number 0 of a map is
/// what belongs to nothing.
public struct PanopticQuality: Sendable {
  /// A region of a map.
  public struct Segment: Sendable {
    public var id: UInt32
    /// The label of its class.
    public var category: Int
    /// In pixels, as the annotation has it; that of predictions is counted.
    public var area: Int
    public var isCrowd: Bool

    public init(id: UInt32, category: Int, area: Int = 0, isCrowd: Bool = false) {
      (self.id, self.category, self.area, self.isCrowd) = (id, category, area, isCrowd)
    }
  }

  /// A map and its regions.
  public struct Map: Sendable {
    public var height, width: Int
    /// `[height, width]`, row by row: numbers of regions.
    public var ids: [UInt32]
    public var segments: [Segment]

    public init(height: Int, width: Int, ids: [UInt32], segments: [Segment]) {
      (self.height, self.width, self.ids, self.segments) = (height, width, ids, segments)
    }
  }

  /// What was counted of a class.
  public struct Counts: Sendable, Equatable {
    /// The sum of the overlaps of pairs.
    public var overlap = 0.0
    public var pairs = 0, surplus = 0, missed = 0

    /// Panoptic, segmentation and recognition quality, 0...1; all 0 for a class that is nowhere.
    public var quality: (panoptic: Double, segmentation: Double, recognition: Double) {
      guard pairs + surplus + missed > 0 else { return (0, 0, 0) }
      let weight = Double(pairs) + 0.5 * Double(surplus) + 0.5 * Double(missed)
      return (overlap / weight, pairs > 0 ? overlap / Double(pairs) : 0, Double(pairs) / weight)
    }
  }

  /// How many classes there are.
  public var categories: Int

  public init(categories: Int) { self.categories = categories }

  /// - Parameter content: the maps of a picture; called once for each, from several threads.
  /// - Returns: the counts of each class.
  /// - Throws: `DataError` for maps of different sizes, with unknown regions or classes; what `content` throws.
  public func callAsFunction(
    pictures: Int, _ content: @Sendable (Int) throws -> (truth: Map, prediction: Map)
  ) throws -> [Counts] {
    let parts = try concurrentMap(count: pictures) { index in
      let (truth, prediction) = try content(index)
      return try count(truth, prediction)
    }
    var total = [Counts](repeating: Counts(), count: categories)
    for part in parts {
      for (category, counts) in part {
        total[category].overlap += counts.overlap
        total[category].pairs += counts.pairs
        total[category].surplus += counts.surplus
        total[category].missed += counts.missed
      }
    }
    return total
  }

  /// Pixels with one region of each map.
  private struct Pair: Hashable {
    var truth, prediction: UInt32
  }

  private func count(_ truth: Map, _ prediction: Map) throws -> [Int: Counts] {
    let pixels = truth.height * truth.width
    guard truth.height == prediction.height, truth.width == prediction.width,
      truth.ids.count == pixels, prediction.ids.count == pixels
    else {
      throw DataError(
        "panoptic maps must have one size, found \(truth.height)x\(truth.width) and "
          + "\(prediction.height)x\(prediction.width)")
    }
    let known = try index(truth)
    var found = try index(prediction)
    for id in found.keys { found[id]?.area = 0 }
    let shared = try intersections(truth.ids, prediction.ids, &found)
    if let empty = found.values.filter({ $0.area == 0 }).map(\.id).min() {
      throw DataError("panoptic map: region \(empty) has no pixels")
    }
    var result: [Int: Counts] = [:]
    var (matchedTruths, matchedPredictions): (Set<UInt32>, Set<UInt32>) = ([], [])
    for pair in shared.keys.sorted(by: { ($0.truth, $0.prediction) < ($1.truth, $1.prediction) }) {
      guard let a = known[pair.truth], let b = found[pair.prediction], !a.isCrowd, a.category == b.category
      else { continue }
      let intersection = Double(shared[pair] ?? 0)
      // What lies where nothing is marked does not count.
      let unmarked = Double(shared[Pair(truth: 0, prediction: b.id)] ?? 0)
      let overlap = intersection / (Double(a.area) + Double(b.area) - intersection - unmarked)
      guard overlap > 0.5 else { continue }
      result[a.category, default: Counts()].pairs += 1
      result[a.category, default: Counts()].overlap += overlap
      matchedTruths.insert(a.id)
      matchedPredictions.insert(b.id)
    }
    var crowds: [Int: UInt32] = [:]
    for segment in truth.segments where !matchedTruths.contains(segment.id) {
      if segment.isCrowd {
        crowds[segment.category] = segment.id
      } else {
        result[segment.category, default: Counts()].missed += 1
      }
    }
    for segment in prediction.segments where !matchedPredictions.contains(segment.id) {
      var excused = shared[Pair(truth: 0, prediction: segment.id)] ?? 0
      if let crowd = crowds[segment.category] {
        excused += shared[Pair(truth: crowd, prediction: segment.id)] ?? 0
      }
      let area = found[segment.id]?.area ?? 0
      if Double(excused) / Double(area) > 0.5 { continue }
      result[segment.category, default: Counts()].surplus += 1
    }
    return result
  }

  private func index(_ map: Map) throws -> [UInt32: Segment] {
    for segment in map.segments where !(0..<categories).contains(segment.category) {
      throw DataError(
        "panoptic map: the class of region \(segment.id) must be in 0..<\(categories), found \(segment.category)"
      )
    }
    return Dictionary(map.segments.map { ($0.id, $0) }) { $1 }
  }

  /// How many pixels pairs of regions share; counts the pixels of predicted regions.
  private func intersections(
    _ truth: [UInt32], _ prediction: [UInt32], _ found: inout [UInt32: Segment]
  ) throws -> [Pair: Int] {
    var shared: [Pair: Int] = [:]
    var start = 0
    while start < truth.count {
      let (a, b) = (truth[start], prediction[start])
      var end = start + 1
      while end < truth.count, truth[end] == a, prediction[end] == b { end += 1 }
      shared[Pair(truth: a, prediction: b), default: 0] += end - start
      if found[b] != nil {
        found[b]?.area += end - start
      } else if b != 0 {
        throw DataError("panoptic map: region \(b) is not among the map's regions")
      }
      start = end
    }
    return shared
  }
}
