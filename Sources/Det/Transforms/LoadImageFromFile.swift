import Core

extension ChannelOrder: ConfigDecodable {}

/// Reads the picture of a sample. Mirrors mmdet's `LoadImageFromFile`.
public struct LoadImageFromFile: Transform, ConfigRecord {
  public var mode: ReadMode
  public var order: ChannelOrder
  public var toFloat: Bool

  public init(from reader: inout ConfigReader) throws {
    toFloat = try reader.value("to_float32", default: false)
    mode = try reader.value("color_type", default: .color)
    order = try reader.value("channel_order", default: .bgr)
    reader.ignore("file_client_args")
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    guard let file = sample.file else {
      throw DataError("LoadImageFromFile: the data set gives no file name for this sample")
    }
    let image = try Image.read(path: file.path, mode: mode, order: order)
    sample.replaceImage(toFloat ? image.toFloat() : image)
    sample.meta.filename = file.path
    sample.meta.originalFilename = file.name
    sample.meta.originalShape = sample.meta.imageShape
    return true
  }
}
