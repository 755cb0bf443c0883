import Core
import Foundation

/// Pictures for segmentation.
extension Workbench {
  /// PNG files in `blocks/images`, each with a bright block somewhere on noise, and label maps in `blocks/labels`.
  ///
  /// - Parameter value: the label of the block.
  func writeBlocks(_ count: Int = 12, label value: UInt8 = 1) throws {
    var generator = RandomGenerator(seed: 4)
    for index in 0..<count {
      let (top, left) = (generator.integer(2..<18), generator.integer(2..<26))
      var pixels: [UInt8] = []
      var labels: [UInt8] = []
      for y in 0..<36 {
        for x in 0..<48 {
          let isBlock = (top..<(top + 16)).contains(y) && (left..<(left + 20)).contains(x)
          for _ in 0..<3 { pixels.append(UInt8(generator.integer(0..<60) + (isBlock ? 150 : 0))) }
          labels.append(isBlock ? value : 0)
        }
      }
      let name = index < 10 ? "0\(index)" : "\(index)"
      try Image(width: 48, height: 36, channels: 3, bytes: pixels).write(
        path: file("blocks/images/\(name).png"))
      try Image(width: 48, height: 36, channels: 1, bytes: labels).write(
        path: file("blocks/labels/\(name).png"))
    }
  }
}

extension Trained {
  /// A folder with a trained segmentor in `work` and its data; made once, and only read.
  static let blocks = Result {
    let bench = try Workbench()
    try bench.writeBlocks()
    let run = try bench.run("seg-train", "configs/blocks.py", "--work-dir", "work", "--seed", "1")
    return (bench: bench, run: run)
  }
}
