import Core
import Foundation

/// The levels of a feature pyramid, each enlarged step by step, summed.
///
/// Kirillov et al., "Panoptic Feature Pyramid Networks", 2019 (<https://arxiv.org/abs/1901.02446>). Mirrors mmseg's
/// `FPNHead`.
final class FPNHead: BaseDecodeHead {
  struct Config: ConfigRecord {
    var base: DecodeHeadConfig
    /// Of the feature maps, ascending powers of 2.
    var strides: [Int]

    init(from reader: inout ConfigReader) throws {
      base = try DecodeHeadConfig(from: &reader, transform: .multipleSelect)
      strides = try reader.positives("feature_strides", count: base.inputChannels.count)
      guard strides.min() == strides[0] else {
        throw reader.invalid("must begin with the smallest, found \(strides)", key: "feature_strides")
      }
    }
  }

  let scaleHeads: ModuleList<Sequential>

  init(_ config: Config, _ context: BuildContext) throws {
    let (base, strides) = (config.base, config.strides)
    scaleHeads = ModuleList(
      zip(strides, base.inputChannels).map { stride, channels in
        let steps = max(1, Int(log2(Double(stride)) - log2(Double(strides[0]))))
        return Sequential(
          (0..<steps).flatMap { step -> [any UnaryModule] in
            let conv = base.convModule(step == 0 ? channels : base.channels, base.channels, kernel: 3)
            return stride == strides[0] ? [conv] : [conv, Enlarge(2, alignCorners: base.alignCorners)]
          })
      })
    try super.init(base, context)
  }

  override func pixelFeatures(_ features: [Tensor]) throws -> Tensor {
    let inputs = try selected(features)
    var sum = scaleHeads[0](inputs[0])
    for (head, x) in zip(scaleHeads, inputs).dropFirst() {
      sum = sum + head(x).resized(like: sum, alignCorners: alignCorners)
    }
    return sum
  }
}
