import Core
import PyConfig

/// Decides which object each prior or proposal is trained on. Mirrors mmdet's `BaseAssigner`.
public protocol Assigner: Sendable {}

/// An assigner that looks at boxes and objects only.
public protocol BoxAssigner: Assigner {
  /// - Parameters:
  ///   - ignored: regions whose boxes do not count.
  ///   - labels: classes of the objects, where they are wanted in the result.
  func assign(_ boxes: Boxes, _ truths: Boxes, ignored: Boxes, labels: [Int]?) -> AssignResult
}

extension Registries {
  /// Assigners of boxes to objects (`assigner`).
  public var assigners: Registry<any Assigner> {
    get { self[(any Assigner).self, role: "assigner"] }
    set { self[(any Assigner).self, role: "assigner"] = newValue }
  }
}

extension Component {
  /// An assigner of the kind that a head can use.
  func buildAssigner<Kind>(_ kind: Kind.Type, _ context: BuildContext, for user: String) throws -> Kind {
    let assigner = try build(context.registries.assigners, context)
    guard let fitting = assigner as? Kind else {
      throw BuildError(
        .invalid("\(user) cannot work with \(typeName ?? "this assigner")"), path: path,
        location: node.location)
    }
    return fitting
  }
}

func registerAssigners(_ assigners: inout Registry<any Assigner>) {
  assigners.register("MaxIoUAssigner", scope: scope, MaxIoUAssigner.self) { $0 }
  assigners.register("ATSSAssigner", scope: scope, ATSSAssigner.self) { $0 }
  assigners.register("ApproxMaxIoUAssigner", scope: scope, ApproxMaxIoUAssigner.self) { $0 }
  assigners.register("CenterRegionAssigner", scope: scope, CenterRegionAssigner.self) { $0 }
  assigners.register("GridAssigner", scope: scope, GridAssigner.self) { $0 }
  assigners.register("PointAssigner", scope: scope, PointAssigner.self) { $0 }
  assigners.register("SimOTAAssigner", scope: scope, SimOTAAssigner.self) { $0 }
  assigners.register("UniformAssigner", scope: scope, UniformAssigner.self) { $0 }
  // The original has a form for an accelerator that does the same work on whole batches.
  assigners.register("AscendMaxIoUAssigner", scope: scope, MaxIoUAssigner.self) { $0 }
}
