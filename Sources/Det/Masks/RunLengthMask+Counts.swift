/// The two forms in which COCO files hold runs: plain numbers, and text.
extension RunLengthMask {
  /// A mask of plain run lengths (`"counts": [272, 2, 4, ...]`).
  ///
  /// Runs that end before the picture does leave the rest to the background.
  /// - Throws: ``MaskError`` when a length is negative, or all of them exceed the picture.
  public init(counts: [Int], height: Int, width: Int) throws(MaskError) {
    try Self.checkSize(height: height, width: width)
    let total = height * width
    var runs: [UInt32] = []
    runs.reserveCapacity(counts.count + 1)
    var sum = 0
    for (index, length) in counts.enumerated() {
      guard length >= 0 else {
        throw MaskError("run lengths must not be negative, found \(length) at \(index)")
      }
      guard length <= total - sum else {
        throw MaskError(
          "runs must not exceed the \(height)x\(width) picture, found \(sum) + \(length) at \(index)")
      }
      sum += length
      runs.append(UInt32(length))
    }
    // Loops over two masks need both to end at the same pixel.
    if sum < total || runs.isEmpty {
      let rest = UInt32(total - sum)
      if runs.count % 2 == 1 { runs[runs.count - 1] += rest } else { runs.append(rest) }
    }
    self.init(height: height, width: width, runs: runs)
  }

  /// A mask of compressed runs (`"counts": "aUh2b0X..."`): six bits a character, from `0` on, five of them of the
  /// number, the lowest first; from the fourth run on, differences to the run before the last.
  /// - Throws: ``MaskError`` when the text is broken or describes other than a picture of that size.
  public init(compressed text: String, height: Int, width: Int) throws(MaskError) {
    var counts: [Int] = []
    var value = 0
    var shift = 0
    for (index, byte) in text.utf8.enumerated() {
      guard (48...111).contains(byte) else {
        throw MaskError(
          "compressed counts must be characters from '0' to 'o', found code \(byte) at \(index)")
      }
      guard shift <= 30 else {
        throw MaskError("a compressed count must be below 2^32, found a longer one at \(index)")
      }
      let bits = Int(byte) - 48
      value |= (bits & 0x1F) << shift
      shift += 5
      if bits & 0x20 != 0 { continue }
      if bits & 0x10 != 0 { value |= -1 << shift }
      if counts.count > 2 { value += counts[counts.count - 2] }
      // Checked here too: sums of unchecked differences could overflow.
      guard (0...Int(UInt32.max)).contains(value) else {
        throw MaskError("run lengths must not be negative, found \(value) at \(counts.count)")
      }
      counts.append(value)
      (value, shift) = (0, 0)
    }
    guard shift == 0 else {
      throw MaskError("compressed counts must end with a whole number, found part of one")
    }
    try self.init(counts: counts, height: height, width: width)
  }

  /// The runs as COCO's result files hold them.
  public var compressed: String {
    var text: [UInt8] = []
    text.reserveCapacity(runs.count * 2)
    for (index, run) in runs.enumerated() {
      var value = Int(run)
      if index > 2 { value -= Int(runs[index - 2]) }
      var more = true
      while more {
        var bits = UInt8(truncatingIfNeeded: value & 0x1F)
        value >>= 5
        more = bits & 0x10 != 0 ? value != -1 : value != 0
        if more { bits |= 0x20 }
        text.append(bits + 48)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
