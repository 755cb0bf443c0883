// The standard library's preconditions stay silent in optimised code, and all of this package is optimised, debug builds
// included. These stand in their place and always say what was wrong.

/// Ends the process with `message` unless `condition` holds.
///
/// For mistakes of the programmer, in the form `Type.operation: what must hold, what was found`. Bad input throws.
@inline(__always)
package func precondition(
  _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String, file: StaticString = #fileID,
  line: UInt = #line
) {
  if !condition() { preconditionFailure(message(), file: file, line: line) }
}

/// Ends the process with `message`.
@inline(never)
package func preconditionFailure(
  _ message: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) -> Never {
  fatalError(message(), file: file, line: line)
}
