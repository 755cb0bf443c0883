extension CPUBackend: NormalizationBackend {}
