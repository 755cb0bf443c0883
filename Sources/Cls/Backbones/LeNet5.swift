import Core

/// LeNet-5 of LeCun et al., 1998, for 32x32 grey images.
///
/// - Input: `[N, 1, 32, 32]`
/// - Output: scores `[N, classes]`, or features `[N, 120, 1, 1]` without classes.
public final class LeNet5: Module, ScoringBackbone {
  let features: Sequential
  let classifier: Sequential?

  public let classes: Int?
  public var acceptedSides: ClosedRange<Int>? { classes == nil ? nil : 32...35 }

  public init(classes: Int = -1) {
    self.classes = classes > 0 ? classes : nil
    features = Sequential([
      Conv2d(1, 6, kernel: 5), Activation(.tanh), AvgPool2d(2),
      Conv2d(6, 16, kernel: 5), Activation(.tanh), AvgPool2d(2),
      Conv2d(16, 120, kernel: 5), Activation(.tanh),
    ])
    classifier = classes > 0 ? Sequential([Linear(120, 84), Activation(.tanh), Linear(84, classes)]) : nil
  }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    let x = features(x)
    // The original squeezes all axes of size 1, the batch of a single image too; here that image keeps its batch axis.
    return [classifier.map { $0(x.flattened(from: 1)) } ?? x]
  }
}
