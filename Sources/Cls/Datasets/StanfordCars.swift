import Core

/// Stanford Cars: 196 models of cars.
///
/// Krause et al., 2013 (<https://ai.stanford.edu/~jkrause/cars/car_dataset.html>). Mirrors mmcls's `StanfordCars`.
public enum StanfordCars {
  /// Reads `ann_file` or, without one, `devkit/cars_{train_annos,test_annos_withlabels}.mat` below `data_prefix`; the
  /// pictures are in `cars_train` and `cars_test`.
  ///
  /// - Throws: `DataError` that names the file.
  public static func load(_ config: ClassificationDatasetConfig, _ context: BuildContext) throws
    -> ClassificationDataset
  {
    let isTesting = config.isTesting ?? context.isTesting
    func below(_ name: String) -> String { SampleFile(prefix: config.dataPrefix, name: name).path }
    let file =
      config.annotationFile ?? below("devkit/cars_\(isTesting ? "test_annos_withlabels" : "train_annos").mat")
    guard case .records(let fields, let records)? = try MATFile(path: file).variables["annotations"],
      fields.count > 5
    else { throw DataError("must have a structure 'annotations' with six fields", file: file) }
    var files: [SampleFile] = []
    var labels: [Int] = []
    for (index, record) in records.enumerated() {
      // Corners of a box, then the class, counted from 1, and the name of the file.
      guard case .numbers(let classes) = record[4], let label = classes.first, (1...100_000).contains(label),
        case .text(let name) = record[5]
      else { throw DataError("annotation \(index + 1) must have a class and a file name", file: file) }
      files.append(SampleFile(prefix: below(isTesting ? "cars_test" : "cars_train"), name: name))
      labels.append(Int(label) - 1)
    }
    return try ClassificationDataset(
      .files(files), labels: labels, classNames: try config.classNames(StanfordCarsClasses.names),
      pipeline: try config.makePipeline(context), source: file)
  }
}
