/// Tables with commas between their columns.
public enum CSVFile {
  /// The rows of a file. Fields in quotation marks may hold commas, line ends and doubled quotation marks.
  ///
  /// - Throws: `DataError` when the file cannot be read or is not UTF-8, or a quotation mark is left open.
  public static func rows(_ path: String) throws -> [[String]] {
    let bytes = try DataFile.read(path)
    var rows: [[String]] = []
    var (row, field) = ([String](), [UInt8]())
    var (position, line, isQuoted) = (0, 1, false)
    func text() throws -> String {
      guard let text = String(validating: field, as: UTF8.self) else {
        throw DataError("must be a text file in UTF-8", file: path, line: line)
      }
      return text
    }
    func endRow() throws {
      row.append(try text())
      field.removeAll(keepingCapacity: true)
      if row != [""] { rows.append(row) }
      row = []
    }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == 10 { line += 1 }
      switch byte {
      case UInt8(ascii: "\"") where isQuoted && position < bytes.count && bytes[position] == byte:
        field.append(byte)
        position += 1
      case UInt8(ascii: "\"") where isQuoted || field.isEmpty: isQuoted.toggle()
      case UInt8(ascii: ",") where !isQuoted:
        row.append(try text())
        field.removeAll(keepingCapacity: true)
      case 13 where !isQuoted && position < bytes.count && bytes[position] == 10: break
      case 10 where !isQuoted: try endRow()
      default: field.append(byte)
      }
    }
    guard !isQuoted else {
      throw DataError("must have an end to each quotation, found the end of the file", file: path)
    }
    if !field.isEmpty || !row.isEmpty { try endRow() }
    return rows
  }
}
