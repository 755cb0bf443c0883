import Core
import Foundation

/// Writes label maps as PNG files.
struct ResultFiles {
  var folder: String
  /// One name for each picture of the data set.
  private let names: [String]
  private let makeImage: @Sendable (LabelMap) -> (image: Image, palette: [UInt8])

  /// Class indices in shades of gray, as `seg-test --out` leaves them.
  init(indicesIn folder: String, _ dataset: any Dataset) throws {
    self.folder = folder
    names = try Self.names(dataset)
    makeImage = { (Image($0), []) }
  }

  /// What a benchmark's server takes, as `seg-test --format-only` leaves it.
  ///
  /// - Throws: `InvalidConfig` for data sets without such a form.
  init(formattedIn folder: String, _ dataset: any Dataset, keepsTrainIds: Bool) throws {
    self.folder = folder
    names = try Self.names(dataset)
    let kinds = dataset.segmentationParts.map(\.kind)
    guard let format = kinds.first?.format, kinds.allSatisfy({ $0.format == format }) else {
      throw InvalidConfig(
        "--format-only is for ADE20K, Cityscapes and LoveDA, found \(kinds.map(\.name).joined(separator: ", ")); "
          + "--out writes class indices of any data set")
    }
    switch format {
    case .ade20k:
      makeImage = { (Image($0).mapped(table: (0...255).map { UInt8(truncatingIfNeeded: $0 + 1) }), []) }
    case .loveDA: makeImage = { (Image($0), []) }
    case .cityscapes:
      let table = CityscapesLabel.idOfTrainID
      makeImage = { (keepsTrainIds ? Image($0) : Image($0).mapped(table: table), CityscapesLabel.palette) }
    }
  }

  /// Names of pictures with `.png` for their extension; with their folders where two would be the same without.
  private static func names(_ dataset: any Dataset) throws -> [String] {
    let paths = try (0..<dataset.count).map { index in
      let (origin, local) = try dataset.origin(of: index)
      return origin.items[local].image.name
    }
    func name(_ path: String) -> String {
      let url = URL(fileURLWithPath: path)
      let stem = url.deletingPathExtension().lastPathComponent
      return stem + ".png"
    }
    let short = paths.map(name)
    guard Set(short).count != short.count else { return short }
    let long = paths.map { path in
      path.split(separator: "/").dropLast().map { "\($0)/" }.joined() + name(path)
    }
    guard Set(long).count == long.count else {
      throw DataError("pictures of the data set must have different names for their results to be written")
    }
    return long
  }

  func write(_ labels: LabelMap, at index: Int) throws {
    let path = "\(folder)/\(names[index])"
    let (image, palette) = makeImage(labels)
    do {
      try FileManager.default.createDirectory(
        at: URL(fileURLWithPath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(image.pngData(palette: palette)).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch let error as ImageError {
      throw error
    } catch {
      throw DataError("cannot be written: \(error.localizedDescription)", file: path)
    }
  }
}

extension Image {
  /// Class indices as one channel of bytes.
  init(_ labels: LabelMap) {
    self.init(width: labels.width, height: labels.height, channels: 1, bytes: labels.labels)
  }
}
