import Core
import Foundation
import Testing

/// Reading JSON value by value.
@Suite struct JSONScannerTests {
  private func scanner(_ text: String) -> JSONScanner { JSONScanner(Array(text.utf8), file: "a.json") }

  @Test func `reads objects, arrays and all kinds of values`() throws {
    var scanner = scanner(
      "\u{FEFF} {\"a\": [1, -2.5e3, 0.1, true], \"b\\u00e9\": \"x\\ny\\ud83d\\ude00/\\/\", \"c\": null, \"d\": {\"e\": [[], {}]}} \n"
    )
    var keys: [String] = []
    var numbers: [Double] = []
    try scanner.object { key, scanner in
      keys.append(key)
      switch key {
      case "a": try scanner.numbers(into: &numbers)
      case "bé":
        let text = try scanner.string()
        #expect(text == "x\ny😀//")
      case "c":
        let isNull = try scanner.null()
        #expect(isNull)
      default: try scanner.skip()
      }
    }
    try scanner.finish()
    #expect(keys == ["a", "bé", "c", "d"])
    #expect(numbers == [1, -2500, 0.1, 1])
  }

  static let numbers = [
    "0", "-0.0", "3.14159265358979", "199.84", "123456789.123456789", "1e-7", "9007199254740993", "0.1e22",
    "179769313486231570000000000000000000000", "4.9e-324", "12345678901234567890", "1.7976931348623157e308",
    "0.30000000000000004", "473.07", "2.2250738585072014e-308",
  ]

  @Test(arguments: numbers) func `numbers are the nearest doubles`(_ text: String) throws {
    var scanner = scanner(text)
    let value = try scanner.double()
    #expect(value == Double(text))
  }

  @Test func `whole numbers are exact, and may be written with a fraction of 0`() throws {
    var values: [Int] = []
    var scanner = scanner("[9007199254740993, -12, 3.0, false]")
    try scanner.array { values.append(try $0.int()) }
    #expect(values == [9_007_199_254_740_993, -12, 3, 0])
  }

  @Test func `not a number and infinity are read as Python reads them`() throws {
    var values: [Double] = []
    var scanner = scanner("[NaN, Infinity, -Infinity]")
    try scanner.numbers(into: &values)
    #expect(values[0].isNaN && values[1] == .infinity && values[2] == -.infinity)
  }

  static let mistakes: [(String, String)] = [
    ("", "a.json:1: must be JSON: expected a value, found the end of the file (byte 1)"),
    ("{\"a\": 1,}", "a.json:1: must be JSON: expected a key in quotation marks, found '}' (byte 9)"),
    ("[1 2]", "a.json:1: must be JSON: expected ',' or ']', found '2]' (byte 4)"),
    ("[\n1,\n?]", "a.json:3: must be JSON: expected a value, found '?]' (byte 6)"),
    ("{\"a\" 1}", "a.json:1: must be JSON: expected ':' behind a key, found '1}' (byte 6)"),
    (
      "\"abc",
      "a.json:1: must be JSON: expected '\"' at the end of a string, found the end of the file (byte 5)"
    ),
    ("\"\\x\"", "a.json:1: must be JSON: expected an escape such as '\\n', found '\\x\"' (byte 2)"),
    ("[1.]", "a.json:1: must be JSON: expected digits behind '.', found ']' (byte 4)"),
    ("[1e]", "a.json:1: must be JSON: expected an exponent, found ']' (byte 4)"),
    ("[] []", "a.json:1: must be JSON: expected nothing after the value, found '[]' (byte 4)"),
    (String(repeating: "[", count: 300), "a.json:1: at most 256 values inside one another"),
  ]

  @Test(arguments: mistakes) func `a mistake is told with its line`(_ text: String, _ expected: String) {
    var message = "nothing"
    do {
      var scanner = scanner(text)
      try scanner.skip()
      try scanner.finish()
    } catch { message = "\(error)" }
    #expect(message == expected)
  }

  @Test func `a value of another kind is told`() {
    func text(_ body: (inout JSONScanner) throws -> Void) -> String {
      var scanner = scanner("[\"a\", 1.5]")
      do {
        try body(&scanner)
        return "nothing"
      } catch { return "\(error)" }
    }
    #expect(text { _ = try $0.int() }.contains("expected a whole number, found an array"))
    #expect(
      text { scanner in try scanner.array { _ = try $0.double() } }.contains(
        "expected a number, found a string"))
    #expect(
      text { scanner in
        try scanner.array { if try $0.kind() == .string { try $0.skip() } else { _ = try $0.int() } }
      }.contains("expected a whole number, found 1.5"))
    #expect(
      text { scanner in try scanner.object { _, scanner in try scanner.skip() } }.contains(
        "expected an object, found an array"))
  }

  @Test func `cut-off files never trap`() throws {
    let text = Array("{\"images\": [{\"id\": 12, \"x\": [1.5, -2e3, \"\\u12ab\"]}], \"n\": null}".utf8)
    for count in 0..<text.count {
      var scanner = JSONScanner(Array(text[..<count]), file: "a.json")
      #expect(throws: DataError.self) {
        try scanner.skip()
        try scanner.finish()
      }
    }
  }
}
