import Core

/// mmdet's `SwinTransformer`.
struct DetSwinConfig: ConfigRecord {
  var config: SwinTransformer.Config

  init(from reader: inout ConfigReader) throws {
    config = try SwinTransformer.Config(readingDense: &reader, position: .map)
    config.convertsWeights = try reader.value("convert_weights", default: false)
    config.dropsForeignKeys = true
  }
}

/// mmdet's `PyramidVisionTransformer`.
struct DetPVTConfig: ConfigRecord {
  var config: PyramidVisionTransformer.Config

  init(from reader: inout ConfigReader) throws {
    config = try PyramidVisionTransformer.Config(from: &reader, isSecondVersion: false)
  }
}

/// mmdet's `PyramidVisionTransformerV2`: overlapping patches, a convolution in each feed-forward network, norms behind
/// the stages and no position embedding.
struct DetPVTV2Config: ConfigRecord {
  var config: PyramidVisionTransformer.Config

  init(from reader: inout ConfigReader) throws {
    config = try PyramidVisionTransformer.Config(from: &reader, isSecondVersion: true)
  }
}
