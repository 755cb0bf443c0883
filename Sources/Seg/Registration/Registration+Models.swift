import Core

func registerModels(_ registries: inout Registries) {
  registerSegmentors(&registries.segmentors)
  registerDecodeHeads(&registries.decodeHeads)
  registries.kernelUpdateHeads.register("KernelUpdateHead", KernelUpdateHead.Config.self) {
    KernelUpdateHead($0)
  }
  registerNecks(&registries.necks)
  registerLosses(&registries.segmentationLosses)
  registries.pixelSamplers.register("OHEMPixelSampler", OHEMPixelSampler.self) { $0 }
}

private func registerSegmentors(_ segmentors: inout Registry<any Segmentor>) {
  segmentors.register("CascadeEncoderDecoder", EncoderDecoder.CascadeConfig.self) {
    try EncoderDecoder($0.config, $1)
  }
  segmentors.register("EncoderDecoder", EncoderDecoder.PlainConfig.self) { try EncoderDecoder($0.config, $1) }
}

private func registerDecodeHeads(_ heads: inout Registry<DecodeHead>) {
  heads.register("ANNHead", ANNHead.Config.self) { try ANNHead($0, $1) }
  heads.register("APCHead", APCHead.Config.self) { try APCHead($0, $1) }
  heads.register("ASPPHead", ASPPHead.Config.self) { try ASPPHead($0, $1) }
  heads.register("CCHead", CCHead.AttentionConfig.self) { try CCHead($0, $1) }
  heads.register("DAHead", DAHead.Config.self) { try DAHead($0, $1) }
  heads.register("DMHead", DMHead.Config.self) { try DMHead($0, $1) }
  heads.register("DNLHead", DNLHead.AttentionConfig.self) { try DNLHead($0, $1) }
  heads.register("DPTHead", DPTHead.Config.self) { try DPTHead($0, $1) }
  heads.register("DepthwiseSeparableASPPHead", DepthwiseSeparableASPPHead.SeparableConfig.self) {
    try DepthwiseSeparableASPPHead($0, $1)
  }
  heads.register("DepthwiseSeparableFCNHead", DepthwiseSeparableFCNHead.Config.self) {
    try DepthwiseSeparableFCNHead.make($0, $1)
  }
  heads.register("EMAHead", EMAHead.Config.self) { try EMAHead($0, $1) }
  heads.register("EncHead", EncHead.Config.self) { try EncHead($0, $1) }
  heads.register("FCNHead", FCNHead.Config.self) { try FCNHead($0, $1) }
  heads.register("FPNHead", FPNHead.Config.self) { try FPNHead($0, $1) }
  heads.register("GCHead", GCHead.ContextConfig.self) { try GCHead($0, $1) }
  heads.register("ISAHead", ISAHead.Config.self) { try ISAHead($0, $1) }
  heads.register("IterativeDecodeHead", IterativeDecodeHead.Config.self) { try IterativeDecodeHead($0, $1) }
  heads.register("LRASPPHead", LRASPPHead.Config.self) { try LRASPPHead($0, $1) }
  heads.register("NLHead", NLHead.AttentionConfig.self) { try NLHead($0, $1) }
  heads.register("OCRHead", OCRHead.Config.self) { try OCRHead($0, $1) }
  heads.register("PSAHead", PSAHead.Config.self) { try PSAHead($0, $1) }
  heads.register("PSPHead", PSPHead.Config.self) { try PSPHead($0, $1) }
  heads.register("PointHead", PointHead.Config.self) { try PointHead($0, $1) }
  heads.register("SETRMLAHead", SETRMLAHead.Config.self) { try SETRMLAHead($0, $1) }
  heads.register("SETRUPHead", SETRUPHead.Config.self) { try SETRUPHead($0, $1) }
  heads.register("STDCHead", STDCHead.BoundaryConfig.self) { try STDCHead($0, $1) }
  heads.register("SegmenterMaskTransformerHead", SegmenterMaskTransformerHead.Config.self) {
    try SegmenterMaskTransformerHead($0, $1)
  }
  heads.register("SegformerHead", SegformerHead.Config.self) { try SegformerHead($0, $1) }
  heads.register("UPerHead", UPerHead.Config.self) { try UPerHead($0, $1) }
}

private func registerNecks(_ necks: inout Registry<any Neck>) {
  necks.register("FPN", scope: scope, SegFPNConfig.self) { FPN($0.fpn) }
  necks.register("Feature2Pyramid", scope: scope, Feature2Pyramid.Config.self) { Feature2Pyramid($0) }
  necks.register("ICNeck", scope: scope, ICNeck.Config.self) { ICNeck($0) }
  necks.register("JPU", scope: scope, JPU.Config.self) { JPU($0) }
  necks.register("MLANeck", scope: scope, MLANeck.Config.self) { MLANeck($0) }
  necks.register("MultiLevelNeck", scope: scope, MultiLevelNeck.Config.self) { MultiLevelNeck($0) }
}

private func registerLosses(_ losses: inout Registry<any SegmentationLoss>) {
  losses.register("CrossEntropyLoss", CrossEntropyLoss.self) { $0 }
  losses.register("DiceLoss", DiceLoss.self) { $0 }
  losses.register("FocalLoss", FocalLoss.self) { $0 }
  losses.register("LovaszLoss", LovaszLoss.self) { $0 }
  losses.register("TverskyLoss", TverskyLoss.self) { $0 }
}
