import Core

/// mmseg's `SwinTransformer`.
struct SegSwinConfig: ConfigRecord {
  var config: SwinTransformer.Config

  init(from reader: inout ConfigReader) throws {
    config = try SwinTransformer.Config(readingDense: &reader, position: .tokens)
  }
}

/// mmseg's `MixVisionTransformer`.
struct SegMixVisionConfig: ConfigRecord {
  var config: PyramidVisionTransformer.Config

  init(from reader: inout ConfigReader) throws {
    config = try PyramidVisionTransformer.Config(readingMix: &reader)
  }
}
