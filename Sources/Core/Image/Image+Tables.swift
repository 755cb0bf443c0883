import CKernels

/// Changes of one sample at a time by tables of 256 values; images of bytes.
extension Image {
  /// Replaces each sample by `table[sample]`: mmcv's `lut_transform`.
  public func mapped(table: [UInt8]) -> Image {
    precondition(table.count == 256, "Image.mapped: the table must hold 256 values, found \(table.count)")
    return mapped(tables: (0..<channels).flatMap { _ in table }, "mapped")
  }

  /// The same with a table for each channel; `nil` leaves a channel as it is.
  public func mapped(tables: [[UInt8]?]) -> Image {
    precondition(
      tables.count == channels && tables.allSatisfy { $0?.count ?? 256 == 256 },
      "Image.mapped: must be given \(channels) tables of 256 values, found \(tables.map { $0?.count ?? 256 })"
    )
    let identity = (0...255).map { UInt8($0) }
    return mapped(tables: tables.flatMap { $0 ?? identity }, "mapped")
  }

  /// Samples of at least `threshold` inverted: mmcv's `solarize`.
  public func solarized(threshold: Double = 128) -> Image {
    mapped(table: (0..<256).map { Double($0) < threshold ? UInt8($0) : UInt8(255 - $0) })
  }

  /// The upper `bits` of each sample: mmcv's `posterize`. 8 or more keeps all, 0 or less none.
  public func posterized(bits: Int) -> Image {
    let shift = min(max(8 - bits, 0), 8)
    return mapped(table: (0..<256).map { UInt8(($0 >> shift) << shift) })
  }

  /// Each channel's histogram made even: mmcv's `imequalize`.
  public func equalized() -> Image {
    mapped(
      tables: histograms("equalized").flatMap { counts -> [UInt8] in
        let identity = (0...255).map { UInt8($0) }
        guard let last = counts.last(where: { $0 > 0 }) else { return identity }
        let step = (counts.reduce(0, +) - last) / 255
        guard step > 0 else { return identity }
        var table: [UInt8] = [0]
        var below = 0
        for count in counts.dropLast() {
          below += count
          table.append(UInt8(min((below + step / 2) / step, 255)))
        }
        return table
      }, "equalized")
  }

  /// Each channel stretched over 0...255: mmcv's `auto_contrast`.
  /// - Parameter cutoff: percent of the darkest and of the lightest pixels to leave out.
  public func autoContrasted(cutoff: (low: Double, high: Double) = (0, 0)) -> Image {
    mapped(
      tables: histograms("autoContrasted").flatMap { counts -> [UInt8] in
        let identity = (0...255).map { UInt8($0) }
        let total = Double(counts.reduce(0, +))
        let low = (total * cutoff.low / 100).rounded(.down)
        let high = total - (total * cutoff.high / 100).rounded(.down)
        var (before, sum) = (0.0, 0.0)
        var kept: [Int] = []
        for (value, count) in counts.enumerated() {
          sum += Double(count)
          let now = min(max(sum, low), high) - low
          if value == 0 ? now != 0 : now != before { kept.append(value) }
          before = now
        }
        guard let first = kept.first, let last = kept.last, first < last else { return identity }
        let scale = 255.0 / Double(last - first)
        let offset = -Double(first) * scale
        return (0..<256).map { UInt8(min(max(Double($0) * scale + offset, 0), 255)) }
      }, "autoContrasted")
  }

  /// A rectangle in one colour: mmcv's `cutout` for a given centre.
  public func cutOut(
    centerX: Double, centerY: Double, width cutWidth: Int, height cutHeight: Int, value: [Double] = [0]
  ) -> Image {
    let x1 = min(Int(max(0, centerX - Double(cutWidth) / 2)), width)
    let y1 = min(Int(max(0, centerY - Double(cutHeight) / 2)), height)
    let (x2, y2) = (min(width, x1 + max(cutWidth, 0)), min(height, y1 + max(cutHeight, 0)))
    let pixel = pixelValue(value, "cutOut")
    let step = pixelBytes
    return like(width: width, height: height) { target in
      withRawPixels { target.update(from: $0, count: width * height * step) }
      for y in y1..<y2 {
        for x in x1..<x2 {
          let at = target + (y * width + x) * step
          for k in 0..<step { at[k] = pixel[k] }
        }
      }
    }
  }

  /// How often each byte occurs: 256 counts a channel.
  public func histograms(_ operation: String = "histograms") -> [[Int]] {
    let source = requireBytes(operation)
    var counts = [UInt64](repeating: 0, count: 256 * channels)
    mm_image_histogram(source, width * height, Int32(channels), &counts)
    return (0..<channels).map { c in counts[256 * c..<256 * (c + 1)].map { Int($0) } }
  }

  private func mapped(tables: [UInt8], _ operation: String) -> Image {
    let source = requireBytes(operation)
    return .makeBytes(width: width, height: height, channels: channels) {
      mm_image_look_up(source, width * height, Int32(channels), tables, $0)
    }
  }
}
