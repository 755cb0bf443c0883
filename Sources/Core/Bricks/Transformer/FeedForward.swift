/// Linear layers with an activation between them and a shortcut around all of them.
///
/// Mirrors mmcv's `FFN`: keys `layers.0.0` to `layers.N.0` of the hidden layers and `layers.N+1` of the last one.
///
/// - Input: `[..., width]`; the output has the same shape.
public final class FeedForward: Module {
  public struct Options: Sendable {
    public var layers = 2
    public var activation = ActivationConfig.relu
    /// The probability with which elements behind each linear layer are dropped.
    public var dropout: Float = 0
    /// What is dropped from the whole branch.
    public var branchDropout: DropoutConfig?
    public var addsIdentity = true

    public init() {}
  }

  let activate: any UnaryModule
  let layers: Sequential
  let dropoutLayer: (any UnaryModule)?
  private let addsIdentity: Bool
  public let width: Int

  public init(_ width: Int, hidden: Int, _ options: Options) {
    precondition(options.layers >= 2, "FeedForward: at least two layers, found \(options.layers)")
    self.width = width
    activate = options.activation.make()
    var layers: [any UnaryModule] = []
    var inFeatures = width
    for _ in 0..<(options.layers - 1) {
      layers.append(Sequential([Linear(inFeatures, hidden), activate, Dropout(options.dropout)]))
      inFeatures = hidden
    }
    self.layers = Sequential(layers + [Linear(hidden, width), Dropout(options.dropout)])
    dropoutLayer = options.branchDropout?.make()
    addsIdentity = options.addsIdentity
  }

  /// - Parameter identity: what is added to the result; the input unless given.
  public func callAsFunction(_ x: Tensor, identity: Tensor? = nil) -> Tensor {
    let y = layers(x)
    let dropped = dropoutLayer?(y) ?? y
    return addsIdentity ? (identity ?? x) + dropped : dropped
  }
}
