/// Where a tensor lives and which backend computes on it.
public enum Device: Sendable, Equatable, CustomStringConvertible {
  case cpu

  public var description: String { "cpu" }

  /// The backend that computes on tensors of this device.
  var backend: any Backend {
    switch self {
    case .cpu: CPUBackend.shared
    }
  }
}

/// The memory behind one or more tensors.
///
/// Views share it. Its bytes change only through operations named `...InPlace`, each of which moves `version` on; that
/// is how a backward pass notices that a value which it needs is gone, and a packed copy of a weight that it is stale.
public final class Storage {
  public let device: Device
  public let byteCount: Int
  /// Counts changes of the contents.
  public private(set) var version = 0
  /// Only backends use it.
  let pointer: UnsafeMutableRawPointer
  /// Bytes of the block, `byteCount` or more.
  private let capacity: Int
  /// What a backend derived from the contents at `version` (packed weights), by a key of its own.
  private var derived: [String: (version: Int, value: AnyObject)] = [:]

  /// Memory for `byteCount` bytes, undefined until written.
  init(byteCount: Int, device: Device = .cpu) {
    (self.byteCount, self.device) = (byteCount, device)
    (pointer, capacity) = MemoryPool.shared.allocate(byteCount)
  }

  deinit {
    MemoryPool.shared.deallocate(pointer, capacity: capacity)
  }

  /// Notes that the contents change, and lets go of what was derived from them.
  func touch() {
    version += 1
    if !derived.isEmpty { derived = [:] }
  }

  /// The value that `make` derives from the contents, made again only after they changed.
  func derive<Value: AnyObject>(_ key: String, _ make: () -> Value) -> Value {
    if let (version, value) = derived[key], version == self.version, let value = value as? Value {
      return value
    }
    let value = make()
    derived[key] = (version, value)
    return value
  }
}
