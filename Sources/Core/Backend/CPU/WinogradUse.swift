import CKernels
import Synchronization

/// How far convolutions may use Winograd's minimal filtering (Lavin and Gray, 2015,
/// <https://arxiv.org/abs/1509.09308>), which saves multiplications and costs digits.
///
/// Errors relative to the root mean square of a result: about 1e-7 without it, 1e-5 with 2x2 and 6e-5 with 4x4 tiles.
public enum WinogradUse: Int, Sendable, CaseIterable {
  /// Tiles of 4x4 where no gradient is recorded, of 2x2 in training.
  case automatic
  case never
  /// Tiles of 2x2.
  case small
  /// Tiles of 4x4, also in training.
  case large

  private static let choice = Atomic<Int>(WinogradUse.automatic.rawValue)

  /// What the convolutions of the process do.
  public static var current: WinogradUse {
    get { WinogradUse(rawValue: choice.load(ordering: .relaxed)) ?? .automatic }
    set { choice.store(newValue.rawValue, ordering: .relaxed) }
  }

  func setting(isTraining: Bool) -> mm_conv_setting {
    switch self {
    case .automatic: isTraining ? MM_CONV_SET_AUTO_TRAINING : MM_CONV_SET_AUTO
    case .never: MM_CONV_SET_DIRECT
    case .small: MM_CONV_SET_F2
    case .large: MM_CONV_SET_F4
    }
  }
}
