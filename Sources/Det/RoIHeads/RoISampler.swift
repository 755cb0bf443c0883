import Core

/// Assigns proposals to objects and chooses some of them: the first step of training a second stage.
struct RoISampler {
  let training: RCNNTrainConfig
  var assigner: any BoxAssigner
  let sampler: any BoxSampler

  init(_ training: RCNNTrainConfig, _ context: BuildContext) throws {
    self.training = training
    assigner = try training.assigner.buildAssigner((any BoxAssigner).self, context, for: "a second stage")
    sampler = try training.sampler.build(context.registries.boxSamplers, context)
  }

  /// - Parameter hardness: a loss for each of some boxes of an image, where the sampler looks for hard ones.
  func callAsFunction(
    _ proposals: [Boxes], _ truths: [GroundTruth],
    hardness: @escaping (_ image: Int, _ boxes: Boxes, _ labels: [Int]) throws -> [Float]
  ) throws -> (samples: [SamplingResult], assigned: [AssignResult]) {
    var samples: [SamplingResult] = [], results: [AssignResult] = []
    for (image, (boxes, truth)) in zip(proposals, truths).enumerated() {
      let assigned = assigner.assign(boxes, truth.boxes, ignored: truth.ignoredBoxes, labels: truth.labels)
      samples.append(
        try sampler.sample(assigned, boxes, truth.boxes, labels: truth.labels) { try hardness(image, $0, $1) }
      )
      results.append(assigned)
    }
    return (samples, results)
  }
}

/// The proposals of a batch, one list an image.
///
/// - Throws: `InvalidConfig` where an image has none.
func requireProposals(_ proposals: [Proposals]?, count: Int) throws -> [Proposals] {
  guard let proposals else {
    throw InvalidConfig("the pipeline must collect proposals (LoadProposals) for this model")
  }
  guard proposals.count == count else {
    throw InvalidConfig(
      "a batch must have proposals for each of its \(count) pictures, found \(proposals.count)")
  }
  return proposals
}
