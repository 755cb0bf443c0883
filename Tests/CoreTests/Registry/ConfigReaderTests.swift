import Core
import OrderedCollections
import PyConfig
import Testing

/// The whole text of errors of typed configs.
@Suite struct ConfigReaderTests {
  enum Shade: String, CaseIterable, ConfigDecodable { case light, dark }

  struct Record: ConfigRecord {
    var depth: Int
    var rate: Double
    var name: String?
    var flag: Bool
    var sizes: [Int]
    var shade: Shade
    var some: OneOrMany<Double>
    var inner: Inner?

    struct Inner: ConfigRecord {
      var size: Pair
      init(from reader: inout ConfigReader) throws { size = try reader.value("size") }
    }

    init(from reader: inout ConfigReader) throws {
      depth = try reader.value("depth")
      rate = try reader.value("rate", default: 0.5)
      name = try reader.optional("name")
      flag = try reader.value("flag", default: false)
      sizes = try reader.value("sizes", default: [])
      shade = try reader.value("shade", default: .light)
      some = try reader.value("some", default: OneOrMany([1]))
      inner = try reader.optional("inner")
      reader.ignore("old")
      guard depth >= 0 else { throw reader.invalid("must not be negative, found \(depth)", key: "depth") }
    }
  }

  static func record(_ text: String) throws -> Record {
    guard let node = try Config.parse(text: "x = \(text)", name: "c.py").root["x"] else {
      throw InvalidConfig("none")
    }
    return try Record(from: node, at: "model.part")
  }

  @Test func `values and defaults`() throws {
    let plain = try Self.record("dict(depth=3)")
    #expect((plain.depth, plain.rate, plain.name, plain.flag, plain.sizes) == (3, 0.5, nil, false, []))
    let full = try Self.record(
      "dict(depth=4.0, rate=2, name='n', flag=1, sizes=(1, 2), shade='dark', some=[1, 2.5], inner=dict(size=(3, 4)), old=7)"
    )
    #expect((full.depth, full.rate, full.name, full.flag, full.sizes) == (4, 2, "n", true, [1, 2]))
    #expect(full.shade == .dark && full.some.elements == [1, 2.5] && full.some.wasList)
    #expect(full.inner?.size == Pair(h: 3, w: 4))
    #expect(try Self.record("dict(depth=1, name=None, inner=None, some=3)").some.wasList == false)
  }

  static let errors: [(String, String)] = [
    ("dict()", "c.py:1: model.part: missing required key 'depth'"),
    ("dict(depth='3')", "c.py:1: model.part.depth: expected int, found str '3'"),
    ("dict(depth=3.5)", "c.py:1: model.part.depth: expected int, found float 3.5"),
    ("dict(depth=None)", "c.py:1: model.part.depth: expected int, found None"),
    ("dict(depth=True)", "c.py:1: model.part.depth: expected int, found bool True"),
    ("dict(depth=-1)", "c.py:1: model.part.depth: must not be negative, found -1"),
    ("dict(depth=1, rate='x')", "c.py:1: model.part.rate: expected float, found str 'x'"),
    ("dict(depth=1, name=5)", "c.py:1: model.part.name: expected str, found int 5"),
    ("dict(depth=1, flag=2)", "c.py:1: model.part.flag: expected bool, found int 2"),
    ("dict(depth=1, sizes=5)", "c.py:1: model.part.sizes: expected list, found int 5"),
    ("dict(depth=1, sizes=[1, 'b'])", "c.py:1: model.part.sizes.1: expected int, found str 'b'"),
    (
      "dict(depth=1, shade='darc')",
      "c.py:1: model.part.shade: must be one of light, dark, found 'darc'; did you mean 'dark'?"
    ),
    (
      "dict(depth=1, inner=dict(size=(1, 2, 3)))",
      "c.py:1: model.part.inner.size: expected an int or two, (h, w), found tuple of 3"
    ),
    ("dict(depth=1, inner=[])", "c.py:1: model.part.inner: expected dict, found list of 0"),
    (
      "dict(depth=1, inner=dict(size=1, sise=2))",
      "c.py:1: model.part.inner: unknown key 'sise'; did you mean 'size'? accepted keys: size"
    ),
    (
      "dict(depth=1, dept=2)",
      "c.py:1: model.part: unknown key 'dept'; did you mean 'depth'? "
        + "accepted keys: depth, flag, inner, name, old, rate, shade, sizes, some"
    ),
    (
      "dict(depth=1, zzz=2)",
      "c.py:1: model.part: unknown key 'zzz'; accepted keys: depth, flag, inner, name, old, rate, shade, sizes, some"
    ),
    ("5", "c.py:1: model.part: expected dict, found int 5"),
  ]

  @Test(arguments: errors) func `a wrong value is named`(_ text: String, _ expected: String) {
    do {
      _ = try Self.record(text)
      Issue.record("must throw")
    } catch {
      #expect("\(error)" == expected)
    }
  }
}
