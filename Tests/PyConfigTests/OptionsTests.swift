import PyConfig
import Testing

@Suite struct OptionsTests {
  /// An option's value and the Python that it stands for.
  static let values: [(String, String)] = [
    ("1", "1"), ("1_000", "1000"), ("1.5", "1.5"), ("1e-3", "0.001"), ("true", "True"), ("FALSE", "False"),
    ("None", "None"), ("none", "'none'"),
    ("abc", "'abc'"), ("1,2", "[1, 2]"), ("[1,2]", "[1, 2]"), ("(1,2)", "(1, 2)"),
    ("[(train,1),(val,1)]", "[('train', 1), ('val', 1)]"), ("[]", "[]"),
    ("()", "()"), ("[1]", "[1]"), ("1,", "[1]"), ("'abc'", "'abc'"), ("\"[(train, 1)]\"", "[('train', 1)]"),
    ("a b", "'ab'"), ("[[1,2],[3]]", "[[1, 2], [3]]"), ("", "''"),
    ("a=b", "'a=b'"), ("inf", "float('inf')"), ("(1,2),3", "[(1, 2), 3]"), ("+5", "5"), ("0x10", "'0x10'"),
    ("[(a,b),[c,(d,1.5)]]", "[('a', 'b'), ['c', ('d', 1.5)]]"),
  ]

  @Test(arguments: values) func `a value is parsed as the original does`(text: String, expected: String)
    throws
  {
    var config = try Config.parse(text: "k = 0")
    try config.merge(options: ["k=" + text])
    #expect(config.root == (try Config.parse(text: "k = " + expected)).root, "\(config.dump(.py))")
  }

  static let merges: [([String], String)] = [
    (["a.b=2"], "a = dict(b=2)\np = [dict(t='x'), dict(t='y', n=1)]"),
    (["a.c.d=2"], "a = dict(b=1, c=dict(d=2))\np = [dict(t='x'), dict(t='y', n=1)]"),
    (["p.1.t=z"], "a = dict(b=1)\np = [dict(t='x'), dict(t='z', n=1)]"),
    (["p.0=5"], "a = dict(b=1)\np = [5, dict(t='y', n=1)]"),
    (["a._delete_=True", "a.e=1"], "a = dict(e=1)\np = [dict(t='x'), dict(t='y', n=1)]"),
    (["n.0.1=x"], "a = dict(b=1)\np = [dict(t='x'), dict(t='y', n=1)]\nn = {'0': {'1': 'x'}}"),
    (["a.b=1", "a.b=3"], "a = dict(b=3)\np = [dict(t='x'), dict(t='y', n=1)]"),
  ]

  @Test(arguments: merges) func `options change a config`(options: [String], expected: String) throws {
    var config = try Config.parse(text: "a = dict(b=1)\np = [dict(t='x'), dict(t='y', n=1)]")
    try config.merge(options: options)
    #expect(config.root == (try Config.parse(text: expected)).root, "\(config.dump(.py))")
  }

  static let errors: [(String, String)] = [
    ("k", "<--cfg-options>:1:1: an option must be given as key=value, found 'k'"),
    ("p.5.t=1", "'p' has 2 items: an index must be below that, found 5"),
    ("p.x=1", "'p' is a list: its key must be a whole number, found 'x'"),
    ("a.b.c=1", "'a.b' must be a dict in the base too, found int"),
    (
      "t.0=1",
      "'t' must be a dict in the base too, found tuple (<config>:3); give the whole tuple, as in t=(1,2)"
    ),
    ("a=[(1]", "<--cfg-options>:1:3: the brackets of a value must be closed, found '[(1]'"),
    ("a..b=1", "the parts of an option's key must not be empty, found 'a..b=1'"),
    ("a=99999999999999999999", "a whole number must fit 64 bits"),
    (
      "a=" + String(repeating: "[", count: 1000) + String(repeating: "]", count: 1000), "at most 200 brackets"
    ),
  ]

  @Test(arguments: errors) func `a wrong option is named`(option: String, message: String) throws {
    var config = try Config.parse(text: "a = dict(b=1)\np = [dict(t='x'), dict(t='y', n=1)]\nt = (1, 2)")
    let error = #expect(throws: ConfigError.self) { try config.merge(options: [option]) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "none")")
  }
}
