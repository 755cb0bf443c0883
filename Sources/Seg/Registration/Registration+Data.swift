import Core

func registerData(_ registries: inout Registries) {
  for kind in SegmentationDatasetKind.all {
    registries.datasets.register(kind.name, scope: scope, SegmentationDatasetConfig.self) {
      try $0.load(kind, $1)
    }
  }
  registries.datasets.register("MultiImageMixDataset", scope: scope, MultiImageMixConfig.self) {
    try $0.load($1)
  }
  registerTransforms(&registries.transforms)
}

private func registerTransforms(_ transforms: inout Registry<any Transform>) {
  transforms.register("AdjustGamma", scope: scope, AdjustGamma.self) { $0 }
  transforms.register("CLAHE", scope: scope, CLAHE.self) { $0 }
  transforms.register("Collect", scope: scope, Collect.self) { $0 }
  transforms.register("DefaultFormatBundle", scope: scope, DefaultFormatBundle.self) { $0 }
  transforms.register("ImageToTensor", scope: scope, ToTensor.self) { $0.named("ImageToTensor") }
  transforms.register("LoadAnnotations", scope: scope, LoadAnnotations.self) { $0 }
  transforms.register("LoadImageFromFile", scope: scope, LoadImageFromFile.self) { $0 }
  transforms.register("MultiScaleFlipAug", scope: scope, MultiScaleFlipAug.Config.self) {
    try MultiScaleFlipAug($0, $1)
  }
  transforms.register("Pad", scope: scope, Pad.self) { $0 }
  transforms.register("PhotoMetricDistortion", scope: scope, PhotoMetricDistortion.self) { $0 }
  transforms.register("RGB2Gray", scope: scope, RGB2Gray.self) { $0 }
  transforms.register("RandomCrop", scope: scope, RandomCrop.self) { $0 }
  transforms.register("RandomCutOut", scope: scope, RandomCutOut.self) { $0 }
  transforms.register("RandomFlip", scope: scope, RandomFlip.self) { $0 }
  transforms.register("RandomMosaic", scope: scope, RandomMosaic.self) { $0 }
  transforms.register("RandomRotate", scope: scope, RandomRotate.self) { $0 }
  transforms.register("Rerange", scope: scope, Rerange.self) { $0 }
  transforms.register("Resize", scope: scope, Resize.self) { $0 }
  transforms.register("ResizeToMultiple", scope: scope, ResizeToMultiple.self) { $0 }
  transforms.register("SegRescale", scope: scope, SegRescale.self) { $0 }
  transforms.register("ToDataContainer", scope: scope, ToDataContainer.self) { $0 }
  transforms.register("ToTensor", scope: scope, ToTensor.self) { $0 }
  transforms.register("Transpose", scope: scope, Transpose.self) { $0 }
}
