import Core
import OrderedCollections

/// A head whose classifier is improved in several stages, by what its kernels find in the image.
///
/// Zhang et al., "K-Net", 2021 (<https://arxiv.org/abs/2106.14855>). Mirrors mmseg's `IterativeDecodeHead`; in
/// training the scores of all stages are learnt from.
final class IterativeDecodeHead: DecodeHead, ConfiguredModule {
  struct Config: ConfigRecord {
    var generator: ConfigNodeBox
    var updates: [ConfigNodeBox]
    var initialization: [InitConfig]

    init(from reader: inout ConfigReader) throws {
      let stages: Int = try reader.value("num_stages")
      generator = ConfigNodeBox(
        try reader.value("kernel_generate_head"), path: reader.path("kernel_generate_head"))
      updates = reader.boxes("kernel_update_head")
      guard updates.count == stages else {
        throw reader.invalid(
          "must be a list of num_stages heads, \(stages), found \(updates.count)", key: "kernel_update_head")
      }
      initialization = try reader.initialization(default: [])
    }
  }

  let kernelGenerateHead: BaseDecodeHead
  let kernelUpdateHead: ModuleList<KernelUpdateHead>
  let initialization: [InitConfig]

  init(_ config: Config, _ context: BuildContext) throws {
    guard let node = config.generator.node else {
      throw InvalidConfig("kernel_generate_head must be a head, found None")
    }
    let head = try context.registries.decodeHeads.build(node, path: config.generator.path, context: context)
    guard let head = head as? BaseDecodeHead, let classifier = head.convSeg, head.outChannels == head.classes
    else {
      throw InvalidConfig("kernel_generate_head must classify pixels by a 1x1 convolution, one score a class")
    }
    kernelGenerateHead = head
    kernelUpdateHead = ModuleList(
      try config.updates.compactMap { box in
        try box.node.map {
          try context.registries.kernelUpdateHeads.build($0, path: box.path, context: context)
        }
      })
    if let odd = kernelUpdateHead.first(where: { $0.channels != classifier.inChannels }) {
      throw InvalidConfig(
        "kernel_update_head.in_channels must be the channels of kernel_generate_head, \(classifier.inChannels), "
          + "found \(odd.channels)")
    }
    initialization = config.initialization
    super.init(
      classes: head.classes, outChannels: head.classes, threshold: nil, alignCorners: head.alignCorners)
  }

  /// The scores of all stages.
  private func stages(_ features: [Tensor]) throws -> [Tensor] {
    let x = try kernelGenerateHead.pixelFeatures(features)
    guard let classifier = kernelGenerateHead.convSeg else { return [] }
    var scores = [kernelGenerateHead.classify(x)]
    let weight = classifier.weight.value.reshaped([1, classes, classifier.inChannels])
    var kernels = weight.expanded(to: [x.shape[0], classes, classifier.inChannels])
    for head in kernelUpdateHead {
      let (next, updated) = head(x, kernels: kernels, scores: scores[scores.count - 1])
      kernels = updated
      scores.append(next)
    }
    return scores
  }

  override func predict(_ features: [Tensor], previous: Tensor?, _ settings: TestSettings) throws -> Tensor {
    let scores = try stages(features)
    return scores[scores.count - 1]
  }

  override func losses(
    _ features: [Tensor], previous: Tensor?, labels: Tensor, _ settings: TrainSettings
  ) throws -> LossTerms {
    var terms = LossTerms()
    for (index, scores) in try stages(features).enumerated() {
      for (name, values) in try kernelGenerateHead.losses(of: scores, labels: labels).terms {
        terms.set("\(name).s\(index)", levels: values)
      }
    }
    return terms
  }

  override func initializeWeights(using generator: inout RandomGenerator) {
    super.initializeWeights(using: &generator)
    applyInitialization(using: &generator)
  }
}
