import PyConfig

/// The `padding` of patch layers: numbers, or a rule that looks at each image.
public enum PatchPadding: Sendable, Equatable {
  case fixed(Pair)
  case adaptive(AdaptivePadding.Mode)

  /// The rule for a kernel, if there is one.
  func rule(kernel: Pair, stride: Pair, dilation: Pair) -> AdaptivePadding? {
    guard case .adaptive(let mode) = self else { return nil }
    return AdaptivePadding(mode, kernel: kernel, stride: stride, dilation: dilation)
  }

  /// What a convolution adds by itself.
  var fixed: Pair { if case .fixed(let pair) = self { pair } else { 0 } }
}

extension PatchPadding: ConfigDecodable {
  public init(from node: ConfigNode, at path: String) throws {
    guard let text = node.string else {
      self = .fixed(try Pair(from: node, at: path))
      return
    }
    guard let mode = AdaptivePadding.Mode(rawValue: text) else {
      throw BuildError(
        .invalid("must be a number, two, 'same' or 'corner', found '\(text)'"), path: path,
        location: node.location)
    }
    self = .adaptive(mode)
  }
}
