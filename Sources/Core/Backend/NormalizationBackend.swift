/// Normalisation layers.
protocol NormalizationBackend {}
