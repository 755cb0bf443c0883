extension CPUBackend: ConvolutionBackend {}
