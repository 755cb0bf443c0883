import Testing

@testable import Core

@Suite struct ImagePhotometricTests {
  @Test func convertsColors() throws {
    let whole = try ImageFixture.large()
    for item in try ImageFixture.goldens.get().coloring {
      var source = item.float ? whole.cropped(x: 0, y: 0, width: 7, height: 9).toFloat() : whole
      if item.name.hasPrefix("hsv") {
        switch source.pixels {
        case .u8(var samples):
          for i in stride(from: 0, to: samples.count, by: 3) { samples[i] %= 180 }
          source.pixels = .u8(samples)
        case .f32(var samples):
          for i in stride(from: 0, to: samples.count, by: 3) {
            samples[i] *= 1.4
            samples[i + 1] *= Float(1 / 255.0)
          }
          source.pixels = .f32(samples)
        }
      }
      let made =
        switch item.name {
        case "bgr2gray": source.bgrToGray()
        case "rgb2gray": source.rgbToGray()
        case "bgr2hsv": source.bgrToHSV()
        case "rgb2hsv": source.rgbToHSV()
        case "hsv2bgr": source.hsvToBGR()
        default: source.hsvToRGB()
        }
      if let difference = made.difference(from: item.result, tolerance: item.float ? 6e-5 : 0) {
        Issue.record("\(item.name) \(item.float): \(difference)")
      }
    }
  }

  @Test func adjustsAsMMCV() throws {
    let image = try ImageFixture.large()
    for item in try ImageFixture.goldens.get().adjusting {
      let factor = item.args.first ?? 0
      let made: Image
      switch item.name {
      case "brightness": made = image.adjustedBrightness(factor: factor)
      case "contrast": made = image.adjustedContrast(factor: factor)
      case "color": made = image.adjustedColor(alpha: factor)
      case "sharpness": made = image.adjustedSharpness(factor: factor)
      case "solarize": made = image.solarized(threshold: factor)
      case "posterize": made = image.posterized(bits: Int(factor))
      case "invert": made = image.inverted()
      case "equalize": made = image.equalized()
      default:
        made = image.mapped(table: (0..<256).map { UInt8($0 / 3 + 40) })
          .autoContrasted(cutoff: (item.args[0], item.args[1]))
      }
      if let difference = made.difference(from: item.result) {
        Issue.record("\(item.name) \(item.args): \(difference)")
      }
    }
  }

  @Test func keepsFlatImages() {
    let flat = Image(width: 4, height: 3, filledWith: 77)
    #expect(flat.equalized() == flat)
    #expect(flat.autoContrasted() == flat)
    #expect(flat.adjustedSharpness(factor: 3) == flat)
    #expect(Image(width: 1, height: 1, filledWith: 9).adjustedSharpness(factor: 0.5).bytes == [9, 9, 9])
  }

  @Test func shiftsColorsAlongPrincipalComponents() throws {
    let image = Image(width: 1, height: 1, channels: 3, bytes: [10, 20, 30])
    let made = image.adjustedLighting(
      alpha: [0.1, -0.2, 0.5], values: [55, 4, 2], vectors: [[1, 0, 0], [0, 1, 2], [0, 0, 1]])
    let expected: [Float] = [30 + 5.5, 20 - 0.8 + 2, 10 + 1]
    #expect(zip(try #require(made.floats), expected).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test func cutsRectanglesOut() {
    let image = Image(width: 5, height: 4, channels: 1, bytes: [UInt8](repeating: 1, count: 20))
    func zeros(_ x: Double, _ y: Double, _ width: Int, _ height: Int) -> [Int] {
      let samples = image.cutOut(centerX: x, centerY: y, width: width, height: height).bytes ?? []
      return samples.indices.filter { samples[$0] == 0 }
    }
    #expect(zeros(2.5, 1.9, 2, 2) == [1, 2, 6, 7])
    // A centre near the corner keeps the rectangle's size, as in mmcv.
    #expect(zeros(0.1, 0.1, 2, 2) == [0, 1, 5, 6])
    #expect(zeros(4.9, 3.9, 2, 2) == [13, 14, 18, 19])
    #expect(zeros(2, 2, 0, 3) == [])
  }

  @Test func warpsAsOpenCV() throws {
    let part = try ImageFixture.large().cropped(x: 0, y: 0, width: 48, height: 40)
    let value = [9.0, 99, 199]
    for item in try ImageFixture.goldens.get().warping {
      let interpolation = try #require(Interpolation(rawValue: item.interpolation))
      let mode = try #require(BorderMode(rawValue: item.mode))
      let amount = item.args[0]
      let made: Image
      switch item.name {
      case "rotate":
        made = part.rotated(
          degrees: amount, scale: item.args[1], value: value, interpolation: interpolation, mode: mode)
      case "shear_x": made = part.sheared(magnitude: amount, value: value, interpolation: interpolation)
      case "shear_y":
        made = part.sheared(magnitude: amount, .vertical, value: value, interpolation: interpolation)
      case "translate_x":
        made = part.translated(offset: amount * 50, value: value, interpolation: interpolation)
      default:
        made = part.translated(offset: amount * 50, .vertical, value: value, interpolation: interpolation)
      }
      if let difference = made.difference(from: item.result) {
        Issue.record("\(item.name) \(item.args) \(interpolation) \(mode): \(difference)")
      }
    }
  }

  @Test func survivesWildWarps() {
    let image = Image(width: 3, height: 2, filledWith: 5)
    for mode in BorderMode.allCases {
      for map in [
        AffineMap(0, 0, 0, 0, 0, 0), AffineMap(1e-30, 0, 1e30, 0, 1e-30, -1e30),
        AffineMap(.nan, 1, 1, 1, .infinity, 1),
      ] {
        #expect(image.warped(map, width: 4, height: 4, mode: mode).count == 48)
      }
    }
    let turned = image.rotated(degrees: 90, autoBound: true)
    #expect([turned.width, turned.height] == [2, 3])
  }
}
