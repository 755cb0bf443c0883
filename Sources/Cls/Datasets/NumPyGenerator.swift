/// The random numbers of NumPy's `default_rng(seed)`, for splits of data that must come out as there.
///
/// PCG64 (O'Neill, 2014, <https://www.pcg-random.org/paper.html>, XSL-RR 128/64), seeded through NumPy's
/// `SeedSequence`.
struct NumPyGenerator {
  private var state: UInt128
  private let increment: UInt128
  /// The upper half of a number whose lower half has been used.
  private var half: UInt32?

  init(seed: UInt64) {
    let words = SeedSequence(seed).words(8)
    func number(_ first: Int) -> UInt128 {
      func word(_ i: Int) -> UInt128 { UInt128(words[first + i]) }
      return (word(1) << 32 | word(0)) << 64 | (word(3) << 32 | word(2))
    }
    increment = number(4) << 1 | 1
    state = 0
    step()
    state &+= number(0)
    step()
  }

  private mutating func step() {
    state = state &* (2_549_297_995_355_413_924 << 64 | 4_865_540_595_714_422_341) &+ increment
  }

  private mutating func next64() -> UInt64 {
    step()
    let folded = UInt64(truncatingIfNeeded: state >> 64) ^ UInt64(truncatingIfNeeded: state)
    let rotation = UInt64(truncatingIfNeeded: state >> 122)
    return folded >> rotation | folded << ((64 - rotation) & 63)
  }

  private mutating func next32() -> UInt32 {
    if let half {
      self.half = nil
      return half
    }
    let next = next64()
    half = UInt32(truncatingIfNeeded: next >> 32)
    return UInt32(truncatingIfNeeded: next)
  }

  /// A number in `0...limit`: of as many bits as it takes, drawn until one fits.
  private mutating func number(upTo limit: Int) -> Int {
    guard limit > 0 else { return 0 }
    let mask = UInt64.max >> UInt64(UInt64(limit).leadingZeroBitCount)
    while true {
      let value = limit <= Int(UInt32.max) ? UInt64(next32()) & mask : next64() & mask
      if value <= UInt64(limit) { return Int(value) }
    }
  }

  /// `Generator.shuffle` of a list.
  mutating func shuffle<Element>(_ elements: inout [Element]) {
    for i in stride(from: elements.count - 1, to: 0, by: -1) { elements.swapAt(i, number(upTo: i)) }
  }
}

/// Spreads a seed over as many bits as a generator wants.
private struct SeedSequence {
  private var pool: [UInt32]

  init(_ seed: UInt64) {
    var constant: UInt32 = 0x43b0_d7e5
    func hash(_ value: UInt32) -> UInt32 {
      var value = value ^ constant
      constant = constant &* 0x931e_8875
      value = value &* constant
      return value ^ value >> 16
    }
    func mix(_ x: UInt32, _ y: UInt32) -> UInt32 {
      let result = x &* 0xca01_f9dd &- y &* 0x4973_f715
      return result ^ result >> 16
    }
    var pool = [UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32), 0, 0].map {
      hash($0)
    }
    for source in 0..<4 {
      for target in 0..<4 where target != source { pool[target] = mix(pool[target], hash(pool[source])) }
    }
    self.pool = pool
  }

  func words(_ count: Int) -> [UInt32] {
    var constant: UInt32 = 0x8b51_f9dd
    return (0..<count).map { index in
      var value = pool[index % 4] ^ constant
      constant = constant &* 0x58f3_8ded
      value = value &* constant
      return value ^ value >> 16
    }
  }
}
