import Core

extension Boxes {
  /// Mirrored within a picture of height and width `size`.
  public func flipped(_ direction: String, size: Pair) -> Boxes {
    let (height, width) = (Float(size.h), Float(size.w))
    var values = values
    for index in stride(from: 0, to: values.count, by: 4) {
      if direction != "vertical" {
        (values[index], values[index + 2]) = (width - values[index + 2], width - values[index])
      }
      if direction != "horizontal" {
        (values[index + 1], values[index + 3]) = (height - values[index + 3], height - values[index + 1])
      }
    }
    return Boxes(values)
  }

  /// Divided by `x, y, x, y` factors.
  public func divided(by factors: [Float]) -> Boxes {
    var values = values
    for index in values.indices { values[index] /= factors[index % 4] }
    return Boxes(values)
  }

  public func multiplied(by factors: [Float]) -> Boxes {
    var values = values
    for index in values.indices { values[index] *= factors[index % 4] }
    return Boxes(values)
  }

  /// From the network's input to the original picture: the flip undone, then the scaling.
  public func mappedBack(_ meta: ImageMeta) -> Boxes {
    let boxes = meta.isFlipped ? flipped(meta.flipDirection ?? "horizontal", size: meta.size) : self
    return boxes.divided(by: meta.scaleFactor)
  }

  /// From the original picture to the network's input.
  public func mapped(_ meta: ImageMeta) -> Boxes {
    let boxes = multiplied(by: meta.scaleFactor)
    return meta.isFlipped ? boxes.flipped(meta.flipDirection ?? "horizontal", size: meta.size) : boxes
  }
}

extension ImageMeta {
  /// Height and width of the network's input without padding.
  public var size: Pair { Pair(h: imageShape[0], w: imageShape[1]) }
}
