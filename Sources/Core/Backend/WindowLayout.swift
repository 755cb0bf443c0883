/// How a map of tokens is cut into windows that attention stays within.
///
/// The map is filled up with padding below and to the right until windows tile it, and perhaps shifted up and to the left
/// first, what leaves at one end entering at the other.
public struct WindowLayout: Sendable, Hashable {
  /// Which tokens of one window must not see each other.
  public enum Separation: Sendable, Hashable {
    case none
    /// Those that only the shift has brought together. Scores get -100.
    case shifted
    /// Tokens and padding. Scores get -1000. As in the original, only where there is padding on both axes.
    case padding
  }

  /// Of the map.
  public var size: Pair
  /// Side of a window.
  public var window: Int
  public var shift = 0
  public var separation = Separation.none

  public init(_ size: Pair, window: Int, shift: Int = 0, separation: Separation = .none) {
    precondition(
      window > 0 && (0..<window).contains(shift) && size.h > 0 && size.w > 0,
      "WindowLayout: a window and a smaller shift, found \(window), \(shift) for a map of \(size)")
    (self.size, self.window, self.shift, self.separation) = (size, window, shift, separation)
  }

  /// The size that windows tile.
  public var padded: Pair {
    Pair(h: (size.h + window - 1) / window * window, w: (size.w + window - 1) / window * window)
  }

  /// How many windows there are along each axis.
  public var windows: Pair { Pair(h: padded.h / window, w: padded.w / window) }
  /// Tokens of a window.
  public var tokens: Int { window * window }
  public var hasPadding: Bool { padded != size }

  var penalty: Float { separation == .padding ? -1000 : -100 }

  /// The place in the map of each token of each window, -1 for padding: `[windows, tokens]`.
  var places: [Int32] {
    table { y, x in y < size.h && x < size.w ? Int32(y * size.w + x) : -1 }
  }

  /// Numbers of which tokens that may see each other have the same: `[windows, tokens]`; `nil` where all may.
  var regions: [Int32]? {
    switch separation {
    case .none: return nil
    case .shifted:
      guard shift > 0 else { return nil }
      func part(_ position: Int, _ size: Int) -> Int32 {
        position < size - window ? 0 : position < size - shift ? 1 : 2
      }
      // The shifted map's own positions count.
      return shiftedTable { y, x in 3 * part(y, padded.h) + part(x, padded.w) }
    case .padding:
      guard padded.h > size.h, padded.w > size.w else { return nil }
      return table { y, x in y < size.h && x < size.w ? 0 : 1 }
    }
  }

  /// `value` at each position of the padded map, in the order of the windows.
  private func table(_ value: (_ y: Int, _ x: Int) -> Int32) -> [Int32] {
    shiftedTable { y, x in
      let (h, w) = (padded.h, padded.w)
      return value(y + shift < h ? y + shift : y + shift - h, x + shift < w ? x + shift : x + shift - w)
    }
  }

  /// `value` at each position of the padded and shifted map, in the order of the windows.
  private func shiftedTable(_ value: (_ y: Int, _ x: Int) -> Int32) -> [Int32] {
    let grid = windows
    var result = [Int32](repeating: 0, count: grid.h * grid.w * tokens)
    var index = 0
    for row in 0..<grid.h {
      for column in 0..<grid.w {
        for y in (row * window)..<((row + 1) * window) {
          for x in (column * window)..<((column + 1) * window) {
            result[index] = value(y, x)
            index += 1
          }
        }
      }
    }
    return result
  }
}
