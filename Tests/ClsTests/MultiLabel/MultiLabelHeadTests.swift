import Cls
import Core
import OrderedCollections
import TestSupport
import Testing

@Suite struct MultiLabelHeadTests {
  @Test func `heads predict and learn as the original's`() throws {
    let golden = try MultiLabelCases.load().heads
    let target = ClassificationTarget.scores(MultiLabelCases.tensor(golden.target, [2, 4]))
    for item in golden.cases {
      let head = try MultiLabelCases.context.registries.classificationHeads.build(
        MultiLabelCases.node(item.config), path: "head", context: MultiLabelCases.context)
      #expect(Array(head.stateDict.keys) == item.keys, "\(item.config)")
      for (key, parameter) in head.namedParameters {
        let values = try #require(item.state[key], "\(key)")
        parameter.assign(MultiLabelCases.tensor(values, parameter.shape))
      }
      let x = MultiLabelCases.tensor(item.x, item.input).requiringGradient()
      expectClose(
        head.probabilities([x]), item.prediction, shape: [2, 4], relative: 2e-5, absolute: 2e-6, item.config)
      let loss = try #require(try head.loss([x], target)["loss"])
      expectClose(loss, item.loss, relative: 2e-5, item.config)
      loss.backward()
      expectClose(
        try #require(x.gradient), item.gradient, shape: item.input, relative: 1e-4, absolute: 5e-6,
        item.config)
      for (key, parameter) in head.namedParameters {
        expectClose(
          try #require(parameter.gradient), try #require(item.gradients[key]), relative: 1e-4, absolute: 5e-6,
          "\(item.config) \(key)")
      }
    }
  }

  @Test func `a class-specific attention has a fixed choice of heads`() throws {
    let text = "dict(type='CSRAClsHead', num_classes=2, in_channels=3, num_heads=3, lam=0.1)"
    #expect {
      try MultiLabelCases.context.registries.classificationHeads.build(
        MultiLabelCases.node(text), path: "head", context: MultiLabelCases.context)
    } throws: { "\($0)".contains("head.num_heads: must be one of 1, 2, 4, 6, 8, found 3") }
  }

  @Test func `the power mean is the original's, its power learns`() throws {
    let golden = try MultiLabelCases.load().necks
    for item in golden.cases {
      let neck = try MultiLabelCases.context.registries.necks.build(
        MultiLabelCases.node(item.config), path: "neck", context: MultiLabelCases.context)
      let x = MultiLabelCases.tensor(golden.x, golden.input).requiringGradient()
      let y = neck([x])[0]
      expectClose(y, item.y, shape: [2, 6], relative: 2e-5, item.config)
      y.backward(MultiLabelCases.tensor(item.seed, [2, 6]))
      expectClose(
        try #require(x.gradient), item.gradient, shape: golden.input, relative: 2e-4, absolute: 1e-5,
        item.config)
      #expect(Array(neck.stateDict.keys) == ["p"])
      expectClose(
        try #require(neck.parameters[0].gradient), item.power, shape: [1], relative: 5e-4, absolute: 1e-4,
        item.config)
    }
  }

  @Test func `scales are fused to a single map`() throws {
    let text = "dict(type='HRFuseScales', in_channels=(4, 8, 16, 32), out_channels=24)"
    let neck = try MultiLabelCases.context.registries.necks.build(
      MultiLabelCases.node(text), path: "neck", context: MultiLabelCases.context)
    let entries = neck.stateDict.map { MultiLabelCases.Entry(key: $0.key, shape: $0.value.shape) }
    #expect(entries == (try MultiLabelCases.load()).fuse)
    let features = [4, 8, 16, 32].enumerated().map { Tensor.ones([1, $1, 16 >> $0, 16 >> $0]) }
    #expect(neck(features).map(\.shape) == [[1, 24, 2, 2]])
  }
}
