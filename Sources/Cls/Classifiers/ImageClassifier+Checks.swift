import Core

/// What must hold for the parts of a classifier and for its images; elsewhere it would end in a failed precondition.
extension ImageClassifier {
  /// Whether the head takes what the backbone gives, where both say what that is.
  ///
  /// - Throws: `InvalidConfig`.
  static func check(
    _ backbone: any Backbone, _ neck: (any Neck)?, _ head: (any ClassificationHead)?
  ) throws {
    let tokens = (backbone as? any TokenBackbone)?.tokensPerOutput ?? 0
    if let head, head.tokens != tokens, head.tokens > 0 || neck is GlobalAveragePooling {
      throw InvalidConfig(
        "the head takes \(head.tokens) tokens of the whole image, the backbone gives \(tokens); see output_cls_token"
      )
    }
    if tokens > 0, let given = backbone.outputs.last?.channels, let taken = head?.inChannels, given != taken {
      throw InvalidConfig(
        "head.in_channels must be \(given), the channels that the backbone gives, found \(taken)")
    }
    if backbone is Conformer || head is ConformerHead, let head {
      let (given, taken) = ((backbone as? Conformer)?.widths, (head as? ConformerHead)?.channels)
      guard let given, given == taken else {
        throw InvalidConfig(
          "a Conformer and a ConformerHead go together, with in_channels=\(given ?? []), found \(taken ?? [])"
        )
      }
    }
    let givesVectors = backbone is TransformerInTransformer || (backbone as? HorNet)?.givesVectors ?? false
    if givesVectors, neck is GlobalAveragePooling {
      throw InvalidConfig("\(type(of: backbone)) gives vectors already; leave the neck out")
    }
    guard neck is GlobalAveragePooling || givesVectors, let given = backbone.outputs.last?.channels,
      let taken = head?.inChannels,
      given != taken
    else { return }
    throw InvalidConfig(
      "head.in_channels must be \(given), the channels that the backbone gives, found \(taken)")
  }

  /// Whether images of `shape` (`[N, C, H, W]`) can go through the model.
  ///
  /// - Throws: `InvalidConfig`.
  public func check(_ shape: [Int]) throws {
    guard shape.count == 4 else { throw InvalidConfig("images must be [N, C, H, W], found \(shape)") }
    if let channels = inputChannels, shape[1] != channels {
      throw InvalidConfig("the model takes images with \(channels) channels, found \(shape[1])")
    }
    if let fixed = backbone as? any FixedSizeBackbone,
      !fixed.acceptedHeights.contains(shape[2]) || !fixed.acceptedWidths.contains(shape[3])
    {
      func text(_ sides: ClosedRange<Int>) -> String {
        sides.lowerBound == sides.upperBound
          ? "\(sides.lowerBound)" : "\(sides.lowerBound) to \(sides.upperBound)"
      }
      throw InvalidConfig(
        "\(type(of: backbone)) takes images of \(text(fixed.acceptedHeights)) by \(text(fixed.acceptedWidths)) pixels, "
          + "found \(shape[2])x\(shape[3])")
    }
    if let sides = (backbone as? any ScoringBackbone)?.acceptedSides,
      !sides.contains(shape[2]) || !sides.contains(shape[3])
    {
      throw InvalidConfig(
        "\(type(of: backbone)) with classes takes images with sides of \(sides.lowerBound) to \(sides.upperBound) pixels, "
          + "found \(shape[2])x\(shape[3])")
    }
  }
}
