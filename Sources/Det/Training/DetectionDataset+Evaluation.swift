import Core
import PyConfig

extension DetectionDataset {
  /// What measures results on this data set.
  ///
  /// - Throws: `BuildError` for settings that it does not have.
  func makeMeasure(_ reader: consuming ConfigReader) throws -> ([Detections]) throws -> DetectionEvaluation.Report {
    throw reader.invalid("\(type) has no metrics yet")
  }
}
