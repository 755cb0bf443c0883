import Foundation
import OrderedCollections

extension Interpreter {
  /// Checks how many arguments without and which with a name there are.
  private func check(
    _ name: String, _ given: Arguments, _ counts: ClosedRange<Int>, named: [String] = [], at offset: Int
  ) throws(ConfigError) {
    guard counts.contains(given.positional.count) else {
      let wanted = counts.count == 1 ? "\(counts.lowerBound)" : "\(counts.lowerBound) to \(counts.upperBound)"
      throw fail("\(name)() must be given \(wanted) arguments, found \(given.positional.count)", at: offset)
    }
    for (key, slot) in given.named where !named.contains(key) {
      let allowed = named.isEmpty ? "it takes none by name" : "it takes \(named.joined(separator: " "))"
      throw fail("an argument of \(name)() must be known, found '\(key)'; \(allowed)", at: slot.at)
    }
  }

  private func number(_ slot: Slot, of name: String) throws(ConfigError) -> Int {
    guard let value = slot.value.asInt else {
      throw fail(
        "the argument of \(name)() must be a whole number, found \(slot.value.typeName)", at: slot.at)
    }
    return value
  }

  private func float(_ slot: Slot, of name: String) throws(ConfigError) -> Double {
    guard let value = slot.value.asDouble else {
      throw fail("the argument of \(name)() must be a number, found \(slot.value.typeName)", at: slot.at)
    }
    return value
  }

  private func text(_ slot: Slot, of name: String) throws(ConfigError) -> String {
    guard case .string(let text) = slot.value else {
      throw fail("the argument of \(name)() must be a string, found \(slot.value.typeName)", at: slot.at)
    }
    try checkKnown(text, at: slot.at)
    return text
  }

  /// Calls one of the built-in functions.
  func call(_ native: Native, _ given: Arguments, at offset: Int) throws(ConfigError) -> PyValue {
    let args = given.positional, name = native.rawValue
    switch native {
    case .dict: return try makeDictionary(given, at: offset)
    case .list, .tuple, .set:
      try check(name, given, 0...1, at: offset)
      let items = args.isEmpty ? [] : try self.items(of: args[0].value, at: args[0].at)
      if native == .set { return try set(members(items), at: offset) }
      return try native == .list ? list(items, at: offset) : tuple(items, at: offset)
    case .str:
      try check(name, given, 0...1, at: offset)
      return args.isEmpty ? .string("") : try string(str(args[0].value, at: offset), at: offset)
    case .repr:
      try check(name, given, 1...1, at: offset)
      return try string(repr(args[0].value, at: offset), at: offset)
    case .bool:
      try check(name, given, 0...1, at: offset)
      return .bool(args.isEmpty ? false : try isTrue(args[0].value, at: args[0].at))
    case .int:
      try check(name, given, 0...1, at: offset)
      return args.isEmpty ? .int(0) : try makeInt(args[0])
    case .float:
      try check(name, given, 0...1, at: offset)
      guard let slot = args.first else { return .float(0) }
      if let value = slot.value.asDouble { return .float(value) }
      let text = try text(slot, of: name)
      guard let value = PythonNumber.float(text) else {
        throw fail(
          "float() must be given a number's text, found \(pythonRepr(String(text.prefix(80))))", at: slot.at)
      }
      return .float(value)
    case .len:
      try check(name, given, 1...1, at: offset)
      return .int(try length(args[0]))
    case .abs:
      try check(name, given, 1...1, at: offset)
      if case .float(let value) = args[0].value { return .float(value.magnitude) }
      let value = try number(args[0], of: name)
      guard value != .min else { throw overflow(at: offset) }
      return .int(Swift.abs(value))
    case .sum:
      try check(name, given, 1...2, named: ["start"], at: offset)
      var total = args.count > 1 ? args[1].value : given.named["start"]?.value ?? .int(0)
      if case .string = total {
        throw fail("sum() must be given numbers or lists, found a string; use ''.join()", at: offset)
      }
      for item in try items(of: args[0].value, at: args[0].at) {
        total = try binary("+", total, item.value, at: item.at)
      }
      return total
    case .min, .max: return try extreme(native, given, at: offset)
    case .round:
      try check(name, given, 1...2, named: ["ndigits"], at: offset)
      return try rounded(args[0], digits: args.count > 1 ? args[1] : given.named["ndigits"], at: offset)
    case .pow:
      try check(name, given, 2...2, at: offset)
      return try binary("**", args[0].value, args[1].value, at: offset)
    case .divmod:
      try check(name, given, 2...2, at: offset)
      let quotient = try binary("//", args[0].value, args[1].value, at: offset)
      let rest = try binary("%", args[0].value, args[1].value, at: offset)
      return try tuple([Slot(value: quotient, at: offset), Slot(value: rest, at: offset)], at: offset)
    case .range:
      try check(name, given, 1...3, at: offset)
      var numbers: [Int] = []
      for slot in args { numbers.append(try number(slot, of: name)) }
      let start = numbers.count > 1 ? numbers[0] : 0, step = numbers.count > 2 ? numbers[2] : 1
      guard let range = PyRange(start: start, stop: numbers.count > 1 ? numbers[1] : numbers[0], step: step)
      else {
        throw fail(
          "the step of range() must not be 0 and its length must fit 64 bits, found step \(step)", at: offset)
      }
      return .range(range)
    case .enumerate:
      try check(name, given, 1...2, named: ["start"], at: offset)
      let slot = args.count > 1 ? args[1] : given.named["start"]
      var index = try slot.map { (slot) throws(ConfigError) in try number(slot, of: name) } ?? 0
      var pairs: [Slot] = []
      for item in try items(of: args[0].value, at: args[0].at) {
        pairs.append(
          Slot(value: try tuple([Slot(value: .int(index), at: item.at), item], at: offset), at: item.at))
        let (next, tooLarge) = index.addingReportingOverflow(1)
        guard !tooLarge else { throw overflow(at: offset) }
        index = next
      }
      return try iterator(pairs, at: offset)
    case .zip:
      var rows: [[Slot]] = []
      try check(name, given, 0...100, at: offset)
      for slot in args { rows.append(try items(of: slot.value, at: slot.at)) }
      var tuples: [Slot] = []
      for index in 0..<(rows.map(\.count).min() ?? 0) {
        tuples.append(Slot(value: try tuple(rows.map { $0[index] }, at: offset), at: offset))
      }
      return try iterator(tuples, at: offset)
    case .map, .filter:
      try check(name, given, 2...2, at: offset)
      var results: [Slot] = []
      for item in try items(of: args[1].value, at: args[1].at) {
        try spend(1, at: offset)
        var value = item.value
        if native == .map {
          value = try apply(args[0], to: item)
        } else if case .none = args[0].value {
        } else {
          value = try apply(args[0], to: item)
        }
        if native == .map {
          results.append(Slot(value: value, at: item.at))
        } else if try isTrue(value, at: item.at) {
          results.append(item)
        }
      }
      return try iterator(results, at: offset)
    case .all, .any:
      try check(name, given, 1...1, at: offset)
      for item in try items(of: args[0].value, at: args[0].at)
      where try isTrue(item.value, at: item.at) == (native == .any) { return .bool(native == .any) }
      return .bool(native == .all)
    case .sorted:
      try check(name, given, 1...1, named: ["key", "reverse"], at: offset)
      let items = try items(of: args[0].value, at: args[0].at)
      return try list(sort(items, given.named, at: offset), at: offset)
    case .reversed:
      try check(name, given, 1...1, at: offset)
      return try iterator(items(of: args[0].value, at: args[0].at).reversed(), at: offset)
    case .fromkeys:
      try check(name, given, 1...2, at: offset)
      var entries: OrderedDictionary<PyKey, Slot> = [:]
      for item in try items(of: args[0].value, at: args[0].at) {
        entries[try key(item.value, at: item.at)] = args.count > 1 ? args[1] : Slot(value: .none, at: item.at)
      }
      return try dictionary(entries, at: offset)
    case .copy:
      try check(name, given, 1...1, at: offset)
      return try copied(args[0].value, isDeep: false, at: offset, depth: 0)
    case .deepcopy:
      try check(name, given, 1...1, at: offset)
      return try copied(args[0].value, isDeep: true, at: offset, depth: 0)
    case .join:
      try check(name, given, 1...100, at: offset)
      var path = ""
      for slot in args {
        let part = try text(slot, of: name)
        path =
          part.hasPrefix("/") || path.isEmpty ? part : path.hasSuffix("/") ? path + part : path + "/" + part
      }
      return try string(path, at: offset)
    case .dirname, .basename, .splitext:
      try check(name, given, 1...1, at: offset)
      let path = FilePath(try text(args[0], of: name))
      if native == .dirname { return .string(path.directory) }
      if native == .basename { return .string(path.name) }
      let parts = [path.withoutExtension, path.extension].map { Slot(value: .string($0), at: offset) }
      return try tuple(parts, at: offset)
    case .sqrt, .exp, .log, .log2, .log10, .floor, .ceil:
      try check(name, given, 1...(native == .log ? 2 : 1), at: offset)
      return try mathematics(native, args, at: offset)
    }
  }

  private func mathematics(_ native: Native, _ args: [Slot], at offset: Int) throws(ConfigError) -> PyValue {
    let x = try float(args[0], of: native.rawValue)
    var result: Double
    switch native {
    case .floor, .ceil:
      if let whole = args[0].value.asInt { return .int(whole) }
      guard let value = Int(exactly: x.rounded(native == .floor ? .down : .up)) else {
        throw overflow(at: offset)
      }
      return .int(value)
    case .sqrt: result = x.squareRoot()
    case .exp: result = Foundation.exp(x)
    case .log2: result = Foundation.log2(x)
    case .log10: result = Foundation.log10(x)
    default:
      result = Foundation.log(x)
      if args.count > 1 { result /= Foundation.log(try float(args[1], of: native.rawValue)) }
    }
    guard result.isFinite || !x.isFinite else {
      throw fail(
        "the argument of \(native.rawValue)() must have a finite result, found \(pythonRepr(x))", at: offset)
    }
    return .float(result)
  }

  private func makeDictionary(_ given: Arguments, at offset: Int) throws(ConfigError) -> PyValue {
    guard given.positional.count <= 1 else {
      throw fail(
        "dict() must be given at most 1 argument without a name, found \(given.positional.count)", at: offset)
    }
    var entries: OrderedDictionary<PyKey, Slot> = [:]
    if let slot = given.positional.first { try merge(slot, into: &entries) }
    for (key, slot) in given.named { entries[.string(key)] = slot }
    return try dictionary(entries, at: offset)
  }

  /// Adds the entries of a dict or the pairs of a sequence.
  func merge(_ slot: Slot, into entries: inout OrderedDictionary<PyKey, Slot>) throws(ConfigError) {
    if case .dictionary(let more) = slot.value {
      try spend(items: entries.count + more.entries.count, cost: more.entries.count, at: slot.at)
      for (key, value) in more.entries { entries[key] = value }
      return
    }
    for item in try items(of: slot.value, at: slot.at) {
      let pair = try items(of: item.value, at: item.at)
      guard pair.count == 2 else {
        throw fail("the items given to dict() must be pairs, found one of \(pair.count)", at: slot.at)
      }
      entries[try key(pair[0].value, at: pair[0].at)] = pair[1]
    }
  }

  private func makeInt(_ slot: Slot) throws(ConfigError) -> PyValue {
    if let value = slot.value.asInt { return .int(value) }
    if case .float(let value) = slot.value {
      guard value.isFinite else {
        throw fail("int() must be given a finite number, found \(pythonRepr(value))", at: slot.at)
      }
      guard let whole = Int(exactly: value.rounded(.towardZero)) else { throw overflow(at: slot.at) }
      return .int(whole)
    }
    let text = try text(slot, of: "int")
    switch PythonNumber(int: text) {
    case .int(let value): return .int(value)
    case .tooLarge: throw overflow(at: slot.at)
    case .float, nil:
      throw fail(
        "int() must be given a whole number's text, found \(pythonRepr(String(text.prefix(80))))", at: slot.at
      )
    }
  }

  private func length(_ slot: Slot) throws(ConfigError) -> Int {
    switch slot.value {
    case .list(let list), .tuple(let list): return list.items.count
    case .dictionary(let dictionary), .set(let dictionary): return dictionary.entries.count
    case .range(let range): return range.count
    case .string(let text):
      try checkKnown(text, at: slot.at)
      try spend(bytes: text.utf8.count, at: slot.at)
      return text.unicodeScalars.count
    default: throw fail("len() must be given something with items, found \(slot.value.typeName)", at: slot.at)
    }
  }

  func apply(_ function: Slot, to item: Slot) throws(ConfigError) -> PyValue {
    var given = Arguments()
    given.positional = [item]
    switch function.value {
    case .function(let native): return try call(native, given, at: function.at)
    case .method(let method): return try call(method, given, at: function.at)
    default: throw fail("a function must stand here, found \(function.value.typeName)", at: function.at)
    }
  }

  private func extreme(_ native: Native, _ given: Arguments, at offset: Int) throws(ConfigError) -> PyValue {
    try check(native.rawValue, given, 1...1000, named: ["key", "default"], at: offset)
    let args = given.positional
    let items = args.count == 1 ? try items(of: args[0].value, at: args[0].at) : args
    var best: (item: Slot, rank: PyValue)?
    for item in items {
      var rank = item.value
      if let key = given.named["key"] { rank = try apply(key, to: item) }
      if let now = best {
        let order = try order(rank, now.rank, native == .min ? "<" : ">", at: item.at)
        guard order == (native == .min ? -1 : 1) else { continue }
      }
      best = (item, rank)
    }
    if let best { return best.item.value }
    if let fallback = given.named["default"] { return fallback.value }
    throw fail("\(native.rawValue)() must be given at least one item, found none", at: offset)
  }

  /// A stable sort, with `key` and `reverse` as Python's.
  func sort(_ items: [Slot], _ named: OrderedDictionary<String, Slot>, at offset: Int) throws(ConfigError)
    -> [Slot]
  {
    var ranked: [(item: Slot, rank: PyValue)] = []
    for item in items {
      var rank = item.value
      if let key = named["key"], !{ if case .none = key.value { true } else { false } }() {
        rank = try apply(key, to: item)
      }
      ranked.append((item, rank))
    }
    let isReversed =
      try named["reverse"].map { (slot) throws(ConfigError) in try isTrue(slot.value, at: slot.at) } ?? false
    var failure: ConfigError?
    let sorted = ranked.enumerated().sorted { a, b in
      guard failure == nil else { return false }
      do throws(ConfigError) {
        let order = try order(a.element.rank, b.element.rank, "<", at: offset)
        return order == (isReversed ? 1 : -1) || (order == 0 && a.offset < b.offset)
      } catch {
        failure = error
        return false
      }
    }
    if let failure { throw failure }
    return sorted.map(\.element.item)
  }

  /// Half goes to the even neighbour.
  private func rounded(_ slot: Slot, digits: Slot?, at offset: Int) throws(ConfigError) -> PyValue {
    var places: Int?
    if let digits {
      if case .none = digits.value {} else { places = try number(digits, of: "round") }
    }
    if let whole = slot.value.asInt {
      guard let places, places < 0 else { return .int(whole) }
      guard places > -19, let unit = Interpreter.power(10, -places) else { return .int(0) }
      let rest = ((whole % unit) + unit) % unit
      let (down, tooSmall) = whole.subtractingReportingOverflow(rest)
      guard !tooSmall else { throw overflow(at: offset) }
      let goesUp = rest > unit - rest || (rest == unit - rest && (down / unit) % 2 != 0)
      let (up, tooLarge) = down.addingReportingOverflow(goesUp ? unit : 0)
      guard !tooLarge else { throw overflow(at: offset) }
      return .int(up)
    }
    let value = try float(slot, of: "round")
    guard let places else {
      guard value.isFinite, let whole = Int(exactly: value.rounded(.toNearestOrEven)) else {
        throw fail("round() must have a whole result of 64 bits, found \(pythonRepr(value))", at: slot.at)
      }
      return .int(whole)
    }
    guard value.isFinite, places < 330 else { return .float(value) }
    if places >= 0 { return .float(strtod(String(format: "%.\(places)f", value), nil)) }
    guard places > -310 else { return .float(copysign(0, value)) }
    let unit = Foundation.pow(10, Double(-places))
    return .float((value / unit).rounded(.toNearestOrEven) * unit)
  }

  private func copied(_ value: PyValue, isDeep: Bool, at offset: Int, depth: Int) throws(ConfigError)
    -> PyValue
  {
    guard depth <= budget.limits.nesting else { throw tooDeep(at: offset) }
    func slots(_ items: [Slot]) throws(ConfigError) -> [Slot] {
      guard isDeep else { return items }
      var result: [Slot] = []
      for item in items {
        result.append(
          Slot(value: try copied(item.value, isDeep: true, at: offset, depth: depth + 1), at: item.at))
      }
      return result
    }
    switch value {
    case .list(let list): return try self.list(slots(list.items), at: offset)
    case .tuple(let list): return isDeep ? try tuple(slots(list.items), at: offset) : value
    case .dictionary(let dictionary):
      var entries = dictionary.entries
      if isDeep {
        for (index, slot) in zip(0..., try slots(Array(entries.values))) { entries.values[index] = slot }
      }
      return try self.dictionary(entries, at: offset)
    case .set(let members): return try set(members.entries, at: offset)
    default: return value
    }
  }
}
