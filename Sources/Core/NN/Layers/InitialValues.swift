/// The values that the parameters of new layers start from: PyTorch's, drawn from the current `RandomSource`.
public enum InitialValues {
  /// Whether new layers draw numbers; their parameters are 0 otherwise.
  @TaskLocal static var areDrawn = true

  /// Calls `draw` with a generator for the parameters of one new layer, where numbers are wanted.
  public static func draw(_ draw: (inout RandomGenerator) -> Void) {
    guard areDrawn else { return }
    var generator = RandomGenerator(seed: RandomSource.current.next())
    draw(&generator)
  }
}

/// Builds models whose values come from elsewhere: new layers draw no random numbers.
///
/// ```swift
/// let model = try withoutInitialValues { try registries.models.build(node, path: "model", context: context) }
/// ```
public func withoutInitialValues<Result>(_ body: () throws -> Result) rethrows -> Result {
  try InitialValues.$areDrawn.withValue(false, operation: body)
}
