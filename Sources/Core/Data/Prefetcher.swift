import Foundation
import Synchronization

/// Makes the items of a range ahead of their use, on threads of its own, and gives them out in order.
public final class Prefetcher<Item: Sendable>: Sendable {
  private struct State {
    /// The next item to start, and the next to give out.
    var started: Int
    var given: Int
    var ready: [Int: Result<Item, any Error>] = [:]
    var isStopped = false
  }

  private let range: Range<Int>
  private let ahead: Int
  private let workers: Int
  private let load: @Sendable (Int) throws -> Item
  private let condition = NSCondition()
  private let state: Mutex<State>

  /// - Parameters:
  ///   - workers: threads; 0 makes each item when it is asked for.
  ///   - ahead: how many items each worker may be ahead.
  public init(
    range: Range<Int>, workers: Int, ahead: Int = 2, load: @escaping @Sendable (Int) throws -> Item
  ) {
    (self.range, self.workers, self.load) = (range, max(0, workers), load)
    self.ahead = max(1, workers) * ahead
    state = Mutex(State(started: range.lowerBound, given: range.lowerBound))
    for _ in 0..<min(self.workers, range.count) {
      let thread = Thread { [self] in work() }
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  /// The next item, or `nil` after the last.
  ///
  /// - Throws: the error with which that item failed.
  public func next() throws -> Item? {
    if workers == 0 {
      let index = state.withLock { state in
        defer { state.given += 1 }
        return state.given
      }
      return range.contains(index) ? try load(index) : nil
    }
    condition.lock()
    defer { condition.unlock() }
    while true {
      let result: Result<Item, any Error>?? = state.withLock { state in
        if state.given >= range.upperBound || state.isStopped { return .some(nil) }
        guard let result = state.ready.removeValue(forKey: state.given) else { return nil }
        state.given += 1
        return result
      }
      if let result {
        condition.broadcast()
        return try result?.get()
      }
      condition.wait()
    }
  }

  /// Lets the workers end after the item that each works on.
  public func stop() {
    condition.lock()
    state.withLock { $0.isStopped = true }
    condition.broadcast()
    condition.unlock()
  }

  private func work() {
    while let index = claim() {
      let result = Result { try load(index) }
      condition.lock()
      state.withLock { $0.ready[index] = result }
      condition.broadcast()
      condition.unlock()
    }
  }

  /// The next item to make; waits while enough are ready. `nil` when there is nothing left to do.
  private func claim() -> Int? {
    condition.lock()
    defer { condition.unlock() }
    while true {
      let index: Int?? = state.withLock { state in
        if state.isStopped || state.started >= range.upperBound { return .some(nil) }
        guard state.started < state.given + ahead else { return nil }
        state.started += 1
        return state.started - 1
      }
      if let index { return index }
      condition.wait()
    }
  }
}
