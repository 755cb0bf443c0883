import Foundation
import PyConfig
import Testing

@Suite struct LimitsTests {
  static let sources: [String] = [
    "x = [0] * 10**9", "x = 'a' * 10**10", "x = list(range(10**12))", "x = 10**10**10",
    "x = [y for y in range(10**9)]",
    "x = [a for a in range(3000) for b in range(3000)]", "x = [0] * 1000\nfor i in range(1000):\n  x += x",
    "x = 'a' * 1000\nfor i in range(1000):\n  x = x + x", "x = [1]\nfor i in range(10**9):\n  pass",
    "x = []\nx.append(x)",
    "x = [0]\nfor i in range(60):\n  x = [x, x]", "x = 0\nfor i in range(100000):\n  x = [x]",
    "x = 0\nfor i in range(100000):\n  x = (x,)",
    "x = 0\nfor i in range(100000):\n  x = (x,)\ny = {x: 1}", "a = []\na.append(a)\ny = a == [a]",
    "a = []\na.append(a)\ny = str(a)",
    "x = sum(range(10**10))", "x = '%1000000000d' % 1", "x = f'{1:1000000000}'", "x = ['a' * 10**6] * 10**6",
    "x = '{:>999999999}'.format(1)",
    "x = 'a'.zfill(10**10)", "x = [1, 2][::-9223372036854775808]", "x = -9223372036854775807 - 2",
    "x = round(1e300)", "x = 'ab'.replace('a', 'c' * 10**7)",
    "x = range(-9223372036854775808, 9223372036854775807)\ny = len(x)", "x = abs(-9223372036854775807 - 1)",
    "x = (-9223372036854775807 - 1) // -1",
    "x = {i: {j: 0 for j in range(2000)} for i in range(2000)}",
    "x = list(range(1000000)) + list(range(1000000))",
    String(repeating: "[", count: 100_000),
    "x = " + String(repeating: "(", count: 300) + String(repeating: ")", count: 300),
    "x = " + String(repeating: "-", count: 100_000) + "1",
    "x = " + String(repeating: "not ", count: 100_000) + "1",
    "x = " + String(repeating: "2 ** ", count: 10_000) + "1",
    "x = " + String(repeating: "1 if 1 else ", count: 10_000) + "1",
    (0..<300).map { String(repeating: " ", count: $0) + "if 1:\n" }.joined(),
    "x = " + String(repeating: "dict(a=", count: 1000), "x = " + String(repeating: "f'{", count: 1000),
    "x = \"" + String(repeating: "{", count: 10_001) + "\".format(1)",
  ]

  @Test(arguments: sources) func `what is too much is refused at once`(source: String) {
    let clock = ContinuousClock(), start = clock.now
    #expect(throws: ConfigError.self) { try Config.parse(text: source) }
    #expect(clock.now - start < .seconds(20))
  }

  @Test func `long chains are fine`() throws {
    let count = 20_000
    #expect(
      try Config.parse(text: "x = " + Array(repeating: "1", count: count).joined(separator: " + "))["x"]?.int
        == count)
    #expect(
      try Config.parse(text: "x = " + Array(repeating: "1", count: count).joined(separator: " and "))["x"]?
        .int == 1)
    let deep = "x = " + String(repeating: "[", count: 150) + String(repeating: "]", count: 150)
    #expect(try Config.parse(text: deep).dump(.json).count == 150 * 2 + 7)
  }

  @Test func `the deepest allowed nesting fits a small stack`() {
    let text = "x = " + String(repeating: "[", count: 190) + "1" + String(repeating: "]", count: 190)
    let done = DispatchSemaphore(value: 0)
    let thread = Thread {
      _ = try? Config.parse(text: text)
      _ = try? Config.parse(
        text: "x = " + String(repeating: "dict(a=-(1 + ", count: 90) + "1"
          + String(repeating: "))", count: 90))
      done.signal()
    }
    thread.stackSize = 1 << 20
    thread.start()
    #expect(done.wait(timeout: .now() + 60) == .success)
  }

  @Test func `deep JSON and YAML are refused`() {
    for open in ["[", "{\"a\":"] {
      let text = String(repeating: open, count: 100_000)
      #expect(throws: ConfigError.self) { try Config.parse(text: text, name: "x.json") }
      #expect(throws: ConfigError.self) { try Config.parse(text: text, name: "x.yaml") }
    }
    let bomb = (1...40).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n" }.joined()
    #expect(throws: ConfigError.self) { try Config.parse(text: "a0: &a0 x\n" + bomb, name: "x.yaml") }
  }
}
