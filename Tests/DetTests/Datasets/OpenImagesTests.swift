import Core
import Foundation
import Testing

@testable import Det

/// Tables of Open Images, and maps of regions.
@Suite struct OpenImagesTests {
  static let head =
    "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside\n"
  static let labels = "/m/1,\"Cat, small\"\n/m/2,Dog\n/m/3,Animal\n"

  private func folder(_ more: [String: String] = [:]) throws -> DataFolder {
    try DataFolder(
      [
        "labels.csv": Self.labels,
        "boxes.csv": Self.head
          + "aa,x,/m/2,1,0.25,0.5,0.1,0.75,0,0,1,0,0\naa,x,/m/1,1,0,1,0,1,0,0,0,0,0\nbb,x,/m/1,1,0,0.5,0,0.5,0,0,0,0,0\n",
        "tree.json":
          "{\"Subcategory\": [{\"LabelName\": \"/m/3\", \"Subcategory\": [{\"LabelName\": \"/m/1\"}, {\"LabelName\": \"/m/2\"}]}], \"LabelName\": \"/m/0\"}",
        "images.csv": "ImageID,Source,LabelName,Confidence\naa,x,/m/3,1\n",
      ].merging(more) { $1 })
  }

  private func load(_ folder: DataFolder, _ more: String = "", isTesting: Bool = false) throws
    -> DetectionDataset
  {
    let keys =
      more.contains(" ann_file") || more.hasPrefix("ann_file")
      ? more : "ann_file='\(folder.path)/boxes.csv', \(more)"
    return try #require(
      try detectionDataset(
        "dict(type='OpenImagesDataset', label_file='\(folder.path)/labels.csv', img_prefix='i', pipeline=[], \(keys))",
        isTesting: isTesting) as? DetectionDataset)
  }

  @Test func `boxes are shares of the sides, grouped by picture`() throws {
    let folder = try folder()
    let dataset = try load(folder)
    #expect(dataset.pictures.map(\.fileName) == ["aa.jpg", "bb.jpg"])
    #expect(dataset.classNames == ["Cat, small", "Dog", "Animal"])
    let annotation = try dataset.annotation(at: 0)
    #expect(annotation.boxes.rows == [[0.25, 0.1, 0.5, 0.75], [0, 0, 1, 1]])
    #expect(annotation.labels == [1, 0] && annotation.isGroup == [true, false])
    #expect(dataset.group(at: 0) == 0)
  }

  @Test func `boxes become pixels when they are loaded`() throws {
    let folder = try folder()
    let text = """
      dict(type='OpenImagesDataset', label_file='\(folder.path)/labels.csv', ann_file='\(folder.path)/boxes.csv', img_prefix='\(folder.path)',
           pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', denorm_bbox=True)])
      """
    try placeImage(height: 40, width: 80).write(path: "\(folder.path)/aa.jpg")
    var generator = RandomGenerator(seed: 0)
    let sample = try #require(try detectionDataset(text).sample(at: 0, using: &generator))
    #expect(sample.detection.boxes?.rows == [[20, 4, 40, 30], [0, 0, 80, 40]])
  }

  @Test func `a detection counts for the superclasses that are there`() throws {
    let folder = try folder()
    let dataset = try load(
      folder,
      "hierarchy_file='\(folder.path)/tree.json', image_level_ann_file='\(folder.path)/images.csv', load_from_file=False",
      isTesting: true)
    for name in ["aa", "bb"] {
      try FileManager.default.createDirectory(atPath: "\(folder.path)/i", withIntermediateDirectories: true)
      try placeImage(height: 40, width: 80).write(path: "\(folder.path)/i/\(name).jpg")
    }
    #expect(try dataset.openImages?.superclasses(3) == [[0, 2], [1, 2], [2]])
    #expect(try dataset.openImages?.imageLabels() == ["aa": [2]])
  }

  @Test func `the challenge has a list`() throws {
    let folder = try folder([
      "classes.csv": "/m/1,Cat,2\n/m/2,Dog,1\n",
      "list.txt": "train/aa.jpg\n0\n2\n1 0.1 0.2 0.3 0.4 0\n2 0 0 1 1 1\ntrain/bb.jpg\n0\n0\n",
    ])
    let dataset = try #require(
      try detectionDataset(
        "dict(type='OpenImagesChallengeDataset', label_file='\(folder.path)/classes.csv', ann_file='\(folder.path)/list.txt', pipeline=[])"
      )
        as? DetectionDataset)
    #expect(
      dataset.classNames == ["Dog", "Cat"]
        && dataset.pictures.map(\.fileName) == ["train/aa.jpg", "train/bb.jpg"])
    let first = try dataset.annotation(at: 0)
    #expect(first.labels == [0, 1])
    #expect(first.isGroup == [false, true])
  }

  static let mistakes: [(String, String, String)] = [
    (
      "boxes.csv", head + "aa,x,/m/9,1,0,1,0,1,0,0,0,0,0\n",
      "boxes.csv:2: must have a class of the label file, found '/m/9'"
    ),
    ("boxes.csv", head + "aa,x\n", "boxes.csv:2: must have 13 columns, found 2"),
    ("boxes.csv", head + "aa,x,/m/1,1,0.5,0.1,0,1,0,0,0,0,0\n", "boxes.csv:2: boxes must have XMin <= XMax"),
    (
      "labels.csv", "/m/1,\"Cat\n",
      "labels.csv: must have an end to each quotation, found the end of the file"
    ),
  ]

  @Test(arguments: mistakes) func `mistakes in tables are told`(
    _ name: String, _ text: String, _ expected: String
  ) throws {
    let folder = try folder([name: text])
    let message = textOfError { _ = try load(folder) }
    #expect(message.contains(expected), "\(message)")
  }

  @Test func `regions become masks and a map`() throws {
    let folder = try DataFolder([
      "p.json": """
      {"images": [{"id": 4, "file_name": "a.jpg", "width": 50, "height": 40}],
       "categories": [{"id": 7, "name": "person", "isthing": 1}, {"id": 9, "name": "sky", "isthing": 0}],
       "annotations": [{"image_id": 4, "file_name": "a.png", "segments_info": [
         {"id": 66051, "category_id": 7, "bbox": [0, 0, 10, 40], "area": 400, "iscrowd": 0},
         {"id": 5, "category_id": 9, "bbox": [10, 0, 20, 40], "area": 800, "iscrowd": 0},
         {"id": 6, "category_id": 7, "bbox": [30, 0, 5, 40], "area": 200, "iscrowd": 1}]}]}
      """
    ])
    // Blue, green, red: 66051 = 3 + 2 * 256 + 1 * 65536.
    let bytes = (0..<2000).flatMap { index -> [UInt8] in
      let x = index % 50
      return x < 10 ? [1, 2, 3] : x < 30 ? [0, 0, 5] : x < 35 ? [0, 0, 6] : [0, 0, 0]
    }
    try Image(width: 50, height: 40, channels: 3, bytes: bytes).write(path: "\(folder.path)/a.png")
    let dataset = try detectionDataset(
      "dict(type='CocoPanopticDataset', ann_file='\(folder.path)/p.json', seg_prefix='\(folder.path)', pipeline=[dict(type='LoadPanopticAnnotations')])"
    )
    var generator = RandomGenerator(seed: 0)
    let fields = try #require(try dataset.sample(at: 0, using: &generator)).detection
    #expect(fields.boxes?.rows == [[0, 0, 10, 40]] && fields.labels == [0])
    #expect(fields.ignoredBoxes?.rows == [[30, 0, 35, 40]])
    #expect(fields.masks?.boundingBoxes.rows == [[0, 0, 10, 40]])
    #expect(fields.semanticMap?.bytes.map { [$0[0], $0[15], $0[32], $0[45]] } == [0, 1, 0, 255])
    #expect(dataset.classNames?.count == 133)
  }
}
