/// Pooling over windows.
protocol PoolingBackend {}
