import Core
import Testing
import TestSupport

@testable import Det

/// A network that only proposes boxes.
@Suite struct RPNTests {
  static let config = """
    dict(type='RPN', backbone=dict(type='ResNet', depth=18, num_stages=1, strides=(1, ), dilations=(1, ), \
    out_indices=(0, )), rpn_head=dict(type='RPNHead', in_channels=64, feat_channels=8, anchor_generator=dict(\
    type='AnchorGenerator', scales=[8], ratios=[1.0], strides=[4])), test_cfg=dict(rpn=dict(nms_pre=50, max_per_img=7, \
    nms=dict(type='nms', iou_threshold=0.7), min_bbox_size=0)))
    """

  private func model() throws -> any Detector {
    let context = dataContext()
    return try context.registries.detectors.build(configNode(Self.config), path: "model", context: context)
  }

  @Test func `trains on data sets of any number of classes`() throws {
    let model = try model()
    #expect(model.classes == nil)
    try DetectionTask().check(model, against: detectionDataset(CocoDatasetTests.config()))
  }

  @Test func `a proposal has the label 0`() throws {
    let model = try model()
    model.train(false)
    var meta = ImageMeta()
    (meta.imageShape, meta.padShape, meta.scaleFactor) = ([64, 48, 3], [64, 64, 3], [1, 1, 1, 1])
    let found = try model.predict(
      DetectionBatch(images: .zeros([1, 3, 64, 64]), metas: [meta]), rescale: true)
    #expect(found.count == 1 && found[0].count > 0 && found[0].count <= 7)
    #expect(found[0].labels.allSatisfy { $0 == 0 })
    #expect(found[0].boxes.allSatisfy { $0.x1 >= 0 && $0.x2 <= 48 && $0.y1 >= 0 && $0.y2 <= 64 })
  }
}
