import Core

/// Enters everything that classification configs can name.
public func registerClassification(_ registries: inout Registries) {
  registerBackbones(&registries.backbones)
  registerNecks(&registries.necks)
  registerHeads(&registries)
  registerLosses(&registries.classificationLosses)
  registerDatasets(&registries.datasets)
  registerSamplers(&registries.classificationSamplers)
  registerTransforms(&registries.transforms)
  registerHooks(&registries.hooks)
}

/// The suite whose names these are.
private let scope = "mmcls"

private func registerBackbones(_ backbones: inout Registry<any Backbone>) {
  backbones.register("AlexNet", scope: scope, PlainBackboneConfig.self) { AlexNet(classes: $0.classes) }
  backbones.register("CSPDarkNet", scope: scope, CSPDarkNetConfig.self) { CSPNet($0.config) }
  backbones.register("CSPResNeXt", scope: scope, CSPResNeXtConfig.self) { CSPNet($0.config) }
  backbones.register("CSPResNet", scope: scope, CSPResNetConfig.self) { CSPNet($0.config) }
  backbones.register("ConvMixer", scope: scope, ConvMixer.Config.self) { ConvMixer($0) }
  backbones.register("ConvNeXt", scope: scope, ConvNeXt.Config.self) { ConvNeXt($0) }
  backbones.register("DenseNet", scope: scope, DenseNet.Config.self) { DenseNet($0) }
  backbones.register("EfficientNet", scope: scope, ClsEfficientNetConfig.self) { try EfficientNet($0.config) }
  backbones.register("HRNet", scope: scope, ClsHRNetConfig.self) { try HRNet($0.config) }
  backbones.register("LeNet5", scope: scope, PlainBackboneConfig.self) { LeNet5(classes: $0.classes) }
  backbones.register("MobileNetV2", scope: scope, ClsMobileNetV2Config.self) { variant in
    try MobileNetV2(checking: variant.config)
  }
  backbones.register("MobileNetV3", scope: scope, ClsMobileNetV3Config.self) { try MobileNetV3($0.config) }
  backbones.register("RegNet", scope: scope, ClsRegNetConfig.self) { try RegNet(checking: $0.config) }
  backbones.register("RepMLPNet", scope: scope, RepMLPNet.Config.self) { RepMLPNet($0) }
  backbones.register("RepVGG", scope: scope, RepVGG.Config.self) { config in
    try config.norm.check(channels: RepVGG.channels(config))
    return RepVGG(config)
  }
  backbones.register("Res2Net", scope: scope, ClsRes2NetConfig.self) { try checkedResNet($0.config) }
  backbones.register("ResNeSt", scope: scope, ClsResNeStConfig.self) { try checkedResNet($0.config) }
  backbones.register("ResNeXt", scope: scope, ClsResNeXtConfig.self) { try checkedResNet($0.config) }
  backbones.register("ResNet", scope: scope, ClsResNetConfig.self) { try checkedResNet($0.config) }
  backbones.register("ResNetV1c", scope: scope, ClsResNetConfig.self) { variant in
    var config = variant.config
    (config.stem, config.averageDown) = (.deep, false)
    return try checkedResNet(config)
  }
  backbones.register("ResNetV1d", scope: scope, ClsResNetConfig.self) { variant in
    var config = variant.config
    (config.stem, config.averageDown) = (.deep, true)
    return try checkedResNet(config)
  }
  backbones.register("ResNet_CIFAR", scope: scope, ClsResNetConfig.self) { variant in
    var config = variant.config
    guard config.stem == .plain else {
      throw InvalidConfig("ResNet_CIFAR has no deep stem; leave deep_stem out")
    }
    config.stem = .cifar
    return try checkedResNet(config)
  }
  backbones.register("SEResNeXt", scope: scope, ClsSEResNeXtConfig.self) { try checkedResNet($0.config) }
  backbones.register("SEResNet", scope: scope, ClsSEResNetConfig.self) { try checkedResNet($0.config) }
  backbones.register("ShuffleNetV1", scope: scope, ShuffleNetV1.Config.self) { ShuffleNetV1($0) }
  backbones.register("ShuffleNetV2", scope: scope, ShuffleNetV2.Config.self) { config in
    try config.norm.check(channels: [24] + config.channels + config.channels.map { $0 / 2 })
    return ShuffleNetV2(config)
  }
  backbones.register("VAN", scope: scope, VAN.Config.self) { VAN($0) }
  backbones.register("VGG", scope: scope, ClsVGGConfig.self) { try VGG($0.config) }
  registerTransformers(&backbones, scope: scope)
}

private func checkedResNet(_ config: ResNet.Config) throws -> ResNet {
  try config.check()
  return ResNet(config)
}

private func registerNecks(_ necks: inout Registry<any Neck>) {
  necks.register("GeneralizedMeanPooling", scope: scope, GeneralizedMeanPooling.Config.self) {
    GeneralizedMeanPooling($0)
  }
  necks.register("GlobalAveragePooling", scope: scope, GlobalAveragePooling.Config.self) {
    GlobalAveragePooling($0)
  }
  necks.register("HRFuseScales", scope: scope, HRFuseScales.Config.self) { HRFuseScales($0) }
}

private func registerHeads(_ registries: inout Registries) {
  registries.classifiers.register("ImageClassifier", ImageClassifier.Config.self) {
    try ImageClassifier($0, $1)
  }
  registries.classificationHeads.register("CSRAClsHead", CSRAClsHead.Config.self) { try CSRAClsHead($0, $1) }
  registries.classificationHeads.register("ClsHead", ClsHead.Config.self) { try ClsHead($0, $1) }
  registries.classificationHeads.register("ConformerHead", ConformerHead.Config.self) {
    try ConformerHead($0, $1)
  }
  registries.classificationHeads.register("EfficientFormerClsHead", EfficientFormerClsHead.Config.self) {
    try EfficientFormerClsHead($0, $1)
  }
  registries.classificationHeads.register("DeiTClsHead", DeiTClsHeadConfig.self) {
    try VisionTransformerClsHead($0.config, $1)
  }
  registries.classificationHeads.register("LinearClsHead", LinearClsHead.Config.self) {
    try LinearClsHead($0, $1)
  }
  registries.classificationHeads.register("MultiLabelClsHead", MultiLabelClsHead.Config.self) {
    try MultiLabelClsHead($0, $1)
  }
  registries.classificationHeads.register("MultiLabelLinearClsHead", MultiLabelLinearClsHead.Config.self) {
    try MultiLabelLinearClsHead($0, $1)
  }
  registries.classificationHeads.register("StackedLinearClsHead", StackedLinearClsHead.Config.self) {
    try StackedLinearClsHead($0, $1)
  }
  registries.classificationHeads.register("VisionTransformerClsHead", VisionTransformerClsHead.Config.self) {
    try VisionTransformerClsHead($0, $1)
  }
}

private func registerLosses(_ losses: inout Registry<any ClassificationLoss>) {
  losses.register("AsymmetricLoss", AsymmetricLoss.Config.self) { AsymmetricLoss($0) }
  losses.register("CrossEntropyLoss", CrossEntropyLoss.Config.self) { CrossEntropyLoss($0) }
  losses.register("FocalLoss", FocalLoss.Config.self) { FocalLoss($0) }
  losses.register("LabelSmoothLoss", LabelSmoothLoss.Config.self) { LabelSmoothLoss($0) }
  losses.register("SeesawLoss", SeesawLoss.Config.self) { SeesawLoss($0) }
}

private func registerDatasets(_ datasets: inout Registry<any Dataset>) {
  let config = ClassificationDatasetConfig.self
  datasets.register("CIFAR10", scope: scope, config) { try CIFAR.ten.load($0, $1) }
  datasets.register("CIFAR100", scope: scope, config) { try CIFAR.hundred.load($0, $1) }
  datasets.register("CUB", scope: scope, CUB.Config.self) { try CUB.load($0, $1) }
  datasets.register("CustomDataset", scope: scope, config) { try ImageFolder.load($0, classes: nil, $1) }
  datasets.register("FashionMNIST", scope: scope, config) { try MNIST.load($0, classes: MNIST.fashion, $1) }
  datasets.register("ImageNet", scope: scope, config) {
    try ImageFolder.load($0, classes: ImageNetClasses.names, $1)
  }
  datasets.register("ImageNet21k", scope: scope, ImageNet21kConfig.self) {
    try ImageFolder.load($0.base, classes: nil, $1)
  }
  datasets.register("KFoldDataset", scope: scope, KFoldDataset.Config.self) { config, context in
    var inner = context
    // Folds are cut from the training data, unless the config says for itself what this fold is for.
    if config.isTesting == nil { inner.isTesting = false }
    return try KFoldDataset(
      buildDataset(config.dataset, path: config.path, inner), fold: config.fold, splits: config.splits,
      isTesting: config.isTesting ?? context.isTesting, seed: config.seed)
  }
  datasets.register("MNIST", scope: scope, config) { try MNIST.load($0, classes: MNIST.digits, $1) }
  datasets.register("StanfordCars", scope: scope, config) { try StanfordCars.load($0, $1) }
  datasets.register("VOC", scope: scope, VOC.Config.self) { try VOC.load($0, $1) }
}

private func registerSamplers(_ samplers: inout Registry<SamplerRecipe>) {
  samplers.register("DistributedSampler", scope: scope, DistributedSamplerConfig.self) {
    (_: DistributedSamplerConfig) in
    SamplerRecipe { $1 ? RandomSampler(count: $0, seed: $2) as any Sampler : SequentialSampler(count: $0) }
  }
  samplers.register("RepeatAugSampler", scope: scope, RepeatAugSamplerConfig.self) { config in
    let (repeats, round, ratio) = (config.repeats, config.round, config.ratio)
    return SamplerRecipe { count, shuffles, seed in
      RepeatAugSampler(
        count: count, repeats: repeats, round: round, ratio: ratio, shuffles: shuffles, seed: seed)
    }
  }
}

private func registerHooks(_ hooks: inout Registry<any Hook>) {
  hooks.register("ClassNumCheckHook", scope: scope, ClassNumCheckConfig.self) { (_: ClassNumCheckConfig) in
    ClassNumCheckHook()
  }
  hooks.register("PreciseBNHook", scope: scope, PreciseBNHook.Config.self) { PreciseBNHook($0) }
}

private func registerTransforms(_ transforms: inout Registry<any Transform>) {
  transforms.register("CenterCrop", scope: scope, CenterCrop.self) { $0 }
  transforms.register("Collect", scope: scope, Collect.self) { $0 }
  transforms.register("ImageToTensor", scope: scope, ToTensor.self) { $0.named("ImageToTensor") }
  transforms.register("LoadImageFromFile", scope: scope, LoadImageFromFile.self) { $0 }
  transforms.register("Pad", scope: scope, Pad.self) { $0 }
  transforms.register("RandomCrop", scope: scope, RandomCrop.self) { $0 }
  transforms.register("RandomFlip", scope: scope, RandomFlip.self) { $0 }
  transforms.register("RandomResizedCrop", scope: scope, RandomResizedCrop.self) { $0 }
  transforms.register("Resize", scope: scope, Resize.self) { $0 }
  transforms.register("ToTensor", scope: scope, ToTensor.self) { $0 }
}
