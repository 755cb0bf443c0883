extension ClassSet {
  /// Retinal vessels: CHASE DB1, DRIVE, HRF, STARE.
  static let vessels = ClassSet(
    names: [
      "background", "vessel",
    ],
    colors: [
      0x787878, 0x06e6e6,
    ])

  /// Faces that something covers in part.
  static let faces = ClassSet(
    names: [
      "background", "face",
    ],
    colors: [
      0x000000, 0x800000,
    ])
}
