import Core
import Foundation
import PyConfig

@testable import Det

/// Everything that the data part of detection configs can name.
func dataContext(isTesting: Bool = false) -> BuildContext {
  var registries = Registries()
  registerCoreRuntime(&registries)
  registerDatasetWrappers(&registries)
  registerDetection(&registries)
  var context = BuildContext(registries: registries, scope: "mmdet")
  context.isTesting = isTesting
  return context
}

func detectionPipeline(_ text: String) throws -> Pipeline {
  try Pipeline(configNode(text), path: "pipeline", dataContext())
}

func detectionDataset(_ text: String, isTesting: Bool = false) throws -> any Dataset {
  try buildDataset(configNode(text), path: "data.train", dataContext(isTesting: isTesting))
}

/// FNV-1a of 64 bits, in hexadecimal digits.
func fnv(_ bytes: some Sequence<UInt8>) -> String {
  var value: UInt64 = 0xcbf2_9ce4_8422_2325
  for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}

func fnv(_ image: Image) -> String {
  switch image.pixels {
  case .u8(let bytes): fnv(bytes)
  case .f32(let floats): floats.withUnsafeBytes { fnv($0) }
  }
}

extension Boxes {
  var rows: [[Float]] { indices.map { [self[$0].x1, self[$0].y1, self[$0].x2, self[$0].y2] } }
}

/// A picture whose pixels tell where they are: column, row and 7.
func placeImage(height: Int, width: Int) -> Image {
  Image(
    width: width, height: height, channels: 3,
    bytes: (0..<(height * width)).flatMap { [UInt8($0 % width), UInt8($0 / width), 7] })
}

/// A sample with such a picture, boxes and labels, as `LoadAnnotations` leaves it.
func placeSample(height: Int, width: Int, _ boxes: [[Float]], labels: [Int]? = nil, masks: Bool = false)
  -> Sample
{
  var sample = Sample(file: SampleFile(prefix: "p", name: "a.png"))
  sample.replaceImage(placeImage(height: height, width: width))
  sample.meta.originalShape = sample.meta.imageShape
  var fields = DetectionFields()
  fields.pictureSize = (height, width)
  fields.boxes = Boxes(boxes.flatMap { $0 })
  fields.ignoredBoxes = Boxes()
  fields.labels = labels ?? Array(boxes.indices)
  if masks {
    fields.masks = InstanceMasks(
      .bitmaps(
        boxes.map { box in
          (0..<(height * width)).map { index in
            let (x, y) = (Float(index % width), Float(index / width))
            return x >= box[0] && x < box[2] && y >= box[1] && y < box[3] ? 1 : 0
          }
        }), height: height, width: width)
  }
  sample.detection = fields
  return sample
}

/// A folder with files that is removed at the end.
final class DataFolder {
  let path: String

  init(_ texts: [String: String] = [:]) throws {
    path = NSTemporaryDirectory() + "det-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (name, text) in texts { try DataFile.write(text, to: "\(path)/\(name)") }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
