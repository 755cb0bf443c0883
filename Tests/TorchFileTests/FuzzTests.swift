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
    "no-checksums.pth", "protocol4.pth", "legacy-types.pth", "legacy-views.pth", "legacy-kinds.pth", "python2.pth",
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

  /// Runs in a process of its own, whose address space may grow by 256 MiB at most.
  @Test func `20,000 damaged files are read or refused`() async throws {
    await #expect(processExitsWith: .success) {
      let files = try FuzzTests.names.map { try Fixtures.bytes($0) }
      #if canImport(Glibc)
        let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        guard let current = pages.first.flatMap({ Int($0) }) else { exit(2) }
        let bound = rlim_t(current * Int(getpagesize()) + 256 << 20)
        var limit = rlimit(rlim_cur: bound, rlim_max: bound)
        guard setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { exit(3) }
      #endif
      var limits = TorchFile.Limits()
      limits.allowance = 4 << 20
      limits.nodes = 100_000
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
}
