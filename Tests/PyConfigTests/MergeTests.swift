import OrderedCollections
import PyConfig
import Testing

@Suite struct MergeTests {
  static let merges: [(base: String, child: String, result: String)] = [
    ("a = dict(x=1, y=2)", "a = dict(y=3, z=4)", "a = dict(x=1, y=3, z=4)"),
    ("a = dict(x=1)", "a = dict(_delete_=True, y=2)", "a = dict(y=2)"),
    ("a = dict(x=1)", "a = dict(_delete_=False, y=2)", "a = dict(x=1, y=2)"),
    ("a = 1", "b = dict(_delete_=True, y=2)", "a = 1\nb = dict(_delete_=True, y=2)"),
    ("a = [1, 2]", "a = [3]", "a = [3]"), ("a = dict(x=1)", "a = 5", "a = 5"),
    ("a = 5", "a = dict(_delete_=True, x=1)", "a = dict(x=1)"),
    ("a = dict(b=dict(c=1))", "a = dict(b=dict(c=[2]))", "a = dict(b=dict(c=[2]))"),
    ("a = dict(x=[1, 2])", "b = {{ _base_.a.x }}", "a = dict(x=[1, 2])\nb = [1, 2]"),
    (
      "a = dict(x=[1, 2])", "b = [{{_base_.a.x.1}}, dict(c={{ _base_.a }})]",
      "a = dict(x=[1, 2])\nb = [2, dict(c=dict(x=[1, 2]))]"
    ),
    ("a = 3", "b = '{{ _base_.a }}'\nc = 'n{{ _base_.a }}.pth'", "a = 3\nb = 3\nc = 'n3.pth'"),
    ("a = {1: 'x'}", "a = {2: 'y'}", "a = {1: 'x', 2: 'y'}"),
  ]

  @Test(arguments: merges) func `a child changes its base`(base: String, child: String, result: String) throws
  {
    let folder = try Folder(["base.py": base, "child.py": "_base_ = 'base.py'\n" + child])
    #expect(try folder.load("child.py").root == Config.parse(text: result).root)
  }

  @Test func `bases lie at any depth and in lists`() throws {
    let folder = try Folder([
      "_base_/m.py": "_base_ = ['n.json']\nmodel = dict(type='A', neck={{ _base_.neck }})",
      "_base_/n.json": "{\"neck\": {\"k\": null}}",
      "_base_/d.yaml": "data:\n  n: 2\n",
      "x/c.py": "_base_ = ['../_base_/m.py', '../_base_/d.yaml']\nmodel = dict(neck=dict(k=1))",
    ])
    let config = try folder.load("x/c.py")
    #expect(
      config.root
        == (try Config.parse(
          text: "neck = dict(k=None)\nmodel = dict(type='A', neck=dict(k=1))\ndata = dict(n=2)")).root)
    #expect(Array(config.root.dictionary?.keys ?? []) == ["neck", "model", "data"])
    let files = config.text.split(separator: "\n").filter { $0.hasPrefix(folder.path) }.map {
      $0.split(separator: "/").last
    }
    #expect(files == ["n.json", "m.py", "d.yaml", "c.py"])
    #expect(config["model.neck.k"]?.location?.line == 2)
  }

  @Test func `the file's names are put in`() throws {
    let folder = try Folder([
      "a.b.py":
        "x = '{{ fileDirname }}|{{fileBasename}}|{{ fileBasenameNoExtension}}|{{fileExtname }}'\ny = z"
    ])
    let error = #expect(throws: ConfigError.self) { try folder.load("a.b.py") }
    #expect(error?.location?.line == 2 && error?.location?.column == 5)
    let other = try Folder([
      "a.b.py": "x = '{{ fileDirname }}|{{fileBasename}}|{{ fileBasenameNoExtension}}|{{fileExtname }}'"
    ])
    #expect(try other.load("a.b.py")["x"]?.string == other.path + "|a.b.py|a.b|.py")
  }

  static let errors: [(files: [String: String], message: String)] = [
    (["c.py": "\n_base_ = ['a.py']"], "c.py:2:11: _base_ must name an existing file, found no file '"),
    (["c.py": "_base_ = 'c.py'"], "c.py:1:10: _base_ must not lead back to its own file, found c.py -> c.py"),
    (
      ["c.py": "_base_ = ['a.py', 'b.py']", "a.py": "k = 1", "b.py": "k = 2"],
      "a key must be given by one _base_ only, found 'k' in two"
    ),
    (
      ["c.py": "_base_ = 'a.py'\nk = dict(x=1)", "a.py": "k = 1"],
      "c.py:2:5: 'k' must be a dict in the base too, found int"
    ), (["c.py": "_base_ = 'a.txt'", "a.txt": ""], "a config's name must end in .py, .json, .yaml or .yml"),
    (
      ["c.py": "_base_ = 'a.py'\nk = {{ _base_.modl }}", "a.py": "model = 1"],
      "c.py:2:5: '{{ _base_.modl }}' must exist in the bases, found no 'modl' in _base_; did you mean 'model'?"
    ),
    (["c.py": "_base_ = '.'"], "c.py:1:10: _base_ must name a file, found the folder"),
    (
      ["c.py": "_base_ = '/dev/zero'"],
      "c.py:1:10: _base_ must name a regular file, found '/dev/zero', which is none"
    ),
    (
      ["c.py": "_base_ = 'a.py'", "a.py": "x = 1\ny = ?"],
      "a.py:2:5: a value, a name or an operator must stand here, found '?'"
    ),
  ]

  @Test(arguments: errors) func `an error of a base names file and line`(
    files: [String: String], message: String
  ) throws {
    let folder = try Folder(files)
    let error = #expect(throws: ConfigError.self) { try folder.load("c.py") }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "none")")
  }

  @Test func `many bases and repeated base values are refused`() throws {
    var files = ["f0.py": "x = [0]"]
    for i in 1...25 { files["f\(i).py"] = "_base_ = 'f\(i - 1).py'\nx = [{{ _base_.x }}, {{ _base_.x }}]" }
    for i in 0...50 { files["g\(i).py"] = "_base_ = 'g\(i + 1).py'" }
    let twice = Dictionary(
      uniqueKeysWithValues: (0...20).map { ("h\($0).py", "_base_ = ['h\($0 + 1).py', 'h\($0 + 1).py']") })
    let folder = try Folder(
      files.merging(twice) { a, _ in a }.merging(["h21.py": "", "g51.py": ""]) { a, _ in a })
    for name in ["f25.py", "g0.py", "h0.py"] { #expect(throws: ConfigError.self) { try folder.load(name) } }
  }

  @Test func `a deprecated file warns`() throws {
    let config = try Config.parse(
      text: "_deprecation_ = dict(expected='n.py', reference='u')\nx = 1", name: "o.py")
    #expect(config.warnings == ["'o.py' is deprecated; use 'n.py' instead; see u"])
    #expect(config.root == ["x": 1])
  }
}
