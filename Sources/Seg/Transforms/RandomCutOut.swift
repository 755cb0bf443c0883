import Core
import PyConfig

/// Covers random rectangles of the picture with one colour. Mirrors mmseg's `RandomCutOut`.
///
/// DeVries and Taylor, 2017 (<https://arxiv.org/abs/1708.04552>).
public struct RandomCutOut: Transform, ConfigRecord {
  public var probability: Double
  public var holes: ClosedRange<Int>
  /// Widths and heights to choose from: pixels, or shares of the picture's.
  public var candidates: [[Double]]
  public var areShares: Bool
  public var color: [Double]
  /// What label maps get there; `nil` leaves them.
  public var label: Int?

  public init(from reader: inout ConfigReader) throws {
    probability = try reader.value("prob")
    guard (0...1).contains(probability) else {
      throw reader.invalid("must be in 0...1, found \(probability)", key: "prob")
    }
    let count: OneOrMany<Int> = try reader.value("n_holes")
    let ends = count.elements
    guard count.wasList ? ends.count == 2 && ends[0] < ends[1] : ends.count == 1,
      ends.allSatisfy({ (0...10000).contains($0) })
    else {
      throw reader.invalid("must be a number or (min, max) in 0...10000, found \(ends)", key: "n_holes")
    }
    holes = ends[0]...(ends.last ?? ends[0])
    let shapes = try Self.candidates(&reader, "cutout_shape")
    let shares = try Self.candidates(&reader, "cutout_ratio")
    guard (shapes == nil) != (shares == nil) else {
      throw reader.invalid("exactly one of cutout_shape and cutout_ratio must be given")
    }
    (candidates, areShares) = (shapes ?? shares ?? [], shares != nil)
    color = try reader.value("fill_in", default: [0, 0, 0])
    label = try reader.optional("seg_fill_in")
    if let label, !(0...255).contains(label) {
      throw reader.invalid("must be in 0...255, found \(label)", key: "seg_fill_in")
    }
  }

  /// One pair of numbers or several.
  private static func candidates(_ reader: inout ConfigReader, _ key: String) throws -> [[Double]]? {
    guard let node = reader.node(key), !node.isNone else { return nil }
    let isMany = node.items?.first?.items != nil
    let pairs =
      try isMany ? [[Double]](from: node, at: reader.path(key)) : [[Double](from: node, at: reader.path(key))]
    guard !pairs.isEmpty, pairs.allSatisfy({ $0.count == 2 && $0.allSatisfy { (0...65536).contains($0) } })
    else {
      throw reader.invalid("must be (w, h) or a list of such pairs, found \(pairs)", key: key)
    }
    return pairs
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    var image = try sample.requireImage("RandomCutOut")
    guard color.count == 1 || color.count == image.channels else {
      throw DataError(
        "RandomCutOut: fill_in must be \(image.channels) numbers, found \(color.count)",
        file: sample.file?.path)
    }
    guard generator.uniform() < probability else { return true }
    try sample.checkLabelSize(by: "RandomCutOut")
    // NumPy cuts what it writes into bytes to whole numbers.
    let fill = image.isFloat ? color : color.map { $0.rounded(.towardZero) }
    for _ in 0..<generator.integer(holes.lowerBound..<(holes.upperBound + 1)) {
      let x = generator.integer(0..<image.width)
      let y = generator.integer(0..<image.height)
      let candidate = candidates[generator.integer(0..<candidates.count)]
      let width = Int(areShares ? candidate[0] * Double(image.width) : candidate[0])
      let height = Int(areShares ? candidate[1] * Double(image.height) : candidate[1])
      image = image.covered(x: x, y: y, width: width, height: height, fill)
      if let label {
        sample.labels = sample.labels?.covered(x: x, y: y, width: width, height: height, [Double(label)])
      }
    }
    sample.image = image
    return true
  }
}

extension Image {
  /// A rectangle from (x, y) on in one colour, cut at the right and lower edges.
  fileprivate func covered(x: Int, y: Int, width: Int, height: Int, _ color: [Double]) -> Image {
    let (right, bottom) = (min(x + width, self.width), min(y + height, self.height))
    guard right > x, bottom > y else { return self }
    return cutOut(
      centerX: Double(x) + Double(right - x) / 2, centerY: Double(y) + Double(bottom - y) / 2,
      width: right - x,
      height: bottom - y, value: color)
  }
}
