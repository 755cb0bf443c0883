/// Matrix products.
protocol MatrixBackend {}
