import Core

/// Enters everything that segmentation configs can name.
public func registerSegmentation(_ registries: inout Registries) {
  registerBackbones(&registries.backbones)
  registerModels(&registries)
  registerData(&registries)
}

/// The suite whose names these are.
let scope = "mmseg"
