import PyConfig

// What the configs of transformer backbones have in common.
extension ConfigReader {
  /// Numbers that no network needs to exceed; larger ones would only end in want of memory.
  public static let widths = 1...32768

  /// `img_size` and its like: a number, or one or two in a list.
  public mutating func imageSize(_ key: String, default standard: Pair = 224) throws -> Pair {
    let numbers = try value(key, default: OneOrMany(standard.array)).elements
    guard (1...2).contains(numbers.count), numbers.allSatisfy((1...65536).contains) else {
      throw invalid("must be one or two sizes in 1...65536, found \(numbers)", key: key)
    }
    return Pair(h: numbers[0], w: numbers[numbers.count - 1])
  }

  /// How many patches an image has, which must be few enough to keep an embedding of each.
  public func checkPatches(_ image: Pair, patch: Int, key: String, atMost limit: Int = 1 << 20) throws {
    let patches = Pair(h: image.h / max(1, patch), w: image.w / max(1, patch))
    guard patches.h > 0, patches.w > 0, patches.h * patches.w <= limit else {
      throw invalid(
        "must hold 1 to \(limit) patches of \(patch) pixels, found \(image.h)x\(image.w) pixels", key: key)
    }
  }

  /// Checks that each of `heads` divides the width beside it.
  public func checkHeads(_ heads: [Int], _ widths: [Int], key: String = "num_heads") throws {
    for (heads, width) in zip(heads, widths) where heads < 1 || width % heads != 0 {
      throw invalid(
        "must divide the width of its layers, found \(heads) heads for \(width) channels", key: key)
    }
  }

  /// Layer normalisation, the only kind that works on tokens.
  public mutating func tokenNorm(_ key: String = "norm_cfg", default standard: NormConfig) throws
    -> NormConfig
  {
    let norm = try value(key, default: standard)
    guard norm.kind == .layerNorm else {
      throw invalid("must be of type LN, which works on tokens", key: key)
    }
    return norm
  }

  /// The same where `None` stands for no norm.
  public mutating func optionalTokenNorm(_ key: String = "norm_cfg") throws -> NormConfig? {
    guard let norm: NormConfig = try optional(key) else { return nil }
    guard norm.kind == .layerNorm else {
      throw invalid("must be of type LN, which works on tokens", key: key)
    }
    return norm
  }

  /// `init_cfg`, or `pretrained`, an older way to name a file; both at once are an error.
  public mutating func initializationOrPretrained() throws -> [InitConfig] {
    let rules = try initialization(default: [])
    guard let checkpoint: String = try optional("pretrained") else { return rules }
    guard rules.isEmpty else {
      throw invalid("must not be given together with init_cfg", key: "pretrained")
    }
    return [.pretrained(checkpoint)]
  }
}

extension NormConfig {
  /// Layer normalisation.
  public static func layerNorm(eps: Double = 1e-5) -> NormConfig {
    var config = NormConfig(.layerNorm)
    config.eps = eps
    return config
  }
}
