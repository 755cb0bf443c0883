import Core

extension EncoderDecoder {
  /// Scores of the pixels of `images`, `[N, outChannels, H, W]`, before softmax or sigmoid.
  ///
  /// - Throws: `InvalidConfig` where the images cannot go through the model.
  public func scores(_ images: Tensor) throws -> Tensor {
    try smallScores(images).resized(like: images, alignCorners: lastHead.alignCorners)
  }

  /// The same at the size at which the last head gives them.
  private func smallScores(_ images: Tensor) throws -> Tensor {
    let features = try features(images)
    var scores: Tensor?
    for head in stages { scores = try head.predict(features, previous: scores, testSettings) }
    guard let scores else { throw InvalidConfig("a segmentor needs a decode_head") }
    return scores
  }

  /// Scores where windows that slide over the images overlap are averaged.
  private func slidingScores(_ images: Tensor, size: Pair, stride: Pair) throws -> Tensor {
    let (n, h, w) = (images.shape[0], images.shape[2], images.shape[3])
    /// Where windows begin and end along one axis: the last ones are moved inwards.
    func windows(_ length: Int, _ size: Int, _ stride: Int) -> [Range<Int>] {
      let count = max(length - size + stride - 1, 0) / stride + 1
      return (0..<count).map { index in
        let end = min(index * stride + size, length)
        return max(end - size, 0)..<end
      }
    }
    let (rows, columns) = (windows(h, size.h, stride.h), windows(w, size.w, stride.w))
    if rows.count * columns.count == 1 { return try scores(images) }
    let sum = Tensor.zeros([n, lastHead.outChannels, h, w]).channelsLast()
    for row in rows {
      for column in columns {
        let scores = try scores(images.sliced(2, row).sliced(3, column))
        let part = sum.sliced(2, row).sliced(3, column)
        part.assignInPlace(part + scores)
      }
    }
    func coverage(_ windows: [Range<Int>], _ length: Int) -> [Float] {
      windows.reduce(into: [Float](repeating: 0, count: length)) { counts, window in
        for at in window { counts[at] += 1 }
      }
    }
    let counts =
      Tensor(coverage(rows, h), shape: [1, 1, h, 1]) * Tensor(coverage(columns, w), shape: [1, 1, 1, w])
    return sum / counts
  }

  /// Scores of one view without its padding, at a size from which they are yet to be resized to the original
  /// picture's.
  private func croppedScores(_ view: SegmentationBatch, _ meta: ImageMeta) throws -> Tensor {
    let images = view.images
    // Padding was put below and to the right.
    let (h, w) = (min(meta.imageShape[0], images.shape[2]), min(meta.imageShape[1], images.shape[3]))
    let isPadded = [h, w] != images.shape[2...]
    let scores: Tensor
    switch testSettings.mode {
    case .whole:
      // A resizing to the size that the picture has already is left out: the one to come does it.
      if !isPadded && [h, w] == meta.originalShape.prefix(2) { return try smallScores(images) }
      scores = try self.scores(images)
    case .slide(let size, let stride): scores = try slidingScores(images, size: size, stride: stride)
    }
    return isPadded ? scores.sliced(2, 0..<h).sliced(3, 0..<w) : scores
  }

  public func predict(views: [SegmentationBatch]) throws -> [LabelMap] {
    guard !views.isEmpty else { throw InvalidConfig("a prediction needs at least one view of the pictures") }
    guard lastHead.outChannels <= 256 else {
      throw InvalidConfig("label maps hold at most 256 classes, found \(lastHead.outChannels)")
    }
    return try withoutGradient {
      var total: Tensor?
      for view in views {
        let meta = try sharedMeta(view)
        let size = Array(meta.originalShape.prefix(2))
        var scores = try croppedScores(view, meta)
        if views.count == 1 && lastHead.outChannels > 1 {
          // Softmax keeps the order of scores: for one view the largest score says enough.
          let labels = scores.resizedArgmax(
            size: Pair(h: size[0], w: size[1]), alignCorners: lastHead.alignCorners)
          return labelMaps(
            meta.isFlipped ? labels.flipped([meta.flipDirection == "vertical" ? 1 : 2]) : labels)
        }
        scores = scores.resized(to: size, alignCorners: lastHead.alignCorners)
        scores = lastHead.outChannels == 1 ? scores.sigmoid() : scores.softmax(1)
        if meta.isFlipped { scores = scores.flipped([meta.flipDirection == "vertical" ? 2 : 3]) }
        total = total.map { $0 + scores } ?? scores
      }
      guard var scores = total else { return [] }
      if lastHead.outChannels == 1 {
        if views.count > 1 { scores = scores / Float(views.count) }
        return labelMaps(
          scores.compared(.greater, lastHead.threshold ?? 0.3).converted(to: .uint8).squeezed(1))
      }
      return labelMaps(scores.argmax(1).converted(to: .uint8))
    }
  }

  /// What is known of all pictures of a batch.
  ///
  /// - Throws: `InvalidConfig` unless it is the same for all of them.
  private func sharedMeta(_ view: SegmentationBatch) throws -> ImageMeta {
    guard let meta = view.metas.first, view.metas.count == view.images.shape[0] else {
      throw InvalidConfig(
        "each of \(view.images.shape[0]) pictures needs its meta data, found \(view.metas.count)")
    }
    guard
      view.metas.allSatisfy({
        $0.originalShape == meta.originalShape && $0.imageShape == meta.imageShape
          && $0.isFlipped == meta.isFlipped
          && $0.flipDirection == meta.flipDirection
      })
    else { throw InvalidConfig("pictures that are tested together must have one size and one flip") }
    guard meta.originalShape.count >= 2, meta.imageShape.count >= 2,
      (meta.originalShape.prefix(2) + meta.imageShape.prefix(2)).allSatisfy({ $0 > 0 })
    else { throw InvalidConfig("pictures must have at least one pixel, found \(meta.originalShape)") }
    if meta.isFlipped, let direction = meta.flipDirection, direction != "horizontal", direction != "vertical"
    {
      throw InvalidConfig("flip_direction must be horizontal or vertical in testing, found '\(direction)'")
    }
    return meta
  }

  /// - Parameter labels: `[N, H, W]`, `uint8`.
  private func labelMaps(_ labels: Tensor) -> [LabelMap] {
    labels.unbound().map {
      LabelMap(height: $0.shape[0], width: $0.shape[1], labels: $0.elements(as: UInt8.self))
    }
  }
}
