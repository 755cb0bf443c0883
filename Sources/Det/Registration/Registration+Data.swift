import Core

func registerData(_ registries: inout Registries) {
  registerTransforms(&registries.transforms)
  registerDatasets(&registries.datasets)
  registerHooks(&registries.hooks)
}

private func registerTransforms(_ transforms: inout Registry<any Transform>) {
  transforms.register("AutoAugment", scope: scope, AutoAugment.Config.self) { try AutoAugment($0, $1) }
  transforms.register("Collect", scope: scope, Collect.self) { $0 }
  transforms.register("CopyPaste", scope: scope, CopyPaste.self) { $0 }
  transforms.register("CutOut", scope: scope, CutOut.self) { $0 }
  transforms.register("DefaultFormatBundle", scope: scope, DefaultFormatBundle.self) { $0 }
  transforms.register("Expand", scope: scope, Expand.self) { $0 }
  transforms.register("FilterAnnotations", scope: scope, FilterAnnotations.self) { $0 }
  transforms.register("ImageToTensor", scope: scope, ToTensor.self) { $0.named("ImageToTensor") }
  transforms.register("LoadAnnotations", scope: scope, LoadAnnotations.self) { $0 }
  transforms.register("LoadImageFromFile", scope: scope, LoadImageFromFile.self) { $0 }
  transforms.register("LoadPanopticAnnotations", scope: scope, LoadPanopticAnnotations.self) { $0 }
  transforms.register("LoadProposals", scope: scope, LoadProposals.self) { $0 }
  transforms.register("MinIoURandomCrop", scope: scope, MinIoURandomCrop.self) { $0 }
  transforms.register("MixUp", scope: scope, MixUp.self) { $0 }
  transforms.register("Mosaic", scope: scope, Mosaic.self) { $0 }
  transforms.register("MultiScaleFlipAug", scope: scope, MultiScaleFlipAug.Config.self) {
    try MultiScaleFlipAug($0, $1)
  }
  transforms.register("Pad", scope: scope, Pad.self) { $0 }
  transforms.register("PhotoMetricDistortion", scope: scope, PhotoMetricDistortion.self) { $0 }
  transforms.register("RandomAffine", scope: scope, RandomAffine.self) { $0 }
  transforms.register("RandomCenterCropPad", scope: scope, RandomCenterCropPad.self) { $0 }
  transforms.register("RandomCrop", scope: scope, RandomCrop.self) { $0 }
  transforms.register("RandomFlip", scope: scope, RandomFlip.self) { $0 }
  transforms.register("RandomShift", scope: scope, RandomShift.self) { $0 }
  transforms.register("Resize", scope: scope, Resize.self) { $0 }
  transforms.register("Rotate", scope: scope, Rotate.self) { $0 }
  transforms.register("SegRescale", scope: scope, SegRescale.self) { $0 }
  transforms.register("Shear", scope: scope, Shear.self) { $0 }
  transforms.register("ToDataContainer", scope: scope, ToDataContainerConfig.self) {
    ToTensor(keys: $0.keys, name: "ToDataContainer")
  }
  transforms.register("ToTensor", scope: scope, ToTensor.self) { $0 }
  transforms.register("Translate", scope: scope, Translate.self) { $0 }
  transforms.register("YOLOXHSVRandomAug", scope: scope, YOLOXHSVRandomAug.self) { $0 }
  for kind in ColorChange.Kind.allCases where kind != .equalize {
    transforms.register(kind.rawValue, scope: scope, ColorChange.LevelConfig.self) {
      ColorChange(kind, $0.strength)
    }
  }
  transforms.register("EqualizeTransform", scope: scope, ColorChange.PlainConfig.self) {
    ColorChange(.equalize, $0.strength)
  }
}

private func registerDatasets(_ datasets: inout Registry<any Dataset>) {
  func register(
    _ name: String, _ load: @escaping (DetectionDatasetConfig, BuildContext) throws -> DetectionDataset
  ) {
    datasets.register(name, scope: scope, ListedDatasetConfig<DetectionDatasetConfig>.self) {
      config, context in
      try config.joined { try load($0, context) }
    }
  }
  for kind in CocoDataset.kinds { register(kind.type) { try CocoDataset.load($0, kind, $1) } }
  register("CustomDataset") { try CustomDataset.load($0, $1) }
  for kind in [XMLDataset.Kind.plain, .voc, .widerFace] {
    datasets.register(kind.rawValue, scope: scope, ListedDatasetConfig<XMLDataset.Config>.self) {
      config, context in
      try config.joined { try XMLDataset.load($0, kind, context) }
    }
  }
  datasets.register(
    "CocoPanopticDataset", scope: scope, ListedDatasetConfig<CocoPanopticDataset.Config>.self
  ) { config, context in
    try config.joined { try CocoPanopticDataset.load($0, context) }
  }
  for kind in [OpenImagesDataset.Kind.plain, .challenge] {
    datasets.register(kind.rawValue, scope: scope, ListedDatasetConfig<OpenImagesDataset.Config>.self) {
      config, context in
      try config.joined { try OpenImagesDataset.load($0, kind, context) }
    }
  }
  datasets.register("MultiImageMixDataset", scope: scope, MultiImageMixDataset.Config.self) {
    try MultiImageMixDataset($0, $1)
  }
}

private func registerHooks(_ hooks: inout Registry<any Hook>) {
  hooks.register("NumClassCheckHook", scope: scope, NumClassCheckHook.Config.self) {
    (_: NumClassCheckHook.Config) in
    NumClassCheckHook()
  }
  hooks.register("MemoryProfilerHook", scope: scope, MemoryProfilerHook.Config.self) {
    MemoryProfilerHook($0)
  }
  hooks.register("SetEpochInfoHook", scope: scope, SetEpochInfoHook.Config.self) {
    (_: SetEpochInfoHook.Config) in
    SetEpochInfoHook()
  }
  hooks.register("YOLOXModeSwitchHook", scope: scope, YOLOXModeSwitchHook.Config.self) {
    YOLOXModeSwitchHook($0)
  }
}
