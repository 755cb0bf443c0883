import CKernels

/// What `transform` gives for 0..<`count`, in order, computed by the threads of the pool.
///
/// A call from inside of another one runs on the calling thread. Work that fails does so in order: the error thrown is that of the
/// smallest index.
public func concurrentMap<Result: Sendable>(
  count: Int, _ transform: @Sendable (Int) throws -> Result
) throws -> [Result] {
  try withoutActuallyEscaping(transform) { transform in
    let slots = Slots<Result>(count: count, transform)
    withExtendedLifetime(slots) {
      mm_parallel(
        Int32(count), { context, task, _ in
          guard let context else { return }
          Unmanaged<Work>.fromOpaque(context).takeUnretainedValue().run(Int(task))
        }, Unmanaged<Work>.passUnretained(slots).toOpaque())
    }
    return try slots.values()
  }
}

/// ``concurrentMap(count:_:)`` of work that cannot fail.
public func concurrentMap<Result: Sendable>(count: Int, _ transform: @Sendable (Int) -> Result) -> [Result] {
  let throwing: @Sendable (Int) throws -> Result = transform
  do {
    return try concurrentMap(count: count, throwing)
  } catch {
    preconditionFailure("concurrentMap: work that cannot fail failed: \(error)")
  }
}

private class Work {
  func run(_ index: Int) {}
}

/// One place a result; each is written by one thread and read when all are done.
private final class Slots<Value>: Work {
  private let transform: (Int) throws -> Value
  private let slots: UnsafeMutableBufferPointer<Result<Value, any Error>?>

  init(count: Int, _ transform: @escaping (Int) throws -> Value) {
    self.transform = transform
    slots = .allocate(capacity: count)
    slots.initialize(repeating: nil)
  }

  deinit {
    slots.deinitialize()
    slots.deallocate()
  }

  override func run(_ index: Int) { slots[index] = Result { try transform(index) } }

  func values() throws -> [Value] {
    try slots.map { slot in
      guard let slot else { preconditionFailure("concurrentMap: a task was not run") }
      return try slot.get()
    }
  }
}
