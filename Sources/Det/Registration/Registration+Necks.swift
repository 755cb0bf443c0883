import Core

func registerNecks(_ necks: inout Registry<any Neck>) {
}
