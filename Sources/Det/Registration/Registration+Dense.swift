import Core

func registerDense(_ registries: inout Registries) {
  registerPriors(&registries.anchorGenerators)
  registerCoders(&registries.boxCoders)
  registerAssigners(&registries.assigners)
  registerSamplers(&registries.boxSamplers)
  registerLosses(&registries.detectionLosses)
  registerDenseHeads(&registries.denseHeads)
  registerSingleStage(&registries.detectors)
}

private func registerDenseHeads(_ heads: inout Registry<any DenseHead>) {
  heads.register("RPNHead", scope: scope, RPNHead.Config.self) { try RPNHead($0, $1) }
  heads.register("ATSSHead", scope: scope, ATSSHead.Config.self) { try ATSSHead($0, $1) }
  // The original has forms of two heads for an accelerator; on a processor they are the plain ones.
  for name in ["RetinaHead", "AscendRetinaHead"] {
    heads.register(name, scope: scope, RetinaHead.Config.self) { try RetinaHead($0, $1) }
  }
  for name in ["SSDHead", "AscendSSDHead"] {
    heads.register(name, scope: scope, SSDHead.Config.self) { try SSDHead($0, $1) }
  }
  heads.register("FCOSHead", scope: scope, FCOSHead.Config.self) { try FCOSHead($0, $1) }
  heads.register("FSAFHead", scope: scope, FSAFHead.FSAFConfig.self) { try FSAFHead($0, $1) }
  heads.register("FoveaHead", scope: scope, FoveaHead.Config.self) { try FoveaHead($0, $1) }
  heads.register("FreeAnchorRetinaHead", scope: scope, FreeAnchorRetinaHead.FreeConfig.self) {
    try FreeAnchorRetinaHead($0, $1)
  }
  heads.register("GFLHead", scope: scope, GFLHead.Config.self) { try GFLHead($0, $1) }
  heads.register("NASFCOSHead", scope: scope, NASFCOSConfig.self) { config, context in
    try config.fcos.base.stack.check(config.fcos.base.featChannels)
    return try FCOSHead(config.fcos, context, stacks: (config.makeStack(), config.makeStack()))
  }
  heads.register("PAAHead", scope: scope, PAAHead.PAAConfig.self) { try PAAHead($0, $1) }
  heads.register("RepPointsHead", scope: scope, RepPointsHead.Config.self) { try RepPointsHead($0, $1) }
  heads.register("RetinaSepBNHead", scope: scope, RetinaSepBNHead.Config.self) { try RetinaSepBNHead($0, $1) }
  heads.register("VFNetHead", scope: scope, VFNetHead.Config.self) { try VFNetHead($0, $1) }
  heads.register("YOLOFHead", scope: scope, YOLOFHead.Config.self) { try YOLOFHead($0, $1) }
  heads.register("YOLOV3Head", scope: scope, YOLOV3Head.Config.self) { try YOLOV3Head($0, $1) }
  heads.register("YOLOXHead", scope: scope, YOLOXHead.Config.self) { try YOLOXHead($0, $1) }
}

private func registerSingleStage(_ detectors: inout Registry<any Detector>) {
  // The original derives these without a change.
  let plain = [
    "ATSS", "FCOS", "FOVEA", "FSAF", "GFL", "NASFCOS", "PAA", "RepPointsDetector", "RetinaNet",
    "SingleStageDetector",
    "VFNet", "YOLOF", "YOLOV3",
  ]
  for name in plain {
    detectors.register(name, scope: scope, SingleStageDetector.Config.self) {
      try SingleStageDetector($0, $1)
    }
  }
  detectors.register("YOLOX", scope: scope, YOLOX.Config.self) { try YOLOX($0, $1) }
  detectors.register("RPN", scope: scope, RPN.Config.self) { try RPN($0, $1) }
}
