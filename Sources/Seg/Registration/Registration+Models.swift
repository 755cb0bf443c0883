import Core

func registerModels(_ registries: inout Registries) {
}
