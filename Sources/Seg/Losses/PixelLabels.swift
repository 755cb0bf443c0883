import Core

/// What losses and samplers ask of the classes of pixels.
enum PixelLabels {
  /// Stands for "no label is ignored": no label is this number.
  static let none = Int.min

  /// How many pixels count.
  ///
  /// - Throws: `InvalidConfig` unless every label is a class or `ignored`.
  /// - Parameter negativesCount: whether a label below 0 is wrong rather than ignored.
  @discardableResult
  static func check(_ labels: Tensor, classes: Int, ignored: Int, negativesCount: Bool = true) throws -> Int {
    var counted = 0
    var wrong: Int64?
    let (ignored, classes) = (Int64(ignored), Int64(classes))
    for label in labels.converted(to: .int64).elements(as: Int64.self) where label != ignored {
      counted += 1
      if label >= classes || (label < 0 && negativesCount) { wrong = label }
    }
    if let wrong {
      throw InvalidConfig(
        "labels must be in 0..<\(classes)"
          + (ignored == Int64(none) ? "" : " or \(ignored), which is ignored,")
          + " found \(wrong): the head has too few classes for the data set, or reduce_zero_label is wrong")
    }
    return counted
  }

  /// The share of pixels, in percent, whose largest score is that of their label: `acc_seg`.
  ///
  /// Mirrors mmseg's `accuracy` with its two small numbers that keep it from dividing by 0.
  static func accuracy(_ scores: Tensor, _ labels: Tensor, ignored: Int?) -> Tensor {
    let predicted = withoutGradient { scores.detached().argmax(1) }.elements(as: Int64.self)
    let labels = labels.converted(to: .int64).elements(as: Int64.self)
    let ignored = Int64(ignored ?? none)
    var (correct, total) = (0, 0)
    for (guess, label) in zip(predicted, labels) where label != ignored {
      total += 1
      if guess == label { correct += 1 }
    }
    let epsilon = Float.ulpOfOne
    return Tensor([(Float(correct) + epsilon) * Float(100 / (Double(total) + Double(epsilon)))])
  }
}
