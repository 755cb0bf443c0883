/// The data sets of COCO's form.
extension CocoDataset {
  static let kinds: [Kind] = [
    Kind(),
    Kind(
      type: "CityscapesDataset", classNames: CityscapesClasses.names, palette: CityscapesClasses.palette,
      rules: .cityscapes),
    Kind(
      type: "DeepFashionDataset", classNames: DeepFashionClasses.names, palette: DeepFashionClasses.palette),
    // Gupta et al., 2019 (<https://arxiv.org/abs/1908.03195>).
    Kind(
      type: "LVISDataset", classNames: LVISClasses.v05, palette: nil, naming: .lastPart,
      takesAllCategories: true),
    Kind(
      type: "LVISV05Dataset", classNames: LVISClasses.v05, palette: nil, naming: .lastPart,
      takesAllCategories: true),
    Kind(
      type: "LVISV1Dataset", classNames: LVISClasses.v1, palette: nil, naming: .address,
      takesAllCategories: true),
    // Shao et al., 2019 (<https://www.objects365.org>).
    Kind(type: "Objects365V1Dataset", classNames: Objects365Classes.v1, palette: nil, sortsCategories: true),
    Kind(
      type: "Objects365V2Dataset", classNames: Objects365Classes.v2, palette: nil, naming: .folderAndName,
      // In the annotations, but not among the pictures.
      missing: [
        "patch16/objects365_v2_00908726.jpg", "patch6/objects365_v1_00320532.jpg",
        "patch6/objects365_v1_00320534.jpg",
      ]),
  ]
}
