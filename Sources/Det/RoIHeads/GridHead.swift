import Core
import Foundation
import PyConfig

/// Finds points of a regular grid on a box, whose outer ones say where its sides are.
///
/// Lu et al., 2018 (<https://arxiv.org/abs/1811.12030>), with the sub-regions of Grid R-CNN Plus
/// (<https://arxiv.org/abs/1906.05688>). Mirrors mmdet's `GridHead`.
///
/// - Input: `[regions, inChannels, featureSize, featureSize]`
/// - Output: logits `[regions, points, 2 · featureSize, 2 · featureSize]`
public final class GridHead: Module, ConfiguredModule {
  public struct Config: ConfigRecord, Sendable {
    public var points, convs, featureSize, inChannels, kernel, pointChannels, deconvKernel: Int
    public var style: ConvStyle
    public var loss: Component
    public var initialization: [InitConfig]

    public init(from reader: inout ConfigReader) throws {
      points = try reader.integer("grid_points", default: 9, in: 4...1024)
      guard Int(Double(points).squareRoot()) * Int(Double(points).squareRoot()) == points else {
        throw reader.invalid("must be a square number, found \(points)", key: "grid_points")
      }
      convs = try reader.integer("num_convs", default: 8, in: 1...100)
      featureSize = try reader.integer("roi_feat_size", default: 14, in: 2...256)
      inChannels = try reader.integer("in_channels", default: 256, in: 1...(1 << 20))
      kernel = try reader.integer("conv_kernel_size", default: 3, in: 1...63)
      pointChannels = try reader.integer("point_feat_channels", default: 64, in: 1...(1 << 16))
      deconvKernel = try reader.integer("deconv_kernel_size", default: 4, in: 2...64)
      style = ConvStyle(conv: try reader.optional("conv_cfg") ?? .plain, activation: .relu)
      style.norm = try reader.value("norm_cfg", default: NormConfig(.groupNorm(groups: 36)))
      loss = try reader.component(
        "loss_grid", default: ["type": "CrossEntropyLoss", "use_sigmoid": true, "loss_weight": 15])
      let deconv = InitConfig.Rule.normal(mean: 0, std: 0.001)
      initialization = try reader.initialization(default: [
        .kaiming(layers: ["Conv2d", "Linear"]),
        InitConfig(
          deconv, layers: ["ConvTranspose2d"],
          overrides: [("deconv2", InitConfig(deconv, bias: -log(0.99 / 0.01)))]),
      ])
      // The original stores it without a use.
      reader.ignore("class_agnostic")
      let (style, channels) = (style, points * pointChannels)
      try reader.checked { try style.check(channels: [channels]) }
    }

    /// Points along a side.
    var side: Int { Int(Double(points).squareRoot()) }
    /// Side of the map of a whole region and its surroundings; what is predicted of a point is half of it.
    var mapSize: Int { 4 * featureSize }
    var halfSize: Int { mapSize / 4 * 2 }
  }

  let convs: Sequential
  let deconv1: ConvTranspose2d
  let norm1: GroupNorm
  let deconv2: ConvTranspose2d
  let forderTrans: ModuleList<ModuleList<Sequential>>
  let sorderTrans: ModuleList<ModuleList<Sequential>>
  let lossGrid: any DetectionLoss
  public let config: Config
  /// The points next to each one in the grid.
  private let neighbors: [[Int]]

  public init(_ config: Config, _ context: BuildContext) throws {
    self.config = config
    let (width, side, kernel) = (config.points * config.pointChannels, config.side, config.kernel)
    convs = Sequential(
      (0..<config.convs).map { index in
        ConvModule(
          index == 0 ? config.inChannels : width, width, kernel: Pair(kernel), stride: index == 0 ? 2 : 1,
          padding: Pair((kernel - 1) / 2), bias: true, conv: config.style.conv, norm: config.style.norm)
      })
    func deconv(_ outChannels: Int) -> ConvTranspose2d {
      ConvTranspose2d(
        width, outChannels, kernel: Pair(config.deconvKernel), stride: 2,
        padding: Pair((config.deconvKernel - 2) / 2),
        groups: config.points)
    }
    deconv1 = deconv(width)
    norm1 = GroupNorm(config.points, width)
    deconv2 = deconv(config.points)
    var neighbors: [[Int]] = []
    for i in 0..<side {
      for j in 0..<side {
        var own: [Int] = []
        if i > 0 { own.append((i - 1) * side + j) }
        if j > 0 { own.append(i * side + j - 1) }
        if j < side - 1 { own.append(i * side + j + 1) }
        if i < side - 1 { own.append((i + 1) * side + j) }
        neighbors.append(own)
      }
    }
    self.neighbors = neighbors
    let channels = config.pointChannels
    func transitions() -> ModuleList<ModuleList<Sequential>> {
      ModuleList(
        neighbors.map { own -> ModuleList<Sequential> in
          ModuleList(
            own.map { _ -> Sequential in
              Sequential([
                Conv2d(channels, channels, kernel: 5, padding: 2, groups: channels),
                Conv2d(channels, channels, kernel: 1),
              ])
            })
        })
    }
    forderTrans = transitions()
    sorderTrans = transitions()
    lossGrid = try config.loss.build(context.registries.detectionLosses, context)
  }

  /// Logits from features that neighbours exchanged and, for training, from those before.
  public func callAsFunction(_ x: Tensor) -> (fused: Tensor, unfused: Tensor?) {
    let x = convs(x)
    let parts = x.chunked(1, config.points)
    func exchanged(_ from: [Tensor], _ transitions: ModuleList<ModuleList<Sequential>>) -> [Tensor] {
      parts.indices.map { point in
        neighbors[point].enumerated().reduce(parts[point]) {
          $0 + transitions[point][$1.offset](from[$1.element])
        }
      }
    }
    let fused = exchanged(exchanged(parts, forderTrans), sorderTrans)
    return (heatmaps(Tensor.concatenate(fused, axis: 1)), isTraining ? heatmaps(x) : nil)
  }

  private func heatmaps(_ x: Tensor) -> Tensor { deconv2(norm1(deconv1(x)).relu()) }

  /// Where in the map of a whole region the half lies that is predicted of each point.
  private var subRegions: [(x: Int, y: Int)] {
    func start(_ index: Int) -> Int {
      if index == 0 { return 0 }
      if index == config.side - 1 { return config.halfSize }
      return max(Int((Double(index) / Double(config.side - 1) - 0.25) * Double(config.mapSize)), 0)
    }
    return (0..<config.points).map { (start($0 / config.side), start($0 % config.side)) }
  }

  /// Small circles around the points of the objects' boxes, `[boxes, points, h, w]`. Mirrors `get_targets`.
  func targets(_ boxes: Boxes, _ truths: Boxes, radius: Int) -> Tensor {
    let (size, half, side, points) = (config.mapSize, config.halfSize, config.side, config.points)
    var values = [Float](repeating: 0, count: boxes.count * points * half * half)
    for index in boxes.indices {
      let (box, truth) = (boxes[index], truths[index])
      // The map shows the box and half of its sides around it.
      let (x1, y1) = (box.x1 - box.width / 2, box.y1 - box.height / 2)
      let (width, height) = (box.x2 + box.width / 2 - x1, box.y2 + box.height / 2 - y1)
      guard width > Float(side), height > Float(side) else { continue }
      for (point, region) in subRegions.enumerated() {
        let fx = Float(1 - Double(point / side) / Double(side - 1)),
          fy = Float(1 - Double(point % side) / Double(side - 1))
        let x = (fx * truth.x1 + (1 - fx) * truth.x2 - x1) / width * Float(size)
        let y = (fy * truth.y1 + (1 - fy) * truth.y2 - y1) / height * Float(size)
        guard abs(x) < 1e6, abs(y) < 1e6 else { continue }
        let (cx, cy) = (Int(x), Int(y))
        for dx in -radius...radius {
          for dy in -radius...radius where dx * dx + dy * dy <= radius * radius {
            let (px, py) = (cx + dx - region.x, cy + dy - region.y)
            let inMap = (0..<size).contains(cx + dx) && (0..<size).contains(cy + dy)
            guard inMap, (0..<half).contains(px), (0..<half).contains(py) else { continue }
            values[((index * points + point) * half + py) * half + px] = 1
          }
        }
      }
    }
    return Tensor(values, shape: [boxes.count, points, half, half])
  }

  func loss(_ predicted: (fused: Tensor, unfused: Tensor?), _ targets: Tensor) throws -> Tensor {
    let fused = try lossGrid(predicted.fused, values: targets)
    return try predicted.unfused.map { fused + (try lossGrid($0, values: targets)) } ?? fused + fused
  }

  /// Boxes around the best place of each point, the points of a side weighted by their probability. Mirrors `get_bboxes`.
  func boxes(_ detections: Boxes, _ logits: Tensor) -> Boxes {
    let probabilities = logits.sigmoid().floats
    let (half, side, points) = (config.halfSize, config.side, config.points)
    let regions = subRegions
    return Boxes(
      detections.indices.map { index -> Box in
        let box = detections[index]
        let (x1, y1) = (box.x1 - box.width / 2, box.y1 - box.height / 2)
        var (xs, ys, scores): ([Float], [Float], [Float]) = ([], [], [])
        for point in 0..<points {
          let start = (index * points + point) * half * half
          var best = start
          for place in start..<start + half * half where probabilities[place] > probabilities[best] {
            best = place
          }
          let (column, row) = ((best - start) % half, (best - start) / half)
          xs.append((Float(column + regions[point].x) + 0.5) / Float(half) * box.width + x1)
          ys.append((Float(row + regions[point].y) + 0.5) / Float(half) * box.height + y1)
          scores.append(probabilities[best])
        }
        func vote(_ places: [Float], _ indices: [Int]) -> Float {
          indices.reduce(0) { $0 + places[$1] * scores[$1] } / indices.reduce(0) { $0 + scores[$1] }
        }
        let along = Array(0..<side)
        return Box(
          vote(xs, along), vote(ys, along.map { $0 * side }), vote(xs, along.map { points - side + $0 }),
          vote(ys, along.map { ($0 + 1) * side - 1 }))
      })
  }

  public var initialization: [InitConfig] { config.initialization }

  public override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}

extension Registries {
  /// Grid heads of second stages (`roi_head.grid_head`).
  public var gridHeads: Registry<GridHead> {
    get { self[GridHead.self, role: "grid head"] }
    set { self[GridHead.self, role: "grid head"] = newValue }
  }
}
