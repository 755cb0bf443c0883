import Cls
import Core
import Det
import PyConfig
import Seg

/// Builds a model of whichever task its `type` belongs to.
///
/// - Throws: `BuildError`; for an unknown name it lists the models of all tasks.
public func buildAnyModel(_ node: ConfigNode, path: String, _ registries: Registries) throws
  -> any InspectableModel
{
  let name = node["type"]?.string ?? ""
  func context(_ scope: String) -> BuildContext { BuildContext(registries: registries, scope: scope) }
  if registries.detectors.contains(name, scope: "mmdet") {
    return try registries.detectors.build(node, path: path, context: context("mmdet"))
  }
  if registries.segmentors.contains(name, scope: "mmseg") {
    return try registries.segmentors.build(node, path: path, context: context("mmseg"))
  }
  if registries.classifiers.contains(name, scope: "mmcls") || node["type"]?.string == nil {
    return try registries.classifiers.build(node, path: path, context: context("mmcls"))
  }
  throw BuildError(
    .unknownName(
      name, role: "model",
      known: (registries.classifiers.names + registries.detectors.names + registries.segmentors.names)
        .sorted()),
    path: "\(path).type", location: node["type"]?.location ?? node.location)
}
