import Core
import Foundation
import Logging
import OrderedCollections
import PyConfig
import Testing

@testable import Seg

/// A segmentor that knows no picture: one score a class for every pixel, from a parameter.
private final class ColorSegmentor: Module, Segmentor {
  let bias = Parameter(Tensor([0, 0] as [Float], shape: [2]))
  let classes: Int
  /// From which step on the loss is no number.
  var breaksAfter = Int.max
  private(set) var steps = 0

  init(classes: Int = 2) { self.classes = classes }

  var initialization: [InitConfig] { [] }

  func losses(_ batch: SegmentationBatch) throws -> LossTerms {
    steps += 1
    var terms = LossTerms()
    let shape = batch.images.shape
    let scores = bias.value.reshaped([1, 2, 1, 1]).expanded(to: [shape[0], 2, shape[2], shape[3]])
    guard let labels = batch.labels else { throw InvalidConfig("labels") }
    let loss = scores.crossEntropy(labels.squeezed(1), ignoreIndex: 255)
    terms["decode.loss_ce"] = steps > breaksAfter ? loss * Float.nan : loss
    return terms
  }

  /// Class 1 where the picture is bright.
  func predict(views: [SegmentationBatch]) throws -> [LabelMap] {
    let (image, meta) = (views[0].images, views[0].metas[0])
    let values = image.permuted([0, 2, 3, 1]).floats
    let (height, width) = (meta.originalShape[0], meta.originalShape[1])
    return [
      LabelMap(
        height: height, width: width, labels: (0..<(height * width)).map { values[$0 * 3] > 100 ? 1 : 0 })
    ]
  }

  func runDummy(_ images: Tensor) {}
}

@Suite struct SegmentationTrainingTests {
  /// Pictures of which the left half is bright, and label maps that say so but for one column.
  private func folder(_ count: Int = 5) throws -> PictureFolder {
    let folder = try PictureFolder()
    for index in 0..<count {
      let bytes = (0..<(6 * 8 * 3)).map { UInt8($0 / 3 % 8 < 4 ? 200 : 10) }
      try Image(width: 8, height: 6, channels: 3, bytes: bytes).write(path: "\(folder.path)/img/\(index).png")
      try folder.labels("ann/\(index).png", (0..<8).map { $0 < 3 ? 1 : 0 })
    }
    return folder
  }

  private func text(_ folder: PictureFolder, classes: String = "['rest', 'cell']") -> String {
    "dict(type='CustomDataset', img_suffix='.png', img_dir='\(folder.path)/img', ann_dir='\(folder.path)/ann', classes=\(classes), "
      + "pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations'), dict(type='DefaultFormatBundle'), "
      + "dict(type='Collect', keys=['img', 'gt_semantic_seg'])])"
  }

  private func settings(_ text: String) throws -> LoaderSettings {
    try LoaderSettings(dataNode(text), role: .train, dropsLast: SegmentationTask().dropsLastBatch)
  }

  @Test func `a last batch that is not full is left out`() throws {
    let folder = try folder()
    let data = try dataset(text(folder))
    func batches(_ loader: String) throws -> Int {
      try SegmentationTask().makeSource(data, SourceOptions(loader: settings(loader), seed: 0)).batchCount
    }
    #expect(try batches("dict(samples_per_gpu=2, workers_per_gpu=0)") == 2)
    #expect(
      try batches("dict(samples_per_gpu=2, workers_per_gpu=0, train_dataloader=dict(drop_last=False))") == 3)
    let message = complaint { _ = try batches("dict(samples_per_gpu=6)") }
    #expect(
      message.hasPrefix("data.samples_per_gpu must be at most the number of pictures, 5, "), "\(message)")
    #expect(message.contains("found 6; lower it, repeat the data set with RepeatDataset"))
  }

  @Test func `model and data set must have as many classes`() throws {
    let folder = try folder()
    let message = complaint {
      try SegmentationTask().check(
        ColorSegmentor(), against: dataset(text(folder, classes: "['a', 'b', 'c', 'd']")))
    }
    #expect(
      message
        == "decode_head.num_classes must be the number of the data set's classes, 4 (a, b, c, ...), found 2")
    try SegmentationTask().check(ColorSegmentor(), against: dataset(text(folder)))
  }

  @Test func `evaluation during training`() throws {
    let folder = try folder()
    let data = try dataset(text(folder), isTesting: true)
    let evaluator = try SegmentationTask().makeEvaluator(
      data, LoaderSettings(nil, role: .val),
      settings: ["metric": dataNode("['mIoU', 'mFscore']"), "pre_eval": dataNode("True")])
    #expect(evaluator.batchCount == 5)
    let runner = try IterBasedRunner(
      model: ColorSegmentor(), optimizer: nil, maxIterations: 1, logger: Logger(label: "test"))
    let results = try evaluator.evaluate(runner.model, runner: runner)
    #expect(
      Array(results.keys.prefix(7)) == [
        "aAcc", "mIoU", "mAcc", "mFscore", "mPrecision", "mRecall", "IoU.rest",
      ])
    // One of eight columns is wrong: 42 of 48 pixels.
    #expect(
      results["aAcc"]?.double == 0.875 && results["IoU.rest"]?.double == 0.8
        && results["IoU.cell"]?.double == 0.75)
    #expect(results["mIoU"]?.double == 0.775 && results["Precision.cell"]?.double == 0.75)
    let message = complaint {
      _ = try SegmentationTask().makeEvaluator(
        data, LoaderSettings(nil, role: .val), settings: ["metric": dataNode("'mIou'")])
    }
    #expect(
      message.contains(
        "evaluation.metric: must be one of mIoU, mDice, mFscore, found 'mIou'; did you mean 'mIoU'?"),
      "\(message)")
  }

  @Test func `parts of a concatenation are measured one by one or together`() throws {
    let folder = try folder(2)
    func results(_ more: String) throws -> [String] {
      let data = try dataset(
        "dict(type='ConcatDataset', datasets=[\(text(folder)), \(text(folder))]\(more))", isTesting: true)
      var measurement = try SegmentationMeasurement(data)
      let source = SegmentationTask.makeTestSource(data, workers: 1, readsTruth: true)
      try SegmentationTest.run(ColorSegmentor(), source) { try measurement.add($0) }
      return Array(measurement.results(SegmentationMetrics([.meanDice])) { _ in }.keys)
    }
    #expect(
      try results("")
        == ["0", "1"].flatMap { part in
          ["aAcc", "mDice", "mAcc", "Dice.rest", "Dice.cell", "Acc.rest", "Acc.cell"].map { "\(part)_\($0)" }
        })
    #expect(try results(", separate_eval=False").first == "aAcc")
  }

  @Test func `label maps of another size are named in evaluation`() throws {
    let folder = try folder(1)
    try folder.labels("ann/0.png", [0, 1], height: 12, width: 16)
    let data = try dataset(
      text(folder).replacing("dict(type='LoadAnnotations'), ", with: "").replacing(
        ", 'gt_semantic_seg'", with: ""),
      isTesting: true)
    var measurement = try SegmentationMeasurement(data)
    let message = complaint {
      let source = SegmentationTask.makeTestSource(data, workers: 0, readsTruth: true)
      try SegmentationTest.run(ColorSegmentor(), source) { try measurement.add($0) }
    }
    #expect(
      message
        == "\(folder.path)/ann/0.png: the label map must be of its picture's size, 6x8, found 12x16; check that they belong together"
    )
  }

  @Test func `a loss that is no number stops the run and spoils nothing`() throws {
    let folder = try folder()
    let model = ColorSegmentor()
    model.breaksAfter = 3
    let optimizer = try SGD([model.bias], .init(learningRate: 0.1))
    let runner = try IterBasedRunner(
      model: model, optimizer: optimizer, maxIterations: 10, workDirectory: "\(folder.path)/work",
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let config = try dataNode(
      "dict(optimizer_config=dict(), checkpoint_config=dict(interval=2, by_epoch=False))")
    try runner.registerTrainingHooks(TrainingHooksConfig(config), context: dataContext())
    for (hook, priority) in SegmentationTask().standardHooks { runner.register(hook, priority: priority) }
    let source = try SegmentationTask().makeSource(
      dataset(text(folder)),
      SourceOptions(loader: settings("dict(samples_per_gpu=2, workers_per_gpu=0)"), seed: 0))
    let message = complaint { try runner.run([source]) }
    #expect(
      message
        == "iteration 4: the loss must be finite, found nan (decode.loss_ce is nan); lower the learning rate, warm up longer, "
        + "or clip gradients with optimizer_config=dict(grad_clip=...); the last checkpoint is \(folder.path)/work/iter_2.pth"
    )
    #expect(model.bias.value.floats.allSatisfy { $0.isFinite })
    #expect(try Checkpoint(path: "\(folder.path)/work/iter_2.pth").state.count == 1)
  }
}
