/// Watches the operations of one or more forward passes: names, attributes, shapes.
///
/// Flop counts and profiles read its record instead of walking models:
/// ```swift
/// let recorder = OperationRecorder()
/// OperationRecorder.$current.withValue(recorder) { _ = model(x) }
/// ```
public final class OperationRecorder: @unchecked Sendable {  // used by the thread that set it, as tensors are
  /// One operation of a forward pass.
  public struct Operation: Sendable {
    public var name: String
    public var attributes: [String: OperationAttribute]
    public var inputShapes: [[Int]?]
    public var outputShapes: [[Int]]
    /// Identities of the inputs' storages, to tell whose weights an operation used.
    public var inputStorages: [ObjectIdentifier?]
  }

  /// The recorder of the operations that run now, if any.
  @TaskLocal public static var current: OperationRecorder?

  public private(set) var operations: [Operation] = []

  public init() {}

  func note(
    _ name: StaticString, _ attributes: [String: OperationAttribute], inputs: [Tensor?], outputs: [Tensor]
  ) {
    operations.append(
      Operation(
        name: name.description, attributes: attributes, inputShapes: inputs.map { $0?.shape },
        outputShapes: outputs.map(\.shape),
        inputStorages: inputs.map { $0.map { ObjectIdentifier($0.storage) } }))
  }
}
