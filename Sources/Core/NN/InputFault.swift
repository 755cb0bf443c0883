/// What a layer found impossible in the data of a step; layers do not throw, so the step asks here when they are done.
///
/// A layer that reports a fault goes on with any result of the right shape. Outside of ``check(_:)`` a fault traps.
public final class InputFault {
  @TaskLocal private static var current: Box?

  private final class Box: @unchecked Sendable {
    // Only the thread that runs the step touches it.
    var text: String?
  }

  /// Runs `step`.
  ///
  /// - Throws: `InvalidConfig` with the first fault that a layer reported, in place of the result.
  public static func check<Result>(_ step: () throws -> Result) throws -> Result {
    let box = Box()
    let result = try $current.withValue(box) { try step() }
    if let text = box.text { throw InvalidConfig(text) }
    return result
  }

  /// Says what is wrong with the input of a layer.
  public static func report(_ text: String) {
    guard let current else { preconditionFailure(text) }
    current.text = current.text ?? text
  }
}
