import Core

// What segmentation adds to the samples that flow through a pipeline.

private enum LabelFileKey: SampleKey { typealias Value = SampleFile }
private enum LabelsKey: SampleKey { typealias Value = Image }
private enum LabelRulesKey: SampleKey { typealias Value = LabelRules }
private enum ScaleKey: SampleKey { typealias Value = TargetScale }
private enum FlipKey: SampleKey { typealias Value = FlipDecision }
private enum MixedKey: SampleKey { typealias Value = [Sample] }
private enum TruthKey: SampleKey { typealias Value = GroundTruth }

/// What a data set says of the values in its label maps.
struct LabelRules: Sendable, Equatable {
  /// The new value of each value in a file, where the data set's classes were chosen anew.
  var mapping: [UInt8]?
  /// Values below it are classes.
  var classCount: Int
  /// A value beside 255 that stands for no class.
  var ignoreIndex: Int
}

/// The size that a picture is to be brought to: mmseg's `scale`, in pixels.
struct TargetScale: Sendable, Equatable {
  var width, height: Double
}

/// Whether and how a picture is mirrored, decided once for all steps of a pipeline.
struct FlipDecision: Sendable, Equatable {
  var isFlipped: Bool
  var direction: FlipDirection
}

/// The label map that a prediction is measured against.
struct GroundTruth: Sendable {
  var labels: Image
  var file: SampleFile
}

extension Sample {
  /// Where the label map is; `nil` for data sets without.
  var labelFile: SampleFile? {
    get { self[LabelFileKey.self] }
    set { self[LabelFileKey.self] = newValue }
  }

  /// The label map (`gt_semantic_seg`): one channel of bytes.
  var labels: Image? {
    get { self[LabelsKey.self] }
    set { self[LabelsKey.self] = newValue }
  }

  var labelRules: LabelRules? {
    get { self[LabelRulesKey.self] }
    set { self[LabelRulesKey.self] = newValue }
  }

  /// The size chosen by an earlier step; it also binds later ones.
  var scale: TargetScale? {
    get { self[ScaleKey.self] }
    set { self[ScaleKey.self] = newValue }
  }

  /// The decision of an earlier step; it also binds later ones.
  var flip: FlipDecision? {
    get { self[FlipKey.self] }
    set { self[FlipKey.self] = newValue }
  }

  /// Further samples, for transforms that join several (`mix_results`).
  var mixed: [Sample]? {
    get { self[MixedKey.self] }
    set { self[MixedKey.self] = newValue }
  }

  /// For evaluation.
  var truth: GroundTruth? {
    get { self[TruthKey.self] }
    set { self[TruthKey.self] = newValue }
  }

  /// - Throws: `DataError` when the label map is not of the picture's size, for steps that need that.
  func checkLabelSize(by step: String) throws {
    guard let image, let labels, image.height != labels.height || image.width != labels.width else { return }
    throw DataError(
      "\(step): a picture and its label map must have one size, found \(image.height)x\(image.width) and "
        + "\(labels.height)x\(labels.width) in \(labelFile?.path ?? "the label map"); "
        + "check that they belong together, or resize both with keep_ratio=False before",
      file: file?.path)
  }
}
