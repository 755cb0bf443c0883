import Core
import Testing

@Suite("Concurrent maps")
struct ConcurrentMapTests {
  struct Failure: Error, Equatable {
    var index: Int
  }

  @Test("give results in order, also from inside of each other")
  func order() {
    let rows = concurrentMap(count: 50) { row in concurrentMap(count: row) { column in row * 100 + column } }
    #expect(rows == (0..<50).map { row in (0..<row).map { row * 100 + $0 } })
    #expect(concurrentMap(count: 0) { $0 }.isEmpty)
  }

  @Test("throw the error of the first of those that fail")
  func errors() {
    #expect(throws: Failure(index: 7)) {
      try concurrentMap(count: 40) { index in
        if index % 8 == 7 { throw Failure(index: index) }
        return index
      }
    }
  }
}
