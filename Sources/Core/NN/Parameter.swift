/// A tensor that training changes. Identity matters: optimizers and shared layers know it by reference.
public final class Parameter {
  /// The present value; a leaf of the graph while `requiresGradient`.
  public private(set) var value: Tensor
  /// Whether backward passes leave a gradient here.
  public var requiresGradient: Bool {
    didSet { if oldValue != requiresGradient { relink() } }
  }
  private let slot = GradientSlot()

  public init(_ value: Tensor, requiresGradient: Bool = true) {
    self.value = value.detached()
    self.requiresGradient = requiresGradient
    relink()
  }

  /// The sum of the gradients of the backward passes since it was last set to `nil`.
  public var gradient: Tensor? {
    get { slot.gradient }
    set { slot.gradient = newValue }
  }

  public var shape: [Int] { value.shape }
  public var count: Int { value.count }

  /// Overwrites the value in place; views and optimizer state keep pointing at it.
  ///
  /// - Precondition: the shape stays the same.
  public func assign(_ newValue: Tensor) {
    precondition(
      newValue.shape == shape, "Parameter.assign: shape \(shape), found \(newValue.shape)")
    value.assignInPlace(newValue)
  }

  private func relink() {
    value = requiresGradient ? value.requiringGradient(slot) : value.detached()
    if !requiresGradient { slot.gradient = nil }
  }
}

/// A tensor that belongs to a layer's state but is not trained (`running_mean`, index tables).
public final class Buffer {
  public private(set) var value: Tensor
  /// Whether it is part of the state dict.
  public let isPersistent: Bool

  public init(_ value: Tensor, isPersistent: Bool = true) {
    (self.value, self.isPersistent) = (value.detached(), isPersistent)
  }

  public var shape: [Int] { value.shape }

  /// Overwrites the value in place.
  ///
  /// - Precondition: the shape stays the same.
  public func assign(_ newValue: Tensor) {
    precondition(newValue.shape == shape, "Buffer.assign: shape \(shape), found \(newValue.shape)")
    value.assignInPlace(newValue)
  }
}
