/// Why an image could not be read, written or made.
public struct ImageError: Error, CustomStringConvertible, Equatable {
  /// The file, or nil when the image came from memory.
  public var path: String?
  /// What must hold and what was found.
  public let problem: String
  /// What may help, if anything.
  public let hint: String?

  public init(path: String? = nil, _ problem: String, hint: String? = nil) {
    self.path = path
    self.problem = problem
    self.hint = hint
  }

  public var description: String {
    "\(path ?? "image"): \(problem)" + (hint.map { "; \($0)" } ?? "")
  }
}
