import Core
import Foundation

/// Times cases of this suite for `compare.py`, which asks for repetitions over standard input while the peers sleep.
///
///     bench serve CASE [BATCH]     prints `ready`, then for every line `N` the milliseconds of N repetitions;
///                                  for the line `memory` the peak memory in MiB
///     bench gradients WEIGHTS OUT batch|running  a training step on given weights and images: loss and gradients to a file
///     bench loader FOLDER WORKERS  images a second of the ImageNet training pipeline over a folder of JPEGs
@main
struct Bench {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    switch arguments.first {
    case "serve" where arguments.count >= 2:
      try serve(makeCase(arguments[1], batch: arguments.count > 2 ? Int(arguments[2]) ?? 1 : 1))
    case "gradients" where arguments.count == 4:
      try writeGradients(
        weights: arguments[1], to: arguments[2], runningStatistics: arguments[3] == "running")
    case "loader" where arguments.count == 3:
      try measureLoader(folder: arguments[1], workers: Int(arguments[2]) ?? 2)
    default:
      FileHandle.standardError.write(
        Data(
          "usage: bench serve CASE [BATCH] | gradients WEIGHTS OUT batch|running | loader FOLDER WORKERS\n"
            .utf8))
      exit(2)
    }
  }

  private static func serve(_ run: () throws -> Void) throws {
    for _ in 0..<2 { try run() }
    answer("ready")
    let clock = ContinuousClock()
    while let line = readLine() {
      if line == "memory" {
        answer("\(peakMemory())")
        continue
      }
      let times = try (0..<(Int(line) ?? 1)).map { _ in
        let time = try clock.measure { try run() }
        return Double(time.components.seconds) * 1e3 + Double(time.components.attoseconds) * 1e-15
      }
      answer(times.map { String(format: "%.4f", $0) }.joined(separator: " "))
    }
  }

  private static func answer(_ text: String) {
    print(text)
    fflush(nil)
  }

  /// Peak resident memory in MiB.
  private static func peakMemory() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss / 1024
  }
}
