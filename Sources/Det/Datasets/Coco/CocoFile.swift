import Core

/// An annotation file of COCO's form in memory: pictures, classes, objects.
///
/// Lin et al., 2014 (<https://cocodataset.org/#format-data>). Identifiers need not be consecutive. Outlines are kept in
/// one block of numbers, so that a file of half a gigabyte makes no million small arrays.
struct CocoFile: Sendable {
  struct Picture: Sendable {
    var id: Int
    /// Below the folder of pictures.
    var fileName: String
    /// In pixels, 0 where the file does not say.
    var width = 0, height = 0
    /// Cityscapes: the semantic map.
    var semanticMap: String?
    /// LVIS: classes that are known not to be there, and classes of which not every object is marked.
    var negativeCategories: [Int] = [], unexhaustiveCategories: [Int] = []
  }

  struct Category: Sendable {
    var id: Int
    var name: String
    /// LVIS: `r`are, `c`ommon or `f`requent.
    var frequency: Character?
    /// Panoptic files: whether it is of countable objects.
    var isThing: Bool?
  }

  struct Object: Sendable {
    var id: Int
    /// Identifiers, not positions.
    var picture, category: Int
    /// Left, top, width, height in pixels.
    var x, y, width, height: Double
    var area: Double
    var isCrowd, isIgnored: Bool
    var outline: Outline
  }

  /// Where an object's segmentation is in the blocks.
  enum Outline: Sendable {
    case none
    /// Indices into `polygonEnds`.
    case polygons(Range<Int>)
    /// Indices into `runs`.
    case runs(Range<Int>, height: Int, width: Int)
    /// Bytes of `texts`.
    case compressed(Range<Int>, height: Int, width: Int)
  }

  let path: String
  private(set) var pictures: [Picture] = []
  private(set) var categories: [Category] = []
  private(set) var objects: [Object] = []
  /// Positions in `objects` for each picture, in the file's order.
  private(set) var objectsOfPicture: [[Int32]] = []
  /// Positions of pictures by their identifiers.
  private(set) var pictureIndex: [Int: Int] = [:]

  private var coordinates: [Double] = []
  private var polygonEnds: [Int] = []
  private var runs: [UInt32] = []
  private var texts: [UInt8] = []

  /// Reads a file.
  ///
  /// - Throws: `DataError` with file and line: not JSON, keys that are missing, identifiers that are not unique or that
  ///   belong to nothing, sizes that cannot be.
  init(
    path: String, naming: Naming = .fileName, sortsCategories: Bool = false, without missing: Set<String> = []
  ) throws {
    self.path = path
    var scanner = try JSONScanner(path: path)
    var lines = Lines()
    guard try scanner.kind() == .object else {
      throw scanner.error(
        "must be an object with keys images, annotations and categories, found an \(try scanner.kind())")
    }
    var hasPictures = false
    try scanner.object { key, scanner in
      switch key {
      case "images":
        hasPictures = true
        try readPictures(&scanner, naming)
      case "categories": try readCategories(&scanner)
      case "annotations": try readObjects(&scanner, &lines)
      default: try scanner.skip()
      }
    }
    try scanner.finish()
    guard hasPictures else { throw DataError("must have the key 'images'", file: path) }
    if sortsCategories { categories.sort { $0.id < $1.id } }
    try link(scanner, lines)
    leaveOut(missing)
  }

  /// How the file name of a picture is found.
  enum Naming: Sendable {
    case fileName
    /// `coco_url` behind the address of COCO's server: the folder and the name.
    case address
    /// `file_name`; of names that begin with COCO the last 16 characters, as COCO 2017 has them (LVIS v0.5).
    case lastPart
    /// The last folder and the name (Objects365 v2).
    case folderAndName
  }

  /// Places of objects in the file, for messages about them that come later.
  private struct Lines {
    var positions: [Int] = []
  }

  /// The outline of an object.
  func segmentation(of object: Object) -> Segmentation? {
    switch object.outline {
    case .none: nil
    case .polygons(let range):
      .polygons(
        range.map { index in
          Array(coordinates[(index == 0 ? 0 : polygonEnds[index - 1])..<polygonEnds[index]])
        })
    case .runs(let range, let height, let width): .runs(Array(runs[range]), height: height, width: width)
    case .compressed(let range, let height, let width):
      .compressed(Array(texts[range]), height: height, width: width)
    }
  }
}

// MARK: Reading

extension CocoFile {
  private mutating func readPictures(_ scanner: inout JSONScanner, _ naming: Naming) throws {
    try scanner.array { scanner in
      let start = scanner.position
      var picture = Picture(id: 0, fileName: "")
      var (hasID, name, address) = (false, String?.none, String?.none)
      try scanner.object { key, scanner in
        switch key {
        case "id": (picture.id, hasID) = (try scanner.int(), true)
        case "file_name": name = try scanner.null() ? nil : try scanner.string()
        case "coco_url": address = try scanner.null() ? nil : try scanner.string()
        case "segm_file": picture.semanticMap = try scanner.null() ? nil : try scanner.string()
        case "width": picture.width = try scanner.int()
        case "height": picture.height = try scanner.int()
        case "neg_category_ids": try scanner.array { picture.negativeCategories.append(try $0.int()) }
        case "not_exhaustive_category_ids":
          try scanner.array { picture.unexhaustiveCategories.append(try $0.int()) }
        default: try scanner.skip()
        }
      }
      func fail(_ text: String) -> DataError {
        scanner.error("images[\(pictures.count)]: \(text)", at: start)
      }
      guard hasID else { throw fail("missing required key 'id'") }
      let file: String? =
        switch naming {
        case .fileName: name
        case .address: address.map { $0.replacing("http://images.cocodataset.org/", with: "") }
        case .folderAndName: name.map { $0.split(separator: "/").suffix(2).joined(separator: "/") }
        case .lastPart: name.map { $0.hasPrefix("COCO") ? String($0.suffix(16)) : $0 }
        }
      guard let file, !file.isEmpty else {
        throw fail("missing required key '\(naming == .address ? "coco_url" : "file_name")'")
      }
      picture.fileName = file
      guard (0...1 << 24).contains(picture.width), (0...1 << 24).contains(picture.height) else {
        throw fail("width and height must be in 0...\(1 << 24), found \(picture.width) and \(picture.height)")
      }
      guard pictureIndex.updateValue(pictures.count, forKey: picture.id) == nil else {
        throw fail("ids of pictures must be unique, found \(picture.id) twice")
      }
      pictures.append(picture)
    }
  }

  private mutating func readCategories(_ scanner: inout JSONScanner) throws {
    var known: Set<Int> = []
    try scanner.array { scanner in
      let start = scanner.position
      var (id, name) = (Int?.none, String?.none)
      var category = Category(id: 0, name: "")
      try scanner.object { key, scanner in
        switch key {
        case "id": id = try scanner.int()
        case "name": name = try scanner.string()
        case "frequency": category.frequency = try scanner.string().first
        case "isthing": category.isThing = try scanner.bool()
        default: try scanner.skip()
        }
      }
      func fail(_ text: String) -> DataError {
        scanner.error("categories[\(categories.count)]: \(text)", at: start)
      }
      guard let id else { throw fail("missing required key 'id'") }
      guard let name else { throw fail("missing required key 'name'") }
      guard known.insert(id).inserted else {
        throw fail("ids of categories must be unique, found \(id) twice")
      }
      (category.id, category.name) = (id, name)
      categories.append(category)
    }
  }

  private mutating func readObjects(_ scanner: inout JSONScanner, _ lines: inout Lines) throws {
    var box: [Double] = []
    try scanner.array { scanner in
      let start = scanner.position
      var (id, picture, category, area) = (Int?.none, Int?.none, Int?.none, Double?.none)
      var object = Object(
        id: 0, picture: 0, category: 0, x: 0, y: 0, width: 0, height: 0, area: 0, isCrowd: false,
        isIgnored: false,
        outline: .none)
      box.removeAll(keepingCapacity: true)
      try scanner.object { key, scanner in
        switch key {
        case "id": id = try scanner.int()
        case "image_id": picture = try scanner.int()
        case "category_id": category = try scanner.int()
        case "area": area = try scanner.double()
        case "iscrowd": object.isCrowd = try scanner.null() ? false : try scanner.bool()
        case "ignore": object.isIgnored = try scanner.null() ? false : try scanner.bool()
        case "bbox": try scanner.numbers(into: &box)
        case "segmentation": object.outline = try readOutline(&scanner)
        default: try scanner.skip()
        }
      }
      func fail(_ text: String) -> DataError {
        scanner.error("annotations[\(objects.count)]\(id.map { " (id \($0))" } ?? ""): \(text)", at: start)
      }
      func require<Value>(_ value: Value?, _ key: String) throws -> Value {
        guard let value else { throw fail("missing required key '\(key)'") }
        return value
      }
      object.id = try require(id, "id")
      object.picture = try require(picture, "image_id")
      object.category = try require(category, "category_id")
      object.area = try require(area, "area")
      guard box.count == 4 else {
        throw fail("bbox must be [x, y, width, height], found \(box.count) numbers")
      }
      guard box.allSatisfy({ abs($0) < 1e9 }), box[2] >= 0, box[3] >= 0 else {
        throw fail("bbox must be [x, y, width, height] with sizes of at least 0, found \(box)")
      }
      (object.x, object.y, object.width, object.height) = (box[0], box[1], box[2], box[3])
      objects.append(object)
      lines.positions.append(start)
    }
  }

  /// Polygons, or runs of pixels, plain or compressed.
  private mutating func readOutline(_ scanner: inout JSONScanner) throws -> Outline {
    switch try scanner.kind() {
    case .array:
      let first = polygonEnds.count
      try scanner.array { scanner in
        try scanner.numbers(into: &coordinates)
        polygonEnds.append(coordinates.count)
      }
      return .polygons(first..<polygonEnds.count)
    case .object:
      let start = scanner.position
      var size: [Int] = []
      var outline = Outline.none
      try scanner.object { key, scanner in
        switch key {
        case "size": try scanner.array { size.append(try $0.int()) }
        case "counts":
          if try scanner.kind() == .string {
            let first = texts.count
            texts += Array(try scanner.string().utf8)
            outline = .compressed(first..<texts.count, height: 0, width: 0)
          } else {
            let first = runs.count
            try scanner.array { scanner in
              let place = scanner.position
              let count = try scanner.int()
              guard let run = UInt32(exactly: count) else {
                throw scanner.error(
                  "segmentation.counts: must be whole numbers from 0, found \(count)", at: place)
              }
              runs.append(run)
            }
            outline = .runs(first..<runs.count, height: 0, width: 0)
          }
        default: try scanner.skip()
        }
      }
      guard size.count == 2, size.allSatisfy({ (1...1 << 24).contains($0) }),
        size[0] <= Image.maxPixels / size[1]
      else {
        throw scanner.error("segmentation.size: must be [height, width] in pixels, found \(size)", at: start)
      }
      switch outline {
      case .runs(let range, _, _): return .runs(range, height: size[0], width: size[1])
      case .compressed(let range, _, _): return .compressed(range, height: size[0], width: size[1])
      case .none, .polygons: throw scanner.error("segmentation: missing required key 'counts'", at: start)
      }
    case .null:
      _ = try scanner.null()
      return .none
    default:
      throw scanner.error("segmentation: must be polygons or runs of pixels, found a \(try scanner.kind())")
    }
  }

  /// Finds the pictures of the objects.
  private mutating func link(_ scanner: JSONScanner, _ lines: Lines) throws {
    let known = Set(categories.map(\.id))
    var identifiers: Set<Int> = []
    identifiers.reserveCapacity(objects.count)
    objectsOfPicture = [[Int32]](repeating: [], count: pictures.count)
    for (index, object) in objects.enumerated() {
      func fail(_ text: String) -> DataError {
        scanner.error("annotations[\(index)] (id \(object.id)): \(text)", at: lines.positions[index])
      }
      guard identifiers.insert(object.id).inserted else {
        throw fail("ids of annotations must be unique, found \(object.id) twice")
      }
      guard let picture = pictureIndex[object.picture] else {
        throw fail("image_id must be the id of one of the \(pictures.count) images, found \(object.picture)")
      }
      guard known.contains(object.category) else {
        throw fail(
          "category_id must be the id of one of the \(known.count) categories, found \(object.category)")
      }
      objectsOfPicture[picture].append(Int32(index))
    }
  }
}

extension CocoFile {
  /// Takes pictures out, with their objects.
  private mutating func leaveOut(_ missing: Set<String>) {
    guard !missing.isEmpty else { return }
    let kept = pictures.indices.filter { !missing.contains(pictures[$0].fileName) }
    guard kept.count < pictures.count else { return }
    (pictures, objectsOfPicture) = (kept.map { pictures[$0] }, kept.map { objectsOfPicture[$0] })
    pictureIndex = Dictionary(uniqueKeysWithValues: pictures.enumerated().map { ($1.id, $0) })
  }
}

/// What is known of an object's pixels, as an annotation file has it.
enum Segmentation: Sendable, Equatable {
  /// Each `x, y, x, y, ...` in pixels.
  case polygons([[Double]])
  /// Lengths of runs, column by column, beginning with a run of zeros.
  case runs([UInt32], height: Int, width: Int)
  /// The same as COCO's text.
  case compressed([UInt8], height: Int, width: Int)
}
