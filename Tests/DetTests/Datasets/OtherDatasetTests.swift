import Core
import Foundation
import Testing

@testable import Det

/// What data sets of COCO's form, and of mmdet's own, have of their own.
@Suite struct OtherDatasetTests {
  private func load(_ type: String, _ json: String, _ keys: String = "", isTesting: Bool = false) throws
    -> DetectionDataset
  {
    let folder = try DataFolder(["a.json": json])
    let text = "dict(type='\(type)', ann_file='\(folder.path)/a.json', img_prefix='i', pipeline=[], \(keys))"
    return try #require(try detectionDataset(text, isTesting: isTesting) as? DetectionDataset)
  }

  private func object(_ id: Int, _ image: Int, _ category: Int, _ more: String = "") -> String {
    "{\"id\": \(id), \"image_id\": \(image), \"category_id\": \(category), \"bbox\": [90, 2, 30, 40], \"area\": 9\(more)}"
  }

  @Test func `Cityscapes names its maps and leaves out pictures of crowds`() throws {
    let crowd = ", \"iscrowd\": 1"
    let dataset = try load(
      "CityscapesDataset",
      """
      {"images": [{"id": 1, "file_name": "a/x.png", "segm_file": "a/x_map.png", "width": 80, "height": 60},
                  {"id": 2, "file_name": "a/y.png", "segm_file": "a/y_map.png", "width": 80, "height": 60}],
       "categories": [{"id": 24, "name": "person"}],
       "annotations": [\(object(1, 1, 24)), \(object(2, 1, 24, crowd)), \(object(3, 2, 24, crowd))]}
      """)
    #expect(dataset.pictures.map(\.fileName) == ["a/x.png"])
    let annotation = try dataset.annotation(at: 0)
    // Outside of the picture, and kept all the same.
    #expect(annotation.boxes.rows == [[90, 2, 120, 42]] && annotation.semanticMap == "a/x_map.png")
    #expect(dataset.classNames?.count == 8 && dataset.palette?.count == 8)
  }

  @Test func `LVIS takes all classes of the file, and names from addresses`() throws {
    let json = """
      {"images": [{"id": 5, "coco_url": "http://images.cocodataset.org/val2017/000000000005.jpg", "width": 200, "height": 60,
                   "neg_category_ids": [2], "not_exhaustive_category_ids": [9]}],
       "categories": [{"id": 9, "name": "zebra", "frequency": "r"}, {"id": 2, "name": "acorn", "frequency": "f"}],
       "annotations": [\(object(1, 5, 9))]}
      """
    let dataset = try load("LVISV1Dataset", json)
    #expect(dataset.pictures[0].fileName == "val2017/000000000005.jpg")
    #expect(dataset.coco?.categoryIDs == [9, 2])
    #expect((try dataset.annotation(at: 0)).labels == [0])
    #expect(dataset.coco?.file.pictures[0].negativeCategories == [2])
    #expect(dataset.coco?.file.categories[0].frequency == "r")
    #expect(dataset.classNames?.count == 1203 && dataset.classNames?.first == "aerosol_can")
    let old = try load(
      "LVISV05Dataset",
      json.replacingOccurrences(
        of: "\"coco_url\"", with: "\"file_name\": \"COCO_val2014_000000000005.jpg\", \"x\""))
    #expect(old.pictures[0].fileName == "000000000005.jpg" && old.classNames?.count == 1230)
  }

  @Test func `Objects365 sorts its classes, and knows which pictures are missing`() throws {
    let json = """
      {"images": [{"id": 1, "file_name": "x/y/patch6/objects365_v1_00320532.jpg", "width": 200, "height": 60},
                  {"id": 2, "file_name": "x/y/patch6/b.jpg", "width": 200, "height": 60}],
       "categories": [{"id": 3, "name": "Chair"}, {"id": 1, "name": "Person"}],
       "annotations": [\(object(1, 2, 3)), \(object(2, 1, 1))]}
      """
    let second = try load("Objects365V2Dataset", json)
    #expect(second.pictures.map(\.fileName) == ["patch6/b.jpg"] && second.coco?.categoryIDs == [3, 1])
    #expect((try second.annotation(at: 0)).labels == [0])
    let first = try load(
      "Objects365V1Dataset",
      json.replacingOccurrences(of: "Chair", with: "chair").replacingOccurrences(of: "Person", with: "person")
    )
    #expect(first.coco?.categoryIDs == [1, 3] && first.count == 2)
    #expect((try first.annotation(at: 1)).labels == [1])
  }

  @Test func `DeepFashion has its classes`() throws {
    let dataset = try load(
      "DeepFashionDataset",
      "{\"images\": [{\"id\": 1, \"file_name\": \"a\", \"width\": 200, \"height\": 60}], "
        + "\"categories\": [{\"id\": 1, \"name\": \"skirt\"}], \"annotations\": [\(object(1, 1, 1))]}")
    #expect(dataset.classNames?.count == 15 && dataset.palette?.count == 15)
  }

  static let custom = """
    [{"filename": "a.jpg", "width": 80, "height": 60,
      "ann": {"bboxes": [[1, 2, 30, 40.5]], "labels": [1], "bboxes_ignore": [[0, 0, 5, 5]], "labels_ignore": [0]}},
     {"filename": "b.jpg", "width": 20, "height": 60, "ann": {"bboxes": [], "labels": []}}]
    """

  @Test func `mmdet's own form is read from JSON`() throws {
    let dataset = try load("CustomDataset", Self.custom, "classes=('x', 'y')")
    #expect(dataset.pictures.map(\.fileName) == ["a.jpg"])
    let annotation = try dataset.annotation(at: 0)
    #expect(annotation.boxes.rows == [[1, 2, 30, 40.5]] && annotation.labels == [1])
    #expect(annotation.ignoredBoxes?.rows == [[0, 0, 5, 5]] && dataset.categories(at: 0) == [1])
  }

  @Test func `mmdet's own form is read from pickles, and so are proposals`() throws {
    let folder = "\(Formula.fixtures)/det-data"
    let text = """
      dict(type='CustomDataset', ann_file='\(folder)/custom.pkl', img_prefix='\(folder)/images', classes=('x', 'y', 'z'),
           proposal_file='\(folder)/proposals.pkl',
           pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadProposals', num_max_proposals=2), dict(type='LoadAnnotations'),
                     dict(type='RandomFlip', flip_ratio=1.0), dict(type='Collect', keys=['img', 'proposals'])])
      """
    let dataset = try #require(try detectionDataset(text) as? DetectionDataset)
    #expect(dataset.pictures.map(\.fileName) == ["wide.png", "high.jpg"])
    #expect((try dataset.annotation(at: 0)).labels == [2, 0])
    var generator = RandomGenerator(seed: 0)
    let sample = try #require(try dataset.sample(at: 0, using: &generator))
    #expect(sample.detection.boxes?.rows == [[40, 2, 59, 40], [20, 5, 50, 15]])
    #expect(sample.detection.proposals?.boxes.rows == [[30, 0, 60, 20], [10, 10, 20, 20]])
    // A picture without proposals gets an empty box.
    let other = try #require(try dataset.sample(at: 1, using: &generator))
    #expect(other.detection.proposals?.boxes.rows == [[40, 0, 40, 0]])
  }

  static let mistakes: [(String, String)] = [
    (
      custom.replacingOccurrences(of: "\"labels\": [1]", with: "\"labels\": [7]"),
      "[0] (a.jpg): labels must be in 0..<2"
    ),
    (
      custom.replacingOccurrences(of: "\"labels\": [1]", with: "\"labels\": []"),
      "must have one label a box, found 0 for 1"
    ),
    (
      custom.replacingOccurrences(of: "[1, 2, 30, 40.5]", with: "[1, 2, 0, 40.5]"),
      "boxes must be [x1, y1, x2, y2]"
    ),
    (custom.replacingOccurrences(of: "a.jpg", with: ""), "[0] (): missing required key 'filename'"),
  ]

  @Test(arguments: mistakes) func `mistakes in it are told`(_ json: String, _ expected: String) {
    let message = textOfError { _ = try load("CustomDataset", json, "classes=('x', 'y')") }
    #expect(message.contains(expected), "\(message)")
  }
}
