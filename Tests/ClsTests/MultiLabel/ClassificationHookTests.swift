import Cls
import Core
import Foundation
import PyConfig
import OrderedCollections
import TestSupport
import Testing

@Suite struct ClassificationHookTests {
  /// Eight grey pictures of 8x8 in MNIST's format and a config that trains a small network on them, without learning.
  private func run(
    classes: Int = 10, hooks: String, runner: String = "dict(type='EpochBasedRunner', max_epochs=2)"
  )
    throws -> Runner
  {
    let folder = try MultiLabelCases.Folder()
    let pixels = (0..<512).map { (i: Int) -> UInt8 in UInt8((i * i * 31 + i * 7) % 251) }
    for part in ["train", "t10k"] {
      let images: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0, 8]
      try Data(images + pixels).write(to: URL(fileURLWithPath: "\(folder.path)/\(part)-images-idx3-ubyte"))
      let labels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7]
      try Data(labels).write(
        to: URL(fileURLWithPath: "\(folder.path)/\(part)-labels-idx1-ubyte"))
    }
    let config = try Config.parse(
      text: """
        model = dict(type='ImageClassifier',
          backbone=dict(type='ResNet_CIFAR', depth=18, in_channels=1, stem_channels=4, base_channels=4),
          neck=dict(type='GlobalAveragePooling'),
          head=dict(type='LinearClsHead', num_classes=\(classes), in_channels=32))
        pipeline = [dict(type='Normalize', mean=[100.0], std=[50.0], to_rgb=False),
          dict(type='ImageToTensor', keys=['img']), dict(type='ToTensor', keys=['gt_label']),
          dict(type='Collect', keys=['img', 'gt_label'])]
        data = dict(samples_per_gpu=2, workers_per_gpu=0,
          train=dict(type='MNIST', data_prefix='\(folder.path)', pipeline=pipeline))
        optimizer = dict(type='SGD', lr=0.0)
        optimizer_config = dict()
        runner = \(runner)
        custom_hooks = \(hooks)
        """, name: "c.py")
    var request = TrainingRun.Request(config: config)
    (request.workDirectory, request.validates, request.seed) = ("\(folder.path)/work", false, 3)
    let registries = MultiLabelCases.context.registries
    return try TrainingRun(ClassificationTask(registries: registries), registries: registries)(request)
  }

  @Test func `precise statistics are the plain means over batches`() throws {
    let runner = try run(
      hooks: "[dict(type='PreciseBNHook', num_samples=7, interval=2, priority='ABOVE_NORMAL')]")
    let state = runner.model.stateDict
    let conv = Conv2d(1, 4, kernel: 3, padding: 1, bias: false)
    conv.weight.assign(try #require(state["backbone.conv1.weight"]))
    // Three whole batches hold no more than seven images; the hook ran once, after the second epoch.
    var (mean, variance) = ([Double](repeating: 0, count: 4), [Double](repeating: 0, count: 4))
    let batches = try #require(runner.source).batches(epoch: 3)
    for _ in 0..<3 {
      let batch = try #require(try batches.next() as? ClassificationBatch)
      let y = conv(batch.images).detached()
      for (i, value) in y.mean([0, 2, 3]).floats.enumerated() { mean[i] += Double(value) / 3 }
      for (i, value) in y.variance([0, 2, 3]).floats.enumerated() { variance[i] += Double(value) / 3 }
    }
    expectClose(try #require(state["backbone.bn1.running_mean"]), mean, relative: 1e-4, absolute: 1e-5)
    expectClose(try #require(state["backbone.bn1.running_var"]), variance, relative: 1e-4)
    // Two epochs of four batches, and three of the hook.
    #expect(state["backbone.bn1.num_batches_tracked"]?.elements(as: Int64.self) == [11])
    var momenta: Set<Double?> = []
    runner.model.forEachModule { _, module in
      if let norm = module as? BatchNorm { momenta.insert(norm.momentum) }
    }
    #expect(momenta == [0.1])
  }

  @Test func `precise statistics need epochs and a whole batch`() {
    #expect(throws: RunnerError("PreciseBNHook: num_samples must be at least a batch, 2, found 1")) {
      try run(hooks: "[dict(type='PreciseBNHook', num_samples=1)]")
    }
    #expect(throws: RunnerError("PreciseBNHook: works with EpochBasedRunner alone")) {
      try run(hooks: "[dict(type='PreciseBNHook')]", runner: "dict(type='IterBasedRunner', max_iters=1)")
    }
    #expect {
      try run(hooks: "[dict(type='PreciseBNHook', interval=0)]")
    } throws: { "\($0)".contains("custom_hooks.0.interval: must be positive, found 0") }
  }

  @Test func `the number of classes is checked`() throws {
    let runner = try run(hooks: "[dict(type='ClassNumCheckHook')]")
    #expect(runner.epoch == 2)
    #expect { try run(classes: 9, hooks: "[dict(type='ClassNumCheckHook')]") } throws: {
      "\($0)".contains("must be the number of the data set's classes, 10")
    }
  }
}
