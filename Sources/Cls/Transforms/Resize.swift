import Core
import PyConfig

/// Resizes the picture. Mirrors mmcls's `Resize`.
///
/// `size` is one number (a square), `(h, w)`, or `(n, -1)`: then the side that `adaptive_side` names becomes `n` and the
/// other follows.
public struct Resize: Transform, ConfigRecord {
  public enum AdaptiveSide: String, Sendable, CaseIterable, ConfigDecodable {
    case short, long, height, width
  }

  public var height: Int
  /// `nil`: worked out from the aspect ratio.
  public var width: Int?
  public var adaptiveSide: AdaptiveSide
  public var interpolation: Interpolation
  public var backend: ImageBackend

  public init(from reader: inout ConfigReader) throws {
    let size: OneOrMany<Int> = try reader.value("size")
    let numbers = size.wasList ? size.elements : [size.elements[0], size.elements[0]]
    guard numbers.count == 2, numbers[0] > 0, numbers[1] > 0 || numbers[1] == -1 else {
      throw reader.invalid("must be a positive int, (h, w) or (n, -1), found \(numbers)", key: "size")
    }
    guard numbers.allSatisfy({ $0 <= 65536 }) else {
      throw reader.invalid("must be at most 65536, found \(numbers)", key: "size")
    }
    (height, width) = (numbers[0], numbers[1] == -1 ? nil : numbers[1])
    adaptiveSide = try reader.value("adaptive_side", default: .short)
    (interpolation, backend) = try reader.resampling()
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("Resize")
    guard let target = target(image.height, image.width) else { return true }
    try sample.replaceImage(
      image.resized(
        width: max(1, target.width), height: max(1, target.height), interpolation, backend, of: sample.file,
        by: "Resize"))
    return true
  }

  /// The new size; `nil` when the picture has it on the side that counts.
  private func target(_ h: Int, _ w: Int) -> (height: Int, width: Int)? {
    if let width { return (height, width) }
    let goal = height
    let (keeps, widthLeads): (Bool, Bool)
    switch adaptiveSide {
    case .short: (keeps, widthLeads) = (min(h, w) == goal, w < h)
    case .long: (keeps, widthLeads) = (max(h, w) == goal, w > h)
    case .height: (keeps, widthLeads) = (h == goal, false)
    case .width: (keeps, widthLeads) = (w == goal, true)
    }
    if keeps { return nil }
    return widthLeads ? (goal * h / w, goal) : (goal, goal * w / h)
  }
}
