import Core
import Foundation
import Testing

@testable import Det

/// Data sets with an XML file a picture.
@Suite struct XMLDatasetTests {
  static func xml(
    _ objects: String, size: String = "<size><width>80</width><height>60</height><depth>3</depth></size>"
  )
    -> String
  {
    "<?xml version=\"1.0\"?>\n<annotation>\n<folder>some</folder>\n\(size)\n\(objects)\n</annotation>\n"
  }

  static func object(_ name: String, _ corners: String, difficult: String = "0") -> String {
    let numbers = corners.split(separator: " ")
    let box = zip(["xmin", "ymin", "xmax", "ymax"], numbers).map { "<\($0)>\($1)</\($0)>" }.joined()
    return "<object><name>\(name)</name><difficult>\(difficult)</difficult><bndbox>\(box)</bndbox></object>"
  }

  private func folder(_ files: [String: String]) throws -> DataFolder {
    var texts = ["VOC2007/list.txt": files.keys.sorted().joined(separator: "\n") + "\n"]
    for (name, text) in files { texts["VOC2007/Annotations/\(name).xml"] = text }
    return try DataFolder(texts)
  }

  private func voc(
    _ folder: DataFolder, _ more: String = "", type: String = "VOCDataset", isTesting: Bool = false
  ) throws
    -> DetectionDataset
  {
    let text =
      "dict(type='\(type)', ann_file='\(folder.path)/VOC2007/list.txt', img_prefix='\(folder.path)/VOC2007/', pipeline=[], \(more))"
    return try #require(try detectionDataset(text, isTesting: isTesting) as? DetectionDataset)
  }

  @Test func `boxes count pixels from 0, and difficult objects are ignored`() throws {
    let folder = try folder([
      "a": Self.xml(
        Self.object("cat", "9 10 30.7 40") + Self.object("horse", "1 1 80 60", difficult: "1")
          + Self.object("unicorn", "1 2 3 4")),
      "b": Self.xml(Self.object("unicorn", "1 2 3 4")),
      "c": Self.xml(Self.object("dog", "1 1 9 9"), size: "<size><width>31</width><height>90</height></size>"),
    ])
    let dataset = try voc(folder)
    // b has no object of a class, c is too narrow.
    #expect(dataset.pictures.map(\.fileName) == ["JPEGImages/a.jpg"])
    let annotation = try dataset.annotation(at: 0)
    #expect(annotation.boxes.rows == [[8, 9, 29, 39]] && annotation.labels == [7])
    #expect(annotation.ignoredBoxes?.rows == [[0, 0, 79, 59]] && annotation.ignoredLabels == [12])
    #expect(dataset.categories(at: 0) == [7, 12] && dataset.group(at: 0) == 1)
    #expect(dataset.year == 2007 && dataset.classNames?.count == 20)
    #expect(try voc(folder, isTesting: true).count == 3)
    #expect(try voc(folder, "filter_empty_gt=False").pictures.count == 2)
  }

  @Test func `faces are below the folder that their file names`() throws {
    let folder = try folder([
      "a": Self.xml(Self.object("face", "1 1 20 30") + Self.object("face", "1 1 9 30"))
    ])
    let dataset = try voc(folder, "min_size=10", type: "WIDERFaceDataset")
    #expect(dataset.pictures.map(\.fileName) == ["some/a.jpg"])
    let annotation = try dataset.annotation(at: 0)
    #expect(annotation.boxes.count == 1 && annotation.ignoredBoxes?.count == 1)
  }

  static let mistakes: [(String, String)] = [
    (
      xml(object("cat", "9 10 3 40")),
      "a.xml: object 1: bndbox must have xmin <= xmax and ymin <= ymax, found [9, 10, 3, 40]"
    ),
    (xml(object("cat", "9 10 x 40")), "a.xml: object 1: bndbox.xmax must be a number, found 'x'"),
    (
      xml(object("cat", "9 10 11 12", difficult: "no")),
      "a.xml: object 1: difficult must be 0 or 1, found 'no'"
    ),
    (xml("<object/>"), "a.xml: object 1: must have the element 'name'"),
    (
      xml("", size: "<size><width>-3</width><height>3</height></size>"),
      "a.xml: size.width must be a positive whole number, found '-3'"
    ),
    ("<annotation>", "a.xml:1: must be XML: expected an end tag '</annotation>', found the end of the file"),
  ]

  @Test(arguments: mistakes) func `a mistake in a file is told`(_ text: String, _ expected: String) throws {
    let folder = try folder(["a": text])
    let message = textOfError { _ = try voc(folder) }
    #expect(message.hasSuffix(expected), "\(message)")
  }

  @Test func `the year must be in the path, and annotations must be there`() throws {
    let folder = try DataFolder(["list.txt": "a\n"])
    let year = textOfError {
      _ = try detectionDataset(
        "dict(type='VOCDataset', ann_file='\(folder.path)/list.txt', img_prefix='x/', pipeline=[])")
    }
    #expect(year.contains("data.train.img_prefix: must have VOC2007 or VOC2012 in it"))
    let missing = textOfError {
      _ = try detectionDataset(
        "dict(type='VOCDataset', ann_file='\(folder.path)/list.txt', img_prefix='VOC2012/', pipeline=[])")
    }
    #expect(missing == "VOC2012/Annotations/a.xml: cannot be read: No such file or directory")
  }
}
