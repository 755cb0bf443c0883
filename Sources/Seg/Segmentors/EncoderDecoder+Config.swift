import Core
import PyConfig

extension EncoderDecoder {
  public struct Config: Sendable {
    var backbone: ConfigNodeBox
    var neck: ConfigNodeBox
    var decodeHeads: [ConfigNodeBox]
    var isCascade: Bool
    var auxiliaryHeads: [ConfigNodeBox]
    var hasAuxiliaryList: Bool
    var trainSettings: TrainSettings
    var testSettings: TestSettings
    var initialization: [InitConfig]

    /// - Parameter isCascade: whether `decode_head` is a list of `num_stages` heads.
    init(from reader: inout ConfigReader, isCascade: Bool) throws {
      self.isCascade = isCascade
      backbone = ConfigNodeBox(reader.node("backbone"), path: reader.path("backbone"))
      guard backbone.node != nil else {
        throw BuildError(.missingKey("backbone"), path: reader.path, location: reader.location)
      }
      // An older form: the file for the backbone stands at the segmentor.
      if let checkpoint: String = try reader.optional("pretrained") {
        guard backbone.node?["pretrained"]?.isNone ?? true else {
          throw reader.invalid(
            "both the backbone and the segmentor say which weights to start from", key: "pretrained")
        }
        backbone.node?["pretrained"] = ConfigNode(.string(checkpoint), at: reader.location)
      }
      neck = ConfigNodeBox(reader.node("neck"), path: reader.path("neck"))
      let head = reader.node("decode_head")
      guard let head, !head.isNone else {
        throw BuildError(.missingKey("decode_head"), path: reader.path, location: reader.location)
      }
      decodeHeads = Self.boxes(head, reader.path("decode_head"))
      if isCascade {
        let stages: Int = try reader.value("num_stages")
        guard head.items != nil, decodeHeads.count == stages, stages > 0 else {
          throw reader.invalid(
            "must be a list of num_stages heads, \(stages), found \(head.summary)", key: "decode_head")
        }
      } else if head.items != nil {
        throw reader.invalid("must be one head; several are for CascadeEncoderDecoder", key: "decode_head")
      }
      let auxiliary = reader.node("auxiliary_head")
      hasAuxiliaryList = auxiliary?.items != nil
      auxiliaryHeads = auxiliary.map { $0.isNone ? [] : Self.boxes($0, reader.path("auxiliary_head")) } ?? []
      trainSettings = try reader.optional("train_cfg") ?? TrainSettings()
      testSettings = try reader.optional("test_cfg") ?? TestSettings()
      initialization = try reader.initialization(default: [])
    }

    private static func boxes(_ node: ConfigNode, _ path: String) -> [ConfigNodeBox] {
      guard let items = node.items else { return [ConfigNodeBox(node, path: path)] }
      return items.enumerated().map { ConfigNodeBox($1, path: "\(path).\($0)") }
    }
  }

  /// With one decode head.
  struct PlainConfig: ConfigRecord {
    var config: Config
    init(from reader: inout ConfigReader) throws { config = try Config(from: &reader, isCascade: false) }
  }

  /// With a cascade of decode heads.
  struct CascadeConfig: ConfigRecord {
    var config: Config
    init(from reader: inout ConfigReader) throws { config = try Config(from: &reader, isCascade: true) }
  }
}
