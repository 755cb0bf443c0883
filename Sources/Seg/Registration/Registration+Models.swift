import Core

func registerModels(_ registries: inout Registries) {
  registerSegmentors(&registries.segmentors)
  registerDecodeHeads(&registries.decodeHeads)
  registerLosses(&registries.segmentationLosses)
  registries.pixelSamplers.register("OHEMPixelSampler", OHEMPixelSampler.self) { $0 }
}

private func registerSegmentors(_ segmentors: inout Registry<any Segmentor>) {
  segmentors.register("CascadeEncoderDecoder", EncoderDecoder.CascadeConfig.self) { try EncoderDecoder($0.config, $1) }
  segmentors.register("EncoderDecoder", EncoderDecoder.PlainConfig.self) { try EncoderDecoder($0.config, $1) }
}

private func registerDecodeHeads(_ heads: inout Registry<DecodeHead>) {
  heads.register("ASPPHead", ASPPHead.Config.self) { try ASPPHead($0, $1) }
  heads.register("DepthwiseSeparableASPPHead", DepthwiseSeparableASPPHead.SeparableConfig.self) {
    try DepthwiseSeparableASPPHead($0, $1)
  }
  heads.register("FCNHead", FCNHead.Config.self) { try FCNHead($0, $1) }
  heads.register("PSPHead", PSPHead.Config.self) { try PSPHead($0, $1) }
}

private func registerLosses(_ losses: inout Registry<any SegmentationLoss>) {
  losses.register("CrossEntropyLoss", CrossEntropyLoss.self) { $0 }
}
