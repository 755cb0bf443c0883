import Core
import Testing

@testable import Seg

@Suite struct ClassSelectionTests {
  struct File: Decodable {
    struct Kind: Decodable {
      var count: Int
      var names, palette: String
    }
    var classes: [String: Kind]
    var palette: [[UInt8]]
  }

  /// Values: Fixtures/seg-metrics/make.py.
  @Test func `classes and colours are the original's`() throws {
    let file: File = try DataGolden.json("seg-metrics/classes.json")
    #expect(file.classes.count == SegmentationDatasetKind.all.count - 1)
    for kind in SegmentationDatasetKind.all where kind.name != "CustomDataset" {
      let (expected, classes) = (try #require(file.classes[kind.name]), try #require(kind.classes))
      #expect(classes.names.count == expected.count)
      #expect(DataGolden.hash(classes.names.joined(separator: "|").utf8) == expected.names, "\(kind.name)")
      #expect(DataGolden.hash(classes.palette.flatMap { $0 }) == expected.palette, "\(kind.name)")
    }
    #expect(ClassSelection.randomPalette(7) == file.palette)
  }

  private func selection(_ type: String, _ more: String) throws -> ClassSelection {
    let folder = try PictureFolder()
    try folder.picture("a.jpg")
    try folder.text("names.txt", "car\nroad\n")
    let text = more.replacing("$", with: folder.path)
    let suffix = type == "CityscapesDataset" ? ", img_suffix='.jpg'" : ""
    let found = try dataset(
      "dict(type='\(type)', pipeline=[], img_dir='\(folder.path)', ann_dir='x'\(suffix), \(text))")
    return try #require(found as? SegmentationDataset).classes
  }

  @Test func `chosen classes get new indices and keep their colours`() throws {
    for more in [
      "classes=['car', 'road']", "classes='$/names.txt'", "classes=('car', 'road'), palette=[[1, 2, 3]]",
    ] {
      let classes = try selection("CityscapesDataset", more)
      #expect(classes.names == ["car", "road"])
      #expect(classes.palette == [[0, 0, 142], [128, 64, 128]])
      let table = try #require(classes.mapping)
      #expect(
        table[13] == 0 && table[0] == 1 && table[1] == 255 && table[18] == 255 && table[255] == 255
          && table[40] == 40)
    }
  }

  @Test func `classes of one's own`() throws {
    let classes = try selection("CustomDataset", "classes=['cell', 'rest'], palette=[[1, 2, 3], [4, 5, 6]]")
    #expect(
      classes.names == ["cell", "rest"] && classes.palette == [[1, 2, 3], [4, 5, 6]] && classes.mapping == nil
    )
    #expect(try selection("CustomDataset", "classes=['a']").palette == ClassSelection.randomPalette(1))
  }

  @Test func `mistakes are named`() {
    let cases = [
      (
        "CityscapesDataset", "classes=['cat', 'road']",
        "data.train.classes: must be classes of the data set, found 'cat'; did you mean 'car'?"
      ),
      (
        "CustomDataset", "classes=['a', 'b'], palette=[[1, 2, 3]]",
        "data.train: palette must have one colour for each of the 2 classes, found 1"
      ),
      (
        "CustomDataset", "classes=['a'], palette=[[1, 2, 300]]",
        "data.train.palette: must be colours of three numbers in 0...255, found [1, 2, 300]"
      ),
      ("CustomDataset", "classes=[]", "data.train.classes: must be 1 to 255 names, found 0"),
      ("CustomDataset", "classes='nowhere.txt'", "nowhere.txt: cannot be read"),
    ]
    for (type, more, expected) in cases {
      let message = complaint { _ = try selection(type, more) }
      #expect(message.contains(expected), "\(message)")
    }
  }
}
