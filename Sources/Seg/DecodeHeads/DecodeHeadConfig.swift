import Core
import PyConfig

/// The keys that all decode heads have. Mirrors the arguments of mmseg's `BaseDecodeHead`.
public struct DecodeHeadConfig: Sendable {
  /// What becomes of the feature maps that a head is given.
  public enum InputTransform: String, Sendable, CaseIterable, ConfigDecodable {
    /// All are brought to the size of the first and put behind each other.
    case resizeConcat = "resize_concat"
    /// The head takes several.
    case multipleSelect = "multiple_select"
  }

  /// Of each feature map that is used.
  public var inputChannels: [Int]
  /// Which feature maps are used; negative ones count from the end.
  public var inputIndices: [Int]
  public var transform: InputTransform?
  /// Before the classification of pixels.
  public var channels: Int
  public var classes: Int
  /// Scores a pixel: `classes`, or 1 for two of them.
  public var outChannels: Int
  /// Where a single score stands for two classes: the probability above which it is the second.
  public var threshold: Float?
  public var dropout: Float
  /// Of the convolutions before the classification.
  public var style: ConvStyle
  /// Nothing stands for the cross entropy with its defaults.
  public var losses: [ConfigNodeBox]
  /// The label of pixels that do not count.
  public var ignored: Int?
  public var sampler: ConfigNodeBox
  public var alignCorners: Bool
  public var initialization: [InitConfig]

  /// `conv_seg` starts with small numbers.
  public static let standardInitialization = [
    InitConfig(
      .normal(mean: 0, std: 0.01), overrides: [("conv_seg", InitConfig(.normal(mean: 0, std: 0.01)))])
  ]

  /// - Parameters:
  ///   - transform: of heads that take one kind of input only; their configs have no `input_transform`.
  ///   - norm: what stands for a missing `norm_cfg`.
  /// - Throws: `BuildError`.
  public init(
    from reader: inout ConfigReader, transform fixed: InputTransform? = nil,
    norm defaultNorm: NormConfig? = nil,
    initialization standard: [InitConfig] = standardInitialization
  ) throws {
    transform = fixed
    if fixed == nil { transform = try reader.optional("input_transform") }
    let channels = try reader.value("in_channels", as: OneOrMany<Int>.self)
    let indices = try reader.value("in_index", default: OneOrMany([-1], wasList: false))
    (inputChannels, inputIndices) = (channels.elements, indices.elements)
    let isList = transform != nil
    guard channels.wasList == isList, indices.wasList == isList, inputChannels.count == inputIndices.count,
      !inputChannels.isEmpty
    else {
      throw reader.invalid(
        isList
          ? "in_channels and in_index must be lists of the same length, found \(inputChannels) and \(inputIndices)"
          : "in_channels and in_index must be numbers without input_transform, found \(inputChannels) and \(inputIndices)"
      )
    }
    self.channels = try reader.positive("channels")
    if let odd = inputChannels.first(where: { $0 <= 0 }) {
      throw reader.invalid("must be positive, found \(odd)", key: "in_channels")
    }
    classes = try reader.positive("num_classes")
    let given: Int? = try reader.optional("out_channels")
    outChannels = given ?? classes
    guard outChannels == classes || outChannels == 1 else {
      throw reader.invalid(
        "must be num_classes, \(classes), or 1 for two classes, found \(outChannels)", key: "out_channels")
    }
    threshold = try reader.optional("threshold")
    if threshold == nil && outChannels == 1 { threshold = 0.3 }
    dropout = try reader.value("dropout_ratio", default: 0.1)
    guard dropout <= 1 else {
      throw reader.invalid("must be at most 1, found \(dropout)", key: "dropout_ratio")
    }
    style = try ConvStyle(from: &reader, norm: defaultNorm, activation: .relu)
    losses = reader.boxes("loss_decode")
    ignored = try reader.value("ignore_index", default: 255 as Int?)
    sampler = ConfigNodeBox(reader.node("sampler"), path: reader.path("sampler"))
    alignCorners = try reader.value("align_corners", default: false)
    initialization = try reader.initialization(default: standard)
    try reader.check(style.norm, channels: [self.channels])
  }

  /// Channels of the transformed input, where that is one tensor.
  public var inChannels: Int { transform == nil ? inputChannels[0] : inputChannels.reduce(0, +) }

  /// A convolution with this config's normalisation and activation.
  public func convModule(
    _ inChannels: Int, _ outChannels: Int, kernel: Int, padding: Int? = nil, dilation: Int = 1,
    bias: Bool? = nil
  ) -> ConvModule {
    ConvModule(
      inChannels, outChannels, kernel: Pair(kernel), padding: Pair(padding ?? kernel / 2 * dilation),
      dilation: Pair(dilation), bias: bias, conv: style.conv, norm: style.norm, activation: style.activation)
  }
}

extension ConfigReader {
  /// A number above 0.
  mutating func positive(_ key: String, default standard: Int? = nil) throws -> Int {
    let number: Int
    if let standard { number = try value(key, default: standard) } else { number = try value(key) }
    guard (1...1 << 20).contains(number) else { throw invalid("must be positive, found \(number)", key: key) }
    return number
  }

  /// A list of numbers above 0.
  mutating func positives(_ key: String, default standard: [Int]? = nil, count: Int? = nil) throws -> [Int] {
    let numbers: [Int]
    if let standard { numbers = try value(key, default: standard) } else { numbers = try value(key) }
    guard numbers.allSatisfy({ (1...1 << 20).contains($0) }), !numbers.isEmpty,
      count.map({ $0 == numbers.count }) ?? true
    else {
      throw invalid("must be \(count.map { "\($0) " } ?? "")positive numbers, found \(numbers)", key: key)
    }
    return numbers
  }

  /// - Throws: `BuildError` where there is no norm for one of these numbers of channels.
  func check(_ norm: NormConfig?, channels: [Int]) throws {
    do { try norm?.check(channels: channels) } catch let error as InvalidConfig { throw invalid(error.text) }
  }

  /// The parts of a key that takes one or a list of them; none where it is missing or `None`.
  mutating func boxes(_ key: String) -> [ConfigNodeBox] {
    guard let node = node(key), !node.isNone else { return [] }
    guard let items = node.items else { return [ConfigNodeBox(node, path: path(key))] }
    return items.enumerated().map { ConfigNodeBox($1, path: "\(path(key)).\($0)") }
  }
}
