@testable import Core
import OrderedCollections
import PyConfig
import TestSupport
import Testing
import TorchFile

/// Values: Fixtures/optim/make.py (torch 1.12.1, mmcls 0.25).
@Suite struct OptimizerTests {
  struct Golden22 {
    let head: ConfigNode
    let cases: [ConfigNode]

    init() throws {
      let whole = try Golden.json("optim/optim.json")
      head = try #require(whole["head"])
      cases = try #require(whole["cases"]?.items)
    }
  }

  private static func parameters(_ head: ConfigNode) -> [Parameter] {
    let flat = head["start"]?.doubles.map { Float($0) } ?? []
    return [
      Parameter(Tensor(Array(flat[0..<6]), shape: [3, 2])),
      Parameter(Tensor(Array(flat[6..<10]), shape: [4])),
    ]
  }

  /// The optimizer of a case: two groups, the second with half the learning rate and its own weight decay.
  private static func optimizer(_ node: ConfigNode, _ parameters: [Parameter]) throws -> Optimizer {
    var entries = try #require(node["options"]?.dictionary)
    entries["type"] = node["type"]
    let context = runtimeContext()
    let options = try context.registries.optimizers.build(
      ConfigNode(.dictionary(entries)), path: "optimizer", context: context)
    var second = options
    second.learningRate = options.learningRate * 0.5
    second.weightDecay = 0.02
    return options.makeOptimizer([
      ParameterGroup([parameters[0]], options: options), ParameterGroup([parameters[1]], options: second),
    ])
  }

  private static func setGradients(_ head: ConfigNode, _ step: Int, _ parameters: [Parameter]) {
    let flat = head["gradients"]?.items?[step].doubles.map { Float($0) } ?? []
    parameters[0].gradient = Tensor(Array(flat[0..<6]), shape: [3, 2])
    parameters[1].gradient = Tensor(Array(flat[6..<10]), shape: [4])
  }

  private static func clip(_ node: ConfigNode) throws -> GradientClip? {
    guard let clip = node["clip"] else { return nil }
    let type = clip["norm_type"]?.string ?? "2"
    return GradientClip(maxNorm: try #require(clip["max_norm"]?.double), normType: Double(type) ?? .infinity)
  }

  @Test func `trajectories equal PyTorch's`() throws {
    let golden = try Golden22()
    #expect(golden.cases.count == 22)
    for (index, node) in golden.cases.enumerated() {
      let parameters = Self.parameters(golden.head)
      let optimizer = try Self.optimizer(node, parameters)
      let clip = try Self.clip(node)
      for (step, row) in (node["rows"]?.items ?? []).enumerated() {
        Self.setGradients(golden.head, step, parameters)
        let before = parameters.compactMap { $0.gradient?.floats }
        let measured = clip?.measure(parameters)
        if let measured, let norm = node["norms"]?.doubles[step] {
          #expect(abs(Double(measured.norm) - norm) <= 1e-6 * norm)
        }
        optimizer.step(gradientScale: measured?.factor ?? 1)
        #expect(parameters.compactMap { $0.gradient?.floats } == before, "gradients stay as they are")
        expectClose(
          parameters.flatMap { $0.value.detached().floats }, row.doubles, relative: 2e-6, absolute: 2e-7,
          "case \(index) \(optimizer.name) step \(step + 1)")
      }
    }
  }

  @Test func `a state of PyTorch goes on as PyTorch does`() throws {
    let golden = try Golden22()
    var count = 0
    for node in golden.cases {
      guard let file = node["state"]?.string, let rows = node["rows"]?.items else { continue }
      count += 1
      let parameters = Self.parameters(golden.head)
      let flat = rows[2].doubles.map { Float($0) }
      parameters[0].assign(Tensor(Array(flat[0..<6]), shape: [3, 2]))
      parameters[1].assign(Tensor(Array(flat[6..<10]), shape: [4]))
      let optimizer = try Self.optimizer(node, parameters)
      // What a schedule left is replaced by what the file says.
      optimizer.forEachGroup { $1.learningRate = 77 }
      try optimizer.load(TorchFile.read(path: Golden.path("optim/\(file)")))
      #expect(optimizer.groups.map(\.initialLearningRate) == optimizer.groups.map(\.learningRate))
      let clip = try Self.clip(node)
      for step in 3..<6 {
        Self.setGradients(golden.head, step, parameters)
        optimizer.step(gradientScale: clip?.measure(parameters)?.factor ?? 1)
        expectClose(
          parameters.flatMap { $0.value.detached().floats }, rows[step].doubles, relative: 2e-6,
          absolute: 2e-7,
          "\(file) step \(step + 1)")
      }
    }
    #expect(count == 4)
  }

  @Test func `a saved state has PyTorch's layout`() throws {
    let golden = try Golden22()
    for node in golden.cases {
      guard let file = node["state"]?.string else { continue }
      let parameters = Self.parameters(golden.head)
      let optimizer = try Self.optimizer(node, parameters)
      optimizer.forEachGroup { $1.initialLearningRate = $1.learningRate }
      let clip = try Self.clip(node)
      for step in 0..<3 {
        Self.setGradients(golden.head, step, parameters)
        optimizer.step(gradientScale: clip?.measure(parameters)?.factor ?? 1)
      }
      let expected = try TorchFile.read(path: Golden.path("optim/\(file)"))
      let actual = optimizer.stateDict
      let groups = zip(actual["param_groups"]?.elements ?? [], expected["param_groups"]?.elements ?? [])
      for (a, e) in groups {
        #expect(
          Set(a.dictionary?.entries.keys.map { $0 } ?? []) == Set(e.dictionary?.entries.keys.map { $0 } ?? [])
        )
        for (key, value) in e.dictionary?.entries ?? [:] {
          guard let found = a.dictionary?[key] else { continue }
          #expect(found == value || found.double != nil && found.double == value.double, "\(file) \(key)")
        }
      }
      let states = try #require(expected["state"]?.dictionary)
      #expect(actual["state"]?.dictionary?.count == states.count)
      for (number, state) in states.entries {
        let found = try #require(actual["state"]?.dictionary?[number]?.dictionary)
        for (key, value) in state.dictionary?.entries ?? [:] {
          switch (found[key], value) {
          case (.tensor(let a)?, .tensor(let e)):
            #expect(a.shape == e.shape)
            expectClose(
              a.asFloat32(), e.asFloat64(), relative: 2e-6, absolute: 1e-7, "\(file) \(number) \(key)")
          case (let a, let e): #expect(a == e, "\(file) \(number) \(key)")
          }
        }
      }
    }
  }

  @Test func `states that do not fit are refused and change nothing`() throws {
    let options = try Adam.Options(learningRate: 0.1)
    let parameter = Parameter(Tensor([Float(1), 2]))
    let optimizer = Adam([parameter], options)
    parameter.gradient = Tensor([Float(1), 1])
    optimizer.step()
    let before = optimizer.stateDict
    func group(_ entries: PickleDictionary) -> PickleValue {
      .dictionary(["state": .dictionary([:]), "param_groups": .list([.dictionary(entries)])])
    }
    let wrong: [(PickleValue, String)] = [
      (.int(1), "a dictionary with a list 'param_groups' is expected, found 1"),
      (.dictionary(["param_groups": .list([])]), "1 parameter groups are expected, found 0"),
      (group(["params": .list([])]), "group 0 has 1 parameters, found 0"),
      (
        group(["params": .list([.int(0)]), "lr": .string("x")]),
        "'lr' of a parameter group must be a number, found a string"
      ),
      (
        group(["params": .list([.int(0)]), "lr": .float(-1)]), "group 0: lr must not be negative, found -1.0"
      ),
      (
        .dictionary([
          "state": .dictionary([0: .dictionary(["exp_avg": .tensor(StoredTensor(float32: [1], shape: [1]))])]
          ),
          "param_groups": .list([.dictionary(["params": .list([.int(0)])])]),
        ]), "'exp_avg' of parameter 0 must have shape [2], found [1]"
      ),
    ]
    for (value, text) in wrong {
      #expect(throws: OptimizerStateError(text)) { try optimizer.load(value) }
      #expect(optimizer.stateDict == before)
    }
  }

  @Test func `parameters that are frozen or without a gradient stay`() throws {
    let frozen = Parameter(Tensor([Float(1)]), requiresGradient: false)
    let idle = Parameter(Tensor([Float(2)]))
    let optimizer = SGD([frozen, idle], try SGD.Options(learningRate: 1, weightDecay: 0.5))
    optimizer.step()
    #expect(frozen.value.floats == [1] && idle.value.detached().floats == [2])
  }

  @Test(arguments: [
    ("SGD", "missing required key 'lr'"), ("Sgd", "did you mean 'SGD'?"),
  ]) func `configs are checked`(_ type: String, _ text: String) throws {
    let context = runtimeContext()
    let node: ConfigNode = ["type": ConfigNode(.string(type))]
    do {
      _ = try context.registries.optimizers.build(node, path: "optimizer", context: context)
      Issue.record("no error")
    } catch {
      #expect("\(error)".contains(text))
    }
  }

  @Test func `wrong options are named with their path`() throws {
    let context = runtimeContext()
    func message(_ node: ConfigNode) -> String {
      do {
        _ = try context.registries.optimizers.build(node, path: "optimizer", context: context)
        return ""
      } catch { return "\(error)" }
    }
    #expect(
      message(["type": "SGD", "lr": 0.1, "nesterov": true]).contains("optimizer: nesterov needs a momentum"))
    #expect(message(["type": "Adam", "betas": [0.9, 1.5]]).contains("betas must lie in [0, 1)"))
    #expect(message(["type": "Adam", "betas": [0.9]]).contains("optimizer.betas: betas must be two numbers"))
    #expect(message(["type": "SGD", "lr": 0.1, "maximize": true]).contains("maximize must be False"))
    #expect(message(["type": "SGD", "lr": 0.1, "momentun": 0.9]).contains("did you mean 'momentum'"))
  }
}
