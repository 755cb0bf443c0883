import Cls
import Core
import OrderedCollections
import PyConfig
import Testing

/// Every registered name builds from a small config and runs.
@Suite struct RegistrationTests {
  static let backbones: [String: (config: String, shape: [Int])] = [
    "AlexNet": ("dict(type='AlexNet')", [2, 3, 64, 64]),
    "CSPDarkNet": ("dict(type='CSPDarkNet', depth=53)", [2, 3, 64, 64]),
    "CSPResNeXt": ("dict(type='CSPResNeXt', depth=50)", [2, 3, 64, 64]),
    "CSPResNet": ("dict(type='CSPResNet', depth=50)", [2, 3, 64, 64]),
    "ConvMixer": (
      "dict(type='ConvMixer', arch=dict(embed_dims=8, depth=2, patch_size=4, kernel_size=3))", [2, 3, 16, 16]
    ),
    "ConvNeXt": (
      "dict(type='ConvNeXt', arch=dict(depths=[1, 1, 1, 1], channels=[4, 8, 8, 8]))", [2, 3, 32, 32]
    ),
    "DenseNet": (
      "dict(type='DenseNet', arch=dict(growth_rate=4, depths=[2, 2], init_channels=8))", [2, 3, 32, 32]
    ),
    "EfficientNet": ("dict(type='EfficientNet', arch='b0')", [2, 3, 64, 64]),
    "HRNet": (
      "dict(type='HRNet', extra=dict("
        + "stage1=dict(num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(1, ), num_channels=(4, )), "
        + "stage2=dict(num_modules=1, num_branches=2, block='BASIC', num_blocks=(1, 1), num_channels=(4, 8)), "
        + "stage3=dict(num_modules=1, num_branches=3, block='BASIC', num_blocks=(1, 1, 1), num_channels=(4, 8, 8)), "
        + "stage4=dict(num_modules=1, num_branches=4, block='BASIC', num_blocks=(1, 1, 1, 1), num_channels=(4, 8, 8, 8))))",
      [2, 3, 64, 64]
    ),
    "LeNet5": ("dict(type='LeNet5')", [2, 1, 32, 32]),
    "MobileNetV2": ("dict(type='MobileNetV2', widen_factor=0.1)", [2, 3, 32, 32]),
    "MobileNetV3": ("dict(type='MobileNetV3', arch='small')", [2, 3, 64, 64]),
    "RegNet": (
      "dict(type='RegNet', stem_channels=8, arch=dict(w0=8, wa=8.0, wm=2.0, group_w=8, depth=6, bot_mul=1.0))",
      [2, 3, 64, 64]
    ),
    "RepMLPNet": (
      "dict(type='RepMLPNet', arch=dict(channels=[4, 8], depths=[1, 1], sharesets_nums=[1, 2]), img_size=16, out_indices=(1, ))",
      [2, 3, 16, 16]
    ),
    "RepVGG": ("dict(type='RepVGG', arch='A0', base_channels=4)", [2, 3, 64, 64]),
    "Res2Net": ("dict(type='Res2Net', depth=50, base_channels=8, stem_channels=4)", [2, 3, 64, 64]),
    "ResNeSt": ("dict(type='ResNeSt', depth=50, base_channels=4, stem_channels=4)", [2, 3, 64, 64]),
    "ResNeXt": (
      "dict(type='ResNeXt', depth=50, base_channels=4, stem_channels=4, groups=2)", [2, 3, 64, 64]
    ),
    "ResNet": ("dict(type='ResNet', depth=18, base_channels=4, stem_channels=4)", [2, 3, 64, 64]),
    "ResNetV1c": ("dict(type='ResNetV1c', depth=18, base_channels=4, stem_channels=4)", [2, 3, 64, 64]),
    "ResNetV1d": ("dict(type='ResNetV1d', depth=18, base_channels=4, stem_channels=4)", [2, 3, 64, 64]),
    "ResNet_CIFAR": (
      "dict(type='ResNet_CIFAR', depth=18, base_channels=4, stem_channels=4)", [2, 3, 16, 16]
    ),
    "SEResNeXt": (
      "dict(type='SEResNeXt', depth=50, base_channels=4, stem_channels=4, groups=2)", [2, 3, 64, 64]
    ),
    "SEResNet": ("dict(type='SEResNet', depth=50, base_channels=4, stem_channels=4)", [2, 3, 64, 64]),
    "ShuffleNetV1": ("dict(type='ShuffleNetV1', widen_factor=0.5)", [2, 3, 64, 64]),
    "ShuffleNetV2": ("dict(type='ShuffleNetV2', widen_factor=0.5)", [2, 3, 64, 64]),
    "VAN": (
      "dict(type='VAN', arch=dict(embed_dims=[4, 8], depths=[1, 1], ffn_ratios=[2, 2]), patch_sizes=[7, 3], out_indices=(1, ))",
      [2, 3, 32, 32]
    ),
    "VGG": ("dict(type='VGG', depth=11, num_stages=2, dilations=(1, 1), out_indices=(1, ))", [2, 3, 16, 16]),
  ]

  /// Built, run and compared with the original in TransformerTests.
  static let transformers = [
    "Conformer", "DistilledVisionTransformer", "EfficientFormer", "HorNet", "MViT", "MlpMixer", "PCPVT",
    "PoolFormer", "SVT",
    "SwinTransformer", "SwinTransformerV2", "T2T_ViT", "TNT", "VisionTransformer",
  ]
  /// The same of their heads.
  static let transformerHeads = [
    "ConformerHead", "DeiTClsHead", "EfficientFormerClsHead", "VisionTransformerClsHead",
  ]

  @Test func `all backbones are listed here`() {
    #expect(
      classificationContext().registries.backbones.names
        == (Array(Self.backbones.keys) + Self.transformers).sorted())
  }

  @Test(arguments: backbones.keys.sorted()) func `a backbone runs forward and backward`(_ name: String) throws
  {
    let (config, shape) = try #require(Self.backbones[name])
    for text in [config, config.replacing("type='", with: "type='mmcls.")] {
      let model = try backbone(text)
      var generator = RandomGenerator(seed: 1)
      model.initializeWeights(using: &generator)
      model.train()
      let outputs = model(Golden.images(shape, seed: 3))
      let loss = outputs.reduce(Tensor(Float(0))) { $0 + ($1 * $1).mean() }
      loss.backward()
      #expect(loss.item.isFinite && loss.item > 0)
      let gradients = model.parameters.compactMap(\.gradient)
      #expect(gradients.count == model.parameters.count)
      #expect(gradients.contains { $0.floats.contains { $0 != 0 } })
    }
  }

  static let heads = [
    "ClsHead": "dict(type='ClsHead')",
    "LinearClsHead": "dict(type='LinearClsHead', num_classes=3, in_channels=3)",
    "StackedLinearClsHead":
      "dict(type='StackedLinearClsHead', num_classes=3, in_channels=3, mid_channels=[4, 5], dropout_rate=0.1, norm_cfg=dict(type='BN1d'))",
  ]
  /// For several labels a picture; they have tests of their own.
  static let multiLabelHeads = ["CSRAClsHead", "MultiLabelClsHead", "MultiLabelLinearClsHead"]
  static let losses = [
    "AsymmetricLoss": "dict(type='AsymmetricLoss')",
    "CrossEntropyLoss": "dict(type='CrossEntropyLoss', loss_weight=0.5)",
    "FocalLoss": "dict(type='FocalLoss')",
    "LabelSmoothLoss": "dict(type='LabelSmoothLoss', label_smooth_val=0.1)",
    "SeesawLoss": "dict(type='SeesawLoss', num_classes=3)",
  ]

  @Test func `all heads, losses and necks are listed here`() {
    let registries = classificationContext().registries
    #expect(
      registries.classificationHeads.names
        == (Array(Self.heads.keys) + Self.multiLabelHeads + Self.transformerHeads).sorted())
    #expect(registries.classificationLosses.names == Self.losses.keys.sorted())
    #expect(registries.necks.names == ["GeneralizedMeanPooling", "GlobalAveragePooling", "HRFuseScales"])
    #expect(registries.classifiers.names == ["ImageClassifier"])
  }

  @Test(arguments: heads.keys.sorted(), losses.keys.sorted())
  func `a head trains with a loss`(_ head: String, _ loss: String) throws {
    let context = classificationContext()
    let (start, lossText) = (try #require(Self.heads[head]).dropLast(), try #require(Self.losses[loss]))
    let config = "\(start), cal_acc=True, topk=(1, 2), loss=\(lossText))"
    let built = try context.registries.classificationHeads.build(node(config), path: "head", context: context)
    var generator = RandomGenerator(seed: 1)
    built.initializeWeights(using: &generator)
    let features = Golden.images([4, 3], seed: 1).requiringGradient()
    let terms = try built.loss([features], .labels(Tensor([Int64(0), 1, 2, 0])))
    #expect(terms.terms.keys == ["top-1", "top-2", "loss"])
    let (total, log) = terms.total()
    total.backward()
    #expect(log["loss"].map { $0.isFinite && $0 > 0 } == true)
    #expect(features.gradient?.floats.contains { $0 != 0 } == true)
    #expect(built.parameters.allSatisfy { $0.gradient != nil })
    let probabilities = built.probabilities([features]).detached()
    #expect(probabilities.shape == [4, 3])
    expectRowsSumToOne(probabilities)
  }

  private func expectRowsSumToOne(_ probabilities: Tensor) {
    #expect(probabilities.sum([1]).floats.allSatisfy { abs($0 - 1) < 1e-5 })
  }

  @Test func `pooling takes the mean of each map`() throws {
    let context = classificationContext()
    let neck = try context.registries.necks.build(
      node("dict(type='GlobalAveragePooling')"), path: "neck", context: context)
    let x = Tensor((0..<24).map { Float($0) }, shape: [2, 3, 2, 2])
    let pooled = neck([x, x])
    #expect(pooled.count == 2)
    #expect(pooled[0].shape == [2, 3])
    #expect(pooled[1].floats == [1.5, 5.5, 9.5, 13.5, 17.5, 21.5])
    #expect(
      errorText {
        _ = try context.registries.necks.build(
          node("dict(type='GlobalAveragePooling', dim=3)"), path: "neck", context: context)
      } == "c.py:1: neck.dim: must be 1 or 2 (3-D features are not part of this suite), found 3")
  }

  @Test func `all data sets and transforms are known`() {
    let registries = classificationContext().registries
    #expect(
      registries.datasets.names == [
        "CIFAR10", "CIFAR100", "CUB", "ClassBalancedDataset", "ConcatDataset", "CustomDataset",
        "FashionMNIST",
        "ImageNet", "ImageNet21k", "KFoldDataset", "MNIST", "RepeatDataset", "StanfordCars", "VOC",
      ])
    #expect(
      registries.transforms.names == [
        "CenterCrop", "Collect", "Compose", "ImageToTensor", "LoadImageFromFile", "Normalize", "Pad",
        "RandomCrop",
        "RandomFlip", "RandomResizedCrop", "Resize", "ToTensor",
      ])
  }
}
