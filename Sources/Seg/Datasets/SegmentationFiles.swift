import Core
import Foundation

/// Finds the pictures of a data set and names their label maps.
struct SegmentationFiles {
  var kind: SegmentationDatasetKind
  var imageFolder: String
  var labelFolder: String?
  var imageSuffix, labelSuffix: String

  /// All pictures below the folder, sorted, or those that a file names, in its order.
  ///
  /// - Throws: `DataError` when there are none.
  func items(split: String?) throws -> [SegmentationDataset.Item] {
    guard Self.isFolder(imageFolder) else {
      throw DataError("img_dir must be a folder that can be read", file: imageFolder)
    }
    let items: [SegmentationDataset.Item]
    if let split {
      items = try TextFile.lines(split).compactMap { line in
        let name = line.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !name.isEmpty else { return nil }
        let middle = kind.naming == .iSAID ? "_instance_color_RGB" : ""
        return item(name + imageSuffix, labels: name + middle + labelSuffix)
      }
    } else {
      items = try names().map { item($0, labels: labelName($0)) }
    }
    guard !items.isEmpty else {
      throw DataError(
        split == nil
          ? "the data set is empty: no files with the suffix '\(imageSuffix)' in img_dir or below"
          : "the data set is empty: no names in the file", file: split ?? imageFolder)
    }
    return items
  }

  private func item(_ image: String, labels: String) -> SegmentationDataset.Item {
    .init(
      image: SampleFile(prefix: imageFolder, name: image),
      labels: labelFolder.map { SampleFile(prefix: $0, name: labels) })
  }

  /// As the original: wherever the suffix occurs in the path it is exchanged.
  private func labelName(_ image: String) -> String {
    guard !imageSuffix.isEmpty else { return image }
    let middle = kind.naming == .iSAID ? "_instance_color_RGB" : ""
    return image.replacingOccurrences(of: imageSuffix, with: middle + labelSuffix)
  }

  /// Paths from the folder, sorted by their bytes; hidden files are left out.
  private func names() throws -> [String] {
    var found: [String] = []
    var pending = [("", 0)]
    while let (folder, depth) = pending.popLast() {
      let path = folder.isEmpty ? imageFolder : "\(imageFolder)/\(folder)"
      guard depth < 32 else { throw DataError("folders must not be nested deeper than 32", file: path) }
      guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
        throw DataError("must be a folder that can be read", file: path)
      }
      for name in names {
        let relative = folder.isEmpty ? name : "\(folder)/\(name)"
        if Self.isFolder("\(imageFolder)/\(relative)") {
          pending.append((relative, depth + 1))
        } else if !name.hasPrefix("."), relative.hasSuffix(imageSuffix) {
          found.append(relative)
        }
      }
    }
    return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private static func isFolder(_ path: String) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
  }
}
