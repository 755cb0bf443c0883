import Core
import PyConfig
import Testing
import ToolSupport

@Suite struct SuitesTests {
  /// The residual backbone as a suite builds it by default: how many stages it returns, and whether its first norm trains.
  @Test(arguments: [("mmcls", 1, true), ("mmdet", 4, false), ("mmseg", 4, true)])
  func `each suite has its own defaults for one backbone`(suite: String, stages: Int, trainsNorm: Bool) throws
  {
    let config = try Config.parse(
      text: "backbone = dict(type='\(suite).ResNet', depth=18, base_channels=4, stem_channels=4)")
    let node = try #require(config.root["backbone"])
    let context = BuildContext(registries: allRegistries(), scope: "mmcls")
    let backbone = try context.registries.backbones.build(node, path: "backbone", context: context)
    backbone.train()
    #expect(backbone(Tensor.zeros([2, 3, 64, 64])).count == stages)
    let norms = backbone.namedModules.filter { $0.key == "bn1" }
    #expect(norms.map(\.module.isTraining) == [trainsNorm])
  }
}
