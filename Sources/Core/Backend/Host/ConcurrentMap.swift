import CKernels

/// What `transform` gives for 0..<`count`, in order, computed by the threads of the pool.
///
/// A call from inside of another one runs on the calling thread. Work that fails does so in order: the error thrown
/// is that of the smallest index.
public func concurrentMap<Value: Sendable>(
  count: Int, _ transform: @Sendable (Int) throws -> Value
) throws -> [Value] {
  try withoutActuallyEscaping(transform) { transform in
    try Slots(count: count) { index in Result { try transform(index) } }.filled().map { try $0.get() }
  }
}

/// ``concurrentMap(count:_:)`` of work that cannot fail.
public func concurrentMap<Value: Sendable>(count: Int, _ transform: @Sendable (Int) -> Value) -> [Value] {
  withoutActuallyEscaping(transform) { transform in
    Slots(count: count) { index in transform(index) }.filled()
  }
}

private class Work {
  func run(_ index: Int) {}
}

/// One place a result; each is written by one thread and read when all are done.
private final class Slots<Value>: Work {
  private let transform: (Int) -> Value
  private let slots: UnsafeMutableBufferPointer<Value?>

  init(count: Int, _ transform: @escaping (Int) -> Value) {
    self.transform = transform
    slots = .allocate(capacity: count)
    slots.initialize(repeating: nil)
  }

  deinit {
    slots.deinitialize()
    slots.deallocate()
  }

  override func run(_ index: Int) { slots[index] = transform(index) }

  /// Runs all tasks.
  func filled() -> [Value] {
    withExtendedLifetime(self) {
      mm_parallel(
        Int32(slots.count),
        { context, task, _ in
          guard let context else { return }
          Unmanaged<Work>.fromOpaque(context).takeUnretainedValue().run(Int(task))
        }, Unmanaged<Work>.passUnretained(self).toOpaque())
    }
    return slots.map { slot in
      guard let slot else { preconditionFailure("concurrentMap: a task was not run") }
      return slot
    }
  }
}
