/// The SHA-256 hash of FIPS 180-4.
struct SHA256 {
  private var state: [UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
  ]
  private var pending: [UInt8] = []
  private var length = 0

  mutating func update(_ bytes: [UInt8]) {
    length += bytes.count
    if pending.isEmpty {
      let whole = bytes.count / 64 * 64
      compress(bytes, whole)
      pending.append(contentsOf: bytes[whole...])
    } else {
      pending.append(contentsOf: bytes)
      let whole = pending.count / 64 * 64
      compress(pending, whole)
      pending.removeFirst(whole)
    }
  }

  /// The hash as 64 lower-case hexadecimal digits.
  mutating func finish() -> String {
    let bits = UInt64(length) * 8
    pending.append(0x80)
    while pending.count % 64 != 56 { pending.append(0) }
    for shift in stride(from: 56, through: 0, by: -8) {
      pending.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
    }
    compress(pending, pending.count)
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for word in state {
      for shift in stride(from: 28, through: 0, by: -4) {
        text.append(digits[Int(word >> UInt32(shift) & 15)])
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  private mutating func compress(_ bytes: [UInt8], _ count: Int) {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { w in
      bytes.withUnsafeBytes { raw in
        Self.constants.withUnsafeBufferPointer { k in
          state.withUnsafeMutableBufferPointer { h in
            for start in stride(from: 0, to: count, by: 64) { Self.round(raw, start, k, w, h) }
          }
        }
      }
    }
  }

  @inline(__always)
  private static func round(
    _ raw: UnsafeRawBufferPointer, _ start: Int, _ k: UnsafeBufferPointer<UInt32>,
    _ w: UnsafeMutableBufferPointer<UInt32>, _ h: UnsafeMutableBufferPointer<UInt32>
  ) {
    func rotate(_ x: UInt32, _ n: UInt32) -> UInt32 { x >> n | x << (32 - n) }
    for i in 0..<16 {
      w[i] = UInt32(bigEndian: raw.loadUnaligned(fromByteOffset: start + 4 * i, as: UInt32.self))
    }
    for i in 16..<64 {
      let s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3
      let s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10
      w[i] = w[i - 16] &+ s0 &+ w[i - 7] &+ s1
    }
    var (a, b, c, d, e, f, g, last) = (h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7])
    for i in 0..<64 {
      let s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
      let t1 = last &+ s1 &+ ((e & f) ^ (~e & g)) &+ k[i] &+ w[i]
      let s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
      let t2 = s0 &+ ((a & b) ^ (a & c) ^ (b & c))
      (last, g, f, e, d, c, b, a) = (g, f, e, d &+ t1, c, b, a, t1 &+ t2)
    }
    (h[0], h[1], h[2], h[3]) = (h[0] &+ a, h[1] &+ b, h[2] &+ c, h[3] &+ d)
    (h[4], h[5], h[6], h[7]) = (h[4] &+ e, h[5] &+ f, h[6] &+ g, h[7] &+ last)
  }

  private static let constants: [UInt32] = {
    // The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
    var primes: [Int] = []
    var candidate = 2
    while primes.count < 64 {
      if !primes.contains(where: { candidate % $0 == 0 }) { primes.append(candidate) }
      candidate += 1
    }
    return primes.map { prime in
      // Bit by bit: the largest r with r^3 <= prime * 2^96, kept as r = root * 2^32.
      var root: UInt64 = 0
      for bit in stride(from: 35, through: 0, by: -1) {
        let trial = root | 1 << UInt64(bit)
        let square = trial.multipliedFullWidth(by: trial)
        let low = square.low.multipliedFullWidth(by: trial)
        let high = square.high &* trial &+ low.high
        if high < UInt64(prime) << 32 || (high == UInt64(prime) << 32 && low.low == 0) { root = trial }
      }
      return UInt32(truncatingIfNeeded: root)
    }
  }()
}

extension TorchFile {
  /// The SHA-256 of a file, as 64 lower-case hexadecimal digits.
  ///
  /// Published checkpoints carry the first eight in their names: `resnet50_8xb32_in1k_20210831-ea4938fc.pth`.
  public static func sha256(ofFile path: String) throws(TorchFileError) -> String {
    let source = try ByteSource(path: path)
    var hash = SHA256()
    var start = 0
    while start < source.count {
      let end = min(source.count, start + 1 << 20)
      hash.update(try source.read(start..<end, Place(path: path)))
      start = end
    }
    return hash.finish()
  }

  /// The eight or more hexadecimal digits that end a published checkpoint's name, if it has such a suffix.
  ///
  /// `resnet50_8xb32_in1k_20210831-ea4938fc.pth` gives `ea4938fc`.
  public static func hashSuffix(ofName path: String) -> String? {
    let name = path.split(separator: "/").last ?? ""
    let stem = name.lastIndex(of: ".").map { name[..<$0] } ?? name
    guard let dash = stem.lastIndex(of: "-") else { return nil }
    let digits = stem[stem.index(after: dash)...]
    let isHash =
      (8...64).contains(digits.utf8.count)
      && digits.utf8.allSatisfy { c in
        (0x30...0x39).contains(c) || (0x61...0x66).contains(c)
      }
    return isHash ? String(digits) : nil
  }
}
