import PyConfig
import TorchFile

extension PickleDictionary {
  /// Reads a number of a saved parameter group; a missing key leaves `value` as it is.
  func read(_ key: String, into value: inout Double) throws {
    guard let found = self[key] else { return }
    // Schedules of PyTorch's own leave learning rates as one-element tensors.
    if let tensor = found.tensor, tensor.count == 1 {
      value = tensor.asFloat64()[0]
    } else if let number = found.double {
      value = number
    } else {
      throw OptimizerStateError("'\(key)' of a parameter group must be a number, found \(found.summary)")
    }
  }

  /// Reads a truth value of a saved parameter group; a missing key leaves `value` as it is.
  func read(_ key: String, into value: inout Bool) throws {
    guard let found = self[key] else { return }
    guard let number = found.int else {
      throw OptimizerStateError("'\(key)' of a parameter group must be True or False, found \(found.summary)")
    }
    value = number != 0
  }

  /// Reads `betas`; a missing key leaves them as they are.
  func readBetas(into beta1: inout Double, _ beta2: inout Double) throws {
    guard let found = self["betas"] else { return }
    guard let items = found.elements, items.count == 2, let first = items[0].double,
      let second = items[1].double
    else {
      throw OptimizerStateError("'betas' of a parameter group must be two numbers, found \(found.summary)")
    }
    (beta1, beta2) = (first, second)
  }
}

extension ConfigReader {
  /// Reads `betas=(0.9, 0.999)`.
  mutating func betas() throws -> (Double, Double) {
    let betas = try value("betas", default: [0.9, 0.999])
    guard betas.count == 2 else {
      throw invalid("betas must be two numbers, found \(betas.count)", key: "betas")
    }
    return (betas[0], betas[1])
  }

  /// Gives an error of `validate` the place of this dictionary.
  func check(_ validate: () throws -> Void) throws {
    do { try validate() } catch let error as InvalidConfig { throw invalid(error.text) }
  }

  /// Accepts PyTorch's options that choose an implementation and do not change results, refuses `maximize=True`.
  mutating func ignoreImplementationChoices() throws {
    ignore("foreach", "capturable", "fused", "differentiable")
    if try value("maximize", default: false) {
      throw invalid("maximize must be False: negate the loss instead", key: "maximize")
    }
  }
}
