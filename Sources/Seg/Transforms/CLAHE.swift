import Core

/// Equalises histograms of tiles, each channel for itself. Mirrors mmseg's `CLAHE`, which is OpenCV's.
///
/// Zuiderveld, "Contrast Limited Adaptive Histogram Equalization", Graphics Gems IV, 1994.
public struct CLAHE: Transform, ConfigRecord {
  /// How much higher than the mean a histogram may be.
  public var clipLimit: Double
  /// Tiles in a row and in a column.
  public var tiles: Pair

  public init(from reader: inout ConfigReader) throws {
    clipLimit = try reader.value("clip_limit", default: 40)
    guard (0...1e6).contains(clipLimit) else {
      throw reader.invalid("must be in 0...1000000, found \(clipLimit)", key: "clip_limit")
    }
    let grid: [Int] = try reader.value("tile_grid_size", default: [8, 8])
    guard grid.count == 2, grid.allSatisfy({ (1...1024).contains($0) }) else {
      throw reader.invalid("must be two numbers in 1...1024, found \(grid)", key: "tile_grid_size")
    }
    tiles = Pair(h: grid[1], w: grid[0])
  }

  public func apply(_ sample: inout Sample, using generator: inout RandomGenerator) throws -> Bool {
    let image = try sample.requireImage("CLAHE")
    let bytes = image.cutToBytes()
    guard case .u8(var samples) = bytes.pixels else { return true }
    for channel in 0..<image.channels { equalize(&samples, channel, bytes) }
    let result = Image(width: image.width, height: image.height, channels: image.channels, bytes: samples)
    // The original writes into the picture that it found, so floats stay floats.
    sample.image = image.isFloat ? result.toFloat() : result
    return true
  }

  private func equalize(_ samples: inout [UInt8], _ channel: Int, _ image: Image) {
    let (width, height, step) = (image.width, image.height, image.channels)
    // Where a side is no multiple of its tiles both grow, by a whole tile's worth where they need not.
    let fits = width % tiles.w == 0 && height % tiles.h == 0
    let tileWidth = fits ? width / tiles.w : (width + tiles.w - width % tiles.w) / tiles.w
    let tileHeight = fits ? height / tiles.h : (height + tiles.h - height % tiles.h) / tiles.h
    let columns = (0..<(tileWidth * tiles.w)).map { Self.reflected($0, width) }
    let rows = (0..<(tileHeight * tiles.h)).map { Self.reflected($0, height) }

    var tables = [UInt8](repeating: 0, count: tiles.h * tiles.w * 256)
    for tile in 0..<(tiles.h * tiles.w) {
      var histogram = [Int](repeating: 0, count: 256)
      for y in (tile / tiles.w * tileHeight)..<((tile / tiles.w + 1) * tileHeight) {
        for x in (tile % tiles.w * tileWidth)..<((tile % tiles.w + 1) * tileWidth) {
          histogram[Int(samples[(rows[y] * width + columns[x]) * step + channel])] += 1
        }
      }
      clip(&histogram, area: tileWidth * tileHeight)
      let scale = Float(255) / Float(tileWidth * tileHeight)
      var sum = 0
      for value in 0..<256 {
        sum += histogram[value]
        tables[tile * 256 + value] = UInt8(min(max((Float(sum) * scale).rounded(.toNearestOrEven), 0), 255))
      }
    }

    let across = (0..<width).map { Weights($0, tileWidth, tiles.w) }
    for y in 0..<height {
      let down = Weights(y, tileHeight, tiles.h)
      let (upper, lower) = (down.first * tiles.w * 256, down.second * tiles.w * 256)
      for x in 0..<width {
        let index = (y * width + x) * step + channel
        let (value, w) = (Int(samples[index]), across[x])
        let (left, right) = (w.first * 256 + value, w.second * 256 + value)
        let above =
          Float(tables[upper + left]) * w.firstWeight + Float(tables[upper + right]) * w.secondWeight
        let below =
          Float(tables[lower + left]) * w.firstWeight + Float(tables[lower + right]) * w.secondWeight
        let result = above * down.firstWeight + below * down.secondWeight
        samples[index] = UInt8(min(max(result.rounded(.toNearestOrEven), 0), 255))
      }
    }
  }

  /// Cuts what is above the limit and spreads it over all values.
  private func clip(_ histogram: inout [Int], area: Int) {
    guard clipLimit > 0 else { return }
    let limit = max(Int(clipLimit * Double(area) / 256), 1)
    var surplus = 0
    for value in 0..<256 where histogram[value] > limit {
      surplus += histogram[value] - limit
      histogram[value] = limit
    }
    var rest = surplus % 256
    for value in 0..<256 { histogram[value] += surplus / 256 }
    guard rest > 0 else { return }
    let step = max(256 / rest, 1)
    var value = 0
    while value < 256, rest > 0 {
      histogram[value] += 1
      value += step
      rest -= 1
    }
  }

  /// A mirror that does not repeat the edge.
  private static func reflected(_ index: Int, _ count: Int) -> Int {
    guard count > 1 else { return 0 }
    let folded = index % (2 * count - 2)
    return folded < count ? folded : 2 * count - 2 - folded
  }

  /// The two tiles between whose middles a pixel lies.
  private struct Weights {
    var first, second: Int
    var firstWeight, secondWeight: Float

    init(_ position: Int, _ size: Int, _ count: Int) {
      let place = Float(position) * (1 / Float(size)) - 0.5
      let lower = Int(place.rounded(.down))
      secondWeight = place - Float(lower)
      firstWeight = 1 - secondWeight
      (first, second) = (max(lower, 0), min(lower + 1, count - 1))
    }
  }
}
