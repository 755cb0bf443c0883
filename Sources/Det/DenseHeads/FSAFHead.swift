import Core
import PyConfig

/// `RetinaHead` without anchor sizes, in which each object chooses the level that fits it best.
///
/// Zhu et al., 2019 (<https://arxiv.org/abs/1903.00621>). Mirrors mmdet's `FSAFHead`.
public final class FSAFHead: RetinaHead {
  public struct FSAFConfig: ConfigRecord, Sendable {
    var retina: RetinaHead.Config
    /// Below it a score does not count as a find in the logged recall.
    var scoreThreshold: Float?

    public init(from reader: inout ConfigReader) throws {
      scoreThreshold = try reader.optional("score_threshold")
      var defaults = RetinaHead.Config.defaults
      let small = InitConfig.Rule.normal(mean: 0, std: 0.01)
      defaults.initialization = [
        InitConfig(
          small, layers: ["Conv2d"],
          overrides: [
            ("retina_cls", InitConfig(small, bias: Init.bias(forProbability: 0.01))),
            ("retina_reg", InitConfig(small, bias: 0.25)),
          ])
      ]
      retina = try RetinaHead.Config(from: &reader, defaults)
    }
  }

  private let scoreThreshold: Float?

  init(_ config: FSAFConfig, _ context: BuildContext) throws {
    scoreThreshold = config.scoreThreshold
    try super.init(config.retina, AnchorHeadParts(config.retina.anchors, context))
  }

  public override func forward(_ features: [Tensor]) -> DenseOutputs {
    var outputs = super.forward(features)
    outputs.boxes = outputs.boxes.map { $0.relu() }
    return outputs
  }

  /// What the anchors of a picture should give, with a weight for each class.
  private struct Targets {
    var labels: [Int64]
    var weights: [Float]
    var boxTargets, boxWeights: [Float]
    /// The object of each anchor, -1 without one.
    var objects: [Int]
    var positives, negatives: Int
  }

  public override func loss(_ outputs: DenseOutputs, _ truths: [GroundTruth], _ metas: [ImageMeta]) throws
    -> LossTerms
  {
    let anchors = try levelAnchors(outputs.sizes)
    let images = try zip(truths, metas).map { try targets(anchors, outputs.sizes, $0, $1) }
    let negatives = images.reduce(0) { $0 + max($1.negatives, 1) }
    let factor = Double(images.reduce(0) { $0 + max($1.positives, 1) } + (parts.samples ? negatives : 0))
    // Objects of all pictures are numbered on.
    var starts = [0]
    for truth in truths { starts.append(starts[starts.count - 1] + truth.boxes.count) }
    var levels: [Level] = []
    for (level, range) in levelRanges(anchors.map(\.count)).enumerated() {
      let rowCount = images.count * range.count
      let scores = rows(outputs.scores[level], width: scoreChannels)
      let labels = images.flatMap { $0.labels[range] }
      let weights = Tensor(
        images.flatMap {
          $0.weights[(range.lowerBound * scoreChannels)..<(range.upperBound * scoreChannels)]
        },
        shape: [rowCount, scoreChannels])
      let quads = (4 * range.lowerBound)..<(4 * range.upperBound)
      func boxes(_ values: [Float]) -> Tensor { Tensor(values, shape: [rowCount, 4]) }
      let cls = try lossCls(scores, labels: Tensor(labels), weight: weights, averageFactor: factor)
      var codes = rows(outputs.boxes[level], width: 4).clamped(min: 1e-4)
      if parts.config.decodesForLoss {
        codes = boxCoder.decode(anchors[level].tensor.repeated([images.count, 1]), codes)
      }
      let box = try lossBbox(
        codes, values: boxes(images.flatMap { $0.boxTargets[quads] }),
        weight: boxes(images.flatMap { $0.boxWeights[quads] }), averageFactor: factor)
      let objects = images.enumerated().flatMap { image, target in
        target.objects[range].map { $0 < 0 ? -1 : $0 + starts[image] }
      }
      levels.append(Level(scores: scores, cls: cls, box: box, labels: labels, objects: objects))
    }
    return try combined(levels, objects: starts[truths.count], images: truths.count, negatives: negatives)
  }

  /// Losses of the elements of a level.
  private struct Level {
    var scores, cls, box: Tensor
    var labels: [Int64]
    var objects: [Int]
  }

  /// Keeps, for each object, the level with the smallest mean loss.
  private func combined(_ levels: [Level], objects: Int, images: Int, negatives: Int) throws -> LossTerms {
    guard levels.allSatisfy({ $0.cls.rank == 2 && $0.box.rank > 0 }) else {
      throw InvalidConfig("FSAFHead: loss_cls and loss_bbox must have reduction='none'")
    }
    var best = [(loss: Float, level: Int)](repeating: (.infinity, 0), count: objects)
    for (index, level) in levels.enumerated() {
      let losses = withoutGradient {
        let box = level.box.detached()
        return (level.cls.detached().sum([1]) + (box.rank == 2 ? box.sum([1]) : box)).floats
      }
      var (sums, counts) = ([Double](repeating: 0, count: objects), [Int](repeating: 0, count: objects))
      for (row, object) in level.objects.enumerated() where object >= 0 {
        sums[object] += Double(losses[row])
        counts[object] += 1
      }
      for object in 0..<objects {
        let mean = counts[object] > 0 ? Float(sums[object] / Double(counts[object])) : 1e6
        if mean < best[object].loss { best[object] = (mean, index) }
      }
    }
    var (cls, box): ([Tensor], [Tensor]) = ([], [])
    var (found, positives): (Int, Int) = (0, 0)
    for (index, level) in levels.enumerated() {
      let channels = level.cls.shape[1]
      var clsWeight = [Float](repeating: 1, count: level.cls.count)
      var boxWeight = [Float](repeating: 1, count: level.labels.count)
      var kept: [Int] = []
      for (row, object) in level.objects.enumerated() where object >= 0 {
        if best[object].level == index {
          kept.append(row)
        } else {
          boxWeight[row] = 0
          clsWeight[row * channels + Int(level.labels[row])] = 0
        }
      }
      let rowWeight = Tensor(boxWeight)
      cls.append((level.cls * Tensor(clsWeight, shape: level.cls.shape)).sum())
      box.append((level.box * (level.box.rank == 2 ? rowWeight.unsqueezed(1) : rowWeight)).sum())
      positives += kept.count
      found += finds(level, kept)
    }
    let divisor = positives == 0 ? Float(negatives) : Float(positives)
    var terms = LossTerms()
    terms.set("loss_cls", levels: cls.map { $0 / divisor })
    terms.set("loss_bbox", levels: box.map { $0 / divisor })
    terms["num_pos"] = Tensor(Float(positives) / Float(images))
    terms["pos_recall"] = Tensor(positives == 0 ? 0 : Float(found) * (100 / Float(positives)))
    return terms
  }

  /// How many anchors have their highest score at their class.
  private func finds(_ level: Level, _ rows: [Int]) -> Int {
    if rows.isEmpty { return 0 }
    return withoutGradient {
      let logits = level.scores.detached().indexSelected(0, rows)
      let (best, labels) = (usesSigmoid ? logits.sigmoid() : logits.softmax(1)).maximum(along: 1)
      let (scores, names) = (best.floats, labels.elements(as: Int64.self))
      return rows.indices.count { index in
        names[index] == level.labels[rows[index]] && scoreThreshold.map { scores[index] > $0 } ?? true
      }
    }
  }

  private func targets(_ anchors: [Boxes], _ sizes: [Pair], _ truth: GroundTruth, _ meta: ImageMeta) throws
    -> Targets
  {
    let training = try requireTraining()
    let all = Boxes(anchors.flatMap(\.values))
    let valid = sizes.indices.flatMap {
      generator.validFlags(level: $0, size: sizes[$0], padShape: meta.padShape)
    }
    let inside = insideFlags(all, valid, meta.size, border: training.allowedBorder)
    let places = inside.indices.filter { inside[$0] }
    let own = all[places]
    let assigned: AssignResult
    var shadowed: [(box: Int, label: Int)] = []
    switch parts.assigner {
    case let assigner as CenterRegionAssigner:
      (assigned, shadowed) = assigner.assign(
        own, truth.boxes, ignored: truth.ignoredBoxes, labels: truth.labels)
    case let assigner as any BoxAssigner:
      assigned = assigner.assign(own, truth.boxes, ignored: truth.ignoredBoxes, labels: truth.labels)
    default: throw InvalidConfig("FSAFHead needs a CenterRegionAssigner in train_cfg")
    }
    let sampling = try parts.sampler.sample(assigned, own, truth.boxes)
    // Outside anchors get class 0, which no weight makes count.
    var targets = Targets(
      labels: [Int64](repeating: 0, count: all.count),
      weights: [Float](repeating: 0, count: all.count * scoreChannels),
      boxTargets: [Float](repeating: 0, count: 4 * all.count),
      boxWeights: [Float](repeating: 0, count: 4 * all.count),
      objects: [Int](repeating: -1, count: all.count), positives: sampling.posIndices.count,
      negatives: sampling.negIndices.count)
    for place in places { targets.labels[place] = Int64(classes) }
    func weigh(_ place: Int, _ weight: Float) {
      for label in 0..<scoreChannels { targets.weights[place * scoreChannels + label] = weight }
    }
    let codes =
      encodesTargets
      ? boxCoder.encode(sampling.posBoxes, sampling.posTruthBoxes) : sampling.posTruthBoxes.values
    for (index, row) in sampling.posIndices.enumerated() {
      let (place, object) = (places[row], sampling.posTruthIndices[index])
      targets.labels[place] = Int64(truth.labels[object])
      targets.objects[place] = object
      weigh(place, training.positiveWeight <= 0 ? 1 : training.positiveWeight)
      for side in 0..<4 {
        targets.boxTargets[4 * place + side] = codes[4 * index + side]
        targets.boxWeights[4 * place + side] = 1
      }
    }
    for row in sampling.negIndices { weigh(places[row], 1) }
    for (row, label) in shadowed { targets.weights[places[row] * scoreChannels + label] = 0 }
    return targets
  }
}
