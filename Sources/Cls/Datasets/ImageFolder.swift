import Core
import Foundation

/// Pictures in one folder a class, or listed with their labels in a file: the original's `CustomDataset` and `ImageNet`.
public enum ImageFolder {
  /// - Parameter classes: the class names of the data set's type, if it has any.
  /// - Throws: `DataError` that names the file or folder.
  public static func load(
    _ config: ClassificationDatasetConfig, classes: [String]?, _ context: BuildContext
  ) throws -> ClassificationDataset {
    var names = try config.classNames(classes)
    let pipeline = try config.makePipeline(context)
    if let file = config.annotationFile {
      let (files, labels) = try listed(in: file, prefix: config.dataPrefix)
      return try ClassificationDataset(
        .files(files), labels: labels, classNames: names, pipeline: pipeline, source: file)
    }
    let folders = try subfolders(config.dataPrefix)
    if let names, names.count != folders.count {
      throw DataError(
        "must have one folder for each of the \(names.count) classes, found \(folders.count)",
        file: config.dataPrefix)
    }
    names = names ?? folders
    let extensions = config.extensions.map { $0.lowercased() }
    var files: [SampleFile] = []
    var labels: [Int] = []
    for (label, folder) in folders.enumerated() {
      for file in try images(under: config.dataPrefix, folder, extensions) {
        files.append(SampleFile(prefix: config.dataPrefix, name: file))
        labels.append(label)
      }
    }
    guard !files.isEmpty else {
      throw DataError(
        "the data set is empty: no files with \(extensions.joined(separator: ", ")) in folders below this one",
        file: config.dataPrefix)
    }
    return try ClassificationDataset(
      .files(files), labels: labels, classNames: names, pipeline: pipeline, source: config.dataPrefix)
  }

  /// Lines `path label`; the path may contain spaces.
  private static func listed(in file: String, prefix: String) throws -> ([SampleFile], [Int]) {
    var files: [SampleFile] = []
    var labels: [Int] = []
    for (index, text) in try TextFile.lines(file).enumerated() {
      let line = text.trimmingCharacters(in: .whitespaces)
      if line.isEmpty { continue }
      guard let space = line.lastIndex(of: " "), let label = Int(line[line.index(after: space)...]) else {
        throw DataError(
          "must be 'path label' with a whole number for a label, found '\(line.prefix(80))'", file: file,
          line: index + 1)
      }
      files.append(SampleFile(prefix: prefix, name: String(line[..<space])))
      labels.append(label)
    }
    return (files, labels)
  }

  private static func subfolders(_ folder: String) throws -> [String] {
    try contents(folder).filter { isFolder("\(folder)/\($0)") }
  }

  /// Pictures below `folder`, at any depth, as paths from `root`, sorted.
  private static func images(under root: String, _ folder: String, _ extensions: [String]) throws -> [String]
  {
    var found: [String] = []
    var pending = [(folder, 0)]
    while let (current, depth) = pending.popLast() {
      guard depth < 32 else {
        throw DataError("folders must not be nested deeper than 32", file: "\(root)/\(current)")
      }
      for name in try contents("\(root)/\(current)") {
        let path = "\(current)/\(name)"
        if isFolder("\(root)/\(path)") {
          pending.append((path, depth + 1))
        } else if !name.hasPrefix("."), extensions.contains(where: { name.lowercased().hasSuffix($0) }) {
          found.append(path)
        }
      }
    }
    return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Names in a folder, sorted by their bytes as Python sorts them.
  private static func contents(_ folder: String) throws -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder)
        .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    } catch {
      throw DataError("must be a folder that can be read", file: folder)
    }
  }

  private static func isFolder(_ path: String) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
  }
}
