import Core

/// Enters mmcls's transformers.
func registerTransformers(_ backbones: inout Registry<any Backbone>, scope: String) {
  backbones.register("Conformer", scope: scope, Conformer.Config.self) { Conformer($0) }
  backbones.register("DistilledVisionTransformer", scope: scope, ClsDistilledVisionTransformerConfig.self) {
    VisionTransformer($0.config)
  }
  backbones.register("EfficientFormer", scope: scope, EfficientFormer.Config.self) { EfficientFormer($0) }
  backbones.register("HorNet", scope: scope, HorNet.Config.self) { HorNet($0) }
  backbones.register("MViT", scope: scope, MViT.Config.self) { MViT($0) }
  backbones.register("MlpMixer", scope: scope, MlpMixer.Config.self) { MlpMixer($0) }
  backbones.register("PCPVT", scope: scope, ClsPCPVTConfig.self) { Twins($0.config) }
  backbones.register("PoolFormer", scope: scope, PoolFormer.Config.self) { config in
    try config.norm.check(channels: config.design.widths)
    return PoolFormer(config)
  }
  backbones.register("SVT", scope: scope, ClsSVTConfig.self) { Twins($0.config) }
  backbones.register("SwinTransformer", scope: scope, ClsSwinConfig.self) { SwinTransformer($0.config) }
  backbones.register("SwinTransformerV2", scope: scope, SwinTransformerV2.Config.self) {
    SwinTransformerV2($0)
  }
  backbones.register("T2T_ViT", scope: scope, TokensToTokenViT.Config.self) { TokensToTokenViT($0) }
  backbones.register("TNT", scope: scope, TransformerInTransformer.Config.self) {
    TransformerInTransformer($0)
  }
  backbones.register("VisionTransformer", scope: scope, ClsVisionTransformerConfig.self) {
    VisionTransformer($0.config)
  }
}
