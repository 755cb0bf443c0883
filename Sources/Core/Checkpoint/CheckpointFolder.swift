import Foundation
import Glibc
import PyConfig
import TorchFile

/// The checkpoints of a run: files in a folder, and which of them is the latest.
public struct CheckpointFolder: Sendable {
  public let path: String

  public init(_ path: String) { self.path = path }

  public func file(_ name: String) -> String { path.hasSuffix("/") ? path + name : "\(path)/\(name)" }

  /// Lets `latest.pth` point to `name`: a symbolic link or, where links do not work, a copy.
  ///
  /// A link is made beside the old one and renamed over it: there is a whole `latest.pth` at every moment.
  public func markLatest(_ name: String) throws {
    let latest = file("latest.pth")
    let temporary = file(".latest.\(getpid()).part")
    unlink(temporary)
    if symlink(name, temporary) == 0 {
      if rename(temporary, latest) == 0 { return }
      unlink(temporary)
    }
    let source = try FileHandle(forReadingFrom: URL(fileURLWithPath: file(name)))
    defer { try? source.close() }
    try AtomicFile.write(to: latest) { writer in
      while let part = try source.read(upToCount: 8 << 20), !part.isEmpty { try writer.write([UInt8](part)) }
    }
  }

  /// Removes the temporary files of processes that were killed while they wrote a checkpoint.
  public func removeLeftovers() {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
      // `.epoch_3.pth.<process>-<number>.part` and `.latest.<process>.part`
      guard name.hasPrefix("."), name.hasSuffix(".part") else { continue }
      let parts = name.dropLast(5).split(separator: ".")
      guard parts.count >= 2, let last = parts.last, let process = Int32(last.prefix { $0 != "-" }),
        process > 0
      else { continue }
      if kill(process, 0) != 0, errno == ESRCH { unlink(file(name)) }
    }
  }

  /// The checkpoint to go on from: `latest.pth` or, if that doesn't open, the newest of the run's files that does.
  ///
  /// - Parameter skipped: called with the path and the reason for each file that was tried in vain.
  public func latestUsable(skipped: (_ path: String, _ reason: any Error) -> Void = { _, _ in })
    -> (path: String, checkpoint: Checkpoint)?
  {
    var tried = Set<String>()
    for path in candidates {
      let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      guard tried.insert(target).inserted else { continue }
      do {
        let checkpoint = try Checkpoint(path: path)
        guard checkpoint.meta["iter"]?.int != nil, checkpoint.meta["epoch"]?.int != nil else {
          throw CheckpointError(path: path, "the meta data must have 'epoch' and 'iter'")
        }
        return (path, checkpoint)
      } catch {
        skipped(path, error)
      }
    }
    return nil
  }

  /// `latest.pth`, then the run's other checkpoints from the one with the highest number down.
  private var candidates: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let numbered = names.compactMap { name -> (name: String, kind: String, number: Int)? in
      guard name.hasSuffix(".pth"), !name.hasPrefix("best_"), !name.hasPrefix(".") else { return nil }
      let stem = name.dropLast(4)
      guard let bar = stem.lastIndex(of: "_"), let number = Int(stem[stem.index(after: bar)...]) else {
        return nil
      }
      return (name, String(stem[..<bar]), number)
    }
    // Numbers of one kind can be compared; kinds are told apart by the time of their files.
    func modified(_ name: String) -> Double {
      let attributes = try? FileManager.default.attributesOfItem(atPath: file(name))
      return (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
    }
    let kinds = Dictionary(grouping: numbered, by: \.kind)
    let newest = kinds.mapValues { group in group.map { modified($0.name) }.max() ?? 0 }
    let ordered = numbered.sorted { a, b in
      a.kind == b.kind ? a.number > b.number : (newest[a.kind] ?? 0, a.kind) > (newest[b.kind] ?? 0, b.kind)
    }
    let latest = names.contains("latest.pth") ? [file("latest.pth")] : []
    return latest + ordered.map { file($0.name) }
  }
}
