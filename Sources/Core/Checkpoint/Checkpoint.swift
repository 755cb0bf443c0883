import Foundation
import OrderedCollections
import PyConfig
import TorchFile

/// What a checkpoint file holds: `{"meta": ..., "state_dict": ..., "optimizer": ...}`.
public struct Checkpoint: Sendable {
  /// `epoch`, `iter`, `config`, `CLASSES`, `PALETTE`, `time`, `seed`, `hook_msgs` and the like.
  public var meta = ConfigDictionary()
  /// Parameters and buffers by key, in the model's order.
  public var state: OrderedDictionary<String, StoredTensor> = [:]
  /// The optimizer's state in PyTorch's layout.
  public var optimizer: PickleValue?

  public init(
    meta: ConfigDictionary = ConfigDictionary(), state: OrderedDictionary<String, StoredTensor> = [:],
    optimizer: PickleValue? = nil
  ) {
    (self.meta, self.state, self.optimizer) = (meta, state, optimizer)
  }

  /// Reads a `.pth` or `.safetensors` file of this program, of mmcv, or of PyTorch.
  ///
  /// A file without `state_dict` is one itself, as in mmcv. The name of a published checkpoint ends in the first digits of
  /// the file's SHA-256 (`-ea4938fc.pth`); they are checked.
  ///
  /// - Throws: `CheckpointError` or `TorchFileError`, both with the path.
  public init(path: String) throws {
    try Self.checkHash(path)
    let contents = try TorchFile.read(path: path)
    guard let state = TorchFile.stateDict(in: contents) else {
      throw CheckpointError(path: path, "must hold a dictionary of tensors, found \(contents.summary)")
    }
    self.state = state
    let whole = contents.dictionary ?? PickleDictionary()
    if whole["state_dict"]?.dictionary != nil {
      meta = whole["meta"]?.dictionary?.configDictionary ?? ConfigDictionary()
      optimizer = whole["optimizer"]
    }
  }

  /// Writes a file that `torch.load` and mmcv open, or, where `path` ends so, a `.safetensors` file, which holds the
  /// state and the texts and numbers of the meta data only.
  ///
  /// The file is there completely or not at all, also when the process is killed or the disk is full.
  /// - Throws: `TorchFileError` with the path.
  public func write(to path: String) throws {
    if path.hasSuffix(".safetensors") {
      var texts: OrderedDictionary<String, String> = ["format": "pt"]
      for (key, value) in meta.entries {
        texts[key] = value.string ?? PythonText.json(value)
      }
      return try SafeTensors.write(state, metadata: texts, to: path)
    }
    var whole: PickleDictionary = [
      "meta": PickleValue(ConfigNode(.dictionary(meta))),
      "state_dict": .dictionary(PickleDictionary(stateDict: state)),
    ]
    if let optimizer { whole["optimizer"] = optimizer }
    try TorchFile.write(.dictionary(whole), to: path)
  }

  /// Compares the digits at the end of the name with the file's SHA-256.
  private static func checkHash(_ path: String) throws {
    guard let suffix = TorchFile.hashSuffix(ofName: path), !isDate(suffix) else { return }
    let hash = try TorchFile.sha256(ofFile: path)
    guard hash.hasPrefix(suffix) else {
      throw CheckpointError(
        path: path,
        "the name promises a SHA-256 that starts with \(suffix), the file has \(hash.prefix(suffix.count)): "
          + "it is damaged or was renamed")
    }
  }

  /// Whether eight digits are a day, as in `resnet50-20210831.pth`, and no hash.
  private static func isDate(_ digits: String) -> Bool {
    guard digits.count == 8, let number = Int(digits) else { return false }
    let (year, month, day) = (number / 10000, number / 100 % 100, number % 100)
    return (1990...2099).contains(year) && (1...12).contains(month) && (1...31).contains(day)
  }
}

/// Why a checkpoint can't be used.
public struct CheckpointError: Error, CustomStringConvertible, Equatable {
  public var path: String
  public var text: String

  public init(path: String, _ text: String) { (self.path, self.text) = (path, text) }

  public var description: String { "\(path): \(text)" }
}
