/// One item on its way through a data pipeline: a picture, what is known about it, and what the model should say of it.
///
/// Transforms change it in place. Tasks add fields of their own by a `SampleKey`.
public struct Sample: Sendable {
  /// Where the picture is; `nil` for pictures that come with the data set.
  public var file: SampleFile?
  /// The picture, once loaded.
  public var image: Image?
  public var meta = ImageMeta()
  /// The class, for one label an image.
  public var label: Int?
  /// A value for each class, for several labels an image.
  public var labelScores: [Float]?
  /// The keys that the pipeline hands to the model (`Collect`); `nil` before.
  public var collectedKeys: [String]?
  /// The same picture prepared in several ways, for tests that merge what the model says of each; `nil` otherwise.
  public var views: [Sample]?
  private var fields: [ObjectIdentifier: any Sendable] = [:]

  public init(file: SampleFile? = nil, image: Image? = nil) {
    (self.file, self.image) = (file, image)
  }

  /// A field that a task defines.
  public subscript<Key: SampleKey>(key: Key.Type) -> Key.Value? {
    get { fields[ObjectIdentifier(key)] as? Key.Value }
    set { fields[ObjectIdentifier(key)] = newValue }
  }

  /// The picture, for transforms that need one.
  ///
  /// - Throws: `DataError` when nothing has loaded it yet.
  public func requireImage(_ transform: String) throws -> Image {
    guard let image else {
      throw DataError(
        "\(transform): the pipeline must load an image first; put LoadImageFromFile before it",
        file: file?.path)
    }
    return image
  }
}

/// Names a field of samples and the type of its value.
public protocol SampleKey {
  associatedtype Value: Sendable
}

/// The place of a picture: a name from the data set and the folder that it is in.
public struct SampleFile: Sendable, Equatable {
  public var prefix: String?
  public var name: String

  public init(prefix: String?, name: String) { (self.prefix, self.name) = (prefix, name) }

  public var path: String {
    guard let prefix, !prefix.isEmpty, !name.hasPrefix("/") else { return name }
    return prefix.hasSuffix("/") ? prefix + name : "\(prefix)/\(name)"
  }
}

/// What is known about a picture: the original suites' `img_metas`.
public struct ImageMeta: Sendable, Equatable {
  public var filename: String?
  public var originalFilename: String?
  /// Height, width, channels as loaded.
  public var originalShape = [0, 0, 0]
  /// Height, width, channels now, without padding that was added for batching.
  public var imageShape = [0, 0, 0]
  /// Height, width, channels with padding.
  public var padShape = [0, 0, 0]
  /// How much wider, higher, wider, higher the picture became.
  public var scaleFactor: [Float] = [1, 1, 1, 1]
  public var isFlipped = false
  public var flipDirection: String?
  /// Top, bottom, left, right of the picture in a frame that it was centred in; `nil` where it fills it.
  public var border: [Float]?
  public var normalization = Normalization(mean: [0, 0, 0], std: [1, 1, 1], toRGB: false)

  public init() {}

  /// `(pixel − mean) / std` for each channel, after an exchange of blue and red where `toRGB`.
  public struct Normalization: Sendable, Equatable {
    public var mean: [Float]
    public var std: [Float]
    public var toRGB: Bool

    public init(mean: [Float], std: [Float], toRGB: Bool) {
      (self.mean, self.std, self.toRGB) = (mean, std, toRGB)
    }
  }
}

/// What is wrong with data: the file, what must hold and what was found.
public struct DataError: Error, Sendable, CustomStringConvertible, Equatable {
  public var file: String?
  public var line: Int?
  public var text: String

  public init(_ text: String, file: String? = nil, line: Int? = nil) {
    (self.text, self.file, self.line) = (text, file, line)
  }

  public var description: String {
    guard let file else { return text }
    return line.map { "\(file):\($0): \(text)" } ?? "\(file): \(text)"
  }
}
