extension CPUBackend: PoolingBackend {}
