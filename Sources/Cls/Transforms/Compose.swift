import Core
import PyConfig

/// `dict(type='Compose', transforms=[...])`: a pipeline inside a pipeline.
struct ComposeConfig: ConfigRecord {
  var transforms: ConfigNode
  var path: String

  init(from reader: inout ConfigReader) throws {
    path = reader.path("transforms")
    transforms = try reader.value("transforms")
  }
}
