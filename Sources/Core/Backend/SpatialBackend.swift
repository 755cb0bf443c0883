/// Resizing, padding and rearranging feature maps.
protocol SpatialBackend {}
