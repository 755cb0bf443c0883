import Core
import Foundation
import OrderedCollections
import PyConfig
import Testing

@testable import Cls

/// What users get wrong, and what they are told.
@Suite struct MistakeTests {
  /// A project of a base config three levels deep, six pictures, and a folder for results.
  final class Project {
    let folder: TemporaryFolder

    init(replacing: [(String, String)] = [], images: Int = 6) throws {
      var files: [String: String] = [
        "configs/_base_/models/small.py": """
        model = dict(
            type='ImageClassifier',
            backbone=dict(
                type='ResNet', depth=18, stem_channels=4, base_channels=4, num_stages=1, strides=(1, ),
                dilations=(1, ), out_indices=(0, )),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='LinearClsHead', num_classes=2, in_channels=4))
        """,
        "configs/_base_/data.py": """
        pipeline = [
            dict(type='LoadImageFromFile'),
            dict(type='Resize', size=16),
            dict(type='Normalize', mean=[127.5, 127.5, 127.5], std=[60.0, 60.0, 60.0]),
            dict(type='ImageToTensor', keys=['img']),
            dict(type='Collect', keys=['img', 'gt_label'])]
        data = dict(
            samples_per_gpu=2, workers_per_gpu=1,
            train=dict(type='CustomDataset', data_prefix='FOLDER/images', pipeline=pipeline),
            val=dict(type='CustomDataset', data_prefix='FOLDER/images', pipeline=pipeline))
        evaluation = dict(interval=1, metric='accuracy', metric_options=dict(topk=(1, )))
        """,
        "configs/_base_/default.py": """
        _base_ = ['models/small.py', 'data.py']
        optimizer = dict(type='SGD', lr=0.01)
        optimizer_config = dict(grad_clip=None)
        lr_config = dict(policy='fixed')
        runner = dict(type='EpochBasedRunner', max_epochs=1)
        checkpoint_config = dict(interval=1)
        log_config = dict(interval=1, hooks=[dict(type='TextLoggerHook')])
        log_level = 'ERROR'
        seed = 1
        """,
        "configs/run.py": "_base_ = '_base_/default.py'\n",
      ]
      for (from, to) in replacing {
        for key in files.keys { files[key] = files[key]?.replacing(from, with: to) }
      }
      folder = try TemporaryFolder()
      for (name, text) in files {
        try folder.write(name, Array(text.replacing("FOLDER", with: folder.path).utf8))
      }
      try FileManager.default.createDirectory(
        atPath: "\(folder.path)/images", withIntermediateDirectories: true)
      for index in 0..<images {
        try FileManager.default.createDirectory(
          atPath: "\(folder.path)/images/c\(index % 2)", withIntermediateDirectories: true)
        try Image(width: 20, height: 18, filledWith: UInt8(index * 30))
          .write(path: "\(folder.path)/images/c\(index % 2)/\(index).png")
      }
    }

    func train(_ change: (inout TrainingRun.Request) -> Void = { _ in }) throws -> Runner {
      let registries = classificationContext().registries
      var request = TrainingRun.Request(config: try Config.load(path: "\(folder.path)/configs/run.py"))
      request.workDirectory = "\(folder.path)/work"
      change(&request)
      return try TrainingRun(ClassificationTask(registries: registries), registries: registries)(request)
    }

    /// The message of the failure, with the project's folder as `P`.
    func failure(_ change: (inout TrainingRun.Request) -> Void = { _ in }) -> String {
      errorText { _ = try train(change) }.replacing(folder.path, with: "P")
    }
  }

  @Test func `the project is sound`() throws {
    let runner = try Project().train()
    #expect(runner.epoch == 1 && runner.iteration == 3)
  }

  static let mistakes: [([(String, String)], String)] = [
    (
      [("stem_channels=4", "stem_chanels=4")],
      "P/configs/_base_/models/small.py:4: model.backbone: unknown key 'stem_chanels'; did you mean 'stem_channels'? "
    ),
    (
      [("type='ResNet'", "type='Resnet'")],
      "P/configs/_base_/models/small.py:4: model.backbone.type: 'Resnet' is not in the backbone registry; did you mean 'ResNet'?"
    ),
    (
      [("in_channels=4)", "in_channels='four')")],
      "P/configs/_base_/models/small.py:7: model.head.in_channels: expected int, found str 'four'"
    ),
    (
      [("num_classes=2", "num_classes=10")],
      "P/configs/_base_/models/small.py:1: model: head.num_classes must be the number of the data set's classes, 2 (c0, c1...), found 10"
    ),
    (
      [("samples_per_gpu=2", "sample_per_gpu=2")],
      "P/configs/_base_/data.py:8: data: unknown key 'sample_per_gpu'; did you mean 'samples_per_gpu'?"
    ),
    (
      [("size=16", "sise=16")],
      "P/configs/_base_/data.py:3: data.train.pipeline.1: missing required key 'size'"
    ),
    (
      [("FOLDER/images', pipeline", "FOLDER/nothing', pipeline")],
      "P/nothing: must be a folder that can be read"
    ),
    (
      [("type='SGD'", "type='SDG'")],
      "P/configs/_base_/default.py:2: optimizer.type: 'SDG' is not in the optimizer registry; did you mean 'SGD'?"
    ),
    (
      [("metric='accuracy'", "metric='acuracy'")],
      "evaluation.metric: must be one of accuracy, precision, recall, f1_score, support, mAP, CP, CR, CF1, OP, OR, OF1, found 'acuracy'; did you mean 'accuracy'?"
    ),
    (
      [
        (
          "head=dict(type='LinearClsHead', ",
          "head=dict(init_cfg=dict(type='Normal', layer='Linear', override=dict(name='fcc')), type='LinearClsHead', "
        )
      ],
      "init_cfg.override: LinearClsHead (head) has no part 'fcc'; it has "
    ),
    (
      [("keys=['img', 'gt_label']", "keys=['img']")],
      "training needs labels: the pipeline must end in Collect(keys=['img', 'gt_label'])"
    ),
  ]

  @Test(arguments: mistakes.indices) func `a mistake is named with its place`(_ index: Int) throws {
    let (replacing, expected) = Self.mistakes[index]
    let message = try Project(replacing: replacing).failure()
    #expect(message.contains(expected), "\(message)")
  }

  @Test func `an empty data folder is named`() throws {
    let message = try Project(images: 0).failure()
    #expect(message.hasPrefix("P/images: the data set is empty: no files with"), "\(message)")
  }

  @Test func `a corrupt picture stops the run, unless it is to be left out`() throws {
    let project = try Project()
    try project.folder.write("images/c1/3.png", [0x89, 0x50, 0x4e, 0x47, 1, 2, 3])
    let message = project.failure { $0.validates = false }
    #expect(message.hasPrefix("P/images/c1/3.png: "), "\(message)")
    let runner = try project.train { request in
      request.validates = false
      request.skipsBadSamples = true
    }
    #expect(runner.iteration == 3)
  }

  @Test func `a checkpoint of another model is reported`() throws {
    let model = try classifier(
      """
      dict(type='ImageClassifier', backbone=dict(type='ResNet', depth=18, stem_channels=4, base_channels=4),
           neck=dict(type='GlobalAveragePooling'), head=dict(type='LinearClsHead', num_classes=7, in_channels=32))
      """.replacing("\n", with: " "))
    let path = Golden.path("cls-parity/tiny.pth")
    let before = model.stateDict.filter { $0.value.dtype == .float32 }.mapValues { $0.clone().floats.count }
    let message = errorText { try model.loadCheckpoint(path, strict: true) }
    #expect(message.hasPrefix(path), "\(message)")
    for part in [
      "size mismatch for head.fc.weight: copying a param with shape", "missing",
      "backbone.layer3.0.conv1.weight",
    ] {
      #expect(message.contains(part), "\(part): \(message)")
    }
    let report = try model.loadCheckpoint(path)
    #expect(report.mismatched.map(\.key) == ["head.fc.weight", "head.fc.bias"])
    #expect(report.unexpected.isEmpty)
    #expect(report.missing.allSatisfy { $0.hasPrefix("backbone.layer3") || $0.hasPrefix("backbone.layer4") })
    #expect(report.matched.count > 40)
    #expect(model.stateDict.filter { $0.value.dtype == .float32 }.count == before.count)
  }

  @Test func `a file that is no checkpoint is named`() throws {
    let project = try Project()
    let message = project.failure { $0.loadFrom = "\(project.folder.path)/configs/run.py" }
    #expect(message.hasPrefix("P/configs/run.py"), "\(message)")
    let missing = project.failure { $0.loadFrom = "\(project.folder.path)/none.pth" }
    #expect(missing.hasPrefix("P/none.pth"), "\(missing)")
  }

  @Test func `pretrained weights are loaded, below what is asked for later`() throws {
    let tiny = Golden.path("cls-parity/tiny.pth")
    let project = try Project(replacing: [
      ("num_stages=1, strides=(1, )", "num_stages=2, strides=(1, 2)"),
      ("dilations=(1, )", "dilations=(1, 1)"),
      (
        "out_indices=(0, ))",
        "out_indices=(1, ), init_cfg=dict(type='Pretrained', checkpoint='\(tiny)', prefix='backbone'))"
      ),
      ("in_channels=4)", "in_channels=8)"), ("lr=0.01", "lr=0.0"),
    ])
    let runner = try project.train { $0.validates = false }
    let expected = try backbone(
      "dict(type='ResNet', depth=18, stem_channels=4, base_channels=4, num_stages=2, strides=(1, 2), dilations=(1, 1), out_indices=(1, ))"
    )
    try expected.loadCheckpoint(tiny, prefix: "backbone")
    for (key, value) in expected.stateDict where key.hasSuffix(".weight") {
      #expect(runner.model.stateDict["backbone.\(key)"]?.floats == value.floats, "\(key)")
    }
  }
}
