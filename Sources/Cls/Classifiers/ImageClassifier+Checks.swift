import Core

/// What must hold for the parts of a classifier and for its images; elsewhere it would end in a failed precondition.
extension ImageClassifier {
  /// Whether the head takes what the backbone gives, where both say what that is.
  ///
  /// - Throws: `InvalidConfig`.
  static func check(
    _ backbone: any Backbone, _ neck: (any Neck)?, _ head: (any ClassificationHead)?
  ) throws {
    guard neck is GlobalAveragePooling, let given = backbone.outputs.last?.channels, let taken = head?.inChannels,
      given != taken
    else { return }
    throw InvalidConfig("head.in_channels must be \(given), the channels that the backbone gives, found \(taken)")
  }

  /// Channels of the images that a backbone takes; `nil` where that is not known.
  static func inputChannels(of backbone: any Backbone) -> Int? {
    // The first kernel that a forward pass meets is that of a convolution over the image.
    backbone.state.first { $0.value.value.shape.count == 4 }?.value.value.shape[1]
  }

  /// Whether images of `shape` (`[N, C, H, W]`) can go through the model.
  ///
  /// - Throws: `InvalidConfig`.
  public func check(_ shape: [Int]) throws {
    guard shape.count == 4 else { throw InvalidConfig("images must be [N, C, H, W], found \(shape)") }
    if let channels = inputChannels, shape[1] != channels {
      throw InvalidConfig("the model takes images with \(channels) channels, found \(shape[1])")
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
