/// A fixed-width font of 5 x 9 dots in cells of 6 x 10, for ASCII 32...126; drawn for this package.
///
/// A glyph is a row of digits in base 32, one a line of dots from the top, the leftmost dot in the highest bit. Lines 8
/// and 9 hold descenders; lines not given are blank.
enum BitmapFont {
  static let cellWidth = 6
  static let cellHeight = 10

  private static let source: [StaticString] = [
    "0000000", "4444404", "aaa0000", "aavavaa", "4fke5u4", "op248j3", "cik8lid", "4480000", "2488842",
    "8422248",
    "04lel40", "044v440", "00000c48", "000v000", "00000cc", "122488g", "ehjlphe", "4c4444e", "eh168gv",
    "v2421he",
    "26aiv22", "vgu11he", "68guhhe", "v124888", "ehhehhe", "ehhf12c", "0cc0cc0", "0cc0c48", "248g842",
    "00v0v00",
    "8421248", "eh16404", "ehnlmgf", "ehhvhhh", "uhhuhhu", "ehggghe", "uhhhhhu", "vgguggv", "vgguggg",
    "ehgnhhf",
    "hhhvhhh", "e44444e", "72222ic", "hikokih", "ggggggv", "hrllhhh", "hhpljhh", "ehhhhhe", "uhhuggg",
    "ehhhlid",
    "uhhukih", "fgge11u", "v444444", "hhhhhhe", "hhhhha4", "hhhllla", "hha4ahh", "hhha444", "v1248gv",
    "e88888e",
    "g884221", "e22222e", "4ah0000", "0000000v", "8420000", "00e1fhf", "ggmphhu", "00egghe", "11djhhf",
    "00ehvge",
    "698s888", "00fhhhf1e", "ggmphhh", "40c444e", "2062222ic", "ggikoki", "c44444e", "00qllll", "00mphhh",
    "00ehhhe", "00uhhhugg", "00fhhhf11", "00mpggg", "00fge1u", "88s8896", "00hhhjd", "00hhha4", "00hhlla",
    "00ha4ah", "00hhhhf1e", "00v248v", "2448442", "4444444", "8442448", "008l200",
  ]

  private static let glyphs: [[UInt8]] = source.map { glyph in
    glyph.withUTF8Buffer { digits in digits.map { $0 < 0x61 ? $0 - 0x30 : $0 - 0x61 + 10 } }
  }

  /// The lines of a character; a filled box for what the font does not have.
  static func lines(of character: Character) -> [UInt8] {
    guard let code = character.asciiValue, (32...126).contains(code) else {
      return [UInt8](repeating: 31, count: 7)
    }
    return glyphs[Int(code) - 32]
  }
}
