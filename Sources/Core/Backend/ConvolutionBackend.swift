/// Convolutions and their gradients.
protocol ConvolutionBackend {}
