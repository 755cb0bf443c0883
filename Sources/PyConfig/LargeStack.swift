import Foundation
import Synchronization

private final class Box<Value: Sendable>: Sendable {
  let value = Mutex<Value?>(nil)
}

/// Runs `body` to its end on a thread of its own whose stack holds the deepest nesting that the limits allow, however
/// small the caller's is.
func onLargeStack<Value: Sendable>(_ body: @escaping @Sendable () throws(ConfigError) -> Value)
  throws(ConfigError)
  -> Value
{
  let box = Box<Result<Value, ConfigError>>(), done = DispatchSemaphore(value: 0)
  let thread = Thread {
    let result: Result<Value, ConfigError>
    do throws(ConfigError) {
      result = .success(try body())
    } catch {
      result = .failure(error)
    }
    box.value.withLock { $0 = result }
    done.signal()
  }
  thread.stackSize = 16 << 20
  thread.start()
  done.wait()
  guard let result = box.value.withLock({ $0 }) else {
    preconditionFailure("onLargeStack: the thread must leave a result")
  }
  return try result.get()
}
