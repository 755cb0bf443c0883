import Core
import OrderedCollections
import PyConfig

/// Proposals: boxes that may hold an object of any class.
///
/// Ren et al., 2015 (<https://arxiv.org/abs/1506.01497>). Mirrors mmdet's `RPNHead`.
public final class RPNHead: AnchorHead {
  public struct Config: ConfigRecord, Sendable {
    var anchors: AnchorHeadConfig
    /// 3x3 convolutions before the outputs.
    var convs: Int

    public init(from reader: inout ConfigReader) throws {
      convs = try reader.count("num_convs", default: 1, in: 1...100)
      // Some configs name the one class; the original's own value would collide with it.
      anchors = try AnchorHeadConfig(from: &reader, classes: 1)
    }
  }

  let rpnConv: any UnaryModule
  let rpnCls: Conv2d
  let rpnReg: Conv2d

  public init(_ config: Config, _ context: BuildContext) throws {
    let parts = try AnchorHeadParts(config.anchors, context)
    let (input, width) = (config.anchors.inChannels, config.anchors.featChannels)
    if config.convs > 1 {
      rpnConv = Sequential(
        (0..<config.convs).map { ConvModule($0 == 0 ? input : width, width, kernel: 3, padding: 1) })
    } else {
      rpnConv = Conv2d(input, width, kernel: 3, padding: 1)
    }
    rpnCls = Conv2d(width, parts.priors * parts.scoreChannels, kernel: 1)
    rpnReg = Conv2d(width, parts.priors * 4, kernel: 1)
    super.init(parts)
  }

  public override func forward(_ features: [Tensor]) -> DenseOutputs {
    let hidden = features.map { rpnConv($0).relu() }
    return DenseOutputs(scores: hidden.map { rpnCls($0) }, boxes: hidden.map { rpnReg($0) })
  }

  override var usesLabels: Bool { false }
  override func trainingLabels(_ truth: GroundTruth) -> [Int]? { nil }

  public override func loss(_ outputs: DenseOutputs, _ truths: [GroundTruth], _ metas: [ImageMeta]) throws
    -> LossTerms
  {
    let losses = try super.loss(outputs, truths, metas)
    var terms = LossTerms()
    terms.set("loss_rpn_cls", levels: losses.terms["loss_cls"] ?? [])
    terms.set("loss_rpn_bbox", levels: losses.terms["loss_bbox"] ?? [])
    return terms
  }

  /// Levels take the place of classes: boxes of different levels do not suppress each other.
  override func candidates(_ outputs: DenseOutputs, image: Int, _ meta: ImageMeta, _ config: DenseTestConfig)
    throws
    -> Candidates
  {
    let anchors = try levelAnchors(outputs.sizes)
    var found = Candidates()
    for level in outputs.scores.indices {
      let logits = rows(outputs.scores[level], image, width: scoreChannels)
      var scores =
        usesSigmoid ? logits.reshaped([-1]).sigmoid().floats : logits.softmax(1).selected(1, 0).floats
      var codes = rows(outputs.boxes[level], image, width: 4)
      var priors = anchors[level]
      if config.candidates > 0 && config.candidates < scores.count {
        let best = topIndices(scores, config.candidates)
        scores = best.map { scores[$0] }
        codes = codes.indexSelected(0, best)
        priors = priors[best]
      }
      let boxes = Boxes(boxCoder.decode(priors.tensor, codes, maxShape: meta.size))
      let kept = boxes.indices.filter { index in
        config.leastSide < 0
          || (boxes[index].width > config.leastSide && boxes[index].height > config.leastSide)
      }
      found.boxes.append(contentsOf: boxes[kept])
      found.scores += kept.map { scores[$0] }
      found.labels += [Int](repeating: level, count: kept.count)
    }
    return found
  }

  override func finish(
    _ found: Candidates, _ meta: ImageMeta, _ config: DenseTestConfig, rescale: Bool, suppress: Bool
  )
    -> Detections
  {
    // Suppression is done in the scale of the network's input, and for each view on its own.
    var detections = super.finish(found, meta, config, rescale: false, suppress: true)
    if rescale { detections.boxes = detections.boxes.divided(by: meta.scaleFactor) }
    detections.labels = [Int](repeating: 0, count: detections.count)
    return detections
  }

  /// Proposals of all views suppress each other without regard to levels.
  public override func detections(views: [(features: [Tensor], meta: ImageMeta)]) throws -> Detections {
    let config = try requireTesting()
    guard let suppression = config.suppression else {
      throw InvalidConfig("test_cfg.rpn: merging views needs nms")
    }
    var all = Detections()
    for (features, meta) in views {
      let found = try detections(features, [meta], rescale: false, suppress: true)[0]
      all.boxes.append(contentsOf: found.boxes.mappedBack(meta))
      all.scores += found.scores
    }
    let (kept, scores) = Suppression(threshold: suppression.threshold).suppress(
      all.boxes, all.scores, limit: -1)
    return Detections(
      boxes: all.boxes[Array(kept.prefix(config.limit))], scores: Array(scores.prefix(config.limit)),
      labels: [Int](repeating: 0, count: min(kept.count, config.limit)))
  }
}
