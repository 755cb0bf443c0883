import Core
import Foundation
import OrderedCollections
import PyConfig
import Testing

@testable import Cls

@Suite struct MNISTTests {
  /// An IDX file of bytes.
  static func idx(_ shape: [Int], _ bytes: [UInt8], kind: UInt8 = 8) -> [UInt8] {
    [0, 0, kind, UInt8(shape.count)]
      + shape.flatMap { size in [24, 16, 8, 0].map { UInt8(size >> $0 & 255) } } + bytes
  }

  static let pixels = (0..<12).map { UInt8($0 * 20) }

  static func folder(_ part: String = "train") throws -> TemporaryFolder {
    try TemporaryFolder([
      "\(part)-images-idx3-ubyte": idx([3, 2, 2], pixels), "\(part)-labels-idx1-ubyte": idx([3], [5, 0, 9]),
    ])
  }

  static func load(
    _ folder: TemporaryFolder, _ type: String = "MNIST", more: String = "", isTesting: Bool = false
  ) throws
    -> any Dataset
  {
    try dataset(
      "dict(type='\(type)', data_prefix='\(folder.path)', pipeline=[]\(more))", isTesting: isTesting)
  }

  @Test func `raw files give pictures and labels`() throws {
    let data = try Self.load(Self.folder())
    #expect(data.count == 3)
    #expect((0..<3).map(data.categories) == [[5], [0], [9]])
    #expect(data.classNames?.first == "0 - zero" && data.classNames?.count == 10)
    var generator = RandomGenerator(seed: 0)
    let sample = try #require(try data.sample(at: 1, using: &generator))
    #expect(sample.image?.bytes == [80, 100, 120, 140])
    #expect(sample.image?.channels == 1)
    #expect(sample.label == 0)
    #expect(sample.meta.originalShape == [2, 2, 1])
  }

  @Test func `compressed files are read in place`() throws {
    let folder = try Self.folder()
    for name in ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"] {
      let gzip = Process()
      gzip.executableURL = URL(fileURLWithPath: "/usr/bin/gzip")
      gzip.arguments = ["\(folder.path)/\(name)"]
      try gzip.run()
      gzip.waitUntilExit()
    }
    #expect(FileManager.default.fileExists(atPath: "\(folder.path)/train-images-idx3-ubyte.gz"))
    #expect(try Self.load(folder).count == 3)
  }

  @Test func `test mode takes the other part, and says itself`() throws {
    let folder = try Self.folder("t10k")
    #expect(try Self.load(folder, isTesting: true).count == 3)
    #expect(try Self.load(folder, more: ", test_mode=True").count == 3)
    #expect(
      errorText { _ = try Self.load(folder, more: ", test_mode=False", isTesting: true) }.contains(
        "train-images"))
  }

  @Test func `Fashion-MNIST has other names`() throws {
    #expect(try Self.load(Self.folder(), "FashionMNIST").classNames?.last == "Ankle boot")
    #expect(try Self.load(Self.folder(), more: ", classes=list('abcdefghij')").classNames?.last == "j")
  }

  static let broken: [(String, [UInt8], [UInt8], String)] = [
    (
      "magic", [1, 2, 3, 4], idx([3], [1, 2, 3]),
      "images-idx3-ubyte: must start with 00 00 08 03 (bytes on 3 axes), found 1 2 3 4"
    ),
    ("kind", idx([3, 2, 2], pixels, kind: 9), idx([3], [1, 2, 3]), "found 0 0 9 3"),
    ("empty file", [], idx([3], [1, 2, 3]), "must start with 00 00 08 03"),
    (
      "short", idx([4, 2, 2], pixels), idx([3], [1, 2, 3]), "must hold 16 bytes for sizes [4, 2, 2], found 12"
    ),
    (
      "long", idx([2, 2, 2], pixels), idx([3], [1, 2, 3]), "must hold 8 bytes for sizes [2, 2, 2], found 12"
    ),
    (
      "overflow", idx([0xffff_ffff, 0xffff_ffff, 0xffff_ffff], []), idx([3], [1, 2, 3]),
      "sizes overflow: [4294967295, 4294967295, 4294967295]"
    ),
    (
      "no rows", idx([3, 0, 2], []), idx([3], [1, 2, 3]),
      "must hold images of 1 to 4096 rows and columns, found 0x2"
    ),
    ("nothing", idx([0, 2, 2], []), idx([0], []), "the data set is empty"),
    ("counts", idx([3, 2, 2], pixels), idx([2], [1, 2]), "has 3 images, the labels file has 2 labels"),
    (
      "label", idx([3, 2, 2], pixels), idx([3], [1, 10, 3]),
      "images-idx3-ubyte: labels must be in 0..<10 (the data set's classes), found 10 for item 1"
    ),
  ]

  @Test(arguments: broken.indices) func `a broken file is named`(_ index: Int) throws {
    let (name, images, labels, expected) = Self.broken[index]
    let folder = try TemporaryFolder(["train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": labels])
    let message = errorText { _ = try Self.load(folder) }
    #expect(message.hasPrefix(folder.path) && message.contains(expected), "\(name): \(message)")
  }

  @Test func `a missing folder and damaged compression are named`() throws {
    let empty = try TemporaryFolder()
    #expect(
      errorText { _ = try Self.load(empty) }
        == "\(empty.path)/train-images-idx3-ubyte: no such file, nor \(empty.path)/train-images-idx3-ubyte.gz; "
        + "download the data set into this folder")
    let damaged = try TemporaryFolder([
      "train-images-idx3-ubyte.gz": [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2]
    ])
    let message = errorText { _ = try Self.load(damaged) }
    #expect(message.contains("train-images-idx3-ubyte.gz: must be a complete gzip file"), "\(message)")
  }
}
