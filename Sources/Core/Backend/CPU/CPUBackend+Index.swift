extension CPUBackend: IndexBackend {}
