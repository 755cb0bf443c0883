// Reading of images at given points.
extension Tensor {
  /// Samples images at the points of a grid, as `torch.nn.functional.grid_sample`.
  ///
  /// - Input: `[N, C, H, W]`; the result is `[N, C, H', W']`, channels-last.
  /// - Parameters:
  ///   - grid: `[N, H', W', 2]`, points `(x, y)` with -1 and 1 at the borders of the image.
  ///   - alignCorners: whether -1 and 1 are the centres of the corner pixels instead of their outer edges.
  public func gridSample(
    _ grid: Tensor, mode: GridSampleMode = .bilinear, padding: GridSamplePadding = .zeros,
    alignCorners: Bool = false
  ) -> Tensor {
    requireImage("gridSample")
    precondition(
      grid.rank == 4 && grid.shape[0] == shape[0] && grid.shape[3] == 2 && grid.dtype == .float32,
      "Tensor.gridSample: a float32 grid of [\(shape[0]), H', W', 2], found \(grid.dtype) \(grid.shape)")
    precondition(
      shape[2] > 0 && shape[3] > 0, "Tensor.gridSample: an image of at least one pixel, found \(shape)")
    let sampling = GridSampling(mode: mode, padding: padding, alignCorners: alignCorners)
    let isRecording = Tape.isRecording(self, grid)
    let (wantsImage, wantsGrid) = (requiresGradient, grid.requiresGradient)
    let x = channelsLastDetached()
    let points = grid.contiguousDetached()
    let y = backend.gridSample(x, grid: points, sampling)
    return Tape.record(
      "grid_sample", ["mode": .string(mode.rawValue)], inputs: [self, grid], output: y,
      saving: isRecording ? [x, points] : []
    ) { gradient in
      let values = gradient.backend.gridSampleGradient(
        gradient, x: x, grid: points, sampling, wantsImage: wantsImage, wantsGrid: wantsGrid)
      return [values.image, values.grid]
    }
  }
}
