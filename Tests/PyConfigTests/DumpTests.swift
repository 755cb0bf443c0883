import Foundation
import OrderedCollections
import PyConfig
import Testing

@Suite struct DumpTests {
  static let source = """
    a = dict(type='X', n=None, t=True, f=[1.0, 1e-05, 1e+16, -0.0, 0.1, 1e300], e={}, l=[], u=(), one=(1,))
    b = {'a-b': 1, 'class': dict(x=2), 3: 'three'}
    c = ['it\\'s', "say \\"x\\"", 'a\\\\b', 'two\\nlines', 'é', '\\u2028', '😀', '', ' x ', 'yes', '1', '1.5', 'null', '- a', 'a: b', '~', '0x1f', '#', '1e5', '1_000', '0o7', '.5', '+1', '=', '<<', '2001-01-01', '12:30:45', '\\x07']
    d = [dict(a=1), dict(b=[dict(c=(1, 2)), dict()])]
    e = [[1, {'x': [2, (3, 4)]}], (dict(q=1), 'r')]
    g = [dict(type='ALongName', first_argument=[123.675, 116.28, 103.53], second_argument='another', third=(1, 2, 3))] * 2
    h = 'https://example.org/a/long/text/that/does/not/fit/in/a/line/of/seventy-nine/columns/at/all.pth'
    i = dict(j=dict(k=h))
    w = list(range(60))
    """

  @Test(arguments: Config.Format.allCases) func `a dump reads back to the same values`(format: Config.Format)
    throws
  {
    let config = try Config.parse(text: Self.source)
    var expected = config.root
    if format == .json {
      expected = try Config.parse(text: Self.source.replacing("3: 'three'", with: "'3': 'three'")).root
        .withoutTuples
    }
    let text = config.dump(format)
    let read = try Config.parse(text: text, name: "x.\(format.rawValue)")
    #expect(read.root == expected, "\(text)")
    #expect(Array(read.root.dictionary?.keys ?? []) == Array(config.root.dictionary?.keys ?? []))
    #expect(read.dump(format) == text)
  }

  @Test func `a float that isn't finite reads back`() throws {
    let config = try Config.parse(text: "a = [float('inf'), float('-inf'), float('nan')]")
    for format in Config.Format.allCases {
      #expect(try Config.parse(text: config.dump(format), name: "x.\(format.rawValue)").root == config.root)
    }
    #expect(config.dump(.json) == "{\"a\": [Infinity, -Infinity, NaN]}")
  }

  /// Recorded from the original; see `Tests/Fixtures/pretty_text/make.py`.
  @Test(arguments: ["model", "lists"]) func `the Python dump is laid out as the original's`(name: String)
    throws
  {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
      path: "../Fixtures/pretty_text")
    let config = try Config.load(path: folder.appending(path: "\(name).py").path)
    let expected = try String(contentsOf: folder.appending(path: "\(name).txt"), encoding: .utf8)
    #expect(config.dump(.py) == expected)
  }

  @Test func `JSON is Python's`() throws {
    let config = try Config.parse(text: "a = dict(b=(1, 2.0), c='é\\n\"', d=None)\ne = 1e-5")
    #expect(config.dump(.json) == #"{"a": {"b": [1, 2.0], "c": "\u00e9\n\"", "d": null}, "e": 1e-05}"#)
  }
}

extension ConfigNode {
  fileprivate var withoutTuples: ConfigNode {
    switch value {
    case .list(let items), .tuple(let items): ConfigNode(.list(items.map(\.withoutTuples)))
    case .dictionary(var dictionary):
      ConfigNode(
        .dictionary(
          {
            for (key, node) in dictionary.entries { dictionary.entries[key] = node.withoutTuples }
            dictionary.integerKeys = []
            return dictionary
          }()))
    case .none, .bool, .int, .float, .string: self
    }
  }
}
