/// Taking, placing and sorting elements by index.
protocol IndexBackend {}
