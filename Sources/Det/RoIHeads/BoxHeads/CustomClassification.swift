import Core

/// A classification loss with scores of its own kind, such as seesaw loss.
///
/// Mirrors mmdet's losses with `custom_cls_channels`, `custom_activation` and `custom_accuracy`.
public protocol CustomClassification: DetectionLoss {
  /// How many scores a head must give for so many classes.
  func scores(for classes: Int) -> Int
  /// Probabilities of the classes and, last, of the background.
  func probabilities(_ scores: Tensor) -> Tensor
  /// What goes to the log.
  func accuracies(_ scores: Tensor, labels: Tensor) -> [(name: String, value: Tensor)]
  /// The losses by name.
  func terms(_ scores: Tensor, labels: Tensor, weight: Tensor?, averageFactor: Double?) throws -> [(name: String, loss: Tensor)]
}
