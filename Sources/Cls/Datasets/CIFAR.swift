import Core
import TorchFile

/// CIFAR-10 and CIFAR-100 (Krizhevsky, 2009) in their Python form: 32x32 colour pictures, red first.
public struct CIFAR: Sendable {
  var folder: String
  var trainingFiles, testFiles: [String]
  var metaFile: String
  var metaKey: String
  var labelKey: String

  public static let ten = CIFAR(
    folder: "cifar-10-batches-py", trainingFiles: (1...5).map { "data_batch_\($0)" },
    testFiles: ["test_batch"],
    metaFile: "batches.meta", metaKey: "label_names", labelKey: "labels")
  public static let hundred = CIFAR(
    folder: "cifar-100-python", trainingFiles: ["train"], testFiles: ["test"], metaFile: "meta",
    metaKey: "fine_label_names", labelKey: "fine_labels")

  /// Reads the batches below `data_prefix`; the class names are those of the meta file unless the config gives others.
  ///
  /// - Throws: `DataError` that names the file.
  public func load(_ config: ClassificationDatasetConfig, _ context: BuildContext) throws
    -> ClassificationDataset
  {
    let root =
      config.dataPrefix.hasSuffix("/") ? config.dataPrefix + folder : "\(config.dataPrefix)/\(folder)"
    var pixels: [UInt8] = []
    var labels: [Int] = []
    for name in config.isTesting ?? context.isTesting ? testFiles : trainingFiles {
      let batch = try read("\(root)/\(name)")
      pixels += Self.interleaved(batch.planes)
      labels += batch.labels
    }
    let meta = "\(root)/\(metaFile)"
    let names = try TorchFile.readPickle(path: meta)[metaKey]?.elements?.compactMap(\.string)
    guard let names, !names.isEmpty else {
      throw DataError("must have class names under '\(metaKey)'", file: meta)
    }
    // The original takes the names of the file whatever the config says.
    return try ClassificationDataset(
      .bytes(pixels, height: 32, width: 32, channels: 3), labels: labels, classNames: names,
      pipeline: try config.makePipeline(context), source: root)
  }

  private func read(_ file: String) throws -> (planes: [UInt8], labels: [Int]) {
    guard DataFile.exists(file) else {
      throw DataError(
        "no such file; download the Python version of the data set into the folder above", file: file)
    }
    let batch = try TorchFile.readPickle(path: file)
    guard let data = batch["data"]?.tensor, data.scalarType == .uint8, data.shape.count == 2,
      data.shape[1] == 3072
    else {
      throw DataError(
        "must have bytes of shape [N, 3072] under 'data', found \(batch["data"]?.summary ?? "nothing")",
        file: file)
    }
    guard let labels = batch[labelKey]?.elements?.compactMap(\.int), labels.count == data.shape[0] else {
      throw DataError("must have \(data.shape[0]) labels under '\(labelKey)'", file: file)
    }
    return (Array(data.bytes), labels)
  }

  /// `[N, 3, 32, 32]` to `[N, 32, 32, 3]`.
  private static func interleaved(_ planes: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: planes.count) { target, filled in
      for image in 0..<(planes.count / 3072) {
        for pixel in 0..<1024 {
          for channel in 0..<3 {
            target[image * 3072 + pixel * 3 + channel] = planes[image * 3072 + channel * 1024 + pixel]
          }
        }
      }
      filled = planes.count
    }
  }
}
