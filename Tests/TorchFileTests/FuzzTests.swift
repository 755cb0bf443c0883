import Foundation
import Testing

@testable import TorchFile

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Damaged files of every format: none may crash the reader or make it allocate much.
@Suite struct FuzzTests {
  /// SplitMix64.
  struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
      return z ^ z >> 31
    }
  }

  static let count = 20_000
  static let names = [
    "types.pth", "views.pth", "kinds.pth", "checkpoint.pth", "deflated.pth", "records.pth", "little.pth",
    "no-checksums.pth", "protocol4.pth", "legacy-types.pth", "legacy-views.pth", "legacy-kinds.pth",
    "python2.pth",
    "legacy-protocol0.pth", "types.safetensors",
  ]

  /// Every value that a size, count or offset might be mistaken for.
  static let extremes: [UInt64] = [
    0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 1 << 40, 1 << 62, 1 << 63, .max,
    .max - 7,
  ]

  static func damage(_ original: [UInt8], splice: [UInt8], _ random: inout Generator) -> [UInt8] {
    var bytes = original
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      guard !bytes.isEmpty else { return bytes }
      let at = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<7, using: &random) {
      case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: bytes[at] = UInt8.random(in: 0...255, using: &random)
      case 2: bytes.removeLast(bytes.count - at)
      case 3:
        let width = [1, 2, 4, 8][Int.random(in: 0..<4, using: &random)]
        let value = littleEndianBytes([extremes[Int.random(in: 0..<extremes.count, using: &random)]])
        for i in 0..<min(width, bytes.count - at) { bytes[at + i] = value[i] }
      case 4:
        let from = Int.random(in: 0..<splice.count, using: &random)
        let piece = splice[from..<min(splice.count, from + Int.random(in: 1...64, using: &random))]
        bytes.replaceSubrange(at..<min(bytes.count, at + Int.random(in: 0...64, using: &random)), with: piece)
      case 5: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...16, using: &random)))
      default:
        // A field of the zip structure near its end, where the directory is.
        let near = bytes.count - 1 - Int.random(in: 0..<min(bytes.count, 600), using: &random)
        bytes[near] = UInt8.random(in: 0...255, using: &random)
      }
    }
    return bytes
  }

  /// The file with all checksums of stored entries set to 0, which stands for none: damage reaches the contents.
  static func withoutChecksums(_ original: [UInt8]) -> [UInt8] {
    var bytes = original
    for at in bytes.indices.dropLast(46)
    where bytes[at...].starts(with: [0x50, 0x4b, 1, 2]) && bytes[at + 10] == 0 {
      for i in 16..<20 { bytes[at + i] = 0 }
    }
    return bytes
  }

  /// A pickle of random instructions with likely operands, in the legacy format.
  static func program(_ random: inout Generator) -> [UInt8] {
    func pickle(_ body: [UInt8]) -> [UInt8] { [0x80, 2] + body + [0x2e] }
    func text(_ text: String) -> [UInt8] {
      [0x58] + littleEndianBytes([UInt32(text.utf8.count)]) + Array(text.utf8)
    }
    let magic: [UInt8] = [0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]
    let storage =
      [0x28] + text("storage") + Array("ctorch\nFloatStorage\n".utf8) + text("0") + text("cpu") + [
        0x4b, 4, 0x74, 0x51,
      ]
    var body: [UInt8] = []
    for _ in 0..<Int.random(in: 1...24, using: &random) {
      let number = UInt8.random(in: 0...8, using: &random)
      let global = globals[Int.random(in: 0..<globals.count, using: &random)]
      switch Int.random(in: 0..<12, using: &random) {
      case 0: body += Array("c\(global)\n".utf8)
      case 1: body += [0x4b, number]
      case 2: body += [[0x71, 0x68][Int(number & 1)], number]
      case 3: body += text(["f8", "<i4", "U2", "latin1", "<", "cuda", "0", "\u{1}\u{ff}"][Int(number % 8)])
      case 4: body += [UInt8](repeating: 0x4e, count: Int(number))
      case 5: body += storage
      case 6: body += [0x28, 0x4b, number, 0x4b, 1, 0x86, 0x52]
      case 7:
        body += [0x8a, 8] + littleEndianBytes([extremes[Int.random(in: 0..<extremes.count, using: &random)]])
      default:
        let plain: [UInt8] = [
          0x28, 0x29, 0x5d, 0x7d, 0x8f, 0x85, 0x86, 0x87, 0x74, 0x6c, 0x64, 0x61, 0x65, 0x73, 0x75, 0x90,
          0x91, 0x52,
          0x81, 0x62, 0x30, 0x31, 0x32, 0x51, 0x88, 0x93, 0x94, 0x6f, 0x92,
        ]
        body.append(plain[Int.random(in: 0..<plain.count, using: &random)])
      }
    }
    let keys: [UInt8] = [0x5d] + text("0") + [0x61]
    let head = pickle(magic) + pickle([0x4d, 0xe9, 3]) + pickle([0x7d])
    return head + pickle([0x28] + body + [0x74]) + pickle(keys) + littleEndianBytes([UInt64(4)])
      + [UInt8](repeating: 1, count: 16)
  }

  static let globals = [
    "collections\nOrderedDict", "collections\ndefaultdict", "collections\nCounter", "torch\nFloatStorage",
    "torch\nfloat32", "torch._utils\n_rebuild_tensor_v2", "torch._utils\n_rebuild_tensor_v3",
    "torch._utils\n_rebuild_parameter", "torch._tensor\n_rebuild_from_type_v2", "torch\nTensor",
    "torch\nSize",
    "torch\ndevice", "numpy\ndtype", "numpy\nndarray", "numpy.core.multiarray\nscalar",
    "numpy.core.multiarray\n_reconstruct", "numpy.core.numeric\n_frombuffer", "_codecs\nencode",
    "__builtin__\ngetattr", "__builtin__\nset", "__builtin__\nbytearray", "copy_reg\n_reconstructor",
    "copyreg\n__newobj__", "pathlib\nPosixPath", "argparse\nNamespace", "mmcv.utils.config\nConfigDict",
    "mmcv.utils.config\nConfig", "yacs.config\nCfgNode", "torch.torch_version\nTorchVersion",
  ]

  /// Small limits, so that what they let through is small too.
  static var limits: TorchFile.Limits {
    var limits = TorchFile.Limits()
    limits.allowance = 4 << 20
    limits.nodes = 100_000
    return limits
  }

  /// Lets the process's address space grow by 256 MiB at most.
  static func boundMemory() throws {
    #if canImport(Glibc)
    let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
    guard let current = pages.first.flatMap({ Int($0) }) else { exit(2) }
    let bound = rlim_t(current * Int(getpagesize()) + 256 << 20)
    var limit = rlimit(rlim_cur: bound, rlim_max: bound)
    guard setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { exit(3) }
    #endif
  }

  @Test func `20,000 damaged files are read or refused`() async throws {
    await #expect(processExitsWith: .success) {
      var files = try FuzzTests.names.map { try Fixtures.bytes($0) }
      files += files.filter { $0.starts(with: [0x50, 0x4b]) }.map(FuzzTests.withoutChecksums)
      try FuzzTests.boundMemory()
      let limits = FuzzTests.limits
      var random = FuzzTests.Generator(state: 1)
      var (read, refused) = (0, 0)
      for i in 0..<FuzzTests.count {
        let splice = files[Int.random(in: 0..<files.count, using: &random)]
        let bytes = FuzzTests.damage(files[i % files.count], splice: splice, &random)
        do {
          _ = try TorchFile.read(bytes: bytes, limits: limits)
          read += 1
        } catch {
          guard error is TorchFileError else { exit(4) }
          refused += 1
        }
      }
      // Some damage hits padding or contents without checksums; most is found.
      guard read > FuzzTests.count / 100, refused > FuzzTests.count / 2 else { exit(5) }
    }
  }

  @Test func `20,000 random pickles are read or refused`() async throws {
    await #expect(processExitsWith: .success) {
      try FuzzTests.boundMemory()
      let limits = FuzzTests.limits
      var random = FuzzTests.Generator(state: 2)
      var read = 0
      for _ in 0..<FuzzTests.count {
        do {
          _ = try TorchFile.read(bytes: FuzzTests.program(&random), limits: limits)
          read += 1
        } catch {
          guard error is TorchFileError else { exit(4) }
        }
      }
      guard read > FuzzTests.count / 200 else { exit(5) }
    }
  }
}
