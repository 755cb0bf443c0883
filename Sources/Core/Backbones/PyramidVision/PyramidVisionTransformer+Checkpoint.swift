import Foundation
import OrderedCollections
import TorchFile

extension PyramidVisionTransformer: PretrainedAdapting {
  /// From the keys of PVT's authors: queries with keys and values become one linear layer, and linear layers of
  /// feed-forward networks become 1x1 convolutions.
  public func adaptPretrained(_ state: inout OrderedDictionary<String, StoredTensor>) {
    guard config.convertsWeights else { return }
    let hasPositions = state.keys.contains { $0.hasPrefix("pos_embed") }
    let hasConvolutions = state.keys.contains { $0.contains("dwconv") }
    var converted: OrderedDictionary<String, StoredTensor> = [:]
    for (key, value) in state {
      guard let (name, part) = Self.place(key, hasPositions, hasConvolutions) else { continue }
      var change: (Tensor) -> Tensor? = { _ in nil }
      switch part {
      case .asItIs: break
      case .positions(let stage):
        // The fourth stage of 224x224 images has a class token in front.
        if stage == 4 {
          change = { $0.rank == 3 && $0.shape[1] == 50 ? $0.sliced(1, 1..<50).contiguous() : nil }
        }
      case .queries:
        let others = state[key.replacingOccurrences(of: "q.", with: "kv.")].flatMap {
          Tensor($0, as: .float32)
        }
        change = { queries in
          guard let others, others.rank == queries.rank, others.shape.dropFirst() == queries.shape.dropFirst()
          else {
            return nil
          }
          return Tensor.concatenate([queries, others])
        }
      case .linear:
        change = { $0.rank == 2 ? $0.reshaped($0.shape + [1, 1]) : nil }
      }
      converted[name] = value
      converted.change(name, change)
    }
    state = converted
  }

  private enum Part {
    case asItIs, queries, linear
    case positions(stage: Int)
  }

  /// The key under which a tensor belongs, and what becomes of it; `nil` for what has no place here.
  private static func place(_ key: String, _ hasPositions: Bool, _ hasConvolutions: Bool) -> (String, Part)? {
    func stage(_ prefix: String) -> (number: Int, rest: String)? {
      guard key.hasPrefix(prefix) else { return nil }
      let digits = key.dropFirst(prefix.count).prefix(while: \.isNumber)
      return Int(digits).map { ($0, String(key.dropFirst(prefix.count + digits.count))) }
    }
    if key.hasPrefix("head") || key.hasPrefix("norm.") || key.hasPrefix("cls_token") { return nil }
    if let (number, _) = stage("pos_embed") {
      return ("layers.\(number - 1).1.0.pos_embed", .positions(stage: number))
    }
    if let (number, rest) = stage("patch_embed") {
      return ("layers.\(number - 1).0" + rest.replacingOccurrences(of: "proj.", with: "projection."), .asItIs)
    }
    if let (number, rest) = stage("norm") { return ("layers.\(number - 1).2" + rest, .asItIs) }
    guard let (number, rest) = stage("block") else { return (key, .asItIs) }
    let parts = rest.split(separator: ".", maxSplits: 1).map(String.init)
    guard parts.count == 2, let layer = Int(parts[0]) else { return (key, .asItIs) }
    let lead = "layers.\(number - 1).1.\(layer + (hasPositions ? 1 : 0))."
    let name = parts[1]
    if name.hasPrefix("attn.q.") {
      return (lead + "attn.attn.in_proj_" + name.dropFirst("attn.q.".count), .queries)
    }
    if name.hasPrefix("attn.kv.") { return nil }
    if name.hasPrefix("attn.proj.") {
      return (lead + "attn.attn.out_proj." + name.dropFirst("attn.proj.".count), .asItIs)
    }
    guard name.hasPrefix("mlp.") else { return (lead + name, .asItIs) }
    let isLinear = name.contains("fc1.weight") || name.contains("fc2.weight")
    let layers = name.replacingOccurrences(of: "mlp.", with: "ffn.layers.").replacingOccurrences(
      of: "fc1.", with: "0."
    )
    .replacingOccurrences(of: "dwconv.dwconv.", with: "1.")
    .replacingOccurrences(of: "fc2.", with: hasConvolutions ? "4." : "3.")
    return (lead + layers, isLinear ? .linear : .asItIs)
  }
}
