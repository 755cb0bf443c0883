import PyConfig
import Testing

@Suite struct LanguageTests {
  /// Each expression and Python's `repr` of its value.
  static let expressions: [(String, String)] = [
    ("1 + 2 * 3", "7"), ("7 / 2", "3.5"), ("4 / 2", "2.0"), ("-7 // 2", "-4"), ("-7 % 3", "2"),
    ("7 % -3", "-2"),
    ("-7.5 // 2", "-4.0"), ("-7.5 % 2", "0.5"), ("2 ** 10", "1024"), ("2 ** -1", "0.5"), ("-2 ** 2", "-4"),
    ("2 ** 3 ** 2", "512"), ("True + True", "2"), ("round(0.5)", "0"), ("round(1.5)", "2"),
    ("round(2.5)", "2"),
    ("round(2.675, 2)", "2.67"), ("round(1250, -2)", "1200"), ("round(-1350, -2)", "-1400"),
    ("1e-5", "1e-05"),
    ("1e16", "1e+16"), ("123456789012345.0", "123456789012345.0"), ("0.1 + 0.2", "0.30000000000000004"),
    ("1_000", "1000"), ("0xff", "255"), ("0o17", "15"), ("0b101", "5"), ("1 / 255", "0.00392156862745098"),
    ("not 1 == 2", "True"), ("1 < 2 < 3", "True"), ("1 < 2 > 3", "False"), ("0 or 'x'", "'x'"),
    ("1 and 0", "0"),
    ("1 if [] else 2", "2"), ("'a' 'b'", "'ab'"), ("r'\\d'", "'\\\\d'"), ("'\\x41\\u00e9\\n'", "'Aé\\n'"),
    ("\"it's\"", "\"it's\""), ("'''a\nb'''", "'a\\nb'"), ("'ab' * 2", "'abab'"), ("[1] * 3", "[1, 1, 1]"),
    ("(1,)", "(1,)"), ("()", "()"), ("1, 2", "(1, 2)"), ("[*range(3), 9]", "[0, 1, 2, 9]"),
    ("dict(a=1, **{'b': 2})", "{'a': 1, 'b': 2}"), ("{**{'a': 1}, 'a': 2}", "{'a': 2}"),
    ("{0: 'x'}", "{0: 'x'}"),
    ("dict([('a', 1)], b=2)", "{'a': 1, 'b': 2}"), ("[1, 2, 3][::-1]", "[3, 2, 1]"),
    ("'hello'[1:-1]", "'ell'"),
    ("(1, 2, 3)[-1]", "3"), ("[1, 2, 3, 4][1::2]", "[2, 4]"),
    (
      "[x * y for x in (1, 2) for y in [3, 4] if x != y]",
      "[3, 4, 6, 8]"
    ), ("{k: v for k, v in zip('ab', range(2))}", "{'a': 0, 'b': 1}"),
    ("[(i, c) for i, c in enumerate('ab', 1)]", "[(1, 'a'), (2, 'b')]"), ("sum([[1], [2]], [])", "[1, 2]"),
    ("sum(x for x in range(5))", "10"), ("max(3, 1, 2)", "3"), ("min([4, 2])", "2"),
    ("max([], default=0)", "0"),
    ("sorted([3, 1, 2], reverse=True)", "[3, 2, 1]"), ("sorted(['bb', 'a'], key=len)", "['a', 'bb']"),
    ("abs(-3)", "3"), ("int('12')", "12"), ("int(-2.7)", "-2"), ("float('1e3')", "1000.0"),
    ("str(1.0)", "'1.0'"),
    ("list(map(str, [1, 2]))", "['1', '2']"), ("tuple([1])", "(1,)"), ("len('né')", "2"),
    ("'b' in ['a', 'b']", "True"),
    ("None is None", "True"), ("1 == 1.0", "True"), ("[1, 2] < [1, 3]", "True"),
    ("f'{1 + 1}-{0.5:.2f}-{{}}'", "'2-0.50-{}'"),
    ("f\"{'a'!r:>5}|{7:03d}\"", "\"  'a'|007\""), ("'{}.{name}.{0}'.format(1, name='x')", "'1.x.1'"),
    ("'%s-%d-%.1f%%' % ('a', 3, 2.5)", "'a-3-2.5%'"), ("'a,b'.split(',')", "['a', 'b']"),
    ("','.join(['a', 'b'])", "'a,b'"),
    ("'abc'.replace('b', 'x').upper()", "'AXC'"), ("{1, 2, 2}", "[1, 2]"), ("range(3)", "[0, 1, 2]"),
    ("dict(a=1).get('b', 5)", "5"), ("list({'a': 1}.items())", "[('a', 1)]"), ("divmod(-7, 2)", "(-4, 1)"),
    ("5 // 0.3", "16.0"), ("not None", "True"), ("'a' < 'b'", "True"), ("int(True)", "1"),
    ("'x' 'y' f'{1}'", "'xy1'"),
    ("dict.fromkeys(['a'], 0)", "{'a': 0}"), ("all([1, 0])", "False"),
    ("'p.py'.endswith(('.txt', '.py'))", "True"),
  ]

  @Test(arguments: expressions) func `an expression has Python's value`(source: String, expected: String)
    throws
  {
    let config = try Config.parse(text: "x = \(source)\n")
    #expect(
      try Config.parse(text: "x = \(expected)").root == config.root, "\(source) gave \(config.dump(.py))")
    #expect(
      try Config.parse(text: "x = repr((\(source)))")["x"]?.string == expected
        || ["{1, 2, 2}", "range(3)"].contains(source))
  }

  /// Each program and what its names hold at its end.
  static let programs: [(String, String)] = [
    (
      "a = {'x': 1}\nb = dict(c=a)\na.update({'y': 2}, z=3)",
      "a = {'x': 1, 'y': 2, 'z': 3}\nb = dict(c=dict(x=1, y=2, z=3))"
    ),
    ("a = [1]\nb = a\na += [2]", "a = [1, 2]\nb = [1, 2]"),
    ("a = [1]\nb = a\na = a + [2]", "a = [1, 2]\nb = [1]"),
    ("a = [1]\nb = a.copy()\na.append(2)", "a = [1, 2]\nb = [1]"),
    ("a, (b, *c) = 1, [2, 3, 4]", "a = 1\nb = 2\nc = [3, 4]"),
    ("a = b = 3\nb -= 1\nb **= 2", "a = 3\nb = 4"),
    ("a = dict(b=[1, 2])\na['b'][0] = 9\na['c'] = 1", "a = dict(b=[9, 2], c=1)"),
    ("x = []\nfor i in range(3):\n    if i == 1:\n        continue\n    x.append(i)\ndel i", "x = [0, 2]"),
    ("for i in range(9):\n  if i > 2: break\nelse:\n  j = 1", "i = 3"),
    ("if 0:\n  a = 1\nelif 1:\n  a = 2\nelse:\n  a = 3", "a = 2"),
    ("x = 1\ny = [x for x in range(3)]", "x = 1\ny = [0, 1, 2]"),
    ("import os.path as osp\nimport math\na = osp.join('a', 'b')\nb = math.sqrt(4)", "a = 'a/b'\nb = 2.0"),
    ("from os import path\na = path.splitext('a/b.tar.gz')", "a = ('a/b.tar', '.gz')"),
    ("__x__ = 1\n_y = 2", "_y = 2"),
    ("a = (1 +\n  2)\nb = 1; c = 2\n\\\n\nd = 3 # x", "a = 3\nb = 1\nc = 2\nd = 3"),
    ("'''doc'''\nd = {}\nd['k'] = d.setdefault('m', 4)\ndel d['m']", "d = dict(k=4)"),
    ("custom_imports = dict(imports=['x'])", "custom_imports = dict(imports=['x'])"),
    ("a = 1\r\nb = 2\r\n", "a = 1\nb = 2"),
    ("import copy\na = [[1]]\nb = copy.deepcopy(a)\nb[0].append(2)", "a = [[1]]\nb = [[1, 2]]"),
    ("\u{FEFF}é = 1", "é = 1"),
  ]

  @Test(arguments: programs) func `a program leaves Python's values`(source: String, expected: String) throws
  {
    let config = try Config.parse(text: source)
    #expect(config.root == (try Config.parse(text: expected)).root, "\(config.dump(.py))")
  }

  @Test func `a value knows its place`() throws {
    let config = try Config.parse(text: "a = dict(\n    b=1,\n    c=[2,\n       3])\n", name: "f.py")
    #expect(config["a.c.1"]?.location == SourceLocation(file: "f.py", line: 4, column: 8))
    #expect(config["a.b"]?.location?.description == "f.py:2")
    #expect(config["a.c.-1"]?.int == 3)
    #expect(config["a.x"] == nil)
  }

  @Test func `a path can be set`() throws {
    var config = try Config.parse(text: "a = dict(b=[1, dict(c=2)])")
    config["a.b.1.c"] = 5
    config["a.d"] = ["x", ConfigNode(.none), true]
    #expect(config.root == (try Config.parse(text: "a = dict(b=[1, dict(c=5)], d=['x', None, True])")).root)
  }
}
