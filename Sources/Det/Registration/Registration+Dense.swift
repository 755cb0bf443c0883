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
  heads.register("RetinaHead", scope: scope, RetinaHead.Config.self) { try RetinaHead($0, $1) }
}

private func registerSingleStage(_ detectors: inout Registry<any Detector>) {
  let plain = ["SingleStageDetector", "RetinaNet", "FCOS", "ATSS", "GFL", "VFNet", "FSAF", "FOVEA", "RepPointsDetector", "PAA", "YOLOV3", "NASFCOS"]
  for name in plain {
    detectors.register(name, scope: scope, SingleStageDetector.Config.self) { try SingleStageDetector($0, $1) }
  }
  detectors.register("RPN", scope: scope, RPN.Config.self) { try RPN($0, $1) }
}
