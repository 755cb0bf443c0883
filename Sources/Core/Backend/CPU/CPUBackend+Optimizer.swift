extension CPUBackend: OptimizerBackend {}
