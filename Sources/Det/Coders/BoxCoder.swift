import Core

/// How a head's numbers say where a box is, relative to a prior. Mirrors mmdet's `BaseBBoxCoder`.
public protocol BoxCoder: Sendable {
  /// The numbers, four a box, that would move each prior onto its box.
  func encode(_ priors: Boxes, _ boxes: Boxes) -> [Float]
  /// Boxes `[n, 4k]` from priors `[n, 4]` (points `[n, 2]` for some) and numbers `[n, 4k]`; gradients flow to the numbers.
  ///
  /// - Parameter maxShape: height and width within which boxes are kept, where the coder does so.
  func decode(_ priors: Tensor, _ codes: Tensor, maxShape: Pair?) -> Tensor
}

extension BoxCoder {
  public func decode(_ priors: Tensor, _ codes: Tensor) -> Tensor { decode(priors, codes, maxShape: nil) }
}

extension Registries {
  /// Box coders (`bbox_coder`).
  public var boxCoders: Registry<any BoxCoder> {
    get { self[(any BoxCoder).self, role: "box coder"] }
    set { self[(any BoxCoder).self, role: "box coder"] = newValue }
  }
}

func registerCoders(_ coders: inout Registry<any BoxCoder>) {
  coders.register("DeltaXYWHBBoxCoder", scope: scope, DeltaXYWHBBoxCoder.self) { $0 }
  coders.register("DistancePointBBoxCoder", scope: scope, DistancePointBBoxCoder.self) { $0 }
  coders.register("LegacyDeltaXYWHBBoxCoder", scope: scope, LegacyDeltaXYWHBBoxCoder.self) { $0 }
  coders.register("PseudoBBoxCoder", scope: scope, PseudoBBoxCoder.self) { $0 }
  coders.register("TBLRBBoxCoder", scope: scope, TBLRBBoxCoder.self) { $0 }
  coders.register("YOLOBBoxCoder", scope: scope, YOLOBBoxCoder.self) { $0 }
}

extension Boxes {
  /// `[count, 4]`
  public var tensor: Tensor { Tensor(values, shape: [count, 4]) }

  /// - Parameter tensor: `[n, 4]`.
  public init(_ tensor: Tensor) {
    precondition(tensor.rank == 2 && tensor.shape[1] == 4, "Boxes.init: [n, 4], found \(tensor.shape)")
    self.init(tensor.detached().floats)
  }
}
