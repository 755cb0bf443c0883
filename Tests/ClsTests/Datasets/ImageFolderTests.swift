import Core
import Foundation
import OrderedCollections
import PyConfig
import Testing

@testable import Cls

@Suite struct ImageFolderTests {
  static func load(_ folder: TemporaryFolder, more: String = "", type: String = "CustomDataset") throws
    -> ClassificationDataset
  {
    let built = try dataset("dict(type='\(type)', data_prefix='\(folder.path)'\(more))")
    return try #require(built as? ClassificationDataset)
  }

  static func names(_ data: ClassificationDataset) -> [String] {
    guard case .files(let files) = data.pictures else { return [] }
    return files.map(\.name)
  }

  static func tree() throws -> TemporaryFolder {
    try TemporaryFolder(texts: [
      "dog/b.JPG": "", "dog/a.png": "", "dog/deep/er/z.bmp": "", "cat/10.jpeg": "", "cat/9.jpeg": "",
      "cat/notes.txt": "", "cat/.hidden.png": "", "Zebra/z.tif": "", "loose.png": "",
    ])
  }

  @Test func `folders in byte order are the classes`() throws {
    let data = try Self.load(Self.tree())
    #expect(data.classNames == ["Zebra", "cat", "dog"])
    #expect(
      Self.names(data) == [
        "Zebra/z.tif", "cat/10.jpeg", "cat/9.jpeg", "dog/a.png", "dog/b.JPG", "dog/deep/er/z.bmp",
      ])
    #expect(data.labels == [0, 1, 1, 2, 2, 2])
  }

  @Test func `extensions choose files`() throws {
    let data = try Self.load(Self.tree(), more: ", extensions=('.TXT', '.png')")
    #expect(Self.names(data) == ["cat/notes.txt", "dog/a.png"])
  }

  @Test func `a list of files takes spaces and blank lines`() throws {
    let folder = try TemporaryFolder(texts: ["list.txt": "a b/c d.jpg 1\r\n\n  x.png 0  \nlast.png 2"])
    let data = try Self.load(folder, more: ", ann_file='\(folder.path)/list.txt', classes=('a', 'b', 'c')")
    #expect(Self.names(data) == ["a b/c d.jpg", "x.png", "last.png"])
    #expect(data.labels == [1, 0, 2])
    guard case .files(let files) = data.pictures else { return }
    #expect(files[0].path == "\(folder.path)/a b/c d.jpg")
  }

  @Test func `without a prefix names stand for themselves`() throws {
    let folder = try TemporaryFolder(texts: ["list.txt": "/x/y.jpg 0\n"])
    let data = try dataset("dict(type='CustomDataset', data_prefix=None, ann_file='\(folder.path)/list.txt')")
    guard case .files(let files)? = (data as? ClassificationDataset)?.pictures else { return }
    #expect(files.map(\.path) == ["/x/y.jpg"])
    #expect(data.classNames == nil)
  }

  @Test func `class names come from a list or a file`() throws {
    let folder = try Self.tree()
    try folder.write("names.txt", Array("one\ntwo words\nthree\n".utf8))
    #expect(
      try Self.load(folder, more: ", classes='\(folder.path)/names.txt'").classNames == [
        "one", "two words", "three",
      ])
    #expect(try Self.load(folder, more: ", classes=['x', 'y', 'z']").classNames == ["x", "y", "z"])
  }

  @Test func `ImageNet has a thousand names`() throws {
    let folder = try TemporaryFolder(texts: ["list.txt": "x.png 999\ny.png 0\n"])
    let data = try Self.load(folder, more: ", ann_file='\(folder.path)/list.txt'", type: "ImageNet")
    #expect(data.classNames?.count == 1000)
    #expect(data.classNames?.last == "toilet tissue, toilet paper, bathroom tissue")
  }

  static let lists: [(String, String)] = [
    ("a.jpg 0\nb.jpg\n", "list.txt:2: must be 'path label' with a whole number for a label, found 'b.jpg'"),
    (
      "a.jpg 0\n\nb.jpg x1\n",
      "list.txt:3: must be 'path label' with a whole number for a label, found 'b.jpg x1'"
    ),
    ("a.jpg\t0\n", "list.txt:1: must be 'path label'"),
    ("a.jpg 99999999999999999999\n", "list.txt:1: must be 'path label'"),
    ("a.jpg 0\nb.jpg 2\n", "list.txt: labels must be in 0..<2 (the data set's classes), found 2 for item 1"),
    ("a.jpg -1\n", "list.txt: labels must be in 0..<2 (the data set's classes), found -1 for item 0"),
    ("", "list.txt: the data set is empty: no pictures were found"),
  ]

  @Test(arguments: lists) func `a bad list is named with its line`(_ text: String, _ expected: String) throws
  {
    let folder = try TemporaryFolder(texts: ["list.txt": text])
    let message = errorText {
      _ = try Self.load(folder, more: ", ann_file='\(folder.path)/list.txt', classes=['a', 'b']")
    }
    #expect(message.hasPrefix(folder.path) && message.contains(expected), "\(message)")
  }

  @Test func `bytes that are no text are named`() throws {
    let folder = try TemporaryFolder(["list.txt": [0xff, 0xfe, 0x00]])
    let message = errorText { _ = try Self.load(folder, more: ", ann_file='\(folder.path)/list.txt'") }
    #expect(message == "\(folder.path)/list.txt: must be a text file in UTF-8")
  }

  @Test func `empty and missing folders are named`() throws {
    let empty = try TemporaryFolder(texts: ["cat/readme": "", "dog/x.gif": ""])
    #expect(
      errorText { _ = try Self.load(empty) }
        == "\(empty.path): the data set is empty: no files with .jpg, .jpeg, .png, .ppm, .bmp, .pgm, .tif in folders below this one"
    )
    #expect(
      errorText { _ = try dataset("dict(type='CustomDataset', data_prefix='/no/such/folder')") }
        == "/no/such/folder: must be a folder that can be read")
    let message = errorText { _ = try Self.load(Self.tree(), more: ", classes=['a', 'b']") }
    #expect(message.hasSuffix("must have one folder for each of the 2 classes, found 3"))
    #expect(
      errorText { _ = try Self.load(empty, more: ", ann_file='/no/such.txt'") }
        == "/no/such.txt: cannot be read: No such file or directory")
    #expect(
      errorText { _ = try dataset("dict(type='CustomDataset')") }
        == "c.py:1: data.train: missing required key 'data_prefix'")
  }
}
