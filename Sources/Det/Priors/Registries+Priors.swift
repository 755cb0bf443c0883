import Core

extension Registries {
  /// Generators of anchor boxes (`anchor_generator`).
  public var anchorGenerators: Registry<AnchorGenerator> {
    get { self[AnchorGenerator.self, role: "anchor generator"] }
    set { self[AnchorGenerator.self, role: "anchor generator"] = newValue }
  }
}

func registerPriors(_ generators: inout Registry<AnchorGenerator>) {
  generators.register("AnchorGenerator", scope: scope, AnchorGeneratorConfig.self) { $0.make() }
  generators.register("LegacyAnchorGenerator", scope: scope, AnchorGeneratorConfig.self) {
    $0.make(isLegacy: true)
  }
  generators.register("SSDAnchorGenerator", scope: scope, SSDAnchorGeneratorConfig.self) { $0.make() }
  generators.register("LegacySSDAnchorGenerator", scope: scope, SSDAnchorGeneratorConfig.self) {
    $0.make(isLegacy: true)
  }
  generators.register("YOLOAnchorGenerator", scope: scope, YOLOAnchorGeneratorConfig.self) { $0.make() }
}
