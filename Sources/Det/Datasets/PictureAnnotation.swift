import Core

/// What a data set knows of the objects in one picture, before a pipeline changes it.
struct PictureAnnotation: Sendable {
  /// `x1, y1, x2, y2` in pixels of the original picture (or in shares of its sides: OpenImages).
  var boxes = Boxes()
  /// Class indices, one a box.
  var labels: [Int] = []
  /// Crowds and difficult objects; `nil` where the data set has no such thing.
  var ignoredBoxes: Boxes?
  /// Of those, where the data set knows.
  var ignoredLabels: [Int] = []
  /// Outlines, one a box, where the data set has them.
  var outlines: [Segmentation?]?
  /// The file of the picture's semantic map, below the data set's `seg_prefix`.
  var semanticMap: String?
  /// OpenImages: whether each box is around a group of objects.
  var isGroup: [Bool]?
  /// Panoptic data sets: the regions of the semantic map.
  var regions: [PanopticRegion]?
}

/// A region of a panoptic map.
struct PanopticRegion: Sendable, Equatable {
  /// As the map encodes it: red + 256 green + 256² blue.
  var id: Int
  /// The class index; stuff comes behind things.
  var category: Int
  var isThing: Bool
}

/// A picture of a data set.
struct DatasetPicture: Sendable {
  /// Below the data set's `img_prefix`.
  var fileName: String
  /// In pixels as the annotations have them; 0 where they do not say.
  var width = 0, height = 0
}

/// Where a data set's annotations come from.
protocol AnnotationSource: Sendable {
  /// - Parameter index: the picture, in the order of the annotation file.
  /// - Throws: `DataError` that names the file and the object.
  func annotation(at index: Int) throws -> PictureAnnotation
  /// What classes occur in a picture, for sampling by class: in the data set's own numbers.
  func categories(at index: Int) -> [Int]
  /// Whether a picture is of use for training when pictures without objects are not.
  func hasObjects(at index: Int) -> Bool
}

extension AnnotationSource {
  func hasObjects(at index: Int) -> Bool { true }
}

/// Annotations that are in memory as they will be used.
struct PlainAnnotations: AnnotationSource {
  var annotations: [PictureAnnotation]
  /// Whether pictures without objects can be told apart (`filter_empty_gt`).
  var knowsEmpty = false

  func annotation(at index: Int) -> PictureAnnotation { annotations[index] }
  func categories(at index: Int) -> [Int] { annotations[index].labels }
  func hasObjects(at index: Int) -> Bool { !knowsEmpty || !annotations[index].boxes.isEmpty }
}
