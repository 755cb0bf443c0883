import Cls
import Core
import Foundation

/// Pictures with what a classifier says of them.
public enum ResultPictures {
  /// Writes every picture of a data set, with its predicted class and score in the upper left corner.
  public static func write(_ results: ClassificationResults, _ dataset: any Dataset, to folder: String) throws
  {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    guard let dataset = dataset as? any PictureDataset else {
      throw DataError("--show-dir draws single data sets, not concatenations")
    }
    for index in 0..<dataset.count {
      let label = results.scores.label(index)
      let name = results.classNames.indices.contains(label) ? results.classNames[label] : "\(label)"
      let score = results.scores.values[index * results.scores.classes + label]
      let (picture, file) = try self.picture(dataset, index)
      let lines = [
        "pred_label: \(label)", "pred_score: \(PythonText.fixed(Double(score), 2))", "pred_class: \(name)",
      ]
      try draw(lines, on: picture).write(path: "\(folder)/\(file)")
    }
  }

  /// The picture as it is in the data set, and a name for the file.
  private static func picture(_ dataset: any PictureDataset, _ index: Int) throws -> (Image, String) {
    switch dataset.pictures {
    case .files(let files):
      let name = URL(fileURLWithPath: files[index].name).deletingPathExtension().lastPathComponent
      return (try Image.read(path: files[index].path), "\(index)_\(name).png")
    case .bytes(let bytes, let height, let width, let channels):
      let size = height * width * channels
      let image = Image(
        width: width, height: height, channels: channels,
        bytes: Array(bytes[(index * size)..<((index + 1) * size)]))
      return (channels == 1 ? image.grayToBGR() : image, "\(index).png")
    }
  }

  /// The picture with lines of text in its upper left corner, on dark ground; small pictures are enlarged to hold them.
  public static func draw(_ lines: [String], on picture: Image) -> Image {
    let text = lines.joined(separator: "\n")
    let scale = max(1, min(picture.width, picture.height) / 300)
    let size = Image.textSize(text, scale: scale)
    var canvas = picture
    if size.width > canvas.width {
      let factor = Double(size.width + 8) / Double(canvas.width)
      canvas = canvas.resized(
        width: size.width + 8, height: max(size.height + 8, Int(Double(canvas.height) * factor)),
        interpolation: .nearest)
    }
    canvas.draw(
      text: text, x: 4, y: 4, color: [255, 255, 255], background: [0, 0, 0], backgroundOpacity: 0.6,
      scale: scale)
    return canvas
  }
}
