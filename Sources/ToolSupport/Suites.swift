import Cls
import Core
import Det
import Seg

/// The types that all tools know: of the shared parts and of every task, so that a config of one task may name a backbone
/// of another (`mmcls.ConvNeXt`).
public func allRegistries() -> Registries {
  var registries = Registries()
  registerCoreRuntime(&registries)
  registerDatasetWrappers(&registries)
  registerClassification(&registries)
  registerDetection(&registries)
  registerSegmentation(&registries)
  return registries
}
