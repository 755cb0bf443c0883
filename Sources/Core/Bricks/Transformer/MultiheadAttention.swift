/// Attention with several heads.
///
/// Vaswani et al., 2017 (<https://arxiv.org/abs/1706.03762>). Mirrors `torch.nn.MultiheadAttention`: one `in_proj_weight`
/// for queries, keys and values, and `out_proj`; first values are PyTorch's. Batches come first here.
public final class MultiheadAttention: Module {
  /// `[3 · width, width]`: rows for queries, keys and values.
  let inProjWeight: Parameter
  /// `[3 · width]`
  let inProjBias: Parameter?
  let outProj: Linear
  public let heads: Int
  public let dropout: Float

  /// - Parameter outputBias: of the last linear layer; as `bias` unless given.
  public init(_ width: Int, heads: Int, dropout: Float = 0, bias: Bool = true, outputBias: Bool? = nil) {
    precondition(
      heads > 0 && width % heads == 0, "MultiheadAttention: heads that divide \(width), found \(heads)")
    (self.heads, self.dropout) = (heads, dropout)
    inProjWeight = Parameter(.zeros([3 * width, width]))
    inProjBias = bias ? Parameter(.zeros([3 * width])) : nil
    outProj = Linear(width, width, bias: outputBias ?? bias)
    super.init()
    InitialValues.draw { initializeWeights(using: &$0) }
  }

  public var width: Int { inProjWeight.shape[1] }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    Init.xavier(inProjWeight, distribution: .uniform, using: &generator)
    inProjBias.map { Init.constant($0, 0) }
    outProj.initializeWeights(using: &generator)
    outProj.bias.map { Init.constant($0, 0) }
  }

  /// Attention of a sequence to itself.
  ///
  /// - Parameter x: `[N, L, width]`.
  public func callAsFunction(_ x: Tensor, mask: AttentionMask = .none) -> Tensor {
    let qkv = x.linear(inProjWeight.value, bias: inProjBias?.value)
    let y = Tensor.attention(
      packed: qkv, heads: heads, bias: mask.bias(heads: heads), dropout: isTraining ? dropout : 0)
    return outProj(y)
  }

  /// Attention of a sequence to another one.
  ///
  /// - Parameters:
  ///   - query: `[N, L, width]`.
  ///   - memory: keys and values, `[N, S, width]`.
  public func callAsFunction(query: Tensor, memory: Tensor, mask: AttentionMask = .none) -> Tensor {
    let weights = inProjWeight.value.split(0, sizes: [width, 2 * width])
    let biases = inProjBias?.value.split(0, sizes: [width, 2 * width])
    let y = Tensor.attention(
      query: query.linear(weights[0], bias: biases?[0]), memory: memory.linear(weights[1], bias: biases?[1]),
      heads: heads, bias: mask.bias(heads: heads), dropout: isTraining ? dropout : 0)
    return outProj(y)
  }

  /// - Parameters:
  ///   - query: `[N, L, width]`.
  ///   - key: `[N, S, width]`.
  ///   - value: `[N, S, width]`.
  /// - Returns: `[N, L, width]`.
  public func callAsFunction(query: Tensor, key: Tensor, value: Tensor, mask: AttentionMask = .none) -> Tensor
  {
    let weights = inProjWeight.value.chunked(0, 3)
    let biases = inProjBias?.value.chunked(0, 3)
    func heads(_ x: Tensor, _ part: Int) -> Tensor {
      let y = x.linear(weights[part], bias: biases?[part])
      return y.reshaped([y.shape[0], y.shape[1], self.heads, width / self.heads]).transposed(1, 2)
    }
    let y = Tensor.attention(
      query: heads(query, 0), key: heads(key, 1), value: heads(value, 2), bias: mask.bias(heads: self.heads),
      dropout: isTraining ? dropout : 0)
    return outProj(y.transposed(1, 2).reshaped([query.shape[0], query.shape[1], width]))
  }
}

/// Which keys a query must not see.
public struct AttentionMask {
  /// Added to the scores: `[L, S]`, or `[N · heads, L, S]`; -∞ where a key must not be seen.
  public var scores: Tensor?
  /// `[N, S]`, `bool`: true where a key is padding.
  public var padding: Tensor?

  public init(scores: Tensor? = nil, padding: Tensor? = nil) {
    (self.scores, self.padding) = (scores, padding)
  }

  /// -∞ where `hidden` (`bool`, `[L, S]` or `[N · heads, L, S]`) is true.
  public init(hiding hidden: Tensor, padding: Tensor? = nil) {
    self.init(scores: Self.penalties(hidden), padding: padding)
  }

  public static var none: AttentionMask { AttentionMask() }

  /// What is added to scores `[N, heads, L, S]`.
  func bias(heads: Int) -> Tensor? {
    var bias: Tensor?
    if let scores {
      let (l, s) = (scores.shape[scores.rank - 2], scores.shape[scores.rank - 1])
      bias = scores.rank == 2 ? scores : scores.reshaped([scores.shape[0] / heads, heads, l, s])
    }
    if let padding {
      let penalties = Self.penalties(padding).reshaped([padding.shape[0], 1, 1, padding.shape[1]])
      bias = bias.map { $0 + penalties } ?? penalties
    }
    return bias
  }

  private static func penalties(_ hidden: Tensor) -> Tensor {
    Tensor.where(hidden, Tensor(-Float.infinity), Tensor(Float(0)))
  }
}
