import Core

/// Enters everything that detection configs can name.
public func registerDetection(_ registries: inout Registries) {
  registerBackbones(&registries.backbones)
  registerNecks(&registries.necks)
  registerDense(&registries)
  registerRoI(&registries)
  registerData(&registries)
}

/// The suite whose names these are.
let scope = "mmdet"
