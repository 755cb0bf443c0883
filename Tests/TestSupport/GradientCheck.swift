import Core
import Testing

/// A tensor of `Double`s in row-major order: the yardstick that operators are held against.
public struct Reference: Sendable {
  public var shape: [Int]
  public var values: [Double]

  public init(_ shape: [Int], _ values: [Double]) {
    precondition(
      values.count == shape.reduce(1, *), "Reference: \(shape) does not hold \(values.count) values")
    (self.shape, self.values) = (shape, values)
  }

  /// Values drawn uniformly from `range` by a generator with a fixed seed.
  public static func random(_ shape: [Int], seed: UInt64 = 1, in range: ClosedRange<Double> = -1...1)
    -> Reference
  {
    var generator = RandomGenerator(seed: seed)
    // Multiples of 2^-12: exact as Float, so that both sides compute on the same numbers.
    let values = (0..<shape.reduce(1, *)).map { _ in
      (generator.uniform(range.lowerBound, range.upperBound) * 4096).rounded() / 4096
    }
    return Reference(shape, values)
  }

  /// The same numbers as a tensor, in row-major or, for four axes, channels-last layout.
  public func tensor(channelsLast: Bool = false) -> Tensor {
    let tensor = Tensor(values.map { Float($0) }, shape: shape)
    return channelsLast && shape.count == 4 ? tensor.channelsLast() : tensor
  }

  public subscript(indices: Int...) -> Double {
    get { values[flat(indices)] }
    set { values[flat(indices)] = newValue }
  }

  private func flat(_ indices: [Int]) -> Int {
    var index = 0
    for (axis, i) in indices.enumerated() { index = index * shape[axis] + i }
    return index
  }
}

/// Checks an operation's forward result against `reference` and its gradients against central differences of it.
///
/// - Parameters:
///   - inputs: the operands; gradients with respect to all of those in `differentiable` (all by default) are checked.
///   - operation: the operation on tensors.
///   - reference: the same operation in `Double`, written plainly.
public func checkGradients(
  _ what: String = "", _ inputs: [Reference], differentiable: [Int]? = nil, channelsLast: Bool = false,
  step: Double = 1e-5, relative: Double = 2e-4, absolute: Double = 2e-4, forwardRelative: Double = 2e-5,
  forwardAbsolute: Double = 2e-5, sourceLocation: SourceLocation = #_sourceLocation,
  _ operation: ([Tensor]) -> Tensor, reference: ([Reference]) -> Reference
) {
  let wanted = differentiable ?? Array(inputs.indices)
  var tensors = inputs.map { $0.tensor(channelsLast: channelsLast) }
  for index in wanted { tensors[index] = tensors[index].requiringGradient() }
  let output = operation(tensors)
  let expected = reference(inputs)
  expectClose(
    output, expected.values, shape: expected.shape, relative: forwardRelative, absolute: forwardAbsolute,
    "\(what) forward", sourceLocation: sourceLocation)
  guard output.shape == expected.shape else { return }
  // A seed of varied numbers: a mistake that a sum would hide shows.
  let seed = Reference.random(expected.shape, seed: 77)
  output.backward(seed.tensor())
  for index in wanted {
    guard let gradient = tensors[index].gradient else {
      Issue.record("\(what): no gradient for input \(index)", sourceLocation: sourceLocation)
      continue
    }
    var differences: [Double] = []
    for element in inputs[index].values.indices {
      func value(_ delta: Double) -> Double {
        var moved = inputs
        moved[index].values[element] += delta
        return zip(reference(moved).values, seed.values).reduce(0) { $0 + $1.0 * $1.1 }
      }
      differences.append((value(step) - value(-step)) / (2 * step))
    }
    expectClose(
      gradient, differences, shape: inputs[index].shape, relative: relative, absolute: absolute,
      "\(what) gradient of input \(index)", sourceLocation: sourceLocation)
  }
}
