import Core
import TorchFile

/// Boxes that were proposed beforehand: a pickle with one array a picture, `[n, 4]` or, with scores, `[n, 5]`.
enum ProposalFile {
  /// - Throws: `DataError` or `TorchFileError` that names the file.
  static func read(_ path: String) throws -> [Proposals] {
    guard let items = try TorchFile.readPickle(path: path).elements else {
      throw DataError("must be a list with an array of boxes for each picture", file: path)
    }
    return try items.enumerated().map { index, item in
      guard let array = item.tensor, array.shape.count == 2, array.shape[1] == 4 || array.shape[1] == 5 else {
        throw DataError(
          "must have an array of shape (n, 4) or (n, 5) for each picture, found \(item.summary) for picture \(index)",
          file: path)
      }
      let values = array.asFloat32()
      let columns = array.shape[1]
      var proposals = Proposals(boxes: Boxes(), scores: [])
      for row in 0..<array.shape[0] {
        let at = row * columns
        proposals.boxes.append(Box(values[at], values[at + 1], values[at + 2], values[at + 3]))
        if columns == 5 { proposals.scores.append(values[at + 4]) }
      }
      return proposals
    }
  }
}
