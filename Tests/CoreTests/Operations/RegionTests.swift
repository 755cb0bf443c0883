import Foundation
import Testing
import TestSupport

@testable import Core

/// Pooling of regions and reassembly of features against mmcv (Fixtures/ops-regions/make.py) and against definitions.
@Suite struct RegionTests {
  struct Fixture: Decodable, Sendable {
    var boxes: [Float]
    var cases: [Case]
  }

  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var op: String
    var mode: String?
    var aligned: Bool?
    var ratio: Int?
    var output: [Int]?
    var scale: Float?
    var shape: [Int]?
    var size, groups, factor: Int?
    var y, dx: [Double]
    var dk: [Double]?
    var testDescription: String {
      "\(op) \(mode ?? "") \(aligned ?? false) \(ratio ?? 0) \(output ?? []) \(scale ?? 0) \(shape ?? [])"
    }
  }

  static let fixture: Fixture? = {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fixtures/ops-regions/cases.json")
    return try? JSONDecoder().decode(Fixture.self, from: Data(contentsOf: folder))
  }()

  static func pattern(_ shape: [Int], seed: Int) -> Tensor {
    let values = (1...shape.reduce(1, *)).map { index in
      var x = (UInt64(index) &* 2_654_435_761 &+ UInt64(seed) &* 97531) & 0xffff_ffff
      x ^= x >> 15
      x = (x &* 2_246_822_519) & 0xffff_ffff
      x ^= x >> 13
      return Float(Double(x >> 8) / 8_388_608 - 1)
    }
    return Tensor(values, shape: shape)
  }

  @Test func `there are cases`() { #expect(Self.fixture?.cases.count ?? 0 > 20) }

  @Test(arguments: fixture?.cases.filter { $0.op == "align" } ?? [])
  func `equals mmcv's RoIAlign`(_ golden: Case) throws {
    let boxes = try #require(Self.fixture).boxes, output = try #require(golden.output)
    let pooling = RegionPooling(
      golden.mode == "max" ? .alignMaximum : .alignAverage, output: Pair(h: output[0], w: output[1]),
      samplingRatio: golden.ratio ?? 0, isAligned: golden.aligned ?? true)
    let x = Self.pattern([2, 3, 12, 14], seed: 1).requiringGradient()
    let y = Tensor.poolingRegions([x], scales: [golden.scale ?? 1], boxes: boxes, pooling)
    expectClose(y, golden.y, relative: 1e-5, absolute: 2e-6, "forward")
    y.backward(Self.pattern(y.shape, seed: 2))
    expectClose(try #require(x.gradient), golden.dx, relative: 1e-4, absolute: 1e-5, "gradient")
  }

  @Test(arguments: fixture?.cases.filter { $0.op == "carafe" } ?? [])
  func `equals the definition of CARAFE`(_ golden: Case) throws {
    let shape = try #require(golden.shape),
      (size, groups, factor) = (golden.size ?? 0, golden.groups ?? 0, golden.factor ?? 0)
    let x = Self.pattern(shape, seed: 3).requiringGradient()
    let kernels = Self.pattern(
      [shape[0], groups * size * size, shape[2] * factor, shape[3] * factor], seed: 4
    )
    .requiringGradient()
    let y = x.reassembled(kernels, size: size, groups: groups, factor: factor)
    expectClose(y, golden.y, relative: 1e-5, absolute: 2e-6, "forward")
    y.backward(Self.pattern(y.shape, seed: 5))
    expectClose(try #require(x.gradient), golden.dx, relative: 1e-5, absolute: 1e-5, "gradient of the map")
    expectClose(
      try #require(kernels.gradient), golden.dk ?? [], relative: 1e-5, absolute: 1e-5,
      "gradient of the kernels")
  }

  @Test func `several levels at once are each level by itself`() throws {
    let boxes = try #require(Self.fixture).boxes, count = boxes.count / 5
    let maps = [Self.pattern([2, 40, 19, 25], seed: 1), Self.pattern([2, 40, 10, 13], seed: 2)].map {
      $0.requiringGradient()
    }
    let levels = (0..<count).map { Int32($0 % 3 == 0 ? 1 : 0) }
    for method in [RegionPooling.Method.alignAverage, .alignMaximum, .pool] {
      let pooling = RegionPooling(method, output: 3)
      let joined = Tensor.poolingRegions(maps, scales: [0.25, 0.125], boxes: boxes, levels: levels, pooling)
      for r in 0..<count {
        let level = Int(levels[r])
        let one = Tensor.poolingRegions(
          [maps[level]], scales: [[0.25, 0.125][level]], boxes: Array(boxes[5 * r..<5 * r + 5]), pooling)
        #expect(joined[r].floats == one[0].floats)
      }
    }
  }

  /// RoIPool as Girshick defines it, with mmcv's rounding.
  private static func pooled(_ x: Reference, _ boxes: [Double], output: (Int, Int), scale: Double)
    -> Reference
  {
    let (c, h, w) = (x.shape[1], x.shape[2], x.shape[3]), count = boxes.count / 5
    var y = Reference(
      [count, c, output.0, output.1], Array(repeating: 0, count: count * c * output.0 * output.1))
    for r in 0..<count {
      let box = boxes[5 * r..<5 * r + 5].map { $0 }
      let (x1, y1) = (box[1] * scale, box[2] * scale)
      let (width, height) = ((box[3] + 1) * scale - x1, (box[4] + 1) * scale - y1)
      for i in 0..<output.0 {
        for j in 0..<output.1 {
          func range(_ index: Int, _ bins: Int, _ length: Double, _ start: Double, _ size: Int) -> Range<Int>
          {
            let bin = length / Double(bins)
            let low = min(max(Int((Double(index) * bin + start).rounded(.down)), 0), size)
            return low..<max(low, min(max(Int((Double(index + 1) * bin + start).rounded(.up)), 0), size))
          }
          let rows = range(i, output.0, height, y1, h), columns = range(j, output.1, width, x1, w)
          for channel in 0..<c {
            let values = rows.flatMap { row in columns.map { x[Int(box[0]), channel, row, $0] } }
            y[r, channel, i, j] = values.max() ?? 0
          }
        }
      }
    }
    return y
  }

  @Test func `RoIPool and its gradient`() {
    let boxes: [Double] = [0, 2, 3, 29, 17, 1, -8, -4, 11, 9, 1, 30, 30, 50, 50, 0, 12, 4, 12, 4]
    let x = Reference.random([2, 3, 6, 8], seed: 5)
    checkGradients("RoIPool", [x]) {
      Tensor.poolingRegions(
        $0, scales: [0.25], boxes: boxes.map { Float($0) }, RegionPooling(.pool, output: Pair(h: 2, w: 3)))
    } reference: {
      Self.pooled($0[0], boxes, output: (2, 3), scale: 0.25)
    }
  }

  @Test(arguments: [RegionPooling.Method.alignAverage, .alignMaximum, .pool])
  func `no box leaves its image`(_ method: RegionPooling.Method) {
    let special: [Float] = [.nan, .infinity, -.infinity, 1e9, -1e9, 3e38, -3e38, 1e-30, 0, 7, -1]
    var boxes: [Float] = []
    for a in special { for b in special { boxes += [1, a, b, b, a, 0, 2, a, 5, b] } }
    let x = Tensor.ones([2, 17, 6, 7]).requiringGradient()
    for (ratio, isAligned) in [(0, true), (3, true), (0, false), (3, false)] {
      let y = Tensor.poolingRegions(
        [x], scales: [0.5], boxes: boxes,
        RegionPooling(method, output: 2, samplingRatio: ratio, isAligned: isAligned))
      #expect(y.floats.allSatisfy { $0 <= 1 + 1e-6 && $0 >= -10000 })
      y.backward(Tensor.ones(y.shape))
    }
    #expect(x.gradient?.floats.allSatisfy { $0.isFinite } == true)
  }

  @Test func `no boxes`() {
    let x = Tensor.ones([1, 3, 4, 4]).requiringGradient()
    let y = Tensor.poolingRegions([x], scales: [1], boxes: [], RegionPooling(output: 7))
    #expect(y.shape == [0, 3, 7, 7])
    y.sum().backward()
    #expect(x.gradient?.floats == Array(repeating: 0, count: 48))
  }
}
