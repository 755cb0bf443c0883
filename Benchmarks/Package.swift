// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that building and testing the suite does not build the benchmarks.
let package = Package(
  name: "Benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "MMSwift", path: "..")],
  targets: [
    .executableTarget(
      name: "bench",
      dependencies: [
        .product(name: "Core", package: "MMSwift"), .product(name: "Cls", package: "MMSwift"),
        .product(name: "Seg", package: "MMSwift"), .product(name: "PyConfig", package: "MMSwift"),
        .product(name: "TorchFile", package: "MMSwift"),
      ],
      swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")])
  ]
)
