/// A network from an image to feature maps.
public protocol Backbone: Module {
  /// - Parameter x: `[N, channels, H, W]`.
  /// - Returns: the features of the stages that the config asks for; classifiers with a head of their own return scores.
  func callAsFunction(_ x: Tensor) -> [Tensor]
  /// What each returned feature map is like, where that is known without running the network.
  var outputs: [FeatureShape] { get }
  /// Channels of the images that it takes; `nil` where that is not known.
  var imageChannels: Int? { get }
}

extension Backbone {
  public var outputs: [FeatureShape] { [] }
  /// By default those of the first kernel, which is that of a convolution over the image.
  public var imageChannels: Int? { firstKernelChannels }
}

/// A backbone that may end in a classifier of its own, which takes images of some sizes only.
public protocol ScoringBackbone: Backbone {
  /// How many scores it returns; `nil` where it returns features.
  var classes: Int? { get }
  /// Heights and widths of images that its classifier takes; `nil` where any are.
  var acceptedSides: ClosedRange<Int>? { get }
}

/// A backbone that takes images of one size only, or of few.
public protocol FixedSizeBackbone: Backbone {
  /// Heights and widths of images that it takes.
  var acceptedHeights: ClosedRange<Int> { get }
  var acceptedWidths: ClosedRange<Int> { get }
}

/// Channels of a feature map, and how many input pixels lie between neighbours of it.
public struct FeatureShape: Sendable, Equatable {
  public var channels: Int
  public var stride: Int

  public init(channels: Int, stride: Int) { (self.channels, self.stride) = (channels, stride) }
}

/// A network between a backbone and a head.
public protocol Neck: Module {
  func callAsFunction(_ features: [Tensor]) -> [Tensor]
  /// Channels of the feature maps that it takes, where their number is fixed.
  var inputChannels: [Int]? { get }
  /// Channels of the feature maps that it returns, where that is known.
  var outputChannels: [Int]? { get }
  /// Whether feature maps of these shapes can go through it.
  ///
  /// - Throws: `InvalidConfig`.
  func check(_ shapes: [[Int]]) throws
}

extension Neck {
  public var inputChannels: [Int]? { nil }
  public var outputChannels: [Int]? { nil }

  public func check(_ shapes: [[Int]]) throws { try checkChannels(shapes) }

  /// Compares channels with those that the neck takes.
  public func checkChannels(_ shapes: [[Int]]) throws {
    guard let inputChannels, shapes.map({ $0[1] }) != inputChannels else { return }
    throw InvalidConfig(
      "neck.in_channels must be the backbone's, \(shapes.map { $0[1] }), found \(inputChannels)")
  }
}

extension Registries {
  /// Backbones of all tasks.
  public var backbones: Registry<any Backbone> {
    get { self[(any Backbone).self, role: "backbone"] }
    set { self[(any Backbone).self, role: "backbone"] = newValue }
  }

  /// Necks of all tasks.
  public var necks: Registry<any Neck> {
    get { self[(any Neck).self, role: "neck"] }
    set { self[(any Neck).self, role: "neck"] = newValue }
  }
}

extension Module {
  /// Takes the module out of training: evaluation mode, no gradients.
  public func freeze() {
    train(false)
    setRequiresGradient(false)
  }
}
