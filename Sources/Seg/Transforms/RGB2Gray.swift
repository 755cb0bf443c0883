import Core

/// A weighted mean of the channels in each channel. Mirrors mmseg's `RGB2Gray`.
///
/// The result has floats; the original's have 64 bits, these 32.
public struct RGB2Gray: Transform, ConfigRecord {
  public var outChannels: Int?
  public var weights: [Double]

  public init(from reader: inout ConfigReader) throws {
    outChannels = try reader.optional("out_channels")
    if let outChannels, ![1, 2, 3, 4].contains(outChannels) {
      throw reader.invalid("must be in 1...4, found \(outChannels)", key: "out_channels")
    }
    weights = try reader.value("weights", default: [0.299, 0.587, 0.114])
    guard (1...4).contains(weights.count) else {
      throw reader.invalid("must be 1 to 4 numbers, found \(weights.count)", key: "weights")
    }
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("RGB2Gray")
    guard image.channels == weights.count else {
      throw DataError(
        "RGB2Gray: the picture must have a channel for each of the \(weights.count) weights, found \(image.channels)",
        file: sample.file?.path)
    }
    let source = image.toFloat().floats ?? []
    let channels = outChannels ?? weights.count
    var result = [Float](repeating: 0, count: image.width * image.height * channels)
    for pixel in 0..<(image.width * image.height) {
      var sum = 0.0
      for channel in 0..<weights.count {
        sum += Double(source[pixel * weights.count + channel]) * weights[channel]
      }
      for channel in 0..<channels { result[pixel * channels + channel] = Float(sum) }
    }
    sample.replaceImage(Image(width: image.width, height: image.height, channels: channels, floats: result))
    return true
  }
}
