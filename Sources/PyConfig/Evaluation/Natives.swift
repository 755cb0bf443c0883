/// The functions that a config can call.
enum Native: String, CaseIterable {
  case abs, all, any, bool, dict, divmod, enumerate, filter, float, int, len, list, map, max, min, pow, range,
    repr
  case reversed, round, set, sorted, str, sum, tuple, zip
  case join = "os.path.join"
  case dirname = "os.path.dirname"
  case basename = "os.path.basename"
  case splitext = "os.path.splitext"
  case sqrt = "math.sqrt"
  case floor = "math.floor"
  case ceil = "math.ceil"
  case exp = "math.exp"
  case log = "math.log"
  case log2 = "math.log2"
  case log10 = "math.log10"
  case copy = "copy.copy"
  case deepcopy = "copy.deepcopy"
  case fromkeys = "dict.fromkeys"

  /// Known without an import.
  static let builtins: [String: Native] = Dictionary(
    uniqueKeysWithValues: allCases.filter { !$0.rawValue.contains(".") }.map { ($0.rawValue, $0) })
}

/// The modules that a config can import.
enum NativeModule: String {
  case os
  case osPath = "os.path"
  case math, copy

  var members: [String] {
    switch self {
    case .os: ["path", "sep"]
    case .osPath: ["join", "dirname", "basename", "splitext", "sep"]
    case .math: ["sqrt", "floor", "ceil", "exp", "log", "log2", "log10", "pi", "e", "inf", "nan"]
    case .copy: ["copy", "deepcopy"]
    }
  }

  func member(_ name: String) -> PyValue? {
    switch (self, name) {
    case (.os, "path"): .module(.osPath)
    case (.os, "sep"), (.osPath, "sep"): .string("/")
    case (.math, "pi"): .float(.pi)
    case (.math, "e"): .float(2.718281828459045)
    case (.math, "inf"): .float(.infinity)
    case (.math, "nan"): .float(.nan)
    default: Native(rawValue: "\(rawValue).\(name)").map(PyValue.function)
    }
  }
}
