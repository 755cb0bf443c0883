/// Python's `repr` of a float: the shortest digits that read back as the same number.
func pythonRepr(_ value: Double) -> String {
  if value.isNaN { return "nan" }
  if value.isInfinite { return value < 0 ? "-inf" : "inf" }
  // Swift gives the same digits in another layout: take digits and exponent apart.
  let text = Substring("\(value.magnitude)")
  let parts = text.split(separator: "e", maxSplits: 1)
  let mantissa = parts[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
  var digits = Array(mantissa[0].utf8), point = digits.count
  if mantissa.count > 1 { digits += mantissa[1].utf8 }
  if parts.count > 1, let exponent = Int(parts[1]) { point += exponent }
  let zeros = digits.prefix { $0 == 48 }.count
  digits.removeFirst(zeros)
  point -= zeros
  while digits.last == 48 { digits.removeLast() }
  let sign = value.sign == .minus ? "-" : ""
  guard !digits.isEmpty else { return sign + "0.0" }
  let all = String(decoding: digits, as: UTF8.self)
  let exponent = point - 1
  if exponent < -4 || exponent >= 16 {
    let rest = all.dropFirst()
    let number = "\(exponent.magnitude)"
    return sign + all.prefix(1) + (rest.isEmpty ? "" : "." + rest) + (exponent < 0 ? "e-" : "e+")
      + (number.count < 2 ? "0" : "") + number
  }
  if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + all }
  if point >= digits.count { return sign + all + String(repeating: "0", count: point - digits.count) + ".0" }
  return sign + all.prefix(point) + "." + all.dropFirst(point)
}

/// Python's `repr` of a string.
func pythonRepr(_ text: String) -> String {
  let quote: Unicode.Scalar = text.utf8.contains(39) && !text.utf8.contains(34) ? "\"" : "'"
  var result = String.UnicodeScalarView([quote])
  for scalar in text.unicodeScalars {
    switch scalar {
    case quote, "\\":
      result.append("\\")
      result.append(scalar)
    case "\n": result.append(contentsOf: "\\n".unicodeScalars)
    case "\r": result.append(contentsOf: "\\r".unicodeScalars)
    case "\t": result.append(contentsOf: "\\t".unicodeScalars)
    default:
      if isPrintable(scalar) {
        result.append(scalar)
      } else {
        let hex = String(scalar.value, radix: 16)
        let (letter, width) = scalar.value < 256 ? ("x", 2) : scalar.value < 65536 ? ("u", 4) : ("U", 8)
        let padded = String(repeating: "0", count: width - hex.count) + hex
        result.append(contentsOf: "\\\(letter)\(padded)".unicodeScalars)
      }
    }
  }
  result.append(quote)
  return String(result)
}

private func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
  if scalar.value < 127 { return scalar.value >= 32 }
  switch scalar.properties.generalCategory {
  case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
    .spaceSeparator:
    return false
  default: return true
  }
}
