/// What reading makes of the colours and the orientation of a file: the `color_type` flags of mmcv's `imread`.
public enum ReadMode: String, Sendable, CaseIterable {
  /// Three channels, turned as EXIF says.
  case color
  /// One channel, turned as EXIF says.
  case grayscale
  /// Channels as in the file (1, 3 or 4), not turned. Samples of 16 bits come as floats 0...65535.
  case unchanged
  /// Three channels, not turned.
  case colorIgnoreOrientation = "color_ignore_orientation"
  /// One channel, not turned.
  case grayscaleIgnoreOrientation = "grayscale_ignore_orientation"

  var isGray: Bool { self == .grayscale || self == .grayscaleIgnoreOrientation }
  var isTurned: Bool { self == .color || self == .grayscale }
}

/// Whose conventions reading follows: mmcv's `imdecode_backend`.
public enum ImageBackend: String, Sendable, CaseIterable {
  /// OpenCV's. Alpha is dropped from colour reads and palettes are looked up.
  case cv2
  /// Pillow's. Unchanged reads give the indices of palette images (which is how label maps are read), gray is made from
  /// the decoded colours, and gray images with alpha are laid over (124, 117, 104).
  case pillow
}

/// The order of colour channels in memory.
public enum ChannelOrder: String, Sendable, CaseIterable {
  case bgr
  case rgb
}
