/// What a type of data set fixes: classes, names of files, which values of label maps count.
public struct SegmentationDatasetKind: Sendable, Equatable {
  /// How the name of a label map follows from that of its picture.
  enum Naming: Sendable {
    /// The suffix is exchanged.
    case suffix
    /// `_instance_color_RGB` comes before the suffix.
    case iSAID
  }

  /// What `--format-only` writes.
  enum ResultFormat: Sendable {
    /// Class indices from 1.
    case ade20k
    /// The ids of Cityscapes' own list, with its colours.
    case cityscapes
    /// Class indices from 0.
    case loveDA
  }

  /// The name in configs.
  public var name: String
  var classes: ClassSet?
  var imageSuffix = ".jpg"
  var labelSuffix = ".png"
  /// Whether a config may set the suffixes.
  var letsConfigSetSuffixes = false
  /// What the type says itself; `nil` leaves it to the config.
  var reducesZeroLabel: Bool?
  var fixesIgnoreIndex = false
  var needsSplit = false
  var naming = Naming.suffix
  var format: ResultFormat?

  static let all: [SegmentationDatasetKind] = [
    .init(name: "ADE20KDataset", classes: .ade20K, reducesZeroLabel: true, format: .ade20k),
    .init(name: "COCOStuffDataset", classes: .cocoStuff, labelSuffix: "_labelTrainIds.png"),
    retina("ChaseDB1Dataset", "_1stHO.png"),
    .init(
      name: "CityscapesDataset", classes: .cityscapes, imageSuffix: "_leftImg8bit.png",
      labelSuffix: "_gtFine_labelTrainIds.png", letsConfigSetSuffixes: true, format: .cityscapes),
    .init(name: "CustomDataset", letsConfigSetSuffixes: true),
    retina("DRIVEDataset", "_manual1.png"),
    .init(
      name: "DarkZurichDataset", classes: .cityscapes, imageSuffix: "_rgb_anon.png",
      labelSuffix: "_gt_labelTrainIds.png", format: .cityscapes),
    .init(name: "FaceOccludedDataset", classes: .faces, needsSplit: true),
    retina("HRFDataset", ".png"),
    .init(name: "ISPRSDataset", classes: .isprs, imageSuffix: ".png", reducesZeroLabel: true),
    .init(
      name: "LoveDADataset", classes: .loveDA, imageSuffix: ".png", reducesZeroLabel: true, format: .loveDA),
    .init(
      name: "NightDrivingDataset", classes: .cityscapes, imageSuffix: "_leftImg8bit.png",
      labelSuffix: "_gtCoarse_labelTrainIds.png", format: .cityscapes),
    .init(name: "PascalContextDataset", classes: .pascalContext, reducesZeroLabel: false, needsSplit: true),
    .init(
      name: "PascalContextDataset59", classes: .pascalContext59, reducesZeroLabel: true, needsSplit: true),
    .init(name: "PascalVOCDataset", classes: .pascalVOC, needsSplit: true),
    .init(name: "PotsdamDataset", classes: .isprs, imageSuffix: ".png", reducesZeroLabel: true),
    retina("STAREDataset", ".ah.png"),
    .init(name: "iSAIDDataset", classes: .iSAID, imageSuffix: ".png", fixesIgnoreIndex: true, naming: .iSAID),
  ]

  private static func retina(_ name: String, _ labelSuffix: String) -> SegmentationDatasetKind {
    .init(
      name: name, classes: .vessels, imageSuffix: ".png", labelSuffix: labelSuffix, reducesZeroLabel: false)
  }
}
