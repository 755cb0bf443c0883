import CKernels
import Foundation
import Logging
import PyConfig

extension TrainingRun {
  static let line = String(repeating: "-", count: 60)

  /// `./work_dirs/<name>` unless the config says otherwise.
  static func workDirectory(of config: Config) -> String {
    if let directory = config.root["work_dir"]?.string { return directory }
    let name = URL(fileURLWithPath: config.filename).deletingPathExtension().lastPathComponent
    return "./work_dirs/\(name)"
  }

  /// Writes the resolved config into the work directory, under its own name.
  static func dump(_ config: Config, to workDirectory: String) throws {
    let name = URL(fileURLWithPath: config.filename).deletingPathExtension().lastPathComponent
    let path = "\(workDirectory)/\(name).py"
    do {
      try config.dump(.py).write(toFile: path, atomically: true, encoding: .utf8)
    } catch {
      throw DataError("cannot be written: \(error.localizedDescription)", file: path)
    }
  }

  static func seed(_ node: ConfigNode?) throws -> UInt64 {
    guard let node, !node.isNone else { return UInt64.random(in: 0..<(1 << 31)) }
    let seed = try Int(from: node, at: "seed")
    guard seed >= 0 else {
      throw BuildError(.invalid("must not be negative, found \(seed)"), path: "seed", location: node.location)
    }
    return UInt64(seed)
  }

  static func level(_ node: ConfigNode?) throws -> Logger.Level {
    guard let node, !node.isNone else { return .info }
    let name = try String(from: node, at: "log_level")
    switch name.uppercased() {
    case "DEBUG": return .debug
    case "INFO": return .info
    case "WARNING", "WARN": return .warning
    case "ERROR": return .error
    case "CRITICAL", "FATAL": return .critical
    default:
      throw BuildError(
        .invalid("must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL, found '\(name)'"), path: "log_level",
        location: node.location)
    }
  }

  /// Gives an `InvalidConfig` the place of the config that it is about.
  static func located<Result>(_ node: ConfigNode?, _ path: String, _ body: () throws -> Result) throws
    -> Result
  {
    do {
      return try body()
    } catch let error as InvalidConfig {
      throw BuildError(.invalid(error.text), path: path, location: node?.location)
    }
  }

  /// What the log and the checkpoints say of the machine and the program.
  var environmentInfo: String {
    let system = ProcessInfo.processInfo
    return [
      "sys.platform: \(system.operatingSystemVersionString)",
      "Processors: \(system.activeProcessorCount), threads used: \(mm_pool_threads())",
      "Instruction set: \(CPUBackend.instructionSet)",
      "MMSwift: \(mmswiftVersion)",
    ].joined(separator: "\n")
  }

  /// The meta data of the run's checkpoints and of the first line of its JSON log.
  func meta(_ config: Config, _ seed: UInt64, _ dataset: any Dataset) -> ConfigDictionary {
    var meta = ConfigDictionary()
    meta["env_info"] = ConfigNode(.string(environmentInfo))
    meta["seed"] = ConfigNode(.int(Int(seed)))
    meta["exp_name"] = ConfigNode(.string(URL(fileURLWithPath: config.filename).lastPathComponent))
    meta["\(task.suite)_version"] = ConfigNode(.string(mmswiftVersion))
    meta["config"] = ConfigNode(.string(config.dump(.py)))
    if let names = dataset.classNames {
      meta["CLASSES"] = ConfigNode(.list(names.map { ConfigNode(.string($0)) }))
    }
    if let palette = dataset.palette {
      meta["PALETTE"] = ConfigNode(
        .list(palette.map { color in ConfigNode(.list(color.map { ConfigNode(.int(Int($0))) })) }))
    }
    return meta
  }
}

extension CPUBackend {
  /// The instruction set whose kernels run.
  static var instructionSet: String {
    switch mm_isa_current() {
    case MM_ISA_AVX512: "AVX-512"
    case MM_ISA_AVX2: "AVX2"
    default: "generic"
    }
  }
}
