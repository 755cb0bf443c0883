import Testing

@testable import Core

@Suite struct MemoryPoolTests {
  @Test func `size classes hold their requests and waste little`() {
    var last = 0
    var requests = Array(0...5000)
    for shift in 13...40 {
      let power = 1 << shift
      requests += [power, power + 1, power / 3 * 4 + 7]
    }
    for bytes in requests {
      let (index, size) = MemoryPool.sizeClass(bytes)
      #expect(size >= bytes)
      #expect(bytes < 512 || Double(size) <= 1.125 * Double(bytes) + 64, "\(size) bytes for \(bytes)")
      #expect(MemoryPool.classSize(index) == size)
      if bytes <= 5000 {
        #expect(size >= last)
        last = size
      }
    }
  }

  @Test func `blocks given back are handed out again`() {
    let pool = MemoryPool()
    let (first, capacity) = pool.allocate(10_000)
    #expect(UInt(bitPattern: first) % 64 == 0)
    pool.deallocate(first, capacity: capacity)
    #expect(pool.statistics.live == 0)
    let second = pool.allocate(9_900)  // of the same class
    #expect(second == (first, capacity))
    let statistics = pool.statistics
    #expect(statistics.systemAllocations == 1)
    #expect(statistics.live == statistics.peak && statistics.live == statistics.reserved)
    pool.deallocate(second.pointer, capacity: second.capacity)
    pool.trim()
    #expect(pool.statistics.reserved == 0)
    pool.resetPeak()
    #expect(pool.statistics.peak == 0)
  }

  @Test func `large blocks begin at large pages`() {
    let pool = MemoryPool()
    let (block, capacity) = pool.allocate(5 << 20)
    #expect(UInt(bitPattern: block) % (2 << 20) == 0)
    pool.deallocate(block, capacity: capacity)
    pool.trim()
  }

  @Test func `larger blocks are lent and come back whole`() {
    let pool = MemoryPool()
    let large = pool.allocate(1 << 20, borrows: true)
    pool.deallocate(large.pointer, capacity: large.capacity)
    let strict = pool.allocate(400 << 10, borrows: false)
    #expect(strict.pointer != large.pointer)
    let lent = pool.allocate(400 << 10, borrows: true)
    #expect(lent == large)
    #expect(pool.statistics.live == lent.capacity + strict.capacity)
    pool.deallocate(lent.pointer, capacity: lent.capacity)
    let tiny = pool.allocate(100 << 10, borrows: true)  // less than a quarter
    #expect(tiny.pointer != large.pointer)
    let again = pool.allocate(1 << 20, borrows: false)
    #expect(again == large)
    for block in [strict, tiny, again] { pool.deallocate(block.pointer, capacity: block.capacity) }
    #expect(pool.statistics.live == 0)
    pool.trim()
    #expect(pool.statistics.reserved == 0)
  }
}
