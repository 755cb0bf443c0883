/// Attention of tokens to themselves, with one linear layer for queries, keys and values.
///
/// Mirrors mmcls's `MultiheadAttention`: keys `qkv` and `proj`.
///
/// - Input: `[N, L, inFeatures]`
/// - Output: `[N, L, width]`
public final class SelfAttention: Module {
  public struct Options: Sendable {
    /// `nil`: as many as come out.
    public var inFeatures: Int?
    public var qkvBias = true
    public var projectionBias = true
    /// What scores are multiplied by; `1 / √d` unless given.
    public var scale: Float?
    public var attentionDropout: Float = 0
    public var dropout: Float = 0
    public var branchDropout = DropoutConfig.elements(0)
    /// Whether the values are added to the result; for one head.
    public var addsValues = false

    public init() {}
  }

  let qkv: Linear
  let proj: Linear
  let projDrop: Dropout
  let outDrop: any UnaryModule
  private let heads: Int
  private let options: Options

  public init(_ width: Int, heads: Int, _ options: Options) {
    qkv = Linear(options.inFeatures ?? width, 3 * width, bias: options.qkvBias)
    proj = Linear(width, width, bias: options.projectionBias)
    projDrop = Dropout(options.dropout)
    outDrop = options.branchDropout.make()
    (self.heads, self.options) = (heads, options)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let packed = qkv(x)
    let y = Tensor.attention(
      packed: packed, heads: heads, scale: options.scale == 0 ? nil : options.scale,
      dropout: isTraining ? options.attentionDropout : 0)
    let result = outDrop(projDrop(proj(y)))
    guard options.addsValues else { return result }
    let width = proj.inFeatures
    return packed.sliced(-1, (2 * width)..<(3 * width)) + result
  }
}
