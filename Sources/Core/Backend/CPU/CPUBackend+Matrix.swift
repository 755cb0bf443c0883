extension CPUBackend: MatrixBackend {}
