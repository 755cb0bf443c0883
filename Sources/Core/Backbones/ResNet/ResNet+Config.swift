import PyConfig

extension ResNet.Config {
  /// Reads the keys that mmdet and mmseg share; they return all stages by default.
  ///
  /// - Parameter evaluatesNorm: the suite's default of `norm_eval`.
  /// - Throws: `BuildError`.
  public init(readingStagesFrom reader: inout ConfigReader, evaluatesNorm: Bool) throws {
    self.init()
    let number: Int = try reader.value("depth")
    guard let known = ResNet.Depth(rawValue: number) else {
      let all = ResNet.Depth.allCases.map { String($0.rawValue) }.joined(separator: ", ")
      throw reader.invalid("must be one of \(all), found \(number)", key: "depth")
    }
    depth = known
    inChannels = try reader.value("in_channels", default: 3)
    baseChannels = try reader.value("base_channels", default: 64)
    stemChannels = try reader.optional("stem_channels") ?? baseChannels
    let stages = try reader.value("num_stages", default: 4)
    strides = try reader.value("strides", default: [1, 2, 2, 2])
    dilations = try reader.value("dilations", default: [1, 1, 1, 1])
    guard (1...4).contains(stages), strides.count == stages, dilations.count == stages else {
      throw reader.invalid(
        "num_stages must be 1 to 4 with one stride and one dilation each, found \(stages), \(strides), \(dilations)")
    }
    outIndices = try reader.value("out_indices", default: [0, 1, 2, 3])
    guard outIndices.allSatisfy({ (0..<stages).contains($0) }) else {
      throw reader.invalid("must be in 0..<\(stages), found \(outIndices)", key: "out_indices")
    }
    style = try reader.value("style", default: .pytorch)
    frozenStages = try reader.value("frozen_stages", default: -1)
    conv = try reader.optional("conv_cfg") ?? .plain
    norm = try reader.value("norm_cfg", default: .batchNorm)
    self.evaluatesNorm = try reader.value("norm_eval", default: evaluatesNorm)
    zeroInitResidual = try reader.value("zero_init_residual", default: true)
    initialization = try reader.initialization(default: initialization)
    if let checkpoint: String = try reader.optional("pretrained") { initialization = [.pretrained(checkpoint)] }
    // Recomputing activations saves memory where it is scarce; it never changes a result.
    reader.ignore("with_cp")
  }
}
