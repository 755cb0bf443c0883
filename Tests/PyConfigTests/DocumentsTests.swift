import PyConfig
import Testing

@Suite struct DocumentsTests {
  @Test func `YAML scalars have the types of YAML 1.1`() throws {
    let text =
      "a: 1\nb: 1.5\nc: yes\nd: ~\ne: 'yes'\nf: 1e-3\ng: 1.0e-3\nh: 0x1f\ni: 010\nj: [a, 2]\nk: {x: .inf}\nl: !!python/tuple [1, 2]\nm: |\n  t\n3: z\n"
    let python =
      "a=1\nb=1.5\nc=True\nd=None\ne='yes'\nf='1e-3'\ng=0.001\nh=31\ni=8\nj=['a', 2]\nk=dict(x=float('inf'))\nl=(1, 2)\nm='t\\n'\n"
    var expected = try Config.parse(text: python + "n={3: 'z'}")
    let three = try #require(expected["n.3"])
    var root = try #require(expected.root.dictionary)
    root["n"] = nil
    root["3"] = three
    root.integerKeys = ["3"]
    expected.root.value = .dictionary(root)
    let config = try Config.parse(text: text, name: "x.yaml")
    #expect(config.root == expected.root, "\(config.dump(.yaml))")
    #expect(config["j.1"]?.location?.line == 10)
  }

  @Test func `YAML anchors and merge keys`() throws {
    let config = try Config.parse(text: "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: *a", name: "x.yml")
    #expect(config.root == ["a": ["x": 1, "y": 2], "b": ["x": 1, "y": 3], "c": ["x": 1, "y": 2]])
  }

  @Test func `JSON has places and Python's numbers`() throws {
    let config = try Config.parse(
      text: "{\"a\": [1, -2.5e3, true, null, NaN],\n \"b\": \"\\u00e9\\ud83d\\ude00\"}", name: "x.json")
    #expect(
      config.root == (try Config.parse(text: "a = [1, -2500.0, True, None, float('nan')]\nb = 'é😀'")).root)
    #expect(config["b"]?.location == SourceLocation(file: "x.json", line: 2, column: 7))
  }

  static let errors: [(String, String, String)] = [
    ("x.json", "{\"a\": 1,}", "x.json:1:9: a key in double quotes must follow ',', found '}'"),
    ("x.json", "[1]", "x.json:1:1: a config must be a dict, found list"),
    ("x.json", "{\"a\": 01}", "x.json:1:7: a JSON value must stand here, found '0'"),
    ("x.json", "{\"a\": x}", "x.json:1:7: a JSON value must stand here, found 'x'"),
    ("x.json", "", "x.json:1:1: a JSON value must stand here, found the end of the file"),
    ("x.yaml", "a: [1", "x.yaml:"), ("x.yaml", "a: 1\na: 2", "a key must be given once"),
    ("x.yaml", "- 1", "x.yaml:1:1: a config must be a dict, found list"),
    ("x.json", "{\"a\": 99999999999999999999}", "a whole number must fit 64 bits"),
    ("x.yaml", "a: 99999999999999999999", "a whole number must fit 64 bits"),
  ]

  @Test(arguments: errors) func `a broken document is refused`(name: String, text: String, message: String) {
    let error = #expect(throws: ConfigError.self) { try Config.parse(text: text, name: name) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "none")")
  }
}
