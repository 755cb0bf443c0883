import Core

/// AlexNet of Krizhevsky et al., 2012, for 224x224 images.
///
/// - Input: `[N, 3, 224, 224]`
/// - Output: scores `[N, classes]`, or features `[N, 256, 6, 6]` without classes.
public final class AlexNet: Module, ScoringBackbone {
  let features: Sequential
  let classifier: Sequential?

  public let classes: Int?
  public var acceptedSides: ClosedRange<Int>? { classes == nil ? nil : 223...254 }

  public init(classes: Int = -1) {
    self.classes = classes > 0 ? classes : nil
    features = Sequential([
      Conv2d(3, 64, kernel: 11, stride: 4, padding: 2), Activation(.relu), MaxPool2d(3, stride: 2),
      Conv2d(64, 192, kernel: 5, padding: 2), Activation(.relu), MaxPool2d(3, stride: 2),
      Conv2d(192, 384, kernel: 3, padding: 1), Activation(.relu),
      Conv2d(384, 256, kernel: 3, padding: 1), Activation(.relu),
      Conv2d(256, 256, kernel: 3, padding: 1), Activation(.relu), MaxPool2d(3, stride: 2),
    ])
    classifier =
      classes > 0
      ? Sequential([
        Dropout(0.5), Linear(256 * 6 * 6, 4096), Activation(.relu),
        Dropout(0.5), Linear(4096, 4096), Activation(.relu), Linear(4096, classes),
      ]) : nil
  }

  public func callAsFunction(_ x: Tensor) -> [Tensor] {
    let x = features(x)
    return [classifier.map { $0(x.flattened(from: 1)) } ?? x]
  }
}
