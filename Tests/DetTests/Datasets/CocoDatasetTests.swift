import Core
import Foundation
import Testing

@testable import Det

/// Data sets of COCO's form give what mmdet gives; values: Fixtures/det-data/make.py.
@Suite struct CocoDatasetTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    struct Picture: Decodable, Sendable {
      var file, map: String
      var boxes, ignored: [[Float]]
      var labels, categories: [Int]
      var masks, group: Int
    }
    var config: String
    var pictures: [Picture]
    var testDescription: String { config.isEmpty ? "as it is" : config }
  }

  static let cases: [Case] = (try? Formula.json("det-data/dataset.json")) ?? []

  static func config(_ more: String = "", pipeline: String = "[]") -> String {
    let folder = "\(Formula.fixtures)/det-data"
    let classes = more.contains("classes") ? "" : "classes=('dog', 'cat', 'cup'), "
    return "dict(type='CocoDataset', ann_file='\(folder)/instances.json', img_prefix='\(folder)/images/', "
      + "seg_prefix='\(folder)/stuff/', \(classes)pipeline=\(pipeline), \(more))"
  }

  @Test func `there are cases`() { #expect(Self.cases.count == 5) }

  @Test(arguments: cases) func `pictures and objects are the original's`(_ c: Case) throws {
    let dataset = try #require(try detectionDataset(Self.config(c.config)) as? DetectionDataset)
    #expect(dataset.pictures.map(\.fileName) == c.pictures.map(\.file))
    for (index, picture) in c.pictures.enumerated() where index < dataset.count {
      let annotation = try dataset.annotation(at: index)
      #expect(annotation.boxes.rows == picture.boxes)
      #expect(annotation.labels == picture.labels)
      #expect(annotation.ignoredBoxes?.rows == picture.ignored)
      #expect(annotation.outlines?.count == picture.masks)
      #expect(annotation.semanticMap == picture.map)
      #expect(dataset.categories(at: index) == picture.categories)
      if picture.group >= 0 { #expect(dataset.group(at: index) == picture.group) }
    }
  }

  @Test func `labels follow the file's classes, whatever order the names have`() throws {
    let dataset = try #require(try detectionDataset(Self.config()) as? DetectionDataset)
    #expect(dataset.classNames == ["dog", "cat", "cup"])
    #expect(dataset.coco?.categoryIDs == [7, 3, 90])
  }

  @Test func `class names come from a file, too`() throws {
    let folder = try DataFolder(["names.txt": "cup\r\ndog\r\n"])
    let dataset = try detectionDataset(Self.config("classes='\(folder.path)/names.txt'"))
    #expect(dataset.classNames == ["cup", "dog"])
  }

  @Test func `paths are below data_root`() throws {
    let dataset = try #require(
      try detectionDataset(
        "dict(type='CocoDataset', data_root='\(Formula.fixtures)/det-data', ann_file='instances.json', "
          + "img_prefix='images', classes=('cup',), pipeline=[])") as? DetectionDataset)
    #expect(dataset.file(at: 0).path == "\(Formula.fixtures)/det-data/images/wide.png")
    #expect(DataFile.exists(dataset.file(at: 0).path))
  }

  @Test func `a list of annotation files is several data sets`() throws {
    let file = "\(Formula.fixtures)/det-data/instances.json"
    let text =
      "dict(type='CocoDataset', ann_file=['\(file)', '\(file)'], img_prefix=['a/', 'b/'], classes=('cup', 'cat'), pipeline=[])"
    let dataset = try #require(try detectionDataset(text) as? ConcatDataset)
    #expect(dataset.datasets.count == 2)
    #expect((dataset.datasets[1] as? DetectionDataset)?.file(at: 0).path == "b/wide.png")
    #expect(dataset.group(at: 0) == 1)
  }

  @Test func `in training a dropped sample is replaced by one of its group`() throws {
    let pipeline = """
      [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations'),
       dict(type='FilterAnnotations', min_gt_bbox_wh=(35, 55))]
      """
    let dataset = try #require(
      try detectionDataset(Self.config("filter_empty_gt=False", pipeline: pipeline)) as? DetectionDataset)
    let high = try #require(dataset.pictures.firstIndex { $0.fileName == "high.jpg" })
    var generator = RandomGenerator(seed: 3)
    for _ in 0..<8 {
      // Its object is too small; the only other picture that is not wide has none, and stays.
      #expect(try dataset.sample(at: high, using: &generator)?.file?.name == "empty.png")
    }
  }
}
