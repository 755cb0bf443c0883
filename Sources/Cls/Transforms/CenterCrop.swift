import Core

/// Cuts out the middle of the picture. Mirrors mmcls's `CenterCrop`.
///
/// With `efficientnet_style` the part cut out is `crop / (crop + crop_padding)` of the short side and is then resized.
public struct CenterCrop: Transform, ConfigRecord {
  public var height, width: Int
  public var efficientNetStyle: Bool
  public var padding: Int
  public var interpolation: Interpolation
  public var backend: ImageBackend

  public init(from reader: inout ConfigReader) throws {
    let size: Pair = try reader.value("crop_size")
    guard (1...65536).contains(size.h), (1...65536).contains(size.w) else {
      throw reader.invalid("must be in 1...65536, found \(size)", key: "crop_size")
    }
    (height, width) = (size.h, size.w)
    efficientNetStyle = try reader.value("efficientnet_style", default: false)
    guard !efficientNetStyle || height == width else {
      throw reader.invalid("must be one number with efficientnet_style, found \(size)", key: "crop_size")
    }
    padding = try reader.value("crop_padding", default: 32)
    guard padding >= 0 else {
      throw reader.invalid("must not be negative, found \(padding)", key: "crop_padding")
    }
    (interpolation, backend) = try reader.resampling()
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("CenterCrop")
    var (cropHeight, cropWidth) = (Double(height), Double(width))
    if efficientNetStyle {
      let short = Double(min(image.height, image.width))
      cropHeight = cropHeight / (cropHeight + Double(padding)) * short
      cropWidth = cropWidth / (cropWidth + Double(padding)) * short
    }
    let y = max(0, ((Double(image.height) - cropHeight) / 2).rounded(.toNearestOrEven))
    let x = max(0, ((Double(image.width) - cropWidth) / 2).rounded(.toNearestOrEven))
    let bottom = min(Double(image.height), y + cropHeight) - 1
    let right = min(Double(image.width), x + cropWidth) - 1
    var cropped = try image.cropped(box: (x, y, right, bottom))
    if efficientNetStyle {
      cropped = try cropped.resized(
        width: width, height: height, interpolation, backend, of: sample.file, by: "CenterCrop")
    }
    sample.replaceImage(cropped)
    return true
  }
}
