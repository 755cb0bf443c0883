import Core

/// Operations of detectors by name, as mmcv has them. Shapes and boxes are those of `mmcv_peers.py`.
let detectionOperations: [String: @Sendable () -> () throws -> Void] = [
  "roi_align": {
    let (x, boxes) = (detectionMap(), regions())
    let pooling = RegionPooling(.alignAverage, output: 7, samplingRatio: 0, isAligned: true)
    return { withoutGradient { _ = Tensor.poolingRegions([x], scales: [0.25], boxes: boxes, pooling) } }
  },
  "roi_align-step": {
    let (x, boxes) = (detectionMap(), regions())
    let pooling = RegionPooling(.alignAverage, output: 7, samplingRatio: 0, isAligned: true)
    return {
      let map = Parameter(x)
      Tensor.poolingRegions([map.value], scales: [0.25], boxes: boxes, pooling).sum().backward()
    }
  },
  "deform_conv": {
    let (x, offset, weight) = deformable()
    return { withoutGradient { _ = x.deformConv2d(offset: offset, weight, padding: 1) } }
  },
  "deform_conv-step": {
    let (x, offset, weight) = deformable()
    return {
      let (map, moved, kernel) = (Parameter(x), Parameter(offset), Parameter(weight))
      map.value.deformConv2d(offset: moved.value, kernel.value, padding: 1).sum().backward()
    }
  },
  "nms": {
    // In the order of their scores, as the suppression gets them.
    let boxes = regions(2000).enumerated().filter { $0.offset % 5 != 0 }.map(\.element)
    return { _ = BoxKernels.suppress(boxes, threshold: 0.7) }
  },
]

private func detectionMap() -> Tensor {
  var generator = RandomGenerator(seed: 4)
  return Tensor.normal([1, 200, 304, 256], using: &generator).permuted([0, 3, 1, 2])
}

private func deformable() -> (Tensor, offset: Tensor, weight: Tensor) {
  var generator = RandomGenerator(seed: 5)
  return (
    Tensor.normal([1, 50, 76, 256], using: &generator).permuted([0, 3, 1, 2]),
    Tensor.normal([1, 50, 76, 18], using: &generator).permuted([0, 3, 1, 2]),
    Tensor.normal([256, 256, 3, 3], using: &generator)
  )
}

/// Boxes in a picture of 1216 x 800, by a formula: image, x1, y1, x2, y2.
private func regions(_ count: Int = 512) -> [Float] {
  (0..<count).flatMap { i -> [Float] in
    let (x, y) = (Float(i * 7919 % 1100), Float(i * 6007 % 700))
    let (width, height) = (Float(16 + i * 4733 % 200), Float(16 + i * 3571 % 160))
    return [0, x, y, min(x + width, 1215), min(y + height, 799)]
  }
}
