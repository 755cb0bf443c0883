import PyConfig

/// An `upsample_cfg` with a `type`: a layer that enlarges feature maps.
///
/// Mirrors mmcv's upsample layers; what depends on the network around it is given when the layer is made.
public enum UpsampleLayer: Sendable, Equatable {
  case nearest
  case bilinear
  /// A transposed convolution.
  case deconvolution
  /// A convolution whose channels are spread over blocks of pixels; mmcv's `PixelShufflePack`.
  case pixelShuffle
  case carafe(CARAFEPack.Options)

  /// - Parameters:
  ///   - kernel: side of the kernel of a transposed convolution or of that before a shuffle.
  ///   - padding: of a transposed convolution, also added to the end of its output.
  public func make(_ inChannels: Int, _ outChannels: Int, factor: Int, kernel: Int, padding: Int = 0)
    -> any UnaryModule
  {
    switch self {
    case .nearest: Upsample(.factor(ScaleFactor(Double(factor))), mode: .nearest)
    case .bilinear: Upsample(.factor(ScaleFactor(Double(factor))), mode: .bilinear)
    case .deconvolution:
      ConvTranspose2d(
        inChannels, outChannels, kernel: Pair(kernel), stride: Pair(factor), padding: Pair(padding),
        outputPadding: Pair(padding))
    case .pixelShuffle: PixelShufflePack(inChannels, outChannels, factor: factor, kernel: kernel)
    case .carafe(let options): CARAFEPack(inChannels, factor: factor, options)
    }
  }

  /// Reads `type` and what belongs to it; `nil` for `type=None`.
  public init?(from reader: inout ConfigReader) throws {
    guard let type: String = try reader.optional("type") else { return nil }
    switch type {
    case "nearest": self = .nearest
    case "bilinear": self = .bilinear
    case "deconv": self = .deconvolution
    case "pixel_shuffle": self = .pixelShuffle
    case "carafe": self = .carafe(try CARAFEPack.Options(from: &reader))
    default:
      throw BuildError(
        .unknownName(
          type, role: "upsample layer", known: ["bilinear", "carafe", "deconv", "nearest", "pixel_shuffle"]),
        path: reader.path("type"), location: reader.location)
    }
  }
}

/// A convolution to `factor²` times the channels, which are spread over blocks of pixels. Mirrors mmcv's layer.
///
/// - Input: `[N, inChannels, H, W]`
/// - Output: `[N, outChannels, factor · H, factor · W]`
public final class PixelShufflePack: Module, UnaryModule {
  let upsampleConv: Conv2d
  private let factor: Int

  public init(_ inChannels: Int, _ outChannels: Int, factor: Int, kernel: Int) {
    self.factor = factor
    upsampleConv = Conv2d(
      inChannels, outChannels * factor * factor, kernel: Pair(kernel), padding: Pair((kernel - 1) / 2))
    super.init()
    InitialValues.draw { initializeWeights(using: &$0) }
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { upsampleConv(x).pixelShuffle(factor) }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    Init.xavier(upsampleConv.weight, distribution: .uniform, using: &generator)
    upsampleConv.bias?.value.fillInPlace(0)
  }
}
