import Core

extension Segmentation {
  /// The pixels as runs.
  ///
  /// - Parameters:
  ///   - height: of the picture that polygons lie on; runs have a size of their own.
  /// - Throws: `MaskError` for polygons and runs that cannot be.
  func mask(height: Int, width: Int) throws -> RunLengthMask {
    switch self {
    case .polygons(let polygons): try RunLengthMask(polygons: polygons, height: height, width: width)
    case .runs(let runs, let height, let width):
      try RunLengthMask(counts: runs.map(Int.init), height: height, width: width)
    case .compressed(let text, let height, let width):
      try RunLengthMask(compressed: String(decoding: text, as: UTF8.self), height: height, width: width)
    }
  }

  /// A bitmap of the picture's size.
  ///
  /// - Throws: `DataError` for what is no mask, or one of another size.
  static func drawn(_ outline: Segmentation?, height: Int, width: Int) throws -> [UInt8] {
    guard let outline else { throw DataError("must have a segmentation for with_mask=True, found none") }
    let mask: RunLengthMask
    do {
      mask = try outline.mask(height: height, width: width)
    } catch let error as MaskError {
      throw DataError(error.description)
    }
    guard mask.height == height, mask.width == width else {
      throw DataError(
        "its mask must be of the picture's size, \(height)x\(width), found \(mask.height)x\(mask.width)")
    }
    return mask.bitmap
  }
}
