/// Why a mask cannot be made of what an annotation says.
public struct MaskError: Error, CustomStringConvertible, Equatable {
  /// What must hold and what was found.
  public let problem: String

  public init(_ problem: String) { self.problem = problem }

  public var description: String { "mask: \(problem)" }
}

extension RunLengthMask {
  /// Pictures whose pixels 32-bit runs can count.
  static func checkSize(height: Int, width: Int) throws(MaskError) {
    guard height > 0, width > 0, height < 1 << 24, width < 1 << 24, height * width <= UInt32.max else {
      throw MaskError(
        "the picture's sides must be positive and small enough for 2^32 pixels, found \(height)x\(width)")
    }
  }
}
