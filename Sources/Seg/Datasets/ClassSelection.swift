import Core
import PyConfig

/// The classes that a data set has after `classes=` and `palette=` of its config.
public struct ClassSelection: Sendable, Equatable {
  public var names: [String]?
  public var palette: [[UInt8]]?
  /// The new value of each value in label maps; 255 where a class was not chosen. `nil` leaves them as they are.
  var mapping: [UInt8]?

  /// - Parameters:
  ///   - standard: the classes of the data set's type.
  ///   - names: `classes=`: names, or a file with one a line.
  ///   - palette: `palette=`; as in the original without effect where the type has colours for the names.
  init(_ standard: ClassSet?, names: ConfigNodeBox, palette given: [[UInt8]]?) throws {
    guard let node = names.node else {
      (self.names, palette) = (standard?.names, standard?.palette)
      return
    }
    let chosen = try Self.read(node, path: names.path)
    self.names = chosen
    guard let standard else {
      if let given, given.count != chosen.count {
        throw InvalidConfig(
          "palette must have one colour for each of the \(chosen.count) classes, found \(given.count)")
      }
      palette = given ?? Self.randomPalette(chosen.count)
      return
    }
    for name in chosen where !standard.names.contains(name) {
      let hint = nearest(name, among: standard.names).map { "; did you mean '\($0)'?" } ?? ""
      throw BuildError(
        .invalid("must be classes of the data set, found '\(name)'\(hint)"), path: names.path,
        location: node.location)
    }
    var table = (0...255).map { UInt8($0) }
    for (old, name) in standard.names.enumerated() { table[old] = UInt8(chosen.firstIndex(of: name) ?? 255) }
    mapping = table
    // The original takes the colours in the order of the new indices, each class once.
    palette = standard.names.indices.filter { chosen.contains(standard.names[$0]) }
      .sorted { table[$0] < table[$1] }.map { standard.palette[$0] }
  }

  private static func read(_ node: ConfigNode, path: String) throws -> [String] {
    let names = try node.string.map { try TextFile.lines($0) } ?? [String](from: node, at: path)
    guard (1...255).contains(names.count) else {
      throw BuildError(
        .invalid("must be 1 to 255 names, found \(names.count)"), path: path, location: node.location)
    }
    return names
  }

  /// The colours that the original draws where there are none: `numpy.random.seed(42)`, `randint(0, 255, (count, 3))`.
  static func randomPalette(_ count: Int) -> [[UInt8]] {
    var generator = NumPyRandomState(seed: 42)
    return (0..<count).map { _ in (0..<3).map { _ in UInt8(generator.integer(below: 255)) } }
  }
}

/// The random numbers of NumPy's `RandomState(seed)`: MT19937 (Matsumoto and Nishimura, 1998).
struct NumPyRandomState {
  private var state = [UInt32](repeating: 0, count: 624)
  private var position = 624

  init(seed: UInt32) {
    state[0] = seed
    for i in 1..<624 { state[i] = 1_812_433_253 &* (state[i - 1] ^ state[i - 1] >> 30) &+ UInt32(i) }
  }

  mutating func next() -> UInt32 {
    if position == 624 { refill() }
    var y = state[position]
    position += 1
    y ^= y >> 11
    y ^= y << 7 & 0x9d2c_5680
    y ^= y << 15 & 0xefc6_0000
    return y ^ y >> 18
  }

  private mutating func refill() {
    for i in 0..<624 {
      let y = state[i] & 0x8000_0000 | state[(i + 1) % 624] & 0x7fff_ffff
      state[i] = state[(i + 397) % 624] ^ y >> 1 ^ (y & 1 == 1 ? 0x9908_b0df : 0)
    }
    position = 0
  }

  /// `randint(0, bound)`: of as many bits as it takes, drawn until one fits.
  mutating func integer(below bound: Int) -> Int {
    precondition(
      (1...Int(UInt32.max)).contains(bound), "NumPyRandomState.integer: a bound of 32 bits, found \(bound)")
    let limit = UInt32(bound - 1)
    guard limit > 0 else { return 0 }
    let mask = UInt32.max >> UInt32(limit.leadingZeroBitCount)
    while true {
      let value = next() & mask
      if value <= limit { return Int(value) }
    }
  }
}
