import Core

func registerDense(_ registries: inout Registries) {
}
