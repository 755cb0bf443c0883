import Core

/// Reads the label map of a sample. Mirrors mmseg's `LoadAnnotations`.
///
/// A label map is an image of one channel whose values are class indices, or whose palette indices are (the `pillow`
/// backend reads those). 255 stands for no class.
public struct LoadAnnotations: Transform, ConfigRecord {
  /// Whether 0 stands for no class in the file, and classes count from 1.
  public var reducesZeroLabel = false
  public var backend = ImageBackend.pillow

  public init() {}

  public init(from reader: inout ConfigReader) throws {
    reducesZeroLabel = try reader.value("reduce_zero_label", default: false)
    backend = try reader.value("imdecode_backend", default: .pillow)
    reader.ignore("file_client_args")
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    guard let file = sample.labelFile else {
      throw DataError(
        "LoadAnnotations: the data set has no label maps; set its ann_dir", file: sample.file?.path)
    }
    sample.labels = try load(file, sample, checking: true)
    return true
  }

  /// The label map with the data set's rules applied.
  ///
  /// - Parameter checking: whether values outside the classes are errors.
  func load(_ file: SampleFile, _ sample: Sample, checking: Bool) throws -> Image {
    var labels = try Self.read(file, of: sample.file, backend: backend)
    if let table = sample.labelRules?.mapping { labels = labels.mapped(table: table) }
    if reducesZeroLabel { labels.reduceZeroLabel() }
    if checking { try sample.labelRules?.check(labels, file, reducesZero: reducesZeroLabel) }
    return labels
  }

  /// The values as they are in the file: one channel of bytes.
  static func read(_ file: SampleFile, of picture: SampleFile?, backend: ImageBackend) throws -> Image {
    guard DataFile.exists(file.path) else {
      throw DataError(
        "the label map of \(picture?.path ?? "a picture") must exist, found nothing; "
          + "ann_dir and seg_map_suffix (or a data set's fixed suffix) say where it is looked for",
        file: file.path)
    }
    let image = try Image.read(path: file.path, mode: .unchanged, backend: backend)
    guard image.channels == 1 else {
      throw DataError(
        "a label map must have one channel of class indices, found \(image.channels) channels; "
          + "replace its colours by the indices of their classes", file: file.path)
    }
    guard case .f32(let values) = image.pixels else { return image }
    let highest = values.max() ?? 0
    guard highest <= 255 else {
      throw DataError(
        "a label map must have values in 0...255, found \(Int(highest)) in a file of 16 bits", file: file.path
      )
    }
    return image.toBytes()
  }
}

extension Image {
  /// Takes label 0 for no class and makes the others one less.
  mutating func reduceZeroLabel() {
    self = mapped(table: (0...255).map { $0 == 0 || $0 == 255 ? 255 : UInt8($0 - 1) })
  }
}

extension LabelRules {
  /// - Throws: `DataError` that names file, value and number of pixels for labels that are no classes.
  func check(_ labels: Image, _ file: SampleFile, reducesZero: Bool) throws {
    let counts = labels.histograms("labels")[0]
    let limit = min(classCount, 256)
    guard let value = (limit..<256).first(where: { counts[$0] > 0 && $0 != 255 && $0 != ignoreIndex }) else {
      return
    }
    let others = (limit..<256).filter { counts[$0] > 0 && $0 != 255 && $0 != ignoreIndex }.count - 1
    var text =
      "labels must be in 0..<\(classCount) (the classes) or 255 (no class), found \(value) in \(counts[value]) "
      + "pixel\(counts[value] == 1 ? "" : "s")"
      + (others > 0 ? " and \(others) other value\(others == 1 ? "" : "s")" : "")
    if value == classCount, others == 0, !reducesZero {
      text +=
        "; if the file's 0 stands for no class, set reduce_zero_label=True for the data set and LoadAnnotations"
    } else if others > 0 || value > classCount {
      text += "; a label map holds class indices, not shades of gray"
    }
    throw DataError(text, file: file.path)
  }
}
