import Core

/// Which points of an image a point head looks at. Points are `(x, y)` in 0...1.
enum PointSampling {
  /// How little the largest of the scores `[N, P, classes]` stands out: `[N, P]`, at most 0.
  static func uncertainty(_ scores: Tensor) -> Tensor {
    let classes = scores.shape[2]
    let values = scores.detached().floats
    var gaps = [Float](repeating: 0, count: values.count / max(1, classes))
    for row in gaps.indices {
      var (first, second) = (-Float.infinity, -Float.infinity)
      for index in (row * classes)..<((row + 1) * classes) {
        let value = values[index]
        if value > first {
          (first, second) = (value, first)
        } else if value > second {
          second = value
        }
      }
      gaps[row] = second - first
    }
    return Tensor(gaps, shape: Array(scores.shape.prefix(2)))
  }

  /// The centres of pixels, by their row-major positions `[N, P]`: `[N, P, 2]`.
  static func centres(_ indices: Tensor, height: Int, width: Int) -> Tensor {
    let (stepX, stepY) = (1 / Float(width), 1 / Float(height))
    var points: [Float] = []
    points.reserveCapacity(2 * indices.count)
    for index in indices.elements(as: Int64.self) {
      let (row, column) = Int(index).quotientAndRemainder(dividingBy: width)
      points.append(stepX / 2 + Float(column) * stepX)
      points.append(stepY / 2 + Float(row) * stepY)
    }
    return Tensor(points, shape: indices.shape + [2])
  }

  /// Points to learn from: of many random ones the least certain, and some that are just random.
  ///
  /// - Parameter scores: of the head before, `[N, classes, H, W]`.
  /// - Throws: `InvalidConfig` where `train_cfg` does not say how many.
  static func trainingPoints(_ scores: Tensor, _ settings: TrainSettings) throws -> Tensor {
    guard let count = settings.points, let oversampling = settings.oversampling,
      let importance = settings.importance
    else {
      throw InvalidConfig(
        "PointHead needs num_points, oversample_ratio and importance_sample_ratio in train_cfg")
    }
    let n = scores.shape[0]
    var generator = RandomGenerator(seed: RandomSource.current.next())
    let drawn = Tensor.uniform([n, Int(Float(count) * oversampling), 2], using: &generator)
    let uncertain = Int(importance * Float(count))
    let order = uncertainty(scores.sampled(at: drawn)).topK(uncertain, axis: 1).indices
    let chosen = drawn.gathered(1, order.unsqueezed(2).expanded(to: [n, uncertain, 2]))
    if uncertain == count { return chosen }
    return .concatenate([chosen, .uniform([n, count - uncertain, 2], using: &generator)], axis: 1)
  }
}

extension Tensor {
  /// Rows of this map `[N, C, H, W]` at points `[N, P, 2]` in 0...1: `[N, P, C]`.
  ///
  /// Mirrors mmcv's `point_sample`.
  func sampled(at points: Tensor, mode: GridSampleMode = .bilinear, alignCorners: Bool = false) -> Tensor {
    let grid = points.scaled(by: 2, adding: -1).unsqueezed(2)
    return gridSample(grid, mode: mode, alignCorners: alignCorners).pixelRows
  }
}
