import Core

/// Spreads masks around pixels over the whole image.
///
/// A pixel's mask says how it goes with those around it; what lies outside of the image is dropped and what the
/// mask does not reach is 0. Mirrors mmcv's `PSAMask`.
struct PointwiseSpatialMask {
  enum Kind {
    /// `y[q, p]` is what pixel `p` says of `q`.
    case collect
    /// `y[q, p]` is what pixel `q` says of `p`.
    case distribute
  }

  let size: Pair

  /// - Parameter masks: `[N, size.h · size.w, H, W]`.
  /// - Returns: `[N, H · W, H · W]`, for each pixel of the second axis and each of the last.
  func callAsFunction(_ masks: Tensor, _ kind: Kind) -> Tensor {
    let (n, h, w) = (masks.shape[0], masks.shape[2], masks.shape[3])
    let pixels = h * w
    let half = Pair(h: (size.h - 1) / 2, w: (size.w - 1) / 2)
    let outside = Int64(size.h * size.w)
    // Which element of its mask pixel p has for pixel q.
    var places = [Int64](repeating: outside, count: pixels * pixels)
    for p in 0..<pixels {
      for y in max(0, p / w - half.h)..<max(0, p / w - half.h, min(h, p / w - half.h + size.h)) {
        for x in max(0, p % w - half.w)..<max(0, p % w - half.w, min(w, p % w - half.w + size.w)) {
          places[(y * w + x) * pixels + p] = Int64((y - p / w + half.h) * size.w + x - p % w + half.w)
        }
      }
    }
    let index = Tensor(places, shape: [1, pixels, pixels]).expanded(to: [n, pixels, pixels])
    let rows = masks.reshaped([n, size.h * size.w, pixels])
    let spread = Tensor.concatenate([rows, Tensor.zeros([n, 1, pixels])], axis: 1).gathered(1, index)
    return kind == .collect ? spread : spread.transposed()
  }
}
