/// A quadratic warm-up, half a cosine to the target, and the target for the last epochs (Ge et al., 2021,
/// <https://arxiv.org/abs/2107.08430>).
///
/// Mirrors mmdet's policy `YOLOX`.
public struct YOLOXSchedule: Schedule {
  public var target: AnnealingTarget
  /// Epochs at the end with a constant value.
  public var lastEpochs: Int
  /// The length of the warm-up, which annealing starts after.
  private var warmup: Int
  private var warmsUpByEpoch: Bool

  public init(from reader: inout ConfigReader, setting quantity: ScheduledQuantity) throws {
    lastEpochs = try reader.value("num_last_epochs")
    target = try AnnealingTarget(from: &reader, setting: quantity)
    (warmup, warmsUpByEpoch) = (0, false)
  }

  /// Takes note of the warm-up that the hook reads.
  mutating func note(_ warmup: Warmup?) {
    self.warmup = warmup?.duration ?? 0
    warmsUpByEpoch = warmup?.byEpoch ?? false
  }

  public func value(_ base: Double, at progress: ScheduleProgress) throws -> Double {
    // The original counts epochs of the end in iterations even where the schedule goes by epochs.
    let end = progress.epochLength * lastEpochs
    let start = warmsUpByEpoch ? warmup * progress.epochLength : warmup
    let (current, total) = (progress.current + 1, try progress.total())
    if current >= total - end { return target.of(base) }
    guard total - start - end != 0 else {
      throw InvalidConfig(
        "warm-up (\(start)) and constant end (\(end)) must leave some of \(total) to anneal in")
    }
    return annealCosine(base, target.of(base), Double(current - start) / Double(total - start - end))
  }

  public func warmupValue(_ base: Double, iteration: Int, warmup: Warmup, iterations: Int) -> Double? {
    let share = Double(iteration + 1) / Double(iterations)
    return base * (warmup.ratio * (share * share))
  }
}
