import Core

/// MNIST (LeCun et al., 1998) and, in the same files, Fashion-MNIST (Xiao et al., 2017): 28x28 grey pictures.
public enum MNIST {
  public static let digits = [
    "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four", "5 - five", "6 - six", "7 - seven",
    "8 - eight",
    "9 - nine",
  ]
  public static let fashion = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
  ]

  /// Reads `{train,t10k}-{images-idx3,labels-idx1}-ubyte`, raw or `.gz`, from the folder `data_prefix`.
  ///
  /// - Throws: `DataError` that names the file.
  public static func load(
    _ config: ClassificationDatasetConfig, classes: [String], _ context: BuildContext
  ) throws -> ClassificationDataset {
    let part = config.isTesting ?? context.isTesting ? "t10k" : "train"
    let folder = config.dataPrefix.hasSuffix("/") ? config.dataPrefix : config.dataPrefix + "/"
    let imageFile = "\(folder)\(part)-images-idx3-ubyte"
    let images = try IDXFile.read(imageFile, axes: 3)
    let labels = try IDXFile.read("\(folder)\(part)-labels-idx1-ubyte", axes: 1)
    guard images.shape[1] > 0, images.shape[2] > 0, images.shape[1] <= 4096, images.shape[2] <= 4096 else {
      throw DataError(
        "must hold images of 1 to 4096 rows and columns, found \(images.shape[1])x\(images.shape[2])",
        file: imageFile)
    }
    guard images.shape[0] == labels.shape[0] else {
      throw DataError(
        "has \(images.shape[0]) images, the labels file has \(labels.shape[0]) labels", file: imageFile)
    }
    return try ClassificationDataset(
      .bytes(images.bytes, height: images.shape[1], width: images.shape[2], channels: 1),
      labels: labels.bytes.map(Int.init), classNames: try config.classNames(classes),
      pipeline: try config.makePipeline(context), source: imageFile)
  }
}
