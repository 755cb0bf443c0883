// Products of tensors by index letters.
extension Tensor {
  /// The sum of products that `equation` describes, as `torch.einsum` with two operands: `"bnc,bmc->bnm"`.
  ///
  /// A letter names an axis; letters in both operands are multiplied along, those missing on the right of `->` summed
  /// over. Without `->` the result has the letters that occur once, in alphabetical order.
  ///
  /// - Precondition: lower-case or upper-case letters, no letter twice in one operand, sizes agree.
  public static func einsum(_ equation: String, _ a: Tensor, _ b: Tensor) -> Tensor {
    let plan = EinsumPlan(equation, [a.shape, b.shape])
    let (inA, inB) = (plan.operands[0], plan.operands[1])
    // 1. Letters of one operand alone that the result lacks are summed away.
    let x = a.summing(inA) { !inB.contains($0) && !plan.result.contains($0) }
    let y = b.summing(inB) { !inA.contains($0) && !plan.result.contains($0) }
    // 2. [batch, left, inner] times [batch, inner, right].
    let shared = inA.filter { inB.contains($0) }
    let batch = shared.filter { plan.result.contains($0) }
    let inner = shared.filter { !plan.result.contains($0) }
    let left = x.letters.filter { !shared.contains($0) }
    let right = y.letters.filter { !shared.contains($0) }
    func size(_ letters: [Character]) -> Int { elementCount(of: letters.map(plan.size)) }
    let lhs = x.tensor.arranged(x.letters, as: batch + left + inner).reshaped([
      size(batch), size(left), size(inner),
    ])
    let rhs = y.tensor.arranged(y.letters, as: batch + inner + right)
      .reshaped([size(batch), size(inner), size(right)])
    let product = lhs.matmul(rhs).reshaped((batch + left + right).map(plan.size))
    // 3. The order of the result.
    return product.arranged(batch + left + right, as: plan.result)
  }

  /// One operand's axes in another order, some of them summed over: `"bij->bj"`.
  public static func einsum(_ equation: String, _ a: Tensor) -> Tensor {
    let plan = EinsumPlan(equation, [a.shape])
    let (tensor, letters) = a.summing(plan.operands[0]) { !plan.result.contains($0) }
    return tensor.arranged(letters, as: plan.result)
  }

  private func summing(
    _ letters: [Character], _ drops: (Character) -> Bool
  ) -> (tensor: Tensor, letters: [Character]) {
    let axes = letters.indices.filter { drops(letters[$0]) }
    return axes.isEmpty ? (self, letters) : (sum(axes), letters.filter { !drops($0) })
  }

  private func arranged(_ letters: [Character], as order: [Character]) -> Tensor {
    permuted(order.compactMap { letters.firstIndex(of: $0) })
  }
}

/// An equation taken apart and checked.
private struct EinsumPlan {
  let operands: [[Character]]
  let result: [Character]
  private var sizes: [Character: Int] = [:]

  init(_ equation: String, _ shapes: [[Int]]) {
    let text = equation.filter { $0 != " " }
    let arrow = text.firstRange(of: "->")
    let parts = text[..<(arrow?.lowerBound ?? text.endIndex)].split(
      separator: ",", omittingEmptySubsequences: false)
    precondition(
      parts.count == shapes.count, "Tensor.einsum: \(shapes.count) operands, found the equation '\(equation)'"
    )
    operands = parts.map(Array.init)
    for (letters, shape) in zip(operands, shapes) {
      precondition(
        letters.count == shape.count && Set(letters).count == letters.count && letters.allSatisfy(\.isLetter),
        "Tensor.einsum: a letter for each axis of \(shape), each once, found '\(String(letters))'")
      for (letter, size) in zip(letters, shape) {
        precondition(
          sizes[letter, default: size] == size,
          "Tensor.einsum: one size for '\(letter)', found \(sizes[letter] ?? 0) and \(size)")
        sizes[letter] = size
      }
    }
    let all = operands.joined()
    if let arrow {
      result = Array(text[arrow.upperBound...])
    } else {
      result = Set(all).filter { letter in all.count { $0 == letter } == 1 }.sorted()
    }
    precondition(
      Set(result).count == result.count && result.allSatisfy { sizes[$0] != nil },
      "Tensor.einsum: result letters that occur in the operands, each once, found '\(String(result))'")
  }

  func size(_ letter: Character) -> Int { sizes[letter] ?? 1 }
}
