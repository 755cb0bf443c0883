import Core

/// Random brightness, contrast, saturation, hue and order of channels, each half of the time.
///
/// Liu et al., 2015 (<https://arxiv.org/abs/1512.02325>). The result is a picture of floats. Mirrors mmdet's
/// `PhotoMetricDistortion`.
public struct PhotoMetricDistortion: Transform, ConfigRecord {
  public var brightnessDelta: Double
  public var contrast, saturation: ClosedRange<Double>
  public var hueDelta: Double

  public init(from reader: inout ConfigReader) throws {
    brightnessDelta = try reader.value("brightness_delta", default: 32)
    contrast = try reader.range("contrast_range", default: 0.5...1.5, within: 0...1000)
    saturation = try reader.range("saturation_range", default: 0.5...1.5, within: 0...1000)
    hueDelta = try reader.value("hue_delta", default: 18)
    guard (0...1000).contains(brightnessDelta), (0...360).contains(hueDelta) else {
      throw reader.invalid(
        "brightness_delta must be in 0...1000 and hue_delta in 0...360, found \(brightnessDelta) and \(hueDelta)"
      )
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    var image = try sample.requireImage("PhotoMetricDistortion").toFloat()
    guard image.channels == 3 else {
      throw DataError(
        "PhotoMetricDistortion: an image of 3 channels, found \(image.channels)", file: sample.file?.path)
    }
    if generator.coin() {
      let delta = Float(generator.uniform(-brightnessDelta, brightnessDelta))
      image = image.mappingFloats { $0 + delta }
    }
    let contrastIsFirst = generator.coin()
    func changeContrast() {
      guard generator.coin() else { return }
      let factor = Float(generator.uniform(contrast.lowerBound, contrast.upperBound))
      image = image.mappingFloats { $0 * factor }
    }
    if contrastIsFirst { changeContrast() }
    image = image.bgrToHSV()
    if generator.coin() {
      let factor = Float(generator.uniform(saturation.lowerBound, saturation.upperBound))
      image = image.mappingFloats(channel: 1) { $0 * factor }
    }
    if generator.coin() {
      let delta = Float(generator.uniform(-hueDelta, hueDelta))
      image = image.mappingFloats(channel: 0) { hue in
        var hue = hue + delta
        if hue > 360 { hue -= 360 }
        if hue < 0 { hue += 360 }
        return hue
      }
    }
    image = image.hsvToBGR()
    if !contrastIsFirst { changeContrast() }
    if generator.coin() { image = image.reorderingChannels(generator.permutation(3)) }
    sample.image = image
    return true
  }
}

extension Image {
  /// Each float changed, of one channel or of all.
  @inline(__always)
  func mappingFloats(channel: Int? = nil, _ change: (Float) -> Float) -> Image {
    guard case .f32(var values) = pixels else { return self }
    for index in stride(from: channel ?? 0, to: values.count, by: channel == nil ? 1 : channels) {
      values[index] = change(values[index])
    }
    return Image(width: width, height: height, channels: channels, floats: values)
  }

  /// Three channels of floats in another order.
  func reorderingChannels(_ order: [Int]) -> Image {
    guard case .f32(let values) = pixels, order.count == channels else { return self }
    var result = values
    for pixel in stride(from: 0, to: values.count, by: channels) {
      for channel in 0..<channels { result[pixel + channel] = values[pixel + order[channel]] }
    }
    return Image(width: width, height: height, channels: channels, floats: result)
  }
}
