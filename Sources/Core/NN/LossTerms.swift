import OrderedCollections

/// What a model reports of one training step: losses, and numbers that are only logged.
///
/// Mirrors the `losses` dictionaries of the original suites and their `_parse_losses`: a term is a loss if its name
/// contains `loss`; their sum, under the name `loss`, is what training minimises.
public struct LossTerms {
  public private(set) var terms: OrderedDictionary<String, [Tensor]> = [:]

  public init() {}

  /// A term of one tensor.
  public subscript(name: String) -> Tensor? {
    get { terms[name]?.first }
    set { terms[name] = newValue.map { [$0] } }
  }

  /// A term that is a sum over several tensors, such as the levels of a pyramid.
  public mutating func set(_ name: String, levels: [Tensor]) { terms[name] = levels }

  /// Takes over all terms of `other`, their names preceded by `prefix`.
  public mutating func merge(_ other: LossTerms, prefix: String = "") {
    for (name, tensors) in other.terms { terms[prefix + name] = tensors }
  }

  /// The loss to minimise and what goes to the log, each the mean over its tensor.
  public func total() -> (loss: Tensor, log: OrderedDictionary<String, Double>) {
    var log: OrderedDictionary<String, Double> = [:]
    var loss: Tensor?
    for (name, tensors) in terms {
      guard var mean = tensors.first?.mean() else { continue }
      for tensor in tensors.dropFirst() { mean = mean + tensor.mean() }
      log[name] = Double(mean.detached().item)
      if name.contains("loss") { loss = loss.map { $0 + mean } ?? mean }
    }
    let sum = loss ?? Tensor(Float(0))
    log.removeValue(forKey: "loss")
    log["loss"] = Double(sum.detached().item)
    return (sum, log)
  }
}
