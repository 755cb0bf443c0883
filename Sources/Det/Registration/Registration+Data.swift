import Core

func registerData(_ registries: inout Registries) {
  registerTransforms(&registries.transforms)
  registerDatasets(&registries.datasets)
  registerHooks(&registries.hooks)
}

private func registerTransforms(_ transforms: inout Registry<any Transform>) {
  transforms.register("Collect", scope: scope, Collect.self) { $0 }
  transforms.register("DefaultFormatBundle", scope: scope, DefaultFormatBundle.self) { $0 }
  transforms.register("ImageToTensor", scope: scope, ToTensor.self) { $0.named("ImageToTensor") }
  transforms.register("LoadAnnotations", scope: scope, LoadAnnotations.self) { $0 }
  transforms.register("LoadImageFromFile", scope: scope, LoadImageFromFile.self) { $0 }
  transforms.register("MultiScaleFlipAug", scope: scope, MultiScaleFlipAug.Config.self) { try MultiScaleFlipAug($0, $1) }
  transforms.register("Pad", scope: scope, Pad.self) { $0 }
  transforms.register("RandomFlip", scope: scope, RandomFlip.self) { $0 }
  transforms.register("Resize", scope: scope, Resize.self) { $0 }
  transforms.register("ToDataContainer", scope: scope, ToDataContainerConfig.self) {
    ToTensor(keys: $0.keys, name: "ToDataContainer")
  }
  transforms.register("ToTensor", scope: scope, ToTensor.self) { $0 }
}

private func registerDatasets(_ datasets: inout Registry<any Dataset>) {
  func register(
    _ name: String, _ load: @escaping (DetectionDatasetConfig, BuildContext) throws -> DetectionDataset
  ) {
    datasets.register(name, scope: scope, ListedDatasetConfig<DetectionDatasetConfig>.self) { config, context in
      try config.joined { try load($0, context) }
    }
  }
  register("CocoDataset") { try CocoDataset.load($0, .init(), $1) }
  register("CustomDataset") { try CustomDataset.load($0, $1) }
}

private func registerHooks(_ hooks: inout Registry<any Hook>) {
  hooks.register("NumClassCheckHook", scope: scope, NumClassCheckHook.Config.self) { (_: NumClassCheckHook.Config) in
    NumClassCheckHook()
  }
}
