import PyConfig
import Testing

/// The whole text of errors, places included.
@Suite struct ErrorMessageTests {
  static let table: [(String, String)] = [
    ("x = img_norm\n", "c.py:1:5: a name must be defined before it is used, found 'img_norm'; built in are"),
    (
      "img_norm_cfg = 1\nx = img_norm_cgf",
      "c.py:2:5: a name must be defined before it is used, found 'img_norm_cgf'; did you mean 'img_norm_cfg'?"
    ),
    (
      "x = dict(mean=1)\ny = x['meen']",
      "c.py:2:7: a key must exist in the dict, found 'meen'; did you mean 'mean'?"
    ),
    ("x = [1, 2][5]", "c.py:1:12: the index of a list must lie inside, found 5; it has 2 items"),
    ("x = 1 + 'a'", "c.py:1:7: the operands of '+' must be numbers or go together, found int and str"),
    ("x = 1 / 0", "c.py:1:7: a divisor must not be 0, found 0"),
    ("x = (1,\n", "c.py:1:5: '(' must be closed, found the end of the file"),
    ("x = [1)", "c.py:1:7: '[' of line 1 must be closed, found ')'"),
    ("x = 'a", "c.py:1:5: a string must be closed, found the end of the file"),
    (
      "x = b'a'",
      "c.py:1:5: a string must be text, found the prefix 'b'; bytes are outside the config language"
    ),
    (
      "while True:\n  pass",
      "c.py:1:1: a line must be of the config language, found 'while'; a config may hold assignments"
    ),
    ("def f(): pass", "c.py:1:1: a line must be of the config language, found 'def'"),
    (
      "x = lambda: 1",
      "c.py:1:5: a value must be of the config language, found 'lambda'; functions can't be defined"
    ),
    (
      "import sys",
      "c.py:1:8: an imported module must be one of os, os.path, math, copy, found 'sys'; nothing else can be imported"
    ),
    ("x = open('f')", "c.py:1:5: a name must be defined before it is used, found 'open'"),
    ("import os\nx = os.system('ls')", "c.py:2:8: a member of os must be one of path sep, found 'system'"),
    ("x = 2 ** 64", "c.py:1:7: a whole number must fit 64 bits, found a larger result; use floats"),
    (
      "x = 99999999999999999999",
      "c.py:1:5: a whole number must fit 64 bits, found 99999999999999999999; write it as a float"
    ),
    ("x = dict(a=1, a=2)", "c.py:1:15: an argument must be given once, found 'a' again"),
    ("x = 1\n  y = 2", "c.py:2:3: a line must start where its block does, found it indented"),
    (
      "x: int = 1",
      "c.py:1:2: '=' must give a value to a name, found ':'; annotations are outside the language"
    ),
    ("x = (y := 1)", "c.py:1:8: a value must be given to a name by a line of its own with '=', found ':='"),
    ("x = {}\nx.y = 1", "c.py:2:3: '=' must be given a name or an item, found an attribute; write ['y']"),
    ("x = 'é' + 1", "c.py:1:9: the operands of '+' must be numbers or go together, found str and int"),
    ("x = 1 | 2", "c.py:1:7: an operator must be one of + - * / // % ** and the comparisons, found '|'"),
    ("x = {'a': 1}.a", "c.py:1:14: an attribute must be a method of the dict, found 'a'; write ['a']"),
    (
      "x = range(1, 2, 0)",
      "c.py:1:5: the step of range() must not be 0 and its length must fit 64 bits, found step 0"
    ),
    (
      "x = zip([1])",
      "c.py:1:5: a value of a config must be data, found an iterator in 'x'; wrap it in list()"
    ),
    ("x = len", "c.py:1:5: a value of a config must be data, found the function len in 'x'"),
    ("x = {1.5: 2}", "c.py:1:11: the keys of a config must be strings or whole numbers, found 1.5"),
    ("filename = 'x'", "c.py:1:12: a config must not have the key 'filename', which is reserved, found it"),
    ("_base_ = 3", "c.py:1:10: _base_ must be a path or a list of paths, found int"),
    ("x = {{ _base_.y }}", "c.py:1:5: '{{ _base_.y }}' must stand in a config that has a _base_, found none"),
    (
      "x = {{ _base_.y }}[0]",
      "c.py:1:20: '{{ _base_.x }}' must stand as a whole value, found it in a computation; it is filled in later"
    ),
    ("x = f'{1'", "c.py:1:7: '{' of an f-string must be closed, found its end"),
    ("x = 1 ? 2", "c.py:1:7: a value, a name or an operator must stand here, found '?'"),
    ("x = 1 2", "c.py:1:7: an operator or the end of the line must stand here, found '2'"),
    ("a, b = 1, 2, 3", "c.py:1:1: 2 values must be there to unpack, found 3"),
    ("x = int('a')", "c.py:1:9: int() must be given a whole number's text, found 'a'"),
    ("x = 012", "c.py:1:5: a number must be written as in 12, 1_000, 0xff, 1.5 or 1e-3, found 012"),
    ("x = '\\x4'", "c.py:1:6: \\x must be followed by 2 hexadecimal digits, found '4'"),
  ]

  @Test(arguments: table) func `an error says where, what must hold and what was found`(
    source: String, expected: String
  ) {
    let error = #expect(throws: ConfigError.self) { try Config.parse(text: source, name: "c.py") }
    #expect(error?.description.hasPrefix(expected) == true, "\(error?.description ?? "none")")
  }
}
