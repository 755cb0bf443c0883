import PyConfig
import Testing

/// Thousands of damaged configs: each gives a config or an error, soon.
@Suite struct FuzzTests {
  static let pieces = [
    "(", ")", "[", "]", "{", "}", "'", "\"", "'''", "\\", "\n", "\n  ", "#", ",", ":", "=", "==", "**", "*",
    "//", "%", "-", "9", "0x", "1e",
    "for x in ", "if ", " else ", "not ", " in ", "lambda ", "dict(", "range(", "f'{", "}'", "{{ _base_.",
    " }}", ".update(", ".format(", "[::-1]", "None", "é", "\u{0}", "\u{10FFFE}", "_base_ = ", "del ",
    "import ", "; ", " += ", "10**9", "\t",
  ]

  private struct Random {
    var state: UInt64
    mutating func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(max(1, bound)))
    }
  }

  private static func damaged(_ text: String, _ random: inout Random) -> String {
    var bytes = Array(text.utf8)
    for _ in 0..<1 + random.next(6) {
      let start = random.next(bytes.count), length = random.next(min(12, bytes.count - start + 1))
      switch random.next(4) {
      case 0: bytes.removeSubrange(start..<start + length)
      case 1: bytes.insert(contentsOf: Array(pieces[random.next(pieces.count)].utf8), at: start)
      case 2:
        let part = Array(bytes[start..<start + length])
        bytes.insert(contentsOf: part, at: random.next(bytes.count + 1))
      default: if !bytes.isEmpty { bytes[min(start, bytes.count - 1)] = UInt8(random.next(128)) }
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test(arguments: 0..<4) func `damaged Python never traps`(seed: Int) {
    var random = Random(state: UInt64(seed + 1))
    let sources =
      LanguageTests.programs.map(\.0) + [DumpTests.source] + LanguageTests.expressions.map { "x = \($0.0)" }
    var read = 0
    for round in 0..<1000 {
      let text = Self.damaged(sources[round % sources.count], &random)
      if let config = try? Config.parse(text: text) {
        read += 1
        if round % 7 == 0 { #expect((try? Config.parse(text: config.dump(.json), name: "x.json")) != nil) }
      }
    }
    #expect(read > 0)
  }

  @Test func `damaged JSON, YAML and options never trap`() throws {
    var random = Random(state: 99)
    let config = try Config.parse(text: DumpTests.source)
    for (name, text) in [("x.json", config.dump(.json)), ("x.yaml", config.dump(.yaml))] {
      for _ in 0..<300 { _ = try? Config.parse(text: Self.damaged(text, &random), name: name) }
    }
    for round in 0..<2000 {
      var config = try Config.parse(text: "k = [dict(a=1)]")
      try? config.merge(options: [
        Self.damaged(OptionsTests.values[round % OptionsTests.values.count].0 + "k.0.a=[(1,2),x]", &random)
      ])
    }
  }
}
