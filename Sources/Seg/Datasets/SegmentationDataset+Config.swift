import Core
import PyConfig

/// The keys that all segmentation data sets share.
struct SegmentationDatasetConfig: ConfigRecord {
  var pipeline: ConfigNodeBox
  var imageFolders: OneOrMany<String>
  var labelFolders, splits: OneOrMany<String>?
  var imageSuffix, labelSuffix, dataRoot: String?
  var isTesting: Bool?
  var ignoreIndex: Int?
  var reducesZeroLabel: Bool?
  var classes: ConfigNodeBox
  var palette: [[UInt8]]?
  var loader: LoadAnnotations?
  var evaluatesSeparately: Bool

  init(from reader: inout ConfigReader) throws {
    let path = reader.path("pipeline")
    pipeline = ConfigNodeBox(try reader.value("pipeline", as: ConfigNode.self), path: path)
    imageFolders = try reader.value("img_dir")
    labelFolders = try reader.optional("ann_dir")
    splits = try reader.optional("split")
    imageSuffix = try reader.optional("img_suffix")
    labelSuffix = try reader.optional("seg_map_suffix")
    dataRoot = try reader.optional("data_root")
    isTesting = try reader.optional("test_mode")
    ignoreIndex = try reader.optional("ignore_index")
    reducesZeroLabel = try reader.optional("reduce_zero_label")
    classes = ConfigNodeBox(reader.node("classes"), path: reader.path("classes"))
    palette = try reader.optional("palette", as: [[Int]].self).map { colors in
      try colors.map { color in
        guard color.count == 3, color.allSatisfy({ (0...255).contains($0) }) else {
          throw reader.invalid("must be colours of three numbers in 0...255, found \(color)", key: "palette")
        }
        return color.map { UInt8($0) }
      }
    }
    loader = try reader.optional("gt_seg_map_loader_cfg")
    evaluatesSeparately = try reader.value("separate_eval", default: true)
    reader.ignore("file_client_args")
  }

  /// One data set, or the concatenation of several where `img_dir` or `split` is a list.
  func load(_ kind: SegmentationDatasetKind, _ context: BuildContext) throws -> any Dataset {
    try checkFixed(kind)
    guard imageFolders.wasList || splits?.wasList == true else {
      guard labelFolders?.wasList != true else {
        throw InvalidConfig(
          "ann_dir may be a list only where img_dir or split is one, found \(labelFolders?.elements ?? [])")
      }
      return try dataset(
        kind, imageFolders.elements[0], labelFolders?.elements.first, splits?.elements.first, context)
    }
    let count = max(imageFolders.wasList ? imageFolders.elements.count : 0, splits?.elements.count ?? 0)
    for (key, list) in [("img_dir", Optional(imageFolders)), ("ann_dir", labelFolders), ("split", splits)] {
      guard let list, list.wasList, list.elements.count != count else { continue }
      throw InvalidConfig(
        "\(key) must have as many entries as the other lists, \(count), found \(list.elements.count)")
    }
    func entry(_ list: OneOrMany<String>?, _ index: Int) -> String? {
      list.map { $0.wasList ? $0.elements[index] : $0.elements[0] }
    }
    return try ConcatDataset(
      (0..<count).map { index in
        try dataset(
          kind, entry(imageFolders, index) ?? "", entry(labelFolders, index), entry(splits, index), context)
      }, evaluatesSeparately: evaluatesSeparately)
  }

  private func checkFixed(_ kind: SegmentationDatasetKind) throws {
    func refuse(_ key: String, _ value: String) throws {
      throw InvalidConfig("\(key) is always \(value) for \(kind.name); leave it out, or use CustomDataset")
    }
    if !kind.letsConfigSetSuffixes {
      if imageSuffix != nil { try refuse("img_suffix", "'\(kind.imageSuffix)'") }
      if labelSuffix != nil { try refuse("seg_map_suffix", "'\(kind.labelSuffix)'") }
    }
    if let fixed = kind.reducesZeroLabel, let given = reducesZeroLabel, given != fixed {
      try refuse("reduce_zero_label", fixed ? "True" : "False")
    }
    if kind.fixesIgnoreIndex, let given = ignoreIndex, given != 255 { try refuse("ignore_index", "255") }
    if kind.needsSplit && splits == nil {
      throw InvalidConfig("split must name a file with one picture a line for \(kind.name), found none")
    }
  }

  private func dataset(
    _ kind: SegmentationDatasetKind, _ images: String, _ labels: String?, _ split: String?,
    _ context: BuildContext
  ) throws -> SegmentationDataset {
    let isTesting = isTesting ?? context.isTesting
    let selection = try ClassSelection(kind.classes, names: classes, palette: palette)
    if isTesting && selection.names == nil {
      throw InvalidConfig("classes must name the classes of a \(kind.name) that is tested, found none")
    }
    if !isTesting && labels == nil {
      throw InvalidConfig("ann_dir must name the folder of label maps to train on, found none")
    }
    let finder = SegmentationFiles(
      kind: kind, imageFolder: joined(images), labelFolder: labels.map { joined($0) },
      imageSuffix: imageSuffix ?? kind.imageSuffix, labelSuffix: labelSuffix ?? kind.labelSuffix)
    return SegmentationDataset(
      kind, try finder.items(split: split.map { joined($0) }), selection,
      try pipeline.node.map { try Pipeline($0, path: pipeline.path, context) } ?? Pipeline([]),
      ignoreIndex: ignoreIndex ?? 255, reducesZeroLabel: kind.reducesZeroLabel ?? reducesZeroLabel ?? false,
      loader: loader ?? LoadAnnotations())
  }

  private func joined(_ path: String) -> String {
    guard let dataRoot, !path.hasPrefix("/") else { return path }
    return SampleFile(prefix: dataRoot, name: path).path
  }
}
