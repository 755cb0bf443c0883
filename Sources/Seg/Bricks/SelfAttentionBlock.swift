import Core

/// Attention between the pixels of two feature maps, by 1x1 projections of them.
///
/// Mirrors mmseg's `SelfAttentionBlock`.
///
/// - Input: queries `[N, C, H, W]`, and the map whose pixels are keys and values.
/// - Output: `[N, outChannels, H, W]`
class SelfAttentionBlock: Module {
  struct Options {
    var keyChannels: Int
    var queryChannels: Int
    /// Of queries and keys.
    var channels: Int
    var outChannels: Int
    /// Whether one projection serves queries and keys.
    var sharesKeyAndQuery = false
    /// Keys and values are means over grids of these sizes; over single pixels where there are none.
    var keyPoolScales: [Int] = []
    /// Layers of the projections of keys and queries.
    var projections = 1
    /// Whether those have a norm and an activation.
    var normalizesKeyAndQuery = true
    /// Whether the other projections have.
    var normalizesValueAndOut = false
    /// Whether products are divided by the root of `channels`.
    var scales = true
    /// Whether values have `channels` and a last projection brings them to `outChannels`.
    var projectsOut = true
    var style = ConvStyle()
  }

  let keyProject: any UnaryModule
  let queryProject: any UnaryModule
  let valueProject: any UnaryModule
  let outProject: (any UnaryModule)?
  private let options: Options

  init(_ options: Options) {
    self.options = options
    func project(_ inChannels: Int, _ outChannels: Int, layers: Int = 1, normalizes: Bool) -> any UnaryModule
    {
      let parts = (0..<layers).map { index -> any UnaryModule in
        let channels = index == 0 ? inChannels : outChannels
        return normalizes
          ? options.style.make(channels, outChannels, kernel: 1) : Conv2d(channels, outChannels, kernel: 1)
      }
      return parts.count == 1 ? parts[0] : Sequential(parts)
    }
    let (layers, normalizes) = (options.projections, options.normalizesKeyAndQuery)
    keyProject = project(options.keyChannels, options.channels, layers: layers, normalizes: normalizes)
    queryProject =
      options.sharesKeyAndQuery
      ? keyProject : project(options.queryChannels, options.channels, layers: layers, normalizes: normalizes)
    valueProject = project(
      options.keyChannels, options.projectsOut ? options.channels : options.outChannels,
      normalizes: options.normalizesValueAndOut)
    outProject =
      options.projectsOut
      ? project(options.channels, options.outChannels, normalizes: options.normalizesValueAndOut) : nil
    super.init()
    resetOutput()
  }

  final func attend(_ queries: Tensor, _ keys: Tensor) -> Tensor {
    let context = Tensor.attention(
      query: queryProject(queries).pixelRows, key: pooledRows(keyProject(keys)),
      value: pooledRows(valueProject(keys)),
      scale: options.scales ? 1 / Float(options.channels).squareRoot() : 1)
    let map = context.asImage(height: queries.shape[2], width: queries.shape[3])
    return outProject.map { $0(map) } ?? map
  }

  private func pooledRows(_ x: Tensor) -> Tensor {
    if options.keyPoolScales.isEmpty { return x.pixelRows }
    return .concatenate(options.keyPoolScales.map { x.adaptiveAvgPool2d(Pair($0)).pixelRows }, axis: 1)
  }

  /// A plain last projection starts at 0: the block adds nothing at first.
  private func resetOutput() {
    guard let last = outProject as? Conv2d else { return }
    Init.constant(last.weight, 0)
    if let bias = last.bias { Init.constant(bias, 0) }
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    resetOutput()
  }
}

extension Tensor {
  /// A row for each pixel: `[N, C, H, W]` as `[N, H · W, C]`.
  var pixelRows: Tensor { permuted([0, 2, 3, 1]).reshaped([shape[0], shape[2] * shape[3], shape[1]]) }

  /// The way back: `[N, height · width, C]` as `[N, C, height, width]`.
  func asImage(height: Int, width: Int) -> Tensor {
    reshaped([shape[0], height, width, shape[2]]).permuted([0, 3, 1, 2])
  }
}
