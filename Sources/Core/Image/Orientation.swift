/// How a camera held its sensor: EXIF tag 0x0112, values 1...8 (1 is upright).
enum Orientation {
  /// The orientation in `exif`, the TIFF structure that follows `Exif\0\0`; 1 when there is none or it makes no sense.
  static func read(_ exif: UnsafeRawBufferPointer) -> Int {
    guard exif.count >= 8 else { return 1 }
    let little: Bool
    switch (exif[0], exif[1]) {
    case (0x49, 0x49): little = true
    case (0x4D, 0x4D): little = false
    default: return 1
    }
    func short(_ at: Int) -> Int {
      little ? Int(exif[at]) | Int(exif[at + 1]) << 8 : Int(exif[at]) << 8 | Int(exif[at + 1])
    }
    func long(_ at: Int) -> Int {
      little ? short(at) | short(at + 2) << 16 : short(at) << 16 | short(at + 2)
    }
    guard short(2) == 42 else { return 1 }
    let directory = long(4)
    guard directory >= 8, directory <= exif.count - 2 else { return 1 }
    for entry in 0..<short(directory) {
      let at = directory + 2 + 12 * entry
      guard at + 12 <= exif.count else { break }
      guard short(at) == 0x0112 else { continue }
      let value = short(at + 8)
      return (1...8).contains(value) ? value : 1
    }
    return 1
  }
}
