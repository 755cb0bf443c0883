import CKernels

extension CPUBackend: OptimizerBackend {
  func sgdStep(
    _ options: SGD.Options, isFirst: Bool, gradient: Tensor, momentumBuffer: Tensor?, parameter: Tensor
  ) {
    let gradient = prepare(gradient, changing: [parameter, momentumBuffer])
    var rule = mm_sgd(
      lr: options.learningRate, momentum: options.momentum, dampening: options.dampening,
      weight_decay: options.weightDecay, nesterov: options.nesterov ? 1 : 0, first: isFirst ? 1 : 0)
    mm_sgd_step(
      &rule, parameter.count, gradient.pointer(Float.self), momentumBuffer?.pointer(Float.self),
      parameter.pointer(Float.self))
  }

  func adamStep(
    _ options: Adam.Options, step: Int, gradient: Tensor, firstMoment: Tensor, secondMoment: Tensor,
    maximum: Tensor?, parameter: Tensor
  ) {
    let gradient = prepare(gradient, changing: [parameter, firstMoment, secondMoment, maximum])
    var rule = mm_adam(
      lr: options.learningRate, beta1: options.beta1, beta2: options.beta2, eps: options.epsilon,
      weight_decay: options.weightDecay, step: step, decoupled: options.decoupled ? 1 : 0)
    mm_adam_step(
      &rule, parameter.count, gradient.pointer(Float.self), firstMoment.pointer(Float.self),
      secondMoment.pointer(Float.self), maximum?.pointer(Float.self), parameter.pointer(Float.self))
  }

  func rmspropStep(
    _ options: RMSprop.Options, gradient: Tensor, squareAverage: Tensor, momentumBuffer: Tensor?,
    gradientAverage: Tensor?, parameter: Tensor
  ) {
    let gradient = prepare(gradient, changing: [parameter, squareAverage, momentumBuffer, gradientAverage])
    var rule = mm_rmsprop(
      lr: options.learningRate, alpha: options.alpha, eps: options.epsilon, weight_decay: options.weightDecay,
      momentum: options.momentum)
    mm_rmsprop_step(
      &rule, parameter.count, gradient.pointer(Float.self), squareAverage.pointer(Float.self),
      momentumBuffer?.pointer(Float.self), gradientAverage?.pointer(Float.self), parameter.pointer(Float.self)
    )
  }

  func sumOfSquares(_ x: Tensor) -> Double {
    let x = dense(x)
    return mm_sum_of_squares(x.count, x.pointer(Float.self))
  }

  func sumOfMagnitudes(_ x: Tensor) -> Double {
    let x = dense(x)
    return mm_sum_of_abs(x.count, x.pointer(Float.self))
  }

  func largestMagnitude(_ x: Tensor) -> Float {
    let x = dense(x)
    return mm_max_abs(x.count, x.pointer(Float.self))
  }

  func scaleInPlace(_ x: Tensor, by factor: Float) {
    precondition(x.isDense, "Tensor.scaleInPlace: a dense tensor")
    x.storage.touch()
    mm_scale(x.count, factor, x.pointer(Float.self))
  }

  func averageInPlace(_ average: Tensor, with x: Tensor, decay: Double) {
    let x = prepare(x, changing: [average])
    mm_ema_update(average.count, decay, x.pointer(Float.self), average.pointer(Float.self))
  }

  /// Notes that the targets change, and gives the gradient in their layout: that of the first.
  private func prepare(_ gradient: Tensor, changing targets: [Tensor?]) -> Tensor {
    var gradient = gradient
    for (index, target) in targets.compactMap({ $0 }).enumerated() {
      precondition(target.isDense && target.dtype == .float32, "Optimizer.step: dense float32 tensors")
      if index == 0 { gradient = arranged(gradient, target.strides) }
      precondition(
        target.shape == gradient.shape
          && Strides.agree(target.strides, gradient.strides, shape: target.shape),
        "Optimizer.step: state must have the shape and layout of its parameter")
      target.storage.touch()
    }
    return gradient
  }
}
