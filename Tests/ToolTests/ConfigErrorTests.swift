import Foundation
import Testing

/// Mistakes in configs are told with file, line and key path, and with what was probably meant.
struct ConfigErrorTests {
  let bench: Workbench

  init() throws { bench = try Trained.digits.get().bench }

  private func train(_ config: String, _ options: String...) throws -> Execution {
    try bench.start(
      "cls-train",
      ["configs/\(config)", "--work-dir", "failed-\(UUID().uuidString)", "--cfg-options"] + options
        + ["seed=1"]
    ).wait()
  }

  @Test(arguments: ["cls-train", "print-config", "model-info"]) func `no such config`(tool: String) throws {
    try bench.run(tool, "configs/none.py").failed(
      2, "a config must name an existing file, found no file 'configs/none.py'")
  }

  @Test func `a typo in a key of the third base`() throws {
    try train("chain/typo.py").failed(
      1,
      "configs/chain/./root.py:7: model.backbone: unknown key 'frozen_stage'; did you mean 'frozen_stages'? accepted keys: "
        + "avg_down, base_channels, conv_cfg, deep_stem, depth, dilations, drop_path_rate, expansion, frozen_stages, "
        + "in_channels, init_cfg, norm_cfg, norm_eval, num_stages, out_indices, stem_channels, strides, style, type, with_cp, "
        + "zero_init_residual")
  }

  @Test func `a value of the wrong type in the third base`() throws {
    try train("chain/wrong_type.py").failed(
      1, "configs/chain/./root.py:10: model.head.num_classes: expected int, found str 'ten'")
  }

  @Test func `a backbone that does not exist`() throws {
    try train("pictures.py", "model.backbone.type=ResNet_CIFER").failed(
      1,
      "<--cfg-options>:1: model.backbone.type: 'ResNet_CIFER' is not in the backbone registry; did you mean 'ResNet_CIFAR'?"
    )
  }

  @Test func `a policy and a hook that do not exist`() throws {
    try train("digits.py", "lr_config.policy=stepp").failed(
      1, "<--cfg-options>:1: lr_config.policy: 'stepp' is not in the lr policy registry; did you mean 'Step'?"
    )
    try train("digits.py", "log_config.hooks.0.type=TextLogHook").failed(
      1,
      "<--cfg-options>:1: log_config.hooks.0.type: 'TextLogHook' is not in the hook registry; did you mean 'TextLoggerHook'?"
    )
  }

  @Test func `paths that are not in the config`() throws {
    try train("digits.py", "data.train.pipeline.77.size=3").failed(
      2, "<--cfg-options>:1:29: 'data.train.pipeline' has 6 items: an index must be below that, found 77")
  }

  @Test func `classes of the model and of the data`() throws {
    try train("digits.py", "model.backbone.num_classes=7").failed(
      1,
      "configs/digits.py:2: model: backbone.num_classes must be the number of the data set's classes, "
        + "10 (0 - zero, 1 - one, 2 - two...), found 7")
    try bench.writePictures("three", each: 2)
    try train("pictures.py", "data.train.data_prefix=three", "model.head.num_classes=7").failed(
      1,
      "configs/pictures.py:2: model: head.num_classes must be the number of the data set's classes, "
        + "3 (cat, dog, owl...), found 7")
  }

  @Test func `channels of the backbone and of the head`() throws {
    try train("pictures.py", "model.head.in_channels=64").failed(
      1,
      "configs/pictures.py:2: model: head.in_channels must be 32, the channels that the backbone gives, found 64"
    )
  }

  @Test func `pictures that the model does not take`() throws {
    try train("digits.py", "data.train.pipeline.1.size=28").failed(
      1, "LeNet5 with classes takes images with sides of 32 to 35 pixels, found 28x28")
    try bench.run("model-info", "configs/digits.py").failed(
      1, "LeNet5 with classes takes images with sides of 32 to 35 pixels, found 224x224")
    try bench.writePictures("colors", each: 2)
    try bench.run(
      "image-demo", "configs/digits.py", "work/latest.pth", "colors/cat/00.png", "--cfg-options",
      "data.test.pipeline.0.type=LoadImageFromFile"
    ).failed(
      1,
      "configs/digits.py:17: data.test.pipeline.0: unknown key 'size'; accepted keys: color_type, file_client_args, "
        + "imdecode_backend, to_float32, type")
  }
}
