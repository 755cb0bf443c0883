import Core

/// What detection pipelines carry beside the picture; upstream's names of the fields stand behind.
struct DetectionFields: Sendable {
  // From the data set.
  /// `ann_info`
  var annotation: PictureAnnotation?
  /// Height and width as annotated, which masks are drawn in (`img_info`).
  var pictureSize = (height: 0, width: 0)
  /// `seg_prefix`
  var segmentationPrefix: String?
  /// What the data set's proposal file has, before `LoadProposals` takes it.
  var givenProposals: Proposals?

  // Loaded, and changed by transforms.
  /// `gt_bboxes`
  var boxes: Boxes?
  /// `gt_bboxes_ignore`
  var ignoredBoxes: Boxes?
  /// `gt_labels`
  var labels: [Int]?
  /// `gt_masks`
  var masks: InstanceMasks?
  /// `gt_semantic_seg`: one channel.
  var semanticMap: Image?
  /// `proposals`
  var proposals: Proposals?
  /// `gt_is_group_ofs`
  var isGroup: [Bool]?

  // Decided for the whole sample.
  /// `scale`: bounds of the long and the short side, or width and height.
  var scale: (first: Int, second: Int)?
  /// `scale_factor` before resizing, as `MultiScaleFlipAug` gives it.
  var factor: Double?
  /// Whether the picture has been resized (`scale_factor` after that).
  var isResized = false
  /// `flip` and `flip_direction`, where they are not to be drawn.
  var flip: (isFlipped: Bool, direction: FlipDirection?)?
  /// What fills pictures and semantic maps up to the size of a batch (`DefaultFormatBundle`).
  var batchPadding: (image: Double, semantic: Double)?
  /// `mix_results`: other samples, for transforms that mix several.
  var others: [Sample]?

  /// Changes each kind of boxes: `bbox_fields`.
  mutating func changeBoxes(_ change: (inout Boxes) -> Void) {
    if var boxes = ignoredBoxes {
      change(&boxes)
      ignoredBoxes = boxes
    }
    if var all = boxes {
      change(&all)
      boxes = all
    }
    if var given = proposals {
      change(&given.boxes)
      proposals = given
    }
  }
}

extension Sample {
  private enum Key: SampleKey {
    typealias Value = DetectionFields
  }

  /// The task's fields.
  var detection: DetectionFields {
    get { self[Key.self] ?? DetectionFields() }
    set { self[Key.self] = newValue }
  }
}
