import CKernels
import Glibc
import Synchronization

/// A caching allocator: blocks given back are kept by size class and handed out again.
///
/// A repeated training step asks for the same sizes in the same order, so after the first steps nothing new is taken
/// from the system. Eight classes an octave keep waste below 12.5 %.
///
/// Where no gradient is recorded results live for a moment only, and memory that was never touched is slow: a large
/// request then takes a kept block of up to four times its size before it goes to the system.
public final class MemoryPool: Sendable {
  /// The pool that all tensors of the process share.
  public static let shared = MemoryPool()

  /// What a pool has handed out and holds, in bytes.
  public struct Statistics: Sendable, Equatable {
    /// Bytes in use now.
    public var live = 0
    /// The most bytes in use at any time since the last `resetPeak()`.
    public var peak = 0
    /// Bytes taken from the system, in use or cached.
    public var reserved = 0
    /// Blocks taken from the system since the pool was made.
    public var systemAllocations = 0
  }

  private static let classCount = 64 * 8
  /// The smallest request that takes a block of a larger class.
  private static let smallestLoan = 64 << 10

  private struct State: ~Copyable {
    var free: [[UInt]] = Array(repeating: [], count: MemoryPool.classCount)
    var statistics = Statistics()
  }
  private let state = Mutex(State())

  init() {}

  public var statistics: Statistics { state.withLock { $0.statistics } }

  /// Starts a new measurement of `Statistics.peak`.
  public func resetPeak() {
    state.withLock { $0.statistics.peak = $0.statistics.live }
  }

  /// Gives all cached blocks back to the system.
  public func trim() {
    state.withLock { state in
      for index in state.free.indices {
        for address in state.free[index] {
          Glibc.free(UnsafeMutableRawPointer(bitPattern: address))
          state.statistics.reserved -= Self.classSize(index)
        }
        state.free[index] = []
      }
    }
  }

  /// A block of at least `bytes` bytes, 64-byte aligned; its contents are undefined.
  ///
  /// - Parameter borrows: whether a block of a larger class will do.
  /// - Returns: the block and the bytes that it really has.
  func allocate(_ bytes: Int, borrows: Bool = mm_grad_enabled() == 0) -> (
    pointer: UnsafeMutableRawPointer, capacity: Int
  ) {
    let (index, size) = Self.sizeClass(bytes)
    let last = borrows && size >= Self.smallestLoan ? min(index + 16, Self.classCount - 1) : index
    let cached: (address: UInt, size: Int)? = state.withLock { state in
      let found = (index...last).first { !state.free[$0].isEmpty }
      let taken = found.map(Self.classSize) ?? size
      state.statistics.live += taken
      state.statistics.peak = max(state.statistics.peak, state.statistics.live)
      if let found, let address = state.free[found].popLast() { return (address, taken) }
      state.statistics.reserved += size
      state.statistics.systemAllocations += 1
      return nil
    }
    if let cached, let pointer = UnsafeMutableRawPointer(bitPattern: cached.address) {
      return (pointer, cached.size)
    }
    var pointer: UnsafeMutableRawPointer?
    let huge = size >= 4 << 20
    guard posix_memalign(&pointer, huge ? 2 << 20 : 64, size) == 0, let pointer else {
      fatalError("MemoryPool.allocate: the system has no \(size) bytes left")
    }
    if huge { madvise(pointer, size, 14 /* MADV_HUGEPAGE */) }
    return (pointer, size)
  }

  /// Takes back a block that ``allocate(_:borrows:)`` gave, with its capacity.
  func deallocate(_ pointer: UnsafeMutableRawPointer, capacity: Int) {
    let (index, size) = Self.sizeClass(capacity)
    state.withLock { state in
      state.free[index].append(UInt(bitPattern: pointer))
      state.statistics.live -= size
    }
  }

  /// The class of a request: its index and the bytes that its blocks have.
  static func sizeClass(_ bytes: Int) -> (index: Int, size: Int) {
    precondition(bytes >= 0 && bytes < 1 << 47, "MemoryPool.allocate: at most 2^47 bytes, found \(bytes)")
    let units = max(8, (bytes + 63) >> 6)  // of 64 bytes
    let octave = Int.bitWidth - 1 - (units - 1).leadingZeroBitCount  // 2^octave <= units - 1
    let shift = max(0, octave - 3)
    let mantissa = ((units - 1) >> shift) + 1  // rounded up
    let index = shift * 8 + mantissa
    return (index, (mantissa << shift) << 6)
  }

  static func classSize(_ index: Int) -> Int {
    // `mantissa` is 8...16; 16 of one octave equals 8 of the next, so an index is unique to a size up to that overlap.
    let shift = (index - 8) / 8
    let mantissa = index - shift * 8
    return (mantissa << shift) << 6
  }
}
