import Core
import Det
import OrderedCollections
import PyConfig

/// Weights that the script of the fixtures `det-dense` gives its heads.
func fillDense(_ model: Module) {
  let fixed = ["num_batches_tracked", "edges", "project", "acc_sum", "cum_samples"]
  for (index, (key, entry)) in model.state.enumerated() {
    let last = key.split(separator: ".").last.map(String.init) ?? key
    if fixed.contains(last) { continue }
    let shape = entry.value.shape
    let count = shape.reduce(1, *)
    let scale = (6 / Double(max(1, count / max(1, shape.first ?? 1)))).squareRoot()
    let values = Formula.pattern(count, seed: index).map { value -> Float in
      switch last {
      case "running_var": Float(value * 0.25 + 0.75)
      case "running_mean", "bias", "moment_transfer": Float(value * 0.1)
      default: shape.count < 2 ? Float(value * 0.25 + 1) : Float(value * scale)
      }
    }
    entry.assign(Tensor(values, shape: shape))
  }
}

func detectionLoss(_ text: String) throws -> any DetectionLoss {
  let context = formulaContext()
  return try context.registries.detectionLosses.build(configNode(text), path: "loss", context: context)
}

func denseHead(_ text: String) throws -> any DenseHead {
  let context = formulaContext()
  return try context.registries.denseHeads.build(configNode(text), path: "model.bbox_head", context: context)
}

func assigner<Kind>(_ text: String, as kind: Kind.Type) throws -> Kind {
  let context = formulaContext()
  let made = try context.registries.assigners.build(configNode(text), path: "assigner", context: context)
  guard let fitting = made as? Kind else { throw InvalidConfig("\(text) is no \(kind)") }
  return fitting
}

/// Boxes of other tests, from numbers of a fixture.
func boxes(_ values: [Double]) -> Boxes { Boxes(values.map { Float($0) }) }
