import Core

/// The second stage of a detector: it classifies and refines proposals. Mirrors mmdet's `BaseRoIHead`.
public protocol RoIHead: Module {
  var classes: Int? { get }
  /// Losses by the original's names (`loss_cls`, `acc`, `loss_bbox`, `loss_mask`, `s0.loss_cls`, ...).
  func losses(_ features: [Tensor], _ proposals: [Proposals], _ batch: DetectionBatch) throws -> LossTerms
  func detections(_ features: [Tensor], _ proposals: [Proposals], _ metas: [ImageMeta], rescale: Bool) throws
    -> [Detections]
  /// From several views of one picture; proposals are those of all views, in the original picture.
  func detections(views: [(features: [Tensor], meta: ImageMeta)], _ proposals: Proposals) throws -> Detections
  /// What the original's flop counter runs, on given proposals.
  func forwardDummy(_ features: [Tensor], _ proposals: Boxes)
  /// Whether feature maps of these channels are what the head reads.
  ///
  /// - Throws: `InvalidConfig`.
  func check(channels: [Int]) throws
}

extension RoIHead {
  public func check(channels: [Int]) throws {}
}

extension Registries {
  /// RoI heads of two-stage detectors (`roi_head`).
  public var roiHeads: Registry<any RoIHead> {
    get { self[(any RoIHead).self, role: "RoI head"] }
    set { self[(any RoIHead).self, role: "RoI head"] = newValue }
  }
}
