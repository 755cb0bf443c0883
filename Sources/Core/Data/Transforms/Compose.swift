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

/// Enters the transforms that are the same in all suites.
func registerSharedTransforms(_ transforms: inout Registry<any Transform>) {
  transforms.register("Compose", ComposeConfig.self) { try Pipeline($0.transforms, path: $0.path, $1) }
  transforms.register("Normalize", Normalize.self) { $0 }
}
