import Core

/// Reads the picture of a sample. Mirrors mmcls's `LoadImageFromFile`.
public struct LoadImageFromFile: Transform, ConfigRecord {
  public var mode: ReadMode
  public var toFloat: Bool
  public var backend: ImageBackend

  public init(from reader: inout ConfigReader) throws {
    toFloat = try reader.value("to_float32", default: false)
    mode = try reader.value("color_type", default: .color)
    backend = try reader.value("imdecode_backend", default: .cv2)
    reader.ignore("file_client_args")
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    guard let file = sample.file else {
      throw DataError("LoadImageFromFile: the data set gives no file name for this sample")
    }
    let image = try Image.read(path: file.path, mode: mode, backend: backend)
    sample.image = toFloat ? image.toFloat() : image
    sample.meta.filename = file.path
    sample.meta.originalFilename = file.name
    let shape = [image.height, image.width, image.channels]
    sample.meta.imageShape = shape
    sample.meta.originalShape = shape
    sample.meta.normalization = .init(
      mean: [Float](repeating: 0, count: image.channels), std: [Float](repeating: 1, count: image.channels),
      toRGB: false)
    return true
  }
}
