// swift-tools-version: 6.1
import PackageDescription

// SwiftPM refuses unsafe flags in a versioned dependency; these serve only the building of this package itself.
// They make `swift run` and `swift test` (debug builds) run at the speed of a release build.
let isDependency = Context.packageDirectory.contains("/checkouts/")
let fastC: [CSetting] =
  (isDependency ? [] : [.unsafeFlags(["-O3"])]) + [.define("_GNU_SOURCE")]
let fastSwift: [SwiftSetting] = isDependency ? [] : [.unsafeFlags(["-O"], .when(configuration: .debug))]
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let collections = Target.Dependency.product(name: "OrderedCollections", package: "swift-collections")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

/// One executable a tool, in `tools/<name>`.
func tool(_ name: String) -> Target {
  .executableTarget(
    name: name, dependencies: ["ToolSupport", "Core", "Cls", "Det", "Seg", "PyConfig", "TorchFile", arguments],
    path: "tools/\(name)", swiftSettings: strict + fastSwift)
}
let tools = [
  "cls-train", "cls-test", "det-train", "det-test", "seg-train", "seg-test", "print-config", "model-info",
  "convert-checkpoint", "image-demo",
]

/// Tests mirror the sources: `Tests/<Module>Tests`.
func tests(_ module: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: "\(module)Tests", dependencies: ["TestSupport"] + dependencies, swiftSettings: strict)
}

let package = Package(
  name: "MMSwift",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "PyConfig", targets: ["PyConfig"]),
    .library(name: "TorchFile", targets: ["TorchFile"]),
    .library(name: "Core", targets: ["Core"]),
    .library(name: "Cls", targets: ["Cls"]),
    .library(name: "Det", targets: ["Det"]),
    .library(name: "Seg", targets: ["Seg"]),
  ] + tools.map { .executable(name: $0, targets: [$0]) },
  dependencies: [
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // Libraries of the system and kernels in C.
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CKernels", dependencies: ["COpenBLAS", "CPNG", "CJPEG"], cSettings: fastC),

    // The config language and the checkpoint files: no tensors, no models.
    .target(
      name: "PyConfig", dependencies: [collections, .product(name: "Yams", package: "Yams")],
      swiftSettings: strict + fastSwift),
    .target(name: "TorchFile", dependencies: ["CZlib", collections], swiftSettings: strict + fastSwift),

    // The engine and its machinery, then one package a task.
    .target(
      name: "Core",
      dependencies: [
        "CKernels", "COpenBLAS", "CPNG", "CJPEG", "CZlib", "PyConfig", "TorchFile", collections, logging,
      ],
      swiftSettings: strict + fastSwift),
    .target(name: "Cls", dependencies: ["Core", "PyConfig", "TorchFile", collections], swiftSettings: strict + fastSwift),
    .target(
      name: "Det", dependencies: ["Core", "PyConfig", "TorchFile", collections],
      swiftSettings: strict + fastSwift),
    .target(name: "Seg", dependencies: ["Core", "PyConfig", "TorchFile", collections], swiftSettings: strict + fastSwift),
    .target(
      name: "ToolSupport", dependencies: ["Core", "Cls", "Det", "Seg", "PyConfig", arguments, logging],
      swiftSettings: strict + fastSwift),

    .target(name: "TestSupport", dependencies: ["Core", "TorchFile"], path: "Tests/TestSupport", swiftSettings: strict + fastSwift),
    tests("PyConfig", ["PyConfig", collections]),
    tests("TorchFile", ["TorchFile", "CZlib", collections]),
    tests("CKernels", ["CKernels"]),
    tests("Core", ["Core", "PyConfig", "TorchFile", "CKernels", collections, logging]),
    tests("Cls", ["Cls", "Core", "PyConfig", "TorchFile", collections]),
    tests("Det", ["Det", "Core", "PyConfig", "TorchFile", collections]),
    tests("Seg", ["Seg", "Core", "PyConfig", "TorchFile", collections, logging]),
    tests("Tool", ["ToolSupport", "Core", "Cls", "PyConfig", "TorchFile", arguments, collections]),
  ] + tools.map(tool)
)
