import Core

/// What mask heads are trained to predict.
extension InstanceMasks {
  /// The masks of objects inside of boxes, at one size: `crop_and_resize`.
  ///
  /// Bitmaps are averaged as RoIAlign does (`aligned`, as many samples a bin as it has pixels) and cut at one half;
  /// polygons are cropped and scaled as such.
  /// - Parameters:
  ///   - boxes: in pixels of this picture, finite.
  ///   - objects: for each box the number of its object.
  public func croppedAndResized(boxes: Boxes, objects: [Int], width newWidth: Int, height newHeight: Int)
    -> InstanceMasks
  {
    check(boxes, objects)
    switch shapes {
    case .polygons(let shapes):
      let resized = boxes.indices.map { index in
        let box = boxes[index]
        let scaleX = Double(newWidth) / Double(max(box.width, 1))
        let scaleY = Double(newHeight) / Double(max(box.height, 1))
        let (left, top) = (Double(box.x1), Double(box.y1))
        return shapes[objects[index]].map { polygon in
          var points = polygon
          for at in stride(from: 0, to: points.count - 1, by: 2) {
            points[at] = (points[at] - left) * scaleX
            points[at + 1] = (points[at + 1] - top) * scaleY
          }
          return points
        }
      }
      return InstanceMasks(.polygons(resized), height: newHeight, width: newWidth)
    case .bitmaps:
      let coverage = alignedCoverage(boxes, objects, newWidth, newHeight)
      return InstanceMasks(
        .bitmaps(coverage.map { bins in bins.map { $0 >= 0.5 ? 1 : 0 } }), height: newHeight, width: newWidth)
    }
  }

  /// Targets of a mask head: mmdet's `mask_target_single`.
  ///
  /// - Parameters:
  ///   - boxes: positive proposals, moved into the picture first.
  ///   - objects: for each the number of the object that it is assigned to.
  ///   - isSoft: `soft_mask_target`: how much of each bin is covered instead of whether half is.
  /// - Returns: `[boxes, height, width]`, 0...1.
  /// - Throws: ``MaskError`` when polygons are broken, or soft targets are asked of them.
  public func targets(
    boxes: Boxes, objects: [Int], width newWidth: Int, height newHeight: Int, isSoft: Bool = false
  ) throws -> [Float] {
    let (w, h) = (Float(width), Float(height))
    let clipped = Boxes(
      boxes.indices.map { index in
        let box = boxes[index]
        return Box(clip(box.x1, w), clip(box.y1, h), clip(box.x2, w), clip(box.y2, h))
      })
    check(clipped, objects)
    if case .polygons = shapes {
      guard !isSoft else {
        throw MaskError(
          "soft_mask_target must not be set where masks are polygons; load them with poly2mask=True")
      }
      let masks = croppedAndResized(boxes: clipped, objects: objects, width: newWidth, height: newHeight)
      guard case .bitmaps(let bitmaps) = try masks.rasterized().shapes else { return [] }
      return bitmaps.flatMap { $0.lazy.map { Float($0) } }
    }
    let coverage = alignedCoverage(clipped, objects, newWidth, newHeight)
    return coverage.flatMap { bins in isSoft ? bins : bins.map { $0 >= 0.5 ? 1 : 0 } }
  }

  private func check(_ boxes: Boxes, _ objects: [Int]) {
    precondition(
      boxes.count == objects.count && objects.allSatisfy { (0..<count).contains($0) },
      "InstanceMasks.targets: must have one object of \(count) for each of \(boxes.count) boxes, found \(objects)"
    )
    precondition(
      boxes.values.allSatisfy { abs($0) < 1e6 },
      "InstanceMasks.targets: boxes must be finite and reach less than a million pixels")
  }

  private func alignedCoverage(_ boxes: Boxes, _ objects: [Int], _ newWidth: Int, _ newHeight: Int)
    -> [[Float]]
  {
    guard case .bitmaps(let bitmaps) = shapes else { return [] }
    let (height, width) = (height, width)
    return concurrentMap(count: boxes.count) { index in
      let box = boxes[index]
      return MaskKernels.align(
        bitmaps[objects[index]], height: height, width: width, box: [box.x1, box.y1, box.x2, box.y2],
        outHeight: newHeight, outWidth: newWidth)
    }
  }
}

/// Into 0...`upper`; what is not a number goes to 0.
private func clip(_ value: Float, _ upper: Float) -> Float { value >= 0 ? min(value, upper) : 0 }
