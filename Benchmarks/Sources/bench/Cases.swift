import Cls
import Core
import PyConfig
import Seg

/// One repetition of a named case, its operands made beforehand.
func makeCase(_ name: String, batch: Int) throws -> () throws -> Void {
  switch name {
  case "resnet50", "mobilenet_v2", "swin_t": return try inference(name, batch)
  case "pspnet": return try segmentation()
  case "resnet50-step": return try TrainingStep(batch: batch).run
  default:
    guard let operation = operations[name] ?? detectionOperations[name] else {
      throw InvalidConfig("no case '\(name)'")
    }
    return operation()
  }
}

func makeClassifier(_ name: String) throws -> ImageClassifier {
  let configs = [
    "resnet50": "resnet/resnet50_8xb32_in1k.py", "mobilenet_v2": "mobilenet_v2/mobilenet-v2_8xb32_in1k.py",
    "swin_t": "swin_transformer/swin-tiny_16xb64_in1k.py",
  ]
  guard let file = configs[name] else { throw InvalidConfig("no model '\(name)'") }
  var registries = Registries()
  registerCoreRuntime(&registries)
  registerDatasetWrappers(&registries)
  registerClassification(&registries)
  let config = try Config.load(path: "../configs/cls/\(file)", options: [])
  guard let node = config.root["model"] else { throw InvalidConfig("\(file) has no model") }
  let model = try registries.classifiers.build(
    node, path: "model", context: BuildContext(registries: registries, scope: "mmcls"))
  var generator = RandomGenerator(seed: 0)
  model.initializeWeights(using: &generator)
  return model
}

/// Logits of images of 224 x 224, from the model's head without its softmax, as the peers compute them.
private func inference(_ name: String, _ batch: Int) throws -> () throws -> Void {
  let model = try makeClassifier(name)
  model.train(false)
  let images = randomImages(batch)
  return { _ = try model.predict(images) }
}

func randomImages(_ batch: Int) -> Tensor {
  var generator = RandomGenerator(seed: 1)
  return Tensor.normal([batch, 3, 224, 224], using: &generator)
}

/// Forward, backward and SGD with momentum and weight decay, as the published schedule has it.
final class TrainingStep {
  let model: ImageClassifier
  let optimizer: SGD
  let images: Tensor
  let labels: Tensor

  init(batch: Int) throws {
    model = try makeClassifier("resnet50")
    optimizer = SGD(
      model.parameters, try SGD.Options(learningRate: 0.001, momentum: 0.9, weightDecay: 1e-4))
    images = randomImages(batch)
    labels = Tensor((0..<batch).map { Int64($0 * 37 % 1000) })
  }

  func run() throws {
    optimizer.zeroGradient()
    let (loss, _) = try model.losses(images, .labels(labels)).total()
    loss.backward()
    optimizer.step()
  }
}

/// PSPNet on one picture of 512 x 1024, from the image to its label map.
private func segmentation() throws -> () throws -> Void {
  var registries = Registries()
  registerCoreRuntime(&registries)
  registerSegmentation(&registries)
  let config = try Config.load(
    path: "../configs/seg/pspnet/pspnet_r50-d8_512x1024_80k_cityscapes.py", options: [])
  guard let node = config.root["model"] else { throw InvalidConfig("the config has no model") }
  let model = try registries.segmentors.build(
    node, path: "model", context: BuildContext(registries: registries, scope: "mmseg"))
  var generator = RandomGenerator(seed: 0)
  for parameter in model.parameters where parameter.value.rank == 4 {
    parameter.assign(Tensor.normal(parameter.value.shape, using: &generator) * 0.02)
  }
  model.train(false)
  var meta = ImageMeta()
  meta.originalShape = [512, 1024, 3]
  meta.imageShape = meta.originalShape
  meta.padShape = meta.originalShape
  let batch = SegmentationBatch(images: Tensor.normal([1, 3, 512, 1024], using: &generator), metas: [meta])
  return { _ = try withoutGradient { try model.predict(views: [batch]) } }
}
