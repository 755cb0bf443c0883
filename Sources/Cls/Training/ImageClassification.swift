import Core
import OrderedCollections
import PyConfig

/// Classifies single pictures with a config's model and test pipeline.
public struct ImageClassification {
  /// One of the classes that a picture may be of.
  public struct Prediction: Sendable, Equatable {
    public var label: Int
    public var name: String
    public var score: Float
  }

  private let model: ImageClassifier
  private let names: [String]
  private let pipeline: Pipeline

  /// - Throws: what is wrong with the config or the checkpoint.
  public init(
    config: Config, checkpoint: String, registries: Registries, notice: (String) -> Void = { _ in }
  ) throws {
    let context = BuildContext(registries: registries, scope: "mmcls")
    guard var node = config.root["data.test.pipeline"], let items = node.items else {
      throw BuildError(.missingKey("data.test.pipeline"), path: "", location: config.root.location)
    }
    (model, names) = try ClassificationTestRun.loadModel(config, checkpoint, context, notice)
    // Pictures come from files here, also for data sets that bring theirs.
    if items.first?["type"]?.string != "LoadImageFromFile" {
      var load: ConfigNode = ["type": "LoadImageFromFile"]
      if model.inputChannels == 1 { load["color_type"] = "grayscale" }
      node = ConfigNode(.list([load] + items), at: node.location)
    }
    pipeline = try Pipeline(node, path: "data.test.pipeline", context)
  }

  /// The `count` most probable classes of a picture, the best first.
  ///
  /// - Throws: `ImageError` or `DataError` with the file's path.
  public func callAsFunction(_ path: String, count: Int = 5) throws -> [Prediction] {
    var sample = Sample(file: SampleFile(prefix: nil, name: path))
    var generator = RandomGenerator(seed: 0)
    guard try pipeline.apply(&sample, using: &generator) else {
      throw DataError("the test pipeline dropped the picture", file: path)
    }
    let scores = try model.predict(ImageBatch([sample]).tensor).floats
    let order = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }
    return order.prefix(count).map {
      Prediction(label: $0, name: names.indices.contains($0) ? names[$0] : "\($0)", score: scores[$0])
    }
  }
}
