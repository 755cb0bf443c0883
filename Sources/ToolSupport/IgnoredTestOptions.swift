import ArgumentParser

/// Options of the original's test tools that mean nothing on one CPU: they are read, and refused where they would ask for more.
public struct IgnoredTestOptions: ParsableArguments {
  @Flag(name: .customLong("show"), help: .hidden)
  public var show = false

  @Flag(name: .customLong("gpu-collect"), help: .hidden)
  public var gpuCollect = false

  @Option(name: .customLong("gpu-id"), help: .hidden)
  public var gpu: Int?

  @Option(help: .hidden)
  public var tmpdir: String?

  @Option(help: "The device; only cpu.")
  public var device: String?

  @Option(help: .hidden)
  public var launcher: String?

  @Option(name: .customLong("local_rank"), help: .hidden)
  public var localRank: Int?

  public init() {}

  public mutating func validate() throws {
    if show { throw ValidationError("--show: there are no windows; use --show-dir") }
    if let device, device != "cpu" { throw ValidationError("--device: only 'cpu', found '\(device)'") }
    if let launcher, launcher != "none" {
      throw ValidationError("--launcher: one process tests; only 'none', found '\(launcher)'")
    }
  }
}
