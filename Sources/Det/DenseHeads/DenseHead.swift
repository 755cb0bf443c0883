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
  func detections(_ features: [Tensor], _ metas: [ImageMeta], rescale: Bool, suppress: Bool) throws
    -> [Detections]
  /// Losses, and the proposals for a second stage from the same forward pass.
  ///
  /// - Parameter config: the proposals' config (`train_cfg.rpn_proposal`); the head's own where `nil`.
  func lossesAndProposals(_ features: [Tensor], _ batch: DetectionBatch, _ config: DenseTestConfig?) throws
    -> (
      losses: LossTerms, proposals: [Proposals]
    )
  /// Whether the head takes feature maps with these channels.
  ///
  /// - Throws: `InvalidConfig` where it does not.
  func check(channels: [Int]) throws
  /// Objects of one picture from several views of it, merged, in the original picture.
  func detections(views: [(features: [Tensor], meta: ImageMeta)]) throws -> Detections
}

extension DenseHead {
  public func check(channels: [Int]) throws {}

  public func lossesAndProposals(_ features: [Tensor], _ batch: DetectionBatch, _ config: DenseTestConfig?)
    throws -> (
      losses: LossTerms, proposals: [Proposals]
    )
  {
    throw InvalidConfig("\(type(of: self)) cannot propose boxes for a second stage")
  }

  public func detections(views: [(features: [Tensor], meta: ImageMeta)]) throws -> Detections {
    throw InvalidConfig("\(type(of: self)) does not support test-time augmentation")
  }

  /// Proposals of each picture, in the scale of the network's input.
  public func proposals(_ features: [Tensor], _ metas: [ImageMeta]) throws -> [Proposals] {
    try detections(features, metas, rescale: false, suppress: true).map {
      Proposals(boxes: $0.boxes, scores: $0.scores)
    }
  }
}

extension Registries {
  /// Dense heads of detectors (`bbox_head`, `rpn_head`).
  public var denseHeads: Registry<any DenseHead> {
    get { self[(any DenseHead).self, role: "dense head"] }
    set { self[(any DenseHead).self, role: "dense head"] = newValue }
  }
}
