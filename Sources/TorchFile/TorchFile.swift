/// Checkpoint files: names, dtypes, shapes and bytes.
public enum TorchFile {}
