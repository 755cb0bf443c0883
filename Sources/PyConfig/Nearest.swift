/// The word among `candidates` that `word` was probably meant to be, or `nil` if none is near.
///
/// A candidate is near if at most a third of its letters must be changed, inserted, dropped or swapped with their
/// neighbour (one change is allowed in words of two letters), case not counted. The first of equals wins.
public func nearest(_ word: String, among candidates: some Sequence<String>) -> String? {
  let wanted = Array(word.lowercased().unicodeScalars.prefix(200))
  var best: (word: String, distance: Int)?
  for candidate in candidates where candidate != word {
    let letters = Array(candidate.lowercased().unicodeScalars.prefix(200))
    let cutoff = max(letters.count, wanted.count) < 3 ? 1 : (max(letters.count, wanted.count) + 1) / 3
    let limit = min(cutoff, best.map { $0.distance - 1 } ?? cutoff)
    guard limit >= 0, abs(letters.count - wanted.count) <= limit else { continue }
    let distance = editDistance(wanted, letters)
    if distance <= limit, distance < max(letters.count, wanted.count) { best = (candidate, distance) }
  }
  return best?.word
}

/// `; did you mean 'x'?` or nothing.
func hint(_ word: String, among candidates: some Sequence<String>) -> String {
  nearest(word, among: candidates).map { "; did you mean '\($0)'?" } ?? ""
}

/// The restricted Damerau-Levenshtein distance.
private func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
  var before: [Int] = []
  var previous = Array(0...b.count)
  for i in 0..<a.count {
    var row = [i + 1]
    row.reserveCapacity(b.count + 1)
    for j in 0..<b.count {
      var cost = min(previous[j + 1] + 1, row[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
      row.append(cost)
    }
    (before, previous) = (previous, row)
  }
  return previous[b.count]
}
