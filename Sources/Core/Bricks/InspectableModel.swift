/// A model of any task, as tools look at it that print what it is made of.
public protocol InspectableModel: Module {
  /// Channels of the pictures that the model takes; `nil` where that is not known.
  var inputChannels: Int? { get }
  /// Whether images of `shape` (`[N, C, H, W]`) can go through the model.
  ///
  /// - Throws: `InvalidConfig`.
  func check(_ shape: [Int]) throws
  /// What the original suite's flop counter runs.
  ///
  /// - Throws: `InvalidConfig` where the parts of the model do not fit each other.
  func runDummy(_ images: Tensor) throws
}

extension InspectableModel {
  /// By default what the backbone says; without one the channels of the first kernel in the state dict.
  public var inputChannels: Int? {
    let backbone = members.children.first { $0.key == "backbone" }?.module as? any Backbone
    return backbone.map(\.imageChannels) ?? firstKernelChannels
  }

  public func check(_ shape: [Int]) throws {
    guard shape.count == 4 else { throw InvalidConfig("images must be [N, C, H, W], found \(shape)") }
    if let channels = inputChannels, shape[1] != channels {
      throw InvalidConfig("the model takes images with \(channels) channels, found \(shape[1])")
    }
  }
}

extension Module {
  /// Input channels of the first kernel in the state dict.
  var firstKernelChannels: Int? { state.first { $0.value.value.shape.count == 4 }?.value.value.shape[1] }
}
