import Core
import PyConfig

/// A head over all positions of feature maps: one-stage detectors, and the proposals of two-stage ones.
///
/// Mirrors mmdet's `BaseDenseHead`. The detector's `train_cfg` and `test_cfg` reach the head as keys of its own config.
public protocol DenseHead: Module {
  var classes: Int { get }
  /// What the layers compute, per output and level; for the flop counter.
  func forwardDummy(_ features: [Tensor])
  /// Losses by the original's names.
  func losses(_ features: [Tensor], _ batch: DetectionBatch) throws -> LossTerms
  /// Objects, or proposals, of each picture.
  ///
  /// - Parameters:
  ///   - rescale: whether boxes are those of the original picture.
  ///   - suppress: whether non-maximum suppression is done; test-time augmentation does it after merging.
  func detections(_ features: [Tensor], _ metas: [ImageMeta], rescale: Bool, suppress: Bool) throws -> [Detections]
}

extension Registries {
  /// Dense heads of detectors (`bbox_head`, `rpn_head`).
  public var denseHeads: Registry<any DenseHead> {
    get { self[(any DenseHead).self, role: "dense head"] }
    set { self[(any DenseHead).self, role: "dense head"] = newValue }
  }
}
