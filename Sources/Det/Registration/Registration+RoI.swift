import Core

func registerRoI(_ registries: inout Registries) {
}
