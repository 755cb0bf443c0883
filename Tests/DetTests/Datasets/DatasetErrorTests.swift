import Core
import Foundation
import Testing

@testable import Det

/// What is told about annotations that cannot be.
@Suite struct DatasetErrorTests {
  static let images = "\"images\": [{\"id\": 1, \"file_name\": \"a.jpg\", \"width\": 100, \"height\": 80}]"
  static let categories = "\"categories\": [{\"id\": 5, \"name\": \"cat\"}]"

  private static func object(
    _ more: String = "", id: Int = 1, image: Int = 1, category: Int = 5, box: String = "[1, 2, 30, 40]"
  )
    -> String
  {
    "{\"id\": \(id), \"image_id\": \(image), \"category_id\": \(category), \"bbox\": \(box), \"area\": 9, \"iscrowd\": 0\(more)}"
  }

  private static func file(_ objects: String...) -> String {
    "{\(images), \(categories),\n\"annotations\": [\n\(objects.joined(separator: ",\n"))]}"
  }

  static let files: [(String, String)] = [
    (
      file(object(image: 2)),
      "a.json:3: annotations[0] (id 1): image_id must be the id of one of the 1 images, found 2"
    ),
    (
      file(object(category: 6)),
      "a.json:3: annotations[0] (id 1): category_id must be the id of one of the 1 categories, found 6"
    ),
    (
      file(object(), object()),
      "a.json:4: annotations[1] (id 1): ids of annotations must be unique, found 1 twice"
    ),
    (
      file(object(box: "[1, 2, -3, 4]")),
      "a.json:3: annotations[0] (id 1): bbox must be [x, y, width, height] with sizes of at least 0, found [1.0, 2.0, -3.0, 4.0]"
    ),
    (
      file(object(box: "[1, 2, 3]")),
      "a.json:3: annotations[0] (id 1): bbox must be [x, y, width, height], found 3 numbers"
    ),
    (
      file(object(box: "[NaN, 2, 3, 4]")),
      "annotations[0] (id 1): bbox must be [x, y, width, height] with sizes"
    ),
    (
      file(object(", \"segmentation\": 3")),
      "a.json:3: segmentation: must be polygons or runs of pixels, found a number"
    ),
    (
      file(object(", \"segmentation\": {\"size\": [80, 100], \"counts\": [3, -4]}")),
      "a.json:3: segmentation.counts: must be whole numbers from 0, found -4"
    ),
    (
      file(object(", \"segmentation\": {\"size\": [80], \"counts\": [3]}")),
      "a.json:3: segmentation.size: must be [height, width] in pixels, found [80]"
    ),
    (
      file(object(", \"segmentation\": {\"size\": [80, 100]}")),
      "a.json:3: segmentation: missing required key 'counts'"
    ),
    (
      "{\(images), \(categories), \"annotations\": [{\"id\": 1, \"image_id\": 1, \"bbox\": [1, 2, 3, 4], \"area\": 1}]}",
      "annotations[0] (id 1): missing required key 'category_id'"
    ),
    ("{\(categories), \"annotations\": []}", "a.json: must have the key 'images'"),
    ("[]", "a.json:1: must be an object with keys images, annotations and categories, found an array"),
    ("{\"images\": [{\"id\": 1}]}", "a.json:1: images[0]: missing required key 'file_name'"),
    (
      "{\"images\": [{\"id\": 1, \"file_name\": \"a\", \"width\": -1, \"height\": 3}]}",
      "a.json:1: images[0]: width and height must be in 0...16777216, found -1 and 3"
    ),
    (
      "{\"images\": [{\"id\": 1, \"file_name\": \"a\"}, {\"id\": 1, \"file_name\": \"b\"}]}",
      "a.json:1: images[1]: ids of pictures must be unique, found 1 twice"
    ),
    (
      "{\"images\": [{\"id\": 1, \"file_name\": \"a\"}], \(categories)}",
      "a.json: must have the width and the height of each picture, found none for a"
    ),
    ("{\(images), \(categories), \"annotations\": []}", "a.json: none of the 1 pictures can be trained on"),
    ("{\"images\": [], \(categories)}", "a.json: the data set is empty: the file lists no pictures"),
    (
      "{\(images), \(categories), \"annotations\": [",
      "a.json:1: must be JSON: expected a value, found the end of the file"
    ),
  ]

  @Test(arguments: files) func `a mistake in the file is told`(_ text: String, _ expected: String) throws {
    let folder = try DataFolder(["a.json": text])
    let message = textOfError {
      _ = try detectionDataset(
        "dict(type='CocoDataset', ann_file='\(folder.path)/a.json', classes=('cat',), pipeline=[])")
    }
    #expect(message.contains(expected), "\(message)")
  }

  static let configs: [(String, String)] = [
    ("classes=('cat', 'dgo')", "must be classes of F, found 'dgo'; did you mean 'dog'?"),
    ("classes=('zebra',)", "must be classes of F, found 'zebra'; it has cup, cat, dog"),
    ("classes=('cat', 'cat')", "data.train.classes: must be different names"),
    ("classes='nowhere.txt'", "nowhere.txt: cannot be read"),
    ("classes=('cat',), proposal_file='nowhere.pkl'", "nowhere.pkl"),
    ("classes=('cat',), ann_flie='x'", "unknown key 'ann_flie'; did you mean 'ann_file'?"),
    ("classes=('cat',), img_prefix=3", "data.train.img_prefix: expected str, found int 3"),
  ]

  @Test(arguments: configs) func `a mistake in the config is told`(_ keys: String, _ expected: String) {
    let file = "\(Formula.fixtures)/det-data/instances.json"
    let message = textOfError {
      _ = try detectionDataset("dict(type='CocoDataset', ann_file='\(file)', pipeline=[], \(keys))")
    }
    #expect(message.replacingOccurrences(of: file, with: "F").contains(expected), "\(message)")
  }

  @Test func `a file without any of the data set's own classes is told`() throws {
    let folder = try DataFolder([
      "a.json": "{\(Self.images), \"categories\": [{\"id\": 5, \"name\": \"unicorn\"}]}"
    ])
    let message = textOfError {
      _ = try detectionDataset("dict(type='CocoDataset', ann_file='\(folder.path)/a.json', pipeline=[])")
    }
    #expect(
      message
        == "data.train.classes: must be given: \(folder.path)/a.json has none of the data set's own classes, but unicorn; "
        + "set classes=[...]")
  }

  @Test func `a missing annotation file is told`() {
    let message = textOfError {
      _ = try detectionDataset("dict(type='CocoDataset', ann_file='no/where.json', pipeline=[])")
    }
    #expect(message == "no/where.json: cannot be read: No such file or directory")
  }

  static let masks: [(String, String)] = [
    ("[[1, 2, 3, 4, 5]]", "a polygon must have an even number of coordinates, found 5"),
    ("[]", "must have at least three points, found no polygon"),
    ("[[1, 2]]", "must have at least three points, found 2 numbers"),
    ("[[1, 2, 3, 4, 5, 1e300]]", "a polygon's coordinates must be within 10^8"),
    ("{\"size\": [80, 100], \"counts\": [8001]}", "runs must not exceed the 80x100 picture"),
    ("{\"size\": [80, 100], \"counts\": \"}\"}", "compressed counts must be characters from '0' to 'o'"),
    ("{\"size\": [8, 10], \"counts\": [3, 4]}", "its mask must be of the picture's size, 80x100, found 8x10"),
    ("null", "must have a segmentation for with_mask=True, found none"),
  ]

  @Test(arguments: masks) func `a broken mask is told with its picture and object`(
    _ mask: String, _ expected: String
  ) throws {
    let folder = try DataFolder([
      "a.json": Self.file(Self.object(), Self.object(", \"segmentation\": \(mask)", id: 2))
        .replacingOccurrences(
          of: "\"iscrowd\": 0}", with: "\"iscrowd\": 0, \"segmentation\": [[1, 1, 9, 1, 9, 9]]}")
    ])
    let dataset = try detectionDataset(
      "dict(type='CocoDataset', ann_file='\(folder.path)/a.json', img_prefix='q', classes=('cat',), "
        + "pipeline=[dict(type='LoadAnnotations', with_mask=True)])")
    var generator = RandomGenerator(seed: 0)
    let message = textOfError { _ = try dataset.sample(at: 0, using: &generator) }
    #expect(message.hasPrefix("q/a.jpg: object 2 of the picture: "), "\(message)")
    #expect(message.contains(expected), "\(message)")
  }
}
