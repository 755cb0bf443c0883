import Core

func registerRoI(_ registries: inout Registries) {
  registerExtractors(&registries.roiExtractors)
  registerBoxHeads(&registries.boxHeads)
  registerMaskHeads(&registries.maskHeads)
  registries.sharedHeads.register("ResLayer", scope: scope, SharedResLayer.Config.self) { SharedResLayer($0) }
  registries.maskIoUHeads.register("MaskIoUHead", scope: scope, MaskIoUHead.Config.self) {
    try MaskIoUHead($0, $1)
  }
  registries.gridHeads.register("GridHead", scope: scope, GridHead.Config.self) { try GridHead($0, $1) }
  registries.boxSamplers.register("ScoreHLRSampler", scope: scope, ScoreHLRSampler.self) { $0 }
  registries.maskPointHeads.register("MaskPointHead", scope: scope, MaskPointHead.Config.self) {
    try MaskPointHead($0, $1)
  }
  registries.roiSemanticHeads.register("FusedSemanticHead", scope: scope, FusedSemanticHead.Config.self) {
    try FusedSemanticHead($0, $1)
  }
  registries.roiSemanticHeads.register("SCNetSemanticHead", scope: scope, SCNetSemanticHeadConfig.self) {
    try $0.make($1)
  }
  registries.globalContextHeads.register("GlobalContextHead", scope: scope, GlobalContextHead.Config.self) {
    try GlobalContextHead($0)
  }
  registries.featureRelayHeads.register("FeatureRelayHead", scope: scope, FeatureRelayHead.Config.self) {
    FeatureRelayHead($0)
  }
  registerRoIHeads(&registries.roiHeads)
  registerTwoStage(&registries.detectors)
}

private func registerExtractors(_ extractors: inout Registry<any RoIExtractor>) {
  extractors.register("GenericRoIExtractor", scope: scope, GenericRoIExtractor.Config.self) {
    try GenericRoIExtractor($0)
  }
  extractors.register("SingleRoIExtractor", scope: scope, SingleRoIExtractor.Config.self) {
    SingleRoIExtractor($0)
  }
}

private func registerBoxHeads(_ heads: inout Registry<BBoxHead>) {
  heads.register("BBoxHead", scope: scope, BBoxHead.Config.self) { try BBoxHead($0.head, $1) }
  heads.register("ConvFCBBoxHead", scope: scope, ConvFCBBoxHead.Config.self) { try ConvFCBBoxHead($0, $1) }
  heads.register("DoubleConvFCBBoxHead", scope: scope, DoubleConvFCBBoxHead.Config.self) {
    try DoubleConvFCBBoxHead($0, $1)
  }
  heads.register("SABLHead", scope: scope, SABLHead.Config.self) { try SABLHead($0, $1) }
  heads.register("SCNetBBoxHead", scope: scope, ConvFCBBoxHead.Config.self) { try ConvFCBBoxHead($0, $1) }
  heads.register("Shared2FCBBoxHead", scope: scope, Shared2FCBBoxHeadConfig.self) {
    try ConvFCBBoxHead($0.config, $1)
  }
  heads.register("Shared4Conv1FCBBoxHead", scope: scope, Shared4Conv1FCBBoxHeadConfig.self) {
    try ConvFCBBoxHead($0.config, $1)
  }
}

private func registerMaskHeads(_ heads: inout Registry<any MaskHead>) {
  heads.register("CoarseMaskHead", scope: scope, CoarseMaskHead.Config.self) { try CoarseMaskHead($0, $1) }
  heads.register("FCNMaskHead", scope: scope, FCNMaskHead.Config.self) { try FCNMaskHead($0, $1) }
  heads.register("HTCMaskHead", scope: scope, HTCMaskHead.Config.self) { try HTCMaskHead($0, $1) }
  heads.register("SCNetMaskHead", scope: scope, SCNetMaskHeadConfig.self) { try $0.make($1) }
}

private func registerRoIHeads(_ heads: inout Registry<any RoIHead>) {
  heads.register("CascadeRoIHead", scope: scope, CascadeRoIHead.Config.self) { try CascadeRoIHead($0, $1) }
  heads.register("DoubleHeadRoIHead", scope: scope, DoubleHeadRoIHead.Config.self) {
    try DoubleHeadRoIHead($0, $1)
  }
  heads.register("DynamicRoIHead", scope: scope, StandardRoIHead.Config.self) { try DynamicRoIHead($0, $1) }
  heads.register("GridRoIHead", scope: scope, GridRoIHead.Config.self) { try GridRoIHead($0, $1) }
  heads.register("HybridTaskCascadeRoIHead", scope: scope, HybridTaskCascadeRoIHead.Config.self) {
    try HybridTaskCascadeRoIHead($0, $1)
  }
  heads.register("MaskScoringRoIHead", scope: scope, MaskScoringRoIHead.Config.self) {
    try MaskScoringRoIHead($0, $1)
  }
  heads.register("PISARoIHead", scope: scope, StandardRoIHead.Config.self) { try PISARoIHead($0, $1) }
  heads.register("PointRendRoIHead", scope: scope, PointRendRoIHead.Config.self) {
    try PointRendRoIHead($0, $1)
  }
  heads.register("SCNetRoIHead", scope: scope, SCNetRoIHead.Config.self) { try SCNetRoIHead($0, $1) }
  heads.register("StandardRoIHead", scope: scope, StandardRoIHead.Config.self) { try StandardRoIHead($0, $1) }
}

private func registerTwoStage(_ detectors: inout Registry<any Detector>) {
  for name in [
    "CascadeRCNN", "FasterRCNN", "GridRCNN", "HybridTaskCascade", "MaskRCNN", "MaskScoringRCNN", "PointRend",
    "SCNet", "TwoStageDetector",
  ] {
    detectors.register(name, scope: scope, TwoStageDetector.Config.self) { try TwoStageDetector($0, $1) }
  }
  detectors.register("FastRCNN", scope: scope, TwoStageDetector.FastConfig.self) {
    try TwoStageDetector($0.config, $1)
  }
}
