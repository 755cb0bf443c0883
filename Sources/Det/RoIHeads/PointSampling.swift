import Core

/// Values of feature maps at points of regions, between pixels too. Mirrors mmcv's `point_sample` and its kin.
enum PointSampling {
  /// - Parameters:
  ///   - map: `[N, C, H, W]`.
  ///   - rois: one image's after the other's.
  ///   - points: for each region the same number of points, `x, y` as shares of the region's width and height.
  ///   - scale: how many pixels of the map make one of the image.
  /// - Returns: `[regions, points, C]`.
  static func sample(_ map: Tensor, _ rois: RoIs, _ points: [Float], scale: Float, alignCorners: Bool = false)
    -> Tensor
  {
    let count = points.count / 2 / max(rois.count, 1), channels = map.shape[1]
    let (width, height) = (Float(map.shape[3]), Float(map.shape[2]))
    var parts: [Tensor] = []
    var start = 0
    while start < rois.count {
      let image = rois[image: start]
      var end = start
      while end < rois.count, rois[image: end] == image { end += 1 }
      var grid: [Float] = []
      grid.reserveCapacity((end - start) * count * 2)
      for region in start..<end {
        let box = rois[box: region]
        for point in region * count..<(region + 1) * count {
          let x = (points[2 * point] * box.width + box.x1) / width * scale
          let y = (points[2 * point + 1] * box.height + box.y1) / height * scale
          grid.append(x * 2 - 1)
          grid.append(y * 2 - 1)
        }
      }
      let sampled = map.sliced(0, image..<image + 1).gridSample(
        Tensor(grid, shape: [1, end - start, count, 2]), alignCorners: alignCorners)
      parts.append(sampled.permuted([0, 2, 3, 1]).reshaped([end - start, count, channels]))
      start = end
    }
    if parts.isEmpty { return .zeros([0, count, channels]) }
    return parts.count == 1 ? parts[0] : Tensor.concatenate(parts)
  }

  /// Values of each region's own map `[regions, C, h, w]` at its points: `[regions, points, C]`.
  static func sample(own maps: Tensor, _ points: [Float]) -> Tensor {
    let (n, channels) = (maps.shape[0], maps.shape[1])
    guard n > 0 else { return .zeros([0, 0, channels]) }
    let count = points.count / 2 / n
    let grid = Tensor(points.map { $0 * 2 - 1 }, shape: [n, count, 1, 2])
    return maps.gridSample(grid).permuted([0, 2, 3, 1]).reshaped([n, count, channels])
  }
}
