@testable import Cls
import Core
import PyConfig
import OrderedCollections
import Testing

@Suite struct MultiLabelDatasetTests {
  private func voc() throws -> (folder: MultiLabelCases.Folder, config: String) {
    let golden = try MultiLabelCases.load().voc
    let folder = try MultiLabelCases.Folder()
    for (name, text) in golden.xml { try folder.write("VOC2007/Annotations/\(name).xml", text) }
    try folder.write("VOC2007/list.txt", golden.xml.keys.sorted().joined(separator: "\n") + "\n")
    return (
      folder,
      "type='VOC', data_prefix='\(folder.path)/VOC2007', ann_file='\(folder.path)/VOC2007/list.txt', pipeline=[]"
    )
  }

  @Test func `difficult objects count as the config says`() throws {
    let golden = try MultiLabelCases.load().voc
    let (folder, config) = try voc()
    for (difficult, targets) in golden.targets {
      let dataset = try #require(
        try MultiLabelCases.dataset("dict(\(config), difficult_as_postive=\(difficult))")
          as? MultiLabelDataset)
      #expect(dataset.targets == targets)
      #expect(dataset.count == 3)
      #expect(dataset.files[1].path == "\(folder.path)/VOC2007/JPEGImages/000002.jpg")
      #expect(dataset.categories(at: 0) == (difficult == "True" ? [7, 11] : [7]))
      var generator = RandomGenerator(seed: 0)
      let sample = try #require(try dataset.sample(at: 0, using: &generator))
      #expect(sample.labelScores == targets.prefix(20).map(Float.init))
    }
  }

  @Test func `broken annotations are named`() throws {
    let (folder, config) = try voc()
    func message() throws -> String {
      do {
        _ = try MultiLabelCases.dataset("dict(\(config))")
        return ""
      } catch { return "\(error)" }
    }
    let file = "VOC2007/Annotations/000001.xml"
    for (text, part) in [
      ("<a><object><name>cat</name></object></a>", "object 'cat': difficult must be 0 or 1, found ''"),
      ("<a><object/></a>", "each object must have a name"),
      ("<a>\n<object></a>", ":2: must be XML: expected an end tag that matches its start tag, found '</a'"),
      ("<a>", "expected an end tag '</a>', found the end of the file"),
      ("", "expected an element, found nothing"),
      ("<a>&unknown;</a>", "found '&unknown;'"),
      ("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "a document type without declarations"),
      (String(repeating: "<a>", count: 100), "at most 64 elements inside one another"),
      ("<a/><b/>", "nothing after the outermost element"),
      ("<a b=c/>", "the value of an attribute in quotation marks"),
    ] {
      try folder.write(file, text)
      let message = try message()
      #expect(message.contains(part), "\(text): \(message)")
      #expect(message.contains(file))
    }
  }

  @Test func `every cut of a document is refused without a crash`() throws {
    let text = Array("<?xml v?><!-- c --><a b='1'><![CDATA[x]]>&#65;&lt;<c/> <d>t</d></a>".utf8)
    let tree = try XMLTree.parse(text, file: "a.xml")
    #expect(tree.text == "xA<")
    #expect(tree.all("d").map(\.text) == ["t"])
    for end in 0..<text.count {
      #expect(throws: DataError.self) { try XMLTree.parse(Array(text[..<end]), file: "a.xml") }
    }
  }

  @Test func `the year must be in the path`() {
    #expect {
      try MultiLabelCases.dataset("dict(type='VOC', data_prefix='VOC', ann_file='x', pipeline=[])")
    } throws: { "\($0)".contains("data.data_prefix: must have 'VOC2007' in it") }
  }

  @Test func `folds are NumPy's`() throws {
    for item in try MultiLabelCases.load().folds {
      let labels = (0..<item.count).map { $0 % 3 }
      let whole = try ClassificationDataset(
        .files(labels.indices.map { SampleFile(prefix: nil, name: "\($0)") }), labels: labels,
        classNames: ["a", "b", "c"], pipeline: Pipeline([]), source: "test")
      var seen: [Int] = []
      for fold in 0..<4 {
        let test = try KFoldDataset(whole, fold: fold, splits: 4, isTesting: true, seed: item.seed)
        let (start, end) = (item.count * fold / 4, item.count * (fold + 1) / 4)
        #expect(test.indices == Array(item.order[start..<end]))
        let train = try KFoldDataset(whole, fold: fold, splits: 4, seed: item.seed)
        #expect(train.indices == Array(item.order[..<start] + item.order[end...]))
        #expect(try GroundTruth(of: test) == .labels(test.indices.map { labels[$0] }))
        #expect(test.categories(at: 0) == [labels[test.indices[0]]])
        seen += test.indices
      }
      #expect(seen == item.order)
    }
  }

  @Test func `truths of several data sets are joined and cut`() throws {
    func part(_ targets: [Int8]) throws -> MultiLabelDataset {
      try MultiLabelDataset(
        (0..<(targets.count / 2)).map { SampleFile(prefix: nil, name: "\($0)") }, targets: targets,
        classNames: ["a", "b"], pipeline: Pipeline([]), source: "test")
    }
    let whole = try ConcatDataset([part([1, 0]), part([0, -1, 1, 1])], evaluatesSeparately: false)
    #expect(try GroundTruth(of: whole) == .perClass([1, 0, 0, -1, 1, 1], classes: 2))
    let fold = try KFoldDataset(whole, fold: 2, splits: 3, isTesting: true)
    #expect(try GroundTruth(of: fold) == .perClass([1, 1], classes: 2))
    #expect(ClassificationMetrics.Metric.standard(for: fold) == .meanAveragePrecision)
    let scores = ClassificationTest.Scores(values: [0.9, 0.6, 0.2, 0.1, 0.8, 0.9], classes: 2)
    let results = try ClassificationTest.evaluate(scores, whole, ClassificationMetrics([.overallPrecision]))
    #expect(results == ["OP": .number(75)])
    #expect(throws: DataError.self) { try part([1, 0, 2, 0]) }
    #expect(throws: DataError.self) { try part([]) }
  }

  @Test func `birds are split by their files`() throws {
    let folder = try MultiLabelCases.Folder()
    try folder.write("images.txt", "1 a/1.jpg\n2 b/2.jpg\n3 c/3.jpg\n")
    try folder.write("labels.txt", "1 200\n2 1\n3 17\n")
    try folder.write("split.txt", "1 1\n2 0\n3 1\n")
    let config = """
      dict(type='CUB', data_prefix='p', ann_file='\(folder.path)/images.txt', pipeline=[],
           image_class_labels_file='\(folder.path)/labels.txt', train_test_split_file='\(folder.path)/split.txt')
      """
    let train = try #require(try MultiLabelCases.dataset(config) as? ClassificationDataset)
    #expect(train.labels == [199, 16])
    #expect(train.classNames?.count == 200)
    let test = try #require(try MultiLabelCases.dataset(config, isTesting: true) as? ClassificationDataset)
    #expect(test.labels == [0])
    guard case .files(let files) = test.pictures else {
      Issue.record("no files")
      return
    }
    #expect(files.map(\.path) == ["p/b/2.jpg"])
    for (name, text, part) in [
      ("split.txt", "1 1\n", "must have a line for each of 3 pictures, found 1"),
      ("labels.txt", "1 2\nx\n3 4\n", "labels.txt:2: must be a number and a value"),
      ("labels.txt", "1 2\n2 y\n3 4\n", "labels.txt:2: must be a whole number, found 'y'"),
    ] {
      try folder.write(name, text)
      #expect {
        try MultiLabelCases.dataset(config)
      } throws: {
        "\($0)".contains(part)
      }
    }
  }

  @Test func `repeated augmentation takes the original's samples`() throws {
    for item in try MultiLabelCases.load().repeats {
      let sampler = RepeatAugSampler(
        count: item.count, repeats: item.options["num_repeats"] ?? 3,
        round: item.options["selected_round"] ?? 256,
        ratio: Double(item.options["selected_ratio"] ?? 0), shuffles: false, seed: 1)
      #expect(sampler.indices(epoch: 0) == item.indices)
      #expect(sampler.count == item.indices.count)
    }
    let sampler = RepeatAugSampler(count: 20, round: 0, seed: 3)
    let order = sampler.indices(epoch: 0)
    #expect(order.count == 20)
    #expect(order != sampler.indices(epoch: 1))
    for start in stride(from: 0, to: 18, by: 3) { #expect(Set(order[start..<(start + 3)]).count == 1) }
  }

  @Test func `views of one picture differ`() throws {
    let pipeline = """
      [dict(type='RandomCrop', size=6), dict(type='Normalize', mean=[100.0], std=[50.0], to_rgb=False),
       dict(type='ImageToTensor', keys=['img']), dict(type='ToTensor', keys=['gt_label']),
       dict(type='Collect', keys=['img', 'gt_label'])]
      """
    let dataset = try ClassificationDataset(
      .bytes((0..<256).map { UInt8($0) }, height: 16, width: 16, channels: 1), labels: [0], classNames: nil,
      pipeline: Pipeline(MultiLabelCases.node(pipeline), path: "pipeline", MultiLabelCases.context),
      source: "test")
    var settings = try LoaderSettings(
      MultiLabelCases.node("dict(samples_per_gpu=9, workers_per_gpu=0)"), role: .train)
    settings.sampler = ConfigNodeBox(
      try MultiLabelCases.node(
        "dict(type='RepeatAugSampler', selected_round=0, selected_ratio=0.1, num_repeats=9)"),
      path: "sampler")
    let task = ClassificationTask(registries: MultiLabelCases.context.registries)
    let source = try task.makeSource(dataset, SourceOptions(loader: settings, seed: 4))
    let batch = try #require(try source.batches(epoch: 0).next() as? ClassificationBatch)
    #expect(batch.images.shape == [9, 1, 6, 6])
    let views = (0..<9).map { batch.images.selected(0, $0).floats }
    #expect(Set(views).count > 4)
  }
}
