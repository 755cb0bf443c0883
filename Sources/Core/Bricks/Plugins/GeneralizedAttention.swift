import Foundation

/// Attention over pixels by up to four terms: content and relative position, each with the query and by itself.
///
/// Zhu et al., "An Empirical Study of Spatial Attention Mechanisms in Deep Networks", 2019
/// (<https://arxiv.org/abs/1904.05873>). Mirrors mmcv's `GeneralizedAttention`.
///
/// - Input: `[N, channels, H, W]`; the output has the same shape.
public final class GeneralizedAttention: Module, UnaryModule {
  /// Which terms the scores have.
  public struct Terms: Sendable, Equatable {
    /// `1000`: query and key content.
    public var queryKey = true
    /// `0100`: query content and relative position.
    public var queryPosition = true
    /// `0010`: key content only.
    public var key = true
    /// `0001`: relative position only.
    public var position = true

    public init() {}

    var usesPosition: Bool { queryPosition || position }
    var isKeyOnly: Bool { key && !queryKey && !queryPosition && !position }
  }

  public struct Options: Sendable {
    /// Keys are seen up to this far in rows and columns; below 0 all are.
    public var spatialRange = -1
    public var heads = 9
    /// Width of the embedding of relative positions; the number of channels unless positive.
    public var positionWidth = -1
    /// What differences of positions are multiplied by.
    public var positionMagnitude: Float = 1
    /// How much coarser the grids of keys and of queries are.
    public var keyStride = 2
    public var queryStride = 1
    public var terms = Terms()

    public init() {}
  }

  // Parameters of the module itself come first in its state.
  let apprBias: Parameter?
  let geomBias: Parameter?
  let gamma: Parameter
  /// `[rows, columns, key rows, key columns]` of `uint8`, 1 where a key is out of range.
  let localConstraintMap: Parameter?
  let queryConv: Conv2d?
  let keyConv: Conv2d?
  let valueConv: Conv2d
  let apprGeomFcX: Linear?
  let apprGeomFcY: Linear?
  let projConv: Conv2d
  private let options: Options
  private let channels, width, positionWidth: Int

  public init(_ channels: Int, _ options: Options = Options()) throws {
    try Self.check(channels, options)
    (self.channels, self.options) = (channels, options)
    width = channels / options.heads
    positionWidth = options.positionWidth > 0 ? options.positionWidth : channels
    let (terms, out) = (options.terms, channels / options.heads * options.heads)
    apprBias = terms.key ? Parameter(.zeros([out])) : nil
    geomBias = terms.position ? Parameter(.zeros([out])) : nil
    gamma = Parameter(.zeros([1]))
    localConstraintMap = Self.reach[channels].flatMap { reach in
      options.spatialRange < 0
        ? nil
        : Parameter(
          Self.constraints(reach: reach, range: options.spatialRange, stride: options.keyStride),
          requiresGradient: false)
    }
    func projection(_ isUsed: Bool) -> Conv2d? {
      isUsed ? Conv2d(channels, out, kernel: 1, bias: false) : nil
    }
    queryConv = projection(terms.queryKey || terms.queryPosition)
    keyConv = projection(terms.queryKey || terms.key)
    valueConv = Conv2d(channels, out, kernel: 1, bias: false)
    apprGeomFcX = terms.usesPosition ? Linear(positionWidth / 2, out, bias: false) : nil
    apprGeomFcY = terms.usesPosition ? Linear(positionWidth / 2, out, bias: false) : nil
    projConv = Conv2d(out, channels, kernel: 1)
    super.init()
    InitialValues.draw { resetParameters(using: &$0) }
  }

  /// Sides of the largest maps that a `spatialRange` is for, by channels.
  private static let reach = [256: 84, 512: 42]

  private static func check(_ channels: Int, _ options: Options) throws {
    guard (1...channels).contains(options.heads), options.keyStride > 0, options.queryStride > 0 else {
      throw InvalidConfig(
        "num_heads must be in 1...\(channels), kv_stride and q_stride positive, found \(options.heads), "
          + "\(options.keyStride), \(options.queryStride)")
    }
    let width = options.positionWidth > 0 ? options.positionWidth : channels
    guard !options.terms.usesPosition || width % 4 == 0 else {
      throw InvalidConfig("position_embedding_dim must be a multiple of 4, found \(width)")
    }
    guard options.spatialRange < 0 || reach[channels] != nil else {
      throw InvalidConfig("spatial_range needs 256 or 512 channels, found \(channels)")
    }
    let terms = options.terms
    guard terms.queryKey || terms.queryPosition || terms.key || terms.position else {
      throw InvalidConfig("attention_type must have at least one 1")
    }
  }

  private static func constraints(reach: Int, range: Int, stride: Int) -> Tensor {
    let keys = (reach - 1) / stride + 1
    var map = [UInt8](repeating: 1, count: reach * reach * keys * keys)
    func seen(_ position: Int) -> Range<Int> {
      // Python's slices end at the array's end, and division rounds down.
      let low = max(Int((Double(position - range) / Double(stride)).rounded(.down)), 0)
      let high = min((position + range + 1) / stride + 1, keys)
      return min(low, high)..<high
    }
    for y in 0..<reach {
      for x in 0..<reach {
        for ky in seen(y) { for kx in seen(x) { map[((y * reach + x) * keys + ky) * keys + kx] = 0 } }
      }
    }
    return Tensor(map, shape: [reach, reach, keys, keys])
  }

  private func resetParameters(using generator: inout RandomGenerator) {
    let bound = 1 / Double(width * 2).squareRoot()
    for bias in [apprBias, geomBias].compactMap({ $0 }) {
      Init.uniform(bias, low: -bound, high: bound, using: &generator)
    }
    let weights = [
      queryConv?.weight, keyConv?.weight, valueConv.weight, apprGeomFcX?.weight, apprGeomFcY?.weight,
      projConv.weight,
    ]
    for weight in weights.compactMap({ $0 }) { Init.caffe2Xavier(weight, using: &generator) }
    if let bias = projConv.bias { Init.constant(bias, 0) }
    Init.constant(gamma, 0)
  }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    resetParameters(using: &generator)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let (terms, heads, n) = (options.terms, options.heads, x.shape[0])
    // Pooling with a kernel of one pixel takes every so manieth.
    let queryMap = x.everyPixel(options.queryStride)
    let keyMap = x.everyPixel(options.keyStride)
    var (h, w) = (queryMap.shape[2], queryMap.shape[3])
    let (keyH, keyW) = (keyMap.shape[2], keyMap.shape[3])
    let keys = keyConv.map { $0(keyMap).reshaped([n, heads, width, keyH * keyW]) }
    var energy: Tensor
    if terms.isKeyOnly, let keys, let apprBias {
      // All queries have the same scores.
      energy = apprBias.value.reshaped([1, heads, 1, width]).matmul(keys)
      (h, w) = (1, 1)
    } else {
      energy = scores(queryMap, keys, keySize: Pair(h: keyH, w: keyW)).reshaped([
        n, heads, h * w, keyH * keyW,
      ])
    }
    if let localConstraintMap {
      let mask = localConstraintMap.value.sliced(0, 0..<h).sliced(1, 0..<w).sliced(2, 0..<keyH).sliced(
        3, 0..<keyW
      )
      .contiguous().reshaped([1, 1, h * w, keyH * keyW]).compared(.notEqual, 0)
      energy = Tensor.where(mask, Tensor(-Float.infinity), energy)
    }
    let values = valueConv(keyMap).reshaped([n, heads, width, keyH * keyW]).transposed()
    var y = energy.softmax(-1).matmul(values).transposed().reshaped([n, heads * width, h, w])
    y = projConv(y)
    if options.queryStride > 1 {
      y = y.interpolate(size: Pair(h: x.shape[2], w: x.shape[3]), mode: .bilinear)
    }
    return gamma.value * y + x
  }

  /// `[N, heads, h, w, key rows, key columns]`
  private func scores(_ queryMap: Tensor, _ keys: Tensor?, keySize: Pair) -> Tensor {
    let (terms, heads, n) = (options.terms, options.heads, queryMap.shape[0])
    let (h, w, keyH, keyW) = (queryMap.shape[2], queryMap.shape[3], keySize.h, keySize.w)
    let queries = queryConv.map { $0(queryMap).reshaped([n, heads, width, h * w]).transposed() }
    let contentBias = apprBias?.value.reshaped([1, heads, 1, width])
    var sum: Tensor?
    if let keys, terms.queryKey || terms.key {
      let content: Tensor
      if terms.queryKey, let queries {
        content = (contentBias.map { queries + $0 } ?? queries).matmul(keys)
          .reshaped([n, heads, h, w, keyH, keyW])
      } else {
        content = (contentBias ?? Tensor.zeros([1, heads, 1, width])).matmul(keys)
          .reshaped([n, heads, 1, 1, keyH, keyW]).expanded(to: [n, heads, h, w, keyH, keyW])
      }
      sum = content
    }
    if let apprGeomFcX, let apprGeomFcY, terms.usesPosition {
      // [1, heads, positions, key positions, width]
      let alongX = positions(w, keyW, apprGeomFcX)
      let alongY = positions(h, keyH, apprGeomFcY)
      let bias = geomBias?.value.reshaped([1, heads, 1, width])
      let (scoresX, scoresY): (Tensor, Tensor)
      if terms.queryPosition, let queries {
        let q = (bias.map { queries + $0 } ?? queries).reshaped([n, heads, h, w, width])
        scoresX = q.permuted([0, 1, 3, 2, 4]).matmul(alongX.transposed()).permuted([0, 1, 3, 2, 4])
          .reshaped([n, heads, h, w, 1, keyW])
        // Without the fourth term the original takes rows for columns here, which works for square maps only.
        let mirrors = !terms.position && h == w
        if !terms.position, h != w {
          InputFault.report("GeneralizedAttention: square maps for attention_type 'x1x0', found \(h)x\(w)")
        }
        scoresY = (mirrors ? q.permuted([0, 1, 3, 2, 4]) : q).matmul(alongY.transposed())
          .reshaped([n, heads, h, w, keyH, 1])
      } else {
        let b = (bias ?? Tensor.zeros([1, heads, 1, width])).reshaped([1, heads, width, 1])
        scoresX = alongX.reshaped([1, heads, w * keyW, width]).matmul(b).reshaped([1, heads, 1, w, 1, keyW])
        scoresY = alongY.reshaped([1, heads, h * keyH, width]).matmul(b).reshaped([1, heads, h, 1, keyH, 1])
      }
      let position = (scoresX + scoresY).expanded(to: [n, heads, h, w, keyH, keyW])
      sum = sum.map { $0 + position } ?? position
    }
    guard let sum else { preconditionFailure("GeneralizedAttention: at least one term") }
    return sum
  }

  /// Features of the distances between positions along one axis, `[1, heads, positions, key positions, width]`.
  private func positions(_ count: Int, _ keyCount: Int, _ layer: Linear) -> Tensor {
    let waves = positionWidth / 4
    let lengths = (0..<waves).map { pow(Float(1000), Float(4 / Double(positionWidth)) * Float($0)) }
    var values = [Float](repeating: 0, count: count * keyCount * waves * 2)
    for i in 0..<count {
      for k in 0..<keyCount {
        let distance = Float(i * options.queryStride - k * options.keyStride) * options.positionMagnitude
        let at = (i * keyCount + k) * waves * 2
        for wave in 0..<waves {
          values[at + wave] = sin(distance / lengths[wave])
          values[at + waves + wave] = cos(distance / lengths[wave])
        }
      }
    }
    let embedding = Tensor(values, shape: [count, keyCount, waves * 2])
    return layer(embedding).reshaped([1, count, keyCount, options.heads, width]).permuted([0, 3, 1, 2, 4])
      / Float(2).squareRoot()
  }
}

extension Tensor {
  /// Every `stride`-th row and column of `[N, C, H, W]`.
  fileprivate func everyPixel(_ stride: Int) -> Tensor {
    guard stride > 1 else { return self }
    return sliced(2, 0..<(shape[2] - 1) / stride * stride + 1, step: stride)
      .sliced(3, 0..<(shape[3] - 1) / stride * stride + 1, step: stride).channelsLast()
  }
}
