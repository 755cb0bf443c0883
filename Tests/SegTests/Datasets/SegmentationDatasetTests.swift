import Core
import Testing

@testable import Seg

/// How pictures and label maps are found, and what goes with them.
@Suite struct SegmentationDatasetTests {
  private func folder() throws -> PictureFolder {
    let folder = try PictureFolder()
    for name in ["b", "a", "sub/c"] {
      try folder.picture("img/\(name).jpg")
      try folder.labels("ann/\(name).png", [0, 1, 2])
    }
    try folder.picture("img/.hidden.jpg")
    try folder.text("list.txt", "b\n  sub/c \n\n")
    return folder
  }

  private func names(_ dataset: any Dataset) -> [String] {
    dataset.segmentationParts.flatMap { $0.items.map(\.image.name) }
  }

  @Test func `pictures of a folder are sorted, those of a list as listed`() throws {
    let folder = try folder()
    let common = "type='CustomDataset', pipeline=[], data_root='\(folder.path)', img_dir='img', ann_dir='ann'"
    let all = try dataset("dict(\(common))")
    #expect(names(all) == ["a.jpg", "b.jpg", "sub/c.jpg"])
    let part = try #require(all as? SegmentationDataset)
    #expect(part.items[2].labels?.path == "\(folder.path)/ann/sub/c.png")
    #expect(names(try dataset("dict(\(common), split='list.txt')")) == ["b.jpg", "sub/c.jpg"])
    #expect(part.classNames == nil && part.palette == nil && part.ignoreIndex == 255)
  }

  @Test func `lists of folders and splits become a concatenation`() throws {
    let folder = try folder()
    try folder.picture("more/x.jpg")
    try folder.labels("more_ann/x.png", [0, 1])
    let root = "type='CustomDataset', pipeline=[], data_root='\(folder.path)'"
    #expect(
      names(try dataset("dict(\(root), img_dir=['img', 'more'], ann_dir=['ann', 'more_ann'])"))
        == ["a.jpg", "b.jpg", "sub/c.jpg", "x.jpg"])
    let splits = try dataset(
      "dict(\(root), img_dir='img', ann_dir=['ann', 'more_ann'], split=['list.txt', 'list.txt'], separate_eval=False)"
    )
    #expect(names(splits) == ["b.jpg", "sub/c.jpg", "b.jpg", "sub/c.jpg"])
    #expect((splits as? ConcatDataset)?.evaluatesSeparately == false)
    #expect(splits.segmentationParts[1].items[0].labels?.path == "\(folder.path)/more_ann/b.png")
    #expect(
      complaint { _ = try dataset("dict(\(root), img_dir=['img', 'more'], ann_dir=['ann'])") }
        == "c.py:1: data.train: ann_dir must have as many entries as the other lists, 2, found 1")
    #expect(
      complaint { _ = try dataset("dict(\(root), img_dir='img', ann_dir=['ann', 'ann'])") }.contains(
        "ann_dir may be a list only where img_dir or split is one"))
  }

  @Test func `names of label maps follow from the type`() throws {
    let folder = try PictureFolder()
    for name in ["frankfurt/f_1_leftImg8bit", "n_rgb_anon", "t"] { try folder.picture("img/\(name).png") }
    try folder.picture("img/v.jpg")
    try folder.text("list.txt", "v\n")
    func labels(_ type: String, _ more: String = "") throws -> [String] {
      let text = "dict(type='\(type)', pipeline=[], img_dir='\(folder.path)/img', ann_dir='ann'\(more))"
      return try dataset(text).segmentationParts.flatMap { $0.items.compactMap { $0.labels?.name } }
    }
    #expect(try labels("CityscapesDataset") == ["frankfurt/f_1_gtFine_labelTrainIds.png"])
    #expect(try labels("NightDrivingDataset") == ["frankfurt/f_1_gtCoarse_labelTrainIds.png"])
    #expect(try labels("DarkZurichDataset") == ["n_gt_labelTrainIds.png"])
    #expect(try labels("COCOStuffDataset") == ["v_labelTrainIds.png"])
    #expect(try labels("ADE20KDataset") == ["v.png"])
    #expect(try labels("PascalVOCDataset", ", split='\(folder.path)/list.txt'") == ["v.png"])
    #expect(try labels("DRIVEDataset").contains("t_manual1.png"))
    #expect(try labels("ChaseDB1Dataset").contains("t_1stHO.png"))
    #expect(try labels("STAREDataset").contains("t.ah.png"))
    #expect(try labels("HRFDataset").contains("t.png"))
    #expect(try labels("iSAIDDataset").contains("t_instance_color_RGB.png"))
    #expect(
      try labels("CustomDataset", ", img_suffix='_rgb_anon.png', seg_map_suffix='.gt.png'") == ["n.gt.png"])
  }

  @Test func `types bring their own rules`() throws {
    let folder = try folder()
    func text(_ type: String, _ more: String) -> String {
      "dict(type='\(type)', pipeline=[], img_dir='\(folder.path)/img', ann_dir='\(folder.path)/ann'\(more))"
    }
    let ade = try #require(try dataset(text("ADE20KDataset", "")) as? SegmentationDataset)
    #expect(ade.reducesZeroLabel && ade.classNames?.count == 150)
    let coco = try dataset(text("COCOStuffDataset", ", reduce_zero_label=True")) as? SegmentationDataset
    #expect(coco?.reducesZeroLabel == true)
    let refused = [
      (
        text("ADE20KDataset", ", img_suffix='.png'"),
        "img_suffix is always '.jpg' for ADE20KDataset; leave it out, or use CustomDataset"
      ),
      (
        text("LoveDADataset", ", reduce_zero_label=False"),
        "reduce_zero_label is always True for LoveDADataset"
      ),
      (
        text("PascalVOCDataset", ""),
        "split must name a file with one picture a line for PascalVOCDataset, found none"
      ),
      (text("CustomDataset", ", img_sufix='.png'"), "unknown key 'img_sufix'; did you mean 'img_suffix'?"),
    ]
    for (text, expected) in refused {
      let message = complaint { _ = try dataset(text) }
      #expect(message.hasPrefix("c.py:1: data.train") && message.contains(expected), "\(message)")
    }
  }

  @Test func `empty and missing folders are named`() throws {
    let folder = try PictureFolder()
    try folder.picture("img/a.png")
    func message(_ more: String) -> String {
      complaint {
        _ = try dataset("dict(type='CustomDataset', pipeline=[], data_root='\(folder.path)', \(more))")
      }
    }
    #expect(
      message("img_dir='img', ann_dir='ann'")
        == "\(folder.path)/img: the data set is empty: no files with the suffix '.jpg' in img_dir or below")
    #expect(
      message("img_dir='none', ann_dir='ann'")
        == "\(folder.path)/none: img_dir must be a folder that can be read")
    #expect(
      message("img_dir='img', img_suffix='.png'")
        == "c.py:1: data.train: ann_dir must name the folder of label maps to train on, found none")
    #expect(
      message("img_dir='img', ann_dir='ann', split='no.txt'").hasPrefix(
        "\(folder.path)/no.txt: cannot be read"))
    #expect(
      message("img_dir='img', img_suffix='.png', test_mode=True")
        == "c.py:1: data.train: classes must name the classes of a CustomDataset that is tested, found none")
  }
}
