import Core
import Foundation

/// Data sets that a small model learns in an epoch or two.
extension Workbench {
  /// MNIST's files in `digits`: each class is a bright field in a place of its own, on noise.
  func writeDigits(train: Int = 320, test: Int = 100) throws {
    try makeFolder("digits")
    for (name, count) in [("train", train), ("t10k", test)] {
      var generator = RandomGenerator(seed: 1, count)
      var pixels: [UInt8] = []
      for index in 0..<count {
        var image = (0..<784).map { _ in UInt8(generator.integer(0..<60)) }
        let (top, left) = (index % 10 / 5 * 14 + 2, index % 5 * 5 + 1)
        for row in top..<(top + 10) {
          for column in left..<(left + 5) { image[row * 28 + column] = 200 }
        }
        pixels += image
      }
      try writeIDX([count, 28, 28], pixels, to: "digits/\(name)-images-idx3-ubyte")
      try writeIDX([count], (0..<count).map { UInt8($0 % 10) }, to: "digits/\(name)-labels-idx1-ubyte")
    }
  }

  private func writeIDX(_ shape: [Int], _ bytes: [UInt8], to name: String) throws {
    let sizes = shape.flatMap { size in [24, 16, 8, 0].map { UInt8(size >> $0 & 255) } }
    try Data([0, 0, 8, UInt8(shape.count)] + sizes + bytes).write(to: URL(fileURLWithPath: file(name)))
  }

  /// PNG files in `folder/{cat,dog,owl}`: each class has a colour.
  func writePictures(_ folder: String = "pictures", each count: Int = 16) throws {
    var generator = RandomGenerator(seed: 2)
    for (label, name) in ["cat", "dog", "owl"].enumerated() {
      for index in 0..<count {
        let bytes = (0..<(18 * 18 * 3)).map { UInt8(generator.integer(0..<80) + ($0 % 3 == label ? 150 : 0)) }
        let number = index < 10 ? "0\(index)" : "\(index)"
        try Image(width: 18, height: 18, channels: 3, bytes: bytes).write(
          path: file("\(folder)/\(name)/\(number).png"))
      }
    }
  }

  /// PNG files in `squares` with one or two squares each, and `squares.json` with annotations of COCO's form.
  func writeSquares(count: Int = 16) throws {
    var generator = RandomGenerator(seed: 3)
    var (images, objects) = ([String](), [String]())
    for index in 0..<count {
      var bytes = (0..<(64 * 64 * 3)).map { _ in UInt8(90 + generator.integer(0..<20)) }
      for label in 0..<(1 + index % 2) {
        let side = 14 + generator.integer(0..<10)
        let (x, y) = (generator.integer(0..<(64 - side)), generator.integer(0..<(64 - side)))
        for row in y..<(y + side) {
          for at in ((row * 64 + x) * 3)..<((row * 64 + x + side) * 3) { bytes[at] = label == 0 ? 240 : 5 }
        }
        objects.append(
          "{\"id\": \(objects.count + 1), \"image_id\": \(index + 10), \"category_id\": \(label * 5 + 2), \"iscrowd\": 0, "
            + "\"bbox\": [\(x), \(y), \(side), \(side)], \"area\": \(side * side)}")
      }
      try Image(width: 64, height: 64, channels: 3, bytes: bytes).write(path: file("squares/\(index).png"))
      images.append("{\"id\": \(index + 10), \"file_name\": \"\(index).png\", \"width\": 64, \"height\": 64}")
    }
    try write(
      "{\"images\": [\(images.joined(separator: ", "))], \"annotations\": [\(objects.joined(separator: ", "))], "
        + "\"categories\": [{\"id\": 2, \"name\": \"bright\"}, {\"id\": 7, \"name\": \"dark\"}]}",
      to: "squares/squares.json")
  }
}
