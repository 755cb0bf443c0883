import Core

func registerData(_ registries: inout Registries) {
}
