extension CPUBackend: SpatialBackend {}
