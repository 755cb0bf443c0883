import Core
import PyConfig

/// The last part of a segmentor: from feature maps to class scores of pixels, and in training to losses.
///
/// A subclass overrides `predict` and `losses`; most heads do it through `BaseDecodeHead`.
open class DecodeHead: Module {
  public let classes: Int
  /// Scores a pixel: `classes`, or 1 for two of them.
  public let outChannels: Int
  /// Where a single score stands for two classes: the probability above which it is the second.
  public let threshold: Float?
  /// How scores are resized.
  public let alignCorners: Bool

  public init(classes: Int, outChannels: Int, threshold: Float?, alignCorners: Bool) {
    (self.classes, self.outChannels) = (classes, outChannels)
    (self.threshold, self.alignCorners) = (threshold, alignCorners)
  }

  /// Scores `[N, outChannels, h, w]` before softmax or sigmoid.
  ///
  /// - Parameters:
  ///   - features: of the backbone or the neck.
  ///   - previous: the scores of the head before this one, in a cascade.
  /// - Throws: `InvalidConfig` where the features are not those that the config speaks of.
  open func predict(_ features: [Tensor], previous: Tensor?, _ settings: TestSettings) throws -> Tensor {
    preconditionFailure("\(type(of: self)).predict: a decode head must override it")
  }

  /// The losses of a training batch.
  ///
  /// - Parameter labels: `[N, 1, H, W]`, class indices.
  /// - Throws: `InvalidConfig` where features or labels do not fit.
  open func losses(
    _ features: [Tensor], previous: Tensor?, labels: Tensor, _ settings: TrainSettings
  ) throws -> LossTerms {
    preconditionFailure("\(type(of: self)).losses: a decode head must override it")
  }
}

extension Registries {
  /// Heads of segmentors.
  public var decodeHeads: Registry<DecodeHead> {
    get { self[DecodeHead.self, role: "head"] }
    set { self[DecodeHead.self, role: "head"] = newValue }
  }
}

extension Tensor {
  /// Resized to `size`, bilinearly; as it is where it has that size.
  func resized(to size: [Int], alignCorners: Bool) -> Tensor {
    if Array(shape[2...]) == size { return self }
    return interpolate(size: Pair(h: size[0], w: size[1]), mode: .bilinear, alignCorners: alignCorners)
  }

  /// Resized to the height and width of `other`, bilinearly.
  func resized(like other: Tensor, alignCorners: Bool) -> Tensor {
    resized(to: Array(other.shape[2...]), alignCorners: alignCorners)
  }
}
