import Core
import OrderedCollections
import PyConfig

/// The keys that all detection data sets share.
struct DetectionDatasetConfig: ConfigRecord, Sendable {
  var annotationFile: String
  var pipeline: ConfigNodeBox
  var classes: ConfigNodeBox
  var dataRoot: String?
  var imagePrefix: String?
  var segmentationPrefix: String?
  var segmentationSuffix: String
  var proposalFile: String?
  var isTesting: Bool?
  var filtersEmpty: Bool
  /// Where the config has the data set.
  var path: String

  init(from reader: inout ConfigReader) throws {
    path = reader.path
    annotationFile = try reader.value("ann_file")
    pipeline = ConfigNodeBox(reader.node("pipeline"), path: reader.path("pipeline"))
    classes = ConfigNodeBox(reader.node("classes"), path: reader.path("classes"))
    dataRoot = try reader.optional("data_root")
    imagePrefix = try reader.value("img_prefix", default: String?.some(""))
    segmentationPrefix = try reader.optional("seg_prefix")
    segmentationSuffix = try reader.value("seg_suffix", default: ".png")
    proposalFile = try reader.optional("proposal_file")
    isTesting = try reader.optional("test_mode")
    filtersEmpty = try reader.value("filter_empty_gt", default: true)
    // The last two are for data loaders and for lists of files.
    reader.ignore("file_client_args", "samples_per_gpu", "separate_eval")
    guard let dataRoot, !dataRoot.isEmpty else { return }
    func joined(_ path: String) -> String { SampleFile(prefix: dataRoot, name: path).path }
    annotationFile = joined(annotationFile)
    imagePrefix = imagePrefix.map(joined)
    segmentationPrefix = segmentationPrefix.map(joined)
    proposalFile = proposalFile.map(joined)
  }

  /// The transforms; none when the config names none.
  func makePipeline(_ context: BuildContext) throws -> Pipeline {
    try pipeline.node.map { try Pipeline($0, path: pipeline.path, context) } ?? Pipeline([])
  }

  /// Class names as a list or, given as a string, from a file with one name a line; else `standard`.
  ///
  /// - Returns: also whether the config gave them.
  func classNames(_ standard: [String]?) throws -> (names: [String]?, areGiven: Bool) {
    guard let node = classes.node else { return (standard, false) }
    guard let file = node.string else { return (try [String](from: node, at: classes.path), true) }
    let names = try TextFile.lines(file)
    guard !names.isEmpty else {
      throw DataError("must have one class name a line, found nothing", file: file)
    }
    return (names, true)
  }
}

/// A data set whose `ann_file` may be a list: then it is several of its kind, one behind the other.
struct ListedDatasetConfig<Single: ConfigRecord>: ConfigRecord {
  var datasets: [Single]
  var evaluatesSeparately: Bool

  init(from reader: inout ConfigReader) throws {
    evaluatesSeparately = (try reader.optional("separate_eval", as: Bool.self)) ?? true
    let (path, location) = (reader.path, reader.location)
    let keys = reader.takeRest()
    let files = keys["ann_file"]?.items
    datasets = try (0..<(files?.count ?? 1)).map { index in
      var own = keys
      for key in ["ann_file", "img_prefix", "seg_prefix", "proposal_file"] where files != nil {
        guard let items = own[key]?.items else { continue }
        guard items.indices.contains(index) else {
          throw BuildError(
            .invalid(
              "must have one entry for each of the \(files?.count ?? 0) annotation files, found \(items.count)"
            ),
            path: "\(path).\(key)", location: own[key]?.location ?? location)
        }
        own[key] = items[index]
      }
      return try Single(from: ConfigNode(.dictionary(ConfigDictionary(own)), at: location), at: path)
    }
    guard !datasets.isEmpty else {
      throw BuildError(
        .invalid("must name at least one file, found none"), path: "\(path).ann_file", location: location)
    }
  }

  /// The data set, or all of them.
  func joined(_ load: (Single) throws -> any Dataset) throws -> any Dataset {
    let all = try datasets.map(load)
    return all.count == 1 ? all[0] : try ConcatDataset(all, evaluatesSeparately: evaluatesSeparately)
  }
}
