import Core

/// Enters everything that classification configs can name.
public func registerClassification(_ registries: inout Registries) {
  registerBackbones(&registries.backbones)
  registries.necks.register(
    "GlobalAveragePooling", scope: scope, GlobalAveragePooling.Config.self) { GlobalAveragePooling($0) }
  registerHeads(&registries)
  registerLosses(&registries.classificationLosses)
  registerDatasets(&registries.datasets)
  registerTransforms(&registries.transforms)
}

/// The suite whose names these are.
private let scope = "mmcls"

private func registerBackbones(_ backbones: inout Registry<any Backbone>) {
  backbones.register("AlexNet", scope: scope, PlainBackboneConfig.self) { AlexNet(classes: $0.classes) }
  backbones.register("LeNet5", scope: scope, PlainBackboneConfig.self) { LeNet5(classes: $0.classes) }
  backbones.register("MobileNetV2", scope: scope, ClsMobileNetV2Config.self) { variant in
    try variant.config.norm.check(channels: MobileNetV2.channels(variant.config))
    return MobileNetV2(variant.config)
  }
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
    guard config.stem == .plain else { throw InvalidConfig("ResNet_CIFAR has no deep stem; leave deep_stem out") }
    config.stem = .cifar
    return try checkedResNet(config)
  }
  backbones.register("VGG", scope: scope, ClsVGGConfig.self) { try VGG($0.config) }
}

private func checkedResNet(_ config: ResNet.Config) throws -> ResNet {
  try config.check()
  return ResNet(config)
}

private func registerHeads(_ registries: inout Registries) {
  registries.classifiers.register("ImageClassifier", ImageClassifier.Config.self) { try ImageClassifier($0, $1) }
  registries.classificationHeads.register("ClsHead", ClsHead.Config.self) { try ClsHead($0, $1) }
  registries.classificationHeads.register("LinearClsHead", LinearClsHead.Config.self) { try LinearClsHead($0, $1) }
  registries.classificationHeads.register("StackedLinearClsHead", StackedLinearClsHead.Config.self) {
    try StackedLinearClsHead($0, $1)
  }
}

private func registerLosses(_ losses: inout Registry<any ClassificationLoss>) {
  losses.register("CrossEntropyLoss", CrossEntropyLoss.Config.self) { CrossEntropyLoss($0) }
  losses.register("LabelSmoothLoss", LabelSmoothLoss.Config.self) { LabelSmoothLoss($0) }
}

private func registerDatasets(_ datasets: inout Registry<any Dataset>) {
  let config = ClassificationDatasetConfig.self
  datasets.register("CIFAR10", scope: scope, config) { try CIFAR.ten.load($0, $1) }
  datasets.register("CIFAR100", scope: scope, config) { try CIFAR.hundred.load($0, $1) }
  datasets.register("CustomDataset", scope: scope, config) { try ImageFolder.load($0, classes: nil, $1) }
  datasets.register("FashionMNIST", scope: scope, config) { try MNIST.load($0, classes: MNIST.fashion, $1) }
  datasets.register("ImageNet", scope: scope, config) {
    try ImageFolder.load($0, classes: ImageNetClasses.names, $1)
  }
  datasets.register("MNIST", scope: scope, config) { try MNIST.load($0, classes: MNIST.digits, $1) }
}

private func registerTransforms(_ transforms: inout Registry<any Transform>) {
  transforms.register("CenterCrop", scope: scope, CenterCrop.self) { $0 }
  transforms.register("Collect", scope: scope, Collect.self) { $0 }
  transforms.register("Compose", scope: scope, ComposeConfig.self) {
    try Pipeline($0.transforms, path: $0.path, $1)
  }
  transforms.register("ImageToTensor", scope: scope, ToTensor.self) { $0.named("ImageToTensor") }
  transforms.register("LoadImageFromFile", scope: scope, LoadImageFromFile.self) { $0 }
  transforms.register("Normalize", scope: scope, Normalize.self) { $0 }
  transforms.register("Pad", scope: scope, Pad.self) { $0 }
  transforms.register("RandomCrop", scope: scope, RandomCrop.self) { $0 }
  transforms.register("RandomFlip", scope: scope, RandomFlip.self) { $0 }
  transforms.register("RandomResizedCrop", scope: scope, RandomResizedCrop.self) { $0 }
  transforms.register("Resize", scope: scope, Resize.self) { $0 }
  transforms.register("ToTensor", scope: scope, ToTensor.self) { $0 }
}
