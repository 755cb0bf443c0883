// Classes and colours (red, green, blue) of the smaller data sets.

/// PASCAL VOC 2007 and 2012.
enum VOCClasses {
  static let names = [
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
  ]

  static let palette: [[UInt8]] = [
    [106, 0, 228], [119, 11, 32], [165, 42, 42], [0, 0, 192], [197, 226, 255], [0, 60, 100], [0, 0, 142],
    [255, 77, 255], [153, 69, 1], [120, 166, 157], [0, 182, 199], [0, 226, 252], [182, 182, 255],
    [0, 0, 230],
    [220, 20, 60], [163, 255, 0], [0, 82, 0], [3, 95, 161], [0, 80, 100], [183, 130, 88],
  ]
}

/// Cityscapes.
enum CityscapesClasses {
  static let names = [
    "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle",
  ]

  static let palette: [[UInt8]] = [
    [220, 20, 60], [255, 0, 0], [0, 0, 142], [0, 0, 70], [0, 60, 100], [0, 80, 100], [0, 0, 230],
    [119, 11, 32],
  ]
}

/// DeepFashion.
enum DeepFashionClasses {
  static let names = [
    "top", "skirt", "leggings", "dress", "outer", "pants", "bag", "neckwear", "headwear", "eyeglass", "belt",
    "footwear", "hair", "skin", "face",
  ]

  static let palette: [[UInt8]] = [
    [0, 192, 64], [0, 64, 96], [128, 192, 192], [0, 64, 64], [0, 192, 224], [0, 192, 192], [128, 192, 64],
    [0, 192, 96], [128, 32, 192], [0, 0, 224], [0, 0, 64], [0, 160, 192], [128, 0, 96], [128, 0, 192],
    [0, 32, 192],
  ]
}
