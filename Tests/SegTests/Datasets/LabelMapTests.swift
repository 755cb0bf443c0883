import Core
import Foundation
import Testing

@testable import Seg

/// Label maps that are not what they should be: the message names the file and what to do.
@Suite struct LabelMapTests {
  private static let load = "[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]"

  private func made(_ folder: PictureFolder, _ more: String = "classes=['a', 'b', 'c']") throws
    -> SegmentationDataset
  {
    let text =
      "dict(type='CustomDataset', pipeline=\(Self.load), data_root='\(folder.path)', img_dir='img', ann_dir='ann', \(more))"
    return try #require(try dataset(text) as? SegmentationDataset)
  }

  private func message(_ body: (PictureFolder) throws -> Void, _ more: String = "classes=['a', 'b', 'c']")
    throws
    -> String
  {
    let folder = try PictureFolder()
    try folder.picture("img/x.jpg")
    try body(folder)
    let found = complaint {
      var generator = RandomGenerator(seed: 0)
      _ = try made(folder, more).sample(at: 0, using: &generator)
    }
    return found.replacing(folder.path, with: "F")
  }

  @Test func `values outside the classes`() throws {
    #expect(
      try message { try $0.labels("ann/x.png", [0, 1, 2, 3]) }
        == "F/ann/x.png: labels must be in 0..<3 (the classes) or 255 (no class), found 3 in 12 pixels; "
        + "if the file's 0 stands for no class, set reduce_zero_label=True for the data set and LoadAnnotations"
    )
    #expect(
      try message { try $0.labels("ann/x.png", [0, 120, 90, 255]) }
        == "F/ann/x.png: labels must be in 0..<3 (the classes) or 255 (no class), found 90 in 12 pixels and 1 other value; "
        + "a label map holds class indices, not shades of gray")
    #expect(try message { try $0.labels("ann/x.png", [0, 1, 2, 255]) } == "nothing")
    #expect(
      try message({ try $0.labels("ann/x.png", [0, 1, 77]) }, "classes=['a', 'b'], ignore_index=77")
        == "nothing")
    // Without names of classes the model's number counts.
    let folder = try PictureFolder()
    try folder.picture("img/x.jpg")
    try folder.labels("ann/x.png", [0, 5])
    let free = try made(folder, "test_mode=False")
    var generator = RandomGenerator(seed: 0)
    #expect(try free.sample(at: 0, using: &generator)?.labels != nil)
    free.assumeClasses(5)
    #expect(complaint { _ = try free.sample(at: 0, using: &generator) }.contains("labels must be in 0..<5"))
  }

  @Test func `missing, coloured and damaged ones`() throws {
    #expect(
      try message { _ in }
        == "F/ann/x.png: the label map of F/img/x.jpg must exist, found nothing; "
        + "ann_dir and seg_map_suffix (or a data set's fixed suffix) say where it is looked for")
    #expect(
      try message { try $0.picture("ann/x.png") }
        == "F/ann/x.png: a label map must have one channel of class indices, found 3 channels; "
        + "replace its colours by the indices of their classes")
    let cut = try message { folder in
      try folder.labels("ann/x.png", [0, 1])
      let file = URL(fileURLWithPath: "\(folder.path)/ann/x.png")
      try Data(contentsOf: file).prefix(50).write(to: file)
    }
    #expect(cut.hasPrefix("F/ann/x.png: "), "\(cut)")
  }

  @Test func `masks of 0 and 255`() throws {
    let folder = try PictureFolder()
    for index in 0..<20 {
      try folder.picture("img/\(index).jpg")
      try folder.labels("ann/\(index).png", index == 0 ? [0] : [0, 255])
    }
    let found = complaint { try made(folder, "classes=['rest', 'cell']").checkLabelVariety() }
    #expect(
      found.hasPrefix("\(folder.path)/ann/")
        && found.hasSuffix(
          "label maps hold class indices, and 255 stands for no class; this one and those like it hold nothing but 0 and 255, "
            + "so that class 0 would be the only one; write 1 instead of 255 (in Python: mask // 255)"),
      "\(found)")
    // One class to be found is enough, and a data set with one class has nothing else.
    try folder.labels("ann/10.png", [0, 1, 255])
    try made(folder, "classes=['rest', 'cell']").checkLabelVariety()
    try folder.labels("ann/10.png", [0, 255])
    try made(folder, "classes=['rest']").checkLabelVariety()
  }

  @Test func `evaluation sees the same values`() throws {
    let folder = try PictureFolder()
    try folder.picture("img/x.jpg")
    try folder.labels("ann/x.png", [0, 1, 2, 255])
    let reduced = try made(folder, "classes=['a', 'b'], reduce_zero_label=True").groundTruth(at: 0)
    #expect(Array((reduced.labels.bytes ?? []).prefix(4)) == [255, 0, 1, 255])
    // As in the original both reduce where both are told to.
    let twice = try made(
      folder, "classes=['a', 'b'], reduce_zero_label=True, gt_seg_map_loader_cfg=dict(reduce_zero_label=True)"
    )
    #expect(Array((try twice.groundTruth(at: 0).labels.bytes ?? []).prefix(4)) == [255, 255, 0, 255])
    #expect(
      complaint { _ = try made(folder, "classes=['a', 'b']").groundTruth(at: 0) }.contains(
        "labels must be in 0..<2 (the classes) or 255 (no class), found 2 in 12 pixels"))
  }
}
