import Core

/// What all heads with several labels an image share: the loss of training batches.
///
/// Targets are 1 for classes that an image shows and 0 for others; -1, for objects that are hard to see, counts as 1.
final class MultiLabelObjective {
  let loss: any ClassificationLoss

  /// - Parameter box: the config's `loss`; by default binary cross entropy.
  init(_ box: ConfigNodeBox, _ context: BuildContext) throws {
    loss =
      try box.node.map {
        try context.registries.classificationLosses.build($0, path: box.path, context: context)
      }
      ?? CrossEntropyLoss(.init(form: .sigmoid))
  }

  func callAsFunction(_ logits: Tensor, _ target: ClassificationTarget) throws -> LossTerms {
    var target = target
    if case .scores(let scores) = target { target = .scores(scores.absolute()) }
    var terms = LossTerms()
    terms["loss"] = try loss(logits, target, weight: nil, averageFactor: Double(logits.shape[0]))
    return terms
  }
}
