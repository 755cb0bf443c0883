import Core

/// Reads regions out of feature maps. Mirrors mmdet's `BaseRoIExtractor`.
public protocol RoIExtractor: Module {
  /// How many feature maps it reads, the first ones.
  var inputs: Int { get }
  /// Channels of the maps.
  var channels: Int { get }
  /// Channels of what it returns.
  var outChannels: Int { get }
  /// Height and width of what it returns.
  var output: Pair { get }
  /// How many pixels of the image lie between neighbours of each map.
  var strides: [Int] { get }
  /// - Parameters:
  ///   - features: at least `inputs` maps `[N, channels, H_i, W_i]`.
  ///   - scale: by how much regions grow around their centres, if they do.
  /// - Returns: `[regions, outChannels, output.h, output.w]`.
  func callAsFunction(_ features: [Tensor], _ rois: RoIs, scale: Float?) -> Tensor
}

extension RoIExtractor {
  public func callAsFunction(_ features: [Tensor], _ rois: RoIs) -> Tensor {
    self(features, rois, scale: nil)
  }
}

/// A `roi_layer`: how a region is pooled. `RoIAlign`, `RoIPool` and `SimpleRoIAlign` of mmcv.
public struct RoILayerConfig: ConfigRecord, Sendable {
  public var pooling: RegionPooling
  /// Whether one bilinear sample is taken in the middle of each bin, with zeros around the map.
  public var isSimple = false

  public init(from reader: inout ConfigReader) throws {
    let type: String = try reader.value("type")
    // mmcv still takes the older spelling of both.
    let output: Pair = try reader.value(reader.has("out_size") ? "out_size" : "output_size")
    guard (1...1024).contains(output.h), (1...1024).contains(output.w) else {
      throw reader.invalid("must be 1 to 1024, found \(output)", key: "output_size")
    }
    switch type {
    case "RoIAlign":
      pooling = RegionPooling(output: output)
      let samples = try reader.value(reader.has("sample_num") ? "sample_num" : "sampling_ratio", default: 0)
      guard samples <= 64 else {
        throw reader.invalid("must be at most 64, found \(samples)", key: "sampling_ratio")
      }
      pooling.samplingRatio = max(0, samples)
      let mode = try reader.value("pool_mode", default: "avg")
      guard mode == "avg" || mode == "max" else {
        throw reader.invalid("must be 'avg' or 'max', found '\(mode)'", key: "pool_mode")
      }
      pooling.method = mode == "max" ? .alignMaximum : .alignAverage
      pooling.isAligned = try reader.value("aligned", default: true)
      // torchvision's operator has the same result.
      reader.ignore("use_torchvision")
    case "RoIPool": pooling = RegionPooling(.pool, output: output)
    case "SimpleRoIAlign":
      pooling = RegionPooling(output: output, isAligned: try reader.value("aligned", default: true))
      isSimple = true
    default:
      throw BuildError(
        .unknownName(type, role: "RoI layer", known: ["RoIAlign", "RoIPool", "SimpleRoIAlign"]),
        path: reader.path("type"),
        location: reader.location)
    }
  }
}

/// What the extractors have in common.
public struct RoIExtractorConfig: Sendable {
  public var layer: RoILayerConfig
  public var outChannels: Int
  /// How many pixels of the image lie between neighbours of each map.
  public var strides: [Int]

  public init(from reader: inout ConfigReader) throws {
    layer = try reader.value("roi_layer")
    outChannels = try reader.channels("out_channels")
    strides = try reader.value("featmap_strides")
    guard !strides.isEmpty, strides.allSatisfy({ (1...4096).contains($0) }) else {
      throw reader.invalid(
        "must hold at least one number of 1 to 4096, found \(strides)", key: "featmap_strides")
    }
    _ = try reader.initialization(default: [])
  }

  public var scales: [Float] { strides.map { Float(1 / Double($0)) } }

  /// Reads regions from maps.
  ///
  /// - Parameter levels: the map of each region.
  func pool(_ maps: [Tensor], _ scales: [Float], _ rois: RoIs, levels: [Int32]? = nil) -> Tensor {
    guard layer.isSimple else {
      return Tensor.poolingRegions(maps, scales: scales, boxes: rois.values, levels: levels, layer.pooling)
    }
    let output = layer.pooling.output
    guard !rois.isEmpty else { return .zeros([0, maps[0].shape[1], output.h, output.w]) }
    // The middle of each bin, as shares of the region.
    var points: [Float] = []
    for bin in 0..<output.h * output.w {
      points.append((Float(bin % output.w) + 0.5) / Float(output.w))
      points.append((Float(bin / output.w) + 0.5) / Float(output.h))
    }
    let grids: [Float] = Array(repeating: points, count: rois.count).flatMap { $0 }
    var (parts, order): ([Tensor], [Int]) = ([], [])
    for (index, map) in maps.enumerated() {
      let rows = (0..<rois.count).filter { Int(levels?[$0] ?? 0) == index }
      if rows.isEmpty { continue }
      let own = rois[rows]
      let sampled = PointSampling.sample(
        map, own, Array(grids.prefix(own.count * points.count)), scale: scales[index],
        alignCorners: !layer.pooling.isAligned)
      parts.append(sampled.reshaped([own.count, output.h, output.w, map.shape[1]]).permuted([0, 3, 1, 2]))
      order += rows
    }
    let joined = parts.count == 1 ? parts[0] : Tensor.concatenate(parts)
    if order == Array(0..<rois.count) { return joined }
    var places = order
    for (place, row) in order.enumerated() { places[row] = place }
    return joined.indexSelected(0, places)
  }
}

extension Registries {
  /// RoI extractors (`bbox_roi_extractor`, `mask_roi_extractor`).
  public var roiExtractors: Registry<any RoIExtractor> {
    get { self[(any RoIExtractor).self, role: "RoI extractor"] }
    set { self[(any RoIExtractor).self, role: "RoI extractor"] = newValue }
  }
}
