import Core

/// Pictures and a class for each of their pixels.
public struct SegmentationBatch: TrainingBatch {
  /// `[N, C, H, W]`
  public var images: Tensor
  public var metas: [ImageMeta]
  /// `[N, 1, H, W]` class indices, i64, with the ignored index where there is none; `nil` where the pipeline collects none.
  public var labels: Tensor?

  public init(images: Tensor, metas: [ImageMeta], labels: Tensor? = nil) {
    (self.images, self.metas, self.labels) = (images, metas, labels)
  }
}

/// A class index for each pixel of a picture, row by row.
public struct LabelMap: Sendable, Equatable {
  public let height, width: Int
  public var labels: [UInt8]

  public init(height: Int, width: Int, labels: [UInt8]) {
    precondition(
      labels.count == height * width,
      "LabelMap.init: must be given \(height)x\(width) labels, found \(labels.count)")
    (self.height, self.width, self.labels) = (height, width, labels)
  }

  public subscript(y: Int, x: Int) -> UInt8 {
    get { labels[y * width + x] }
    set { labels[y * width + x] = newValue }
  }
}
