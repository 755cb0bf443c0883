extension ClassSet {
  /// LoveDA (Wang et al., 2021).
  static let loveDA = ClassSet(
    names: [
      "background", "building", "road", "water", "barren", "forest", "agricultural",
    ],
    colors: [
      0xffffff, 0xff0000, 0xffff00, 0x0000ff, 0x9f81b7, 0x00ff00, 0xffc380,
    ])

  /// ISPRS Vaihingen and Potsdam.
  static let isprs = ClassSet(
    names: [
      "impervious_surface", "building", "low_vegetation", "tree", "car", "clutter",
    ],
    colors: [
      0xffffff, 0x0000ff, 0x00ffff, 0x00ff00, 0xffff00, 0xff0000,
    ])

  /// iSAID (Waqas Zamir et al., 2019).
  static let iSAID = ClassSet(
    names: [
      "background", "ship", "store_tank", "baseball_diamond", "tennis_court", "basketball_court",
      "Ground_Track_Field", "Bridge", "Large_Vehicle", "Small_Vehicle", "Helicopter", "Swimming_pool",
      "Roundabout", "Soccer_ball_field", "plane", "Harbor",
    ],
    colors: [
      0x000000, 0x00003f, 0x003f3f, 0x003f00, 0x003f7f, 0x003fbf, 0x003fff, 0x007f3f, 0x007f7f, 0x00007f,
      0x0000bf, 0x0000ff, 0x00bf7f, 0x007fbf, 0x007fff, 0x00649b,
    ])
}
