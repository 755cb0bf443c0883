extension Registries {
  /// Update rules by the names of PyTorch's optimizers.
  public var optimizers: Registry<any OptimizerOptions> {
    get { self[(any OptimizerOptions).self, role: "optimizer"] }
    set { self[(any OptimizerOptions).self, role: "optimizer"] = newValue }
  }

  /// Ways to divide parameters into groups (`constructor='...'`).
  public var optimizerConstructors: Registry<any OptimizerConstructor> {
    get { self[(any OptimizerConstructor).self, role: "optimizer constructor"] }
    set { self[(any OptimizerConstructor).self, role: "optimizer constructor"] = newValue }
  }
}

func registerOptimizers(_ registries: inout Registries) {
  registries.optimizers.register("Adam", Adam.Options.self) { $0 }
  registries.optimizers.register("AdamW", AdamWConfig.self) { $0.options }
  registries.optimizers.register("Lamb", Lamb.Options.self) { $0 }
  registries.optimizers.register("RMSprop", RMSprop.Options.self) { $0 }
  registries.optimizers.register("SGD", SGD.Options.self) { $0 }

  registries.optimizerConstructors.register(
    "DefaultOptimizerConstructor", DefaultOptimizerConstructor.self
  ) { $0 }
  for name in ["LayerDecayOptimizerConstructor", "LearningRateDecayOptimizerConstructor"] {
    registries.optimizerConstructors.register(name, LayerDecayOptimizerConstructor.self) { $0 }
  }
}
