/// Steps of optimizers, fused over a parameter.
protocol OptimizerBackend {}
