/// The labels of Cityscapes' own list (Cordts et al., 2016, <https://arxiv.org/abs/1604.01685>), of which 19 count.
struct CityscapesLabel: Sendable {
  enum Category: String, Sendable, CaseIterable {
    case void, flat, construction, object, nature, sky, human, vehicle
  }

  var name: String
  /// Its index in `all`, and the value in `*_gtFine_labelIds.png`.
  var id: Int
  /// The class index in training; 255 for labels that do not count.
  var trainID: UInt8
  var category: Category
  var color: UInt32

  var isIgnored: Bool { trainID == 255 }

  private static let rows: [(String, UInt8, Category, UInt32)] = [
    ("unlabeled", 255, .void, 0x000000), ("ego vehicle", 255, .void, 0x000000),
    ("rectification border", 255, .void, 0x000000), ("out of roi", 255, .void, 0x000000),
    ("static", 255, .void, 0x000000), ("dynamic", 255, .void, 0x6f4a00), ("ground", 255, .void, 0x510051),
    ("road", 0, .flat, 0x804080), ("sidewalk", 1, .flat, 0xf423e8), ("parking", 255, .flat, 0xfaaaa0),
    ("rail track", 255, .flat, 0xe6968c), ("building", 2, .construction, 0x464646),
    ("wall", 3, .construction, 0x66669c),
    ("fence", 4, .construction, 0xbe9999), ("guard rail", 255, .construction, 0xb4a5b4),
    ("bridge", 255, .construction, 0x966464), ("tunnel", 255, .construction, 0x96785a),
    ("pole", 5, .object, 0x999999),
    ("polegroup", 255, .object, 0x999999), ("traffic light", 6, .object, 0xfaaa1e),
    ("traffic sign", 7, .object, 0xdcdc00), ("vegetation", 8, .nature, 0x6b8e23),
    ("terrain", 9, .nature, 0x98fb98),
    ("sky", 10, .sky, 0x4682b4), ("person", 11, .human, 0xdc143c), ("rider", 12, .human, 0xff0000),
    ("car", 13, .vehicle, 0x00008e), ("truck", 14, .vehicle, 0x000046), ("bus", 15, .vehicle, 0x003c64),
    ("caravan", 255, .vehicle, 0x00005a), ("trailer", 255, .vehicle, 0x00006e),
    ("train", 16, .vehicle, 0x005064),
    ("motorcycle", 17, .vehicle, 0x0000e6), ("bicycle", 18, .vehicle, 0x770b20),
  ]

  static let all = rows.enumerated().map {
    CityscapesLabel(name: $1.0, id: $0, trainID: $1.1, category: $1.2, color: $1.3)
  }

  /// The id of each class index; indices that are no class stay, and 255 becomes "unlabeled".
  static let idOfTrainID: [UInt8] = {
    var table = (0...255).map { UInt8($0) }
    for label in all where !label.isIgnored { table[Int(label.trainID)] = UInt8(label.id) }
    table[255] = 0
    return table
  }()

  /// Red, green, blue of each id, one after the other; the last is that of license plates, whose id is -1.
  static let palette: [UInt8] = {
    var bytes: [UInt8] = []
    for color in all.map(\.color) + [0x00008e] {
      for shift: UInt32 in [16, 8, 0] { bytes.append(UInt8(color >> shift & 255)) }
    }
    return bytes
  }()
}
