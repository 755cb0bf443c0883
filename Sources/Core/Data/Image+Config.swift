extension ReadMode: ConfigDecodable {}
extension ImageBackend: ConfigDecodable {}
extension Interpolation: ConfigDecodable {}
extension FlipDirection: ConfigDecodable {}
extension BorderMode: ConfigDecodable {}

extension ConfigReader {
  /// `interpolation` and `backend` of a transform that resizes.
  ///
  /// - Throws: `BuildError` when the backend does not have the interpolation.
  public mutating func resampling() throws -> (interpolation: Interpolation, backend: ImageBackend) {
    let interpolation: Interpolation = try value("interpolation", default: .bilinear)
    let backend: ImageBackend = try value("backend", default: .cv2)
    guard interpolation.exists(in: backend) else {
      let known = Interpolation.allCases.filter { $0.exists(in: backend) }.map(\.rawValue)
      throw invalid(
        "the \(backend.rawValue) backend has \(known.joined(separator: ", ")), found '\(interpolation.rawValue)'",
        key: "interpolation")
    }
    return (interpolation, backend)
  }
}
