import Core

func registerTransformers(_ backbones: inout Registry<any Backbone>) {
  backbones.register("BEiT", scope: scope, SegBEiTConfig.self) { BEiT($0.config) }
  backbones.register("MAE", scope: scope, SegMAEConfig.self) { BEiT($0.config) }
  backbones.register("MixVisionTransformer", scope: scope, SegMixVisionConfig.self) {
    PyramidVisionTransformer($0.config)
  }
  backbones.register("PCPVT", scope: scope, SegPCPVTConfig.self) { Twins($0.config) }
  backbones.register("SVT", scope: scope, SegSVTConfig.self) { Twins($0.config) }
  backbones.register("SwinTransformer", scope: scope, SegSwinConfig.self) { SwinTransformer($0.config) }
  backbones.register("VisionTransformer", scope: scope, SegVisionTransformerConfig.self) {
    VisionTransformer($0.config)
  }
}
