import Core
import OrderedCollections
import PyConfig
import Testing

@Suite struct RegistryTests {
  struct Name: ConfigRecord {
    var value: Int
    init(from reader: inout ConfigReader) throws { value = try reader.value("value", default: 0) }
  }

  static func registry() -> Registry<String> {
    var registry = Registry<String>(role: "thing")
    registry.register("Shared", Name.self) { "shared \($0.value)" }
    registry.register("Own", scope: "mmcls", Name.self) { "cls \($0.value)" }
    registry.register("Own", scope: "mmdet", Name.self) { config, context in "det in \(context.scope)" }
    registry.register("Strict", Name.self) { config in
      guard config.value > 0 else { throw InvalidConfig("value must be positive, found \(config.value)") }
      return "strict"
    }
    return registry
  }

  static func build(_ text: String, scope: String = "mmcls") throws -> String {
    guard let node = try Config.parse(text: "x = \(text)", name: "c.py").root["x"] else { return "" }
    return try registry().build(
      node, path: "model.x", context: BuildContext(registries: Registries(), scope: scope))
  }

  @Test func `a scope chooses among equal names`() throws {
    #expect(try Self.build("dict(type='Own', value=2)") == "cls 2")
    #expect(try Self.build("dict(type='Own')", scope: "mmdet") == "det in mmdet")
    #expect(try Self.build("dict(type='mmdet.Own')") == "det in mmdet")
    #expect(try Self.build("dict(type='mmseg.Shared', value=1)") == "shared 1")
    #expect(Self.registry().names == ["Own", "Shared", "Strict"])
    #expect(Self.registry().scopedNames == ["Shared", "Strict", "mmcls.Own", "mmdet.Own"])
    #expect(
      Self.registry().contains("Own", scope: "mmcls") && !Self.registry().contains("Own", scope: "mmseg"))
  }

  static let errors: [(String, String)] = [
    ("dict(value=1)", "c.py:1: model.x: missing required key 'type'"),
    ("'Own'", "c.py:1: model.x: expected dict with a key 'type', found str 'Own'"),
    ("dict(type=3)", "c.py:1: model.x.type: expected str, found int 3"),
    (
      "dict(type='Shraed')",
      "c.py:1: model.x.type: 'Shraed' is not in the thing registry; did you mean 'Shared'?"
    ),
    (
      "dict(type='Whatever')",
      "c.py:1: model.x.type: 'Whatever' is not in the thing registry; it has Own, Shared, Strict"
    ),
    (
      "dict(type='Own', valeu=1)",
      "c.py:1: model.x: unknown key 'valeu'; did you mean 'value'? accepted keys: type, value"
    ),
    ("dict(type='Strict')", "c.py:1: model.x: value must be positive, found 0"),
  ]

  @Test(arguments: errors) func `a mistake is named`(_ text: String, _ expected: String) {
    do {
      _ = try Self.build(text)
      Issue.record("must throw")
    } catch {
      #expect("\(error)" == expected)
    }
  }
}
