import Foundation
import PyConfig
import Testing

/// `print-config`: what it prints is the config, in each of its formats.
struct PrintConfigTests {
  let bench: Workbench

  init() throws { bench = try Trained.digits.get().bench }

  @Test(arguments: [Config.Format.py, .json, .yaml]) func `what is printed can be read again`(
    format: Config.Format
  ) throws {
    let run = try bench.run(
      "print-config", "configs/digits.py", "--format", format.rawValue, "--cfg-options", "optimizer.lr=0.25",
      "data.train.pipeline.0.padding=2"
    ).succeeded()
    #expect(run.errors.isEmpty)
    var text = run.output
    if format == .py {
      #expect(text.hasPrefix("Config:\nmodel = dict(\n    type='ImageClassifier',\n"))
      text = String(text.dropFirst("Config:\n".count))
    }
    let name = "printed.\(format.rawValue)"
    try bench.write(text, to: name)
    let printed = try Config.load(path: bench.file(name)).root
    let expected = try Config.load(
      path: bench.file("configs/digits.py"),
      options: ["optimizer.lr=0.25", "data.train.pipeline.0.padding=2"]
    ).root
    #expect(printed["optimizer.lr"]?.double == 0.25)
    #expect(printed["data.train.pipeline.0.padding"]?.int == 2)
    // JSON and YAML have no tuples; the fixture's only one is topk.
    if format == .py {
      #expect(printed == expected)
    } else {
      #expect(printed["model"] == expected["model"] && printed["data"] == expected["data"])
      #expect(printed["evaluation.metric_options.topk"]?.items?.map(\.int) == [1])
    }
  }

  @Test func `bases are merged`() throws {
    let run = try bench.run("print-config", "configs/chain/wrong_type.py").succeeded()
    #expect(
      run.output == """
        Config:
        model = dict(
            type='ImageClassifier',
            backbone=dict(type='ResNet', depth=18),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='LinearClsHead', num_classes='ten', in_channels=512))
        work_dir = 'work'
        seed = 1

        """)
  }
}
