/// Indices of the `count` largest (smallest) values, best first, as `torch.topk` finds them.
///
/// Which of equal values are taken decides what a model learns from, as when many anchors lie equally far from an object.
/// `torch.topk` leaves that to the standard library of C++; the steps of its `partial_sort` and `nth_element` (of GNU) are
/// followed here. Values that are no numbers count as largest.
func torchTopK(_ values: [Float], _ count: Int, largest: Bool) -> [Int] {
  let count = min(count, values.count)
  if count <= 0 { return [] }
  var queue = PartialOrder(
    values.enumerated().map { index, value in
      let key = value.isNaN ? .infinity : value
      return PartialOrder.Entry(key: largest ? -key : key, index: Int32(truncatingIfNeeded: index))
    })
  if count * 64 <= values.count {
    queue.partialSort(count)
  } else {
    queue.selectNth(count - 1)
  }
  let best = queue.entries.prefix(count)
  // What follows a selection is sorted; the order of equal values among the taken does not show.
  return (count * 64 <= values.count ? Array(best) : best.sorted { ($0.key, $0.index) < ($1.key, $1.index) })
    .map { Int($0.index) }
}

/// Finds the smallest entries of an array, step by step as the GNU C++ library does.
struct PartialOrder {
  struct Entry {
    var key: Float
    var index: Int32
  }

  private(set) var entries: [Entry]

  init(_ entries: [Entry]) { self.entries = entries }

  private func isLess(_ a: Int, _ b: Int) -> Bool { entries[a].key < entries[b].key }

  // MARK: Heaps

  /// Brings the `count` smallest entries to the front, sorted.
  mutating func partialSort(_ count: Int) {
    selectWithHeap(0, count, entries.count)
    var end = count
    while end > 1 {
      end -= 1
      popHeap(0, end, into: end)
    }
  }

  /// Brings the smallest entries of `first..<last` before `middle`, as a heap.
  private mutating func selectWithHeap(_ first: Int, _ middle: Int, _ last: Int) {
    let length = middle - first
    if length > 1 {
      for parent in stride(from: (length - 2) / 2, through: 0, by: -1) {
        sink(entries[first + parent], from: parent, first, length)
      }
    }
    for index in middle..<max(middle, last) where isLess(index, first) { popHeap(first, middle, into: index) }
  }

  /// Puts the top of a heap at `place` and what was there into the heap.
  private mutating func popHeap(_ first: Int, _ last: Int, into place: Int) {
    let value = entries[place]
    entries[place] = entries[first]
    sink(value, from: 0, first, last - first)
  }

  /// Moves a hole down to a leaf, then `value` up from there.
  private mutating func sink(_ value: Entry, from top: Int, _ first: Int, _ length: Int) {
    var (hole, child) = (top, top)
    while child < (length - 1) / 2 {
      child = 2 * (child + 1)
      if isLess(first + child, first + child - 1) { child -= 1 }
      entries[first + hole] = entries[first + child]
      hole = child
    }
    if length % 2 == 0 && child == (length - 2) / 2 {
      child = 2 * (child + 1)
      entries[first + hole] = entries[first + child - 1]
      hole = child - 1
    }
    while hole > top {
      let parent = (hole - 1) / 2
      guard entries[first + parent].key < value.key else { break }
      entries[first + hole] = entries[first + parent]
      hole = parent
    }
    entries[first + hole] = value
  }

  // MARK: Selection

  /// Brings the `nth` smallest entry to its place and smaller ones before it.
  mutating func selectNth(_ nth: Int) {
    var (first, last) = (0, entries.count)
    guard nth < last else { return }
    var depth = 2 * (Int.bitWidth - 1 - last.leadingZeroBitCount)
    while last - first > 3 {
      if depth == 0 {
        selectWithHeap(first, nth + 1, last)
        entries.swapAt(first, nth)
        return
      }
      depth -= 1
      let cut = partition(first, last)
      if cut <= nth { first = cut } else { last = cut }
    }
    for index in (first + 1)..<max(first + 1, last) {
      let value = entries[index]
      var hole = index
      while hole > first && value.key < entries[hole - 1].key {
        entries[hole] = entries[hole - 1]
        hole -= 1
      }
      entries[hole] = value
    }
  }

  /// Splits a range at the median of three of its entries.
  private mutating func partition(_ first: Int, _ last: Int) -> Int {
    let (a, b, c) = (first + 1, first + (last - first) / 2, last - 1)
    let median =
      isLess(a, b) ? (isLess(b, c) ? b : isLess(a, c) ? c : a) : (isLess(a, c) ? a : isLess(b, c) ? c : b)
    entries.swapAt(first, median)
    let pivot = entries[first].key
    var (low, high) = (first + 1, last)
    while true {
      while entries[low].key < pivot { low += 1 }
      high -= 1
      while pivot < entries[high].key { high -= 1 }
      guard low < high else { return low }
      entries.swapAt(low, high)
      low += 1
    }
  }
}
