/// A name of Python that a pickle may ask for, and what stands for it here.
///
/// Everything else is refused at the moment it is named. None of these is ever called.
struct PickleGlobal: Equatable {
  /// `module.name` as the file has it.
  var name: String
  var role: Role

  enum Role: Equatable {
    case orderedDictionary
    case defaultDictionary
    case counter
    /// A storage class; `nil` for the untyped one, whose elements are bytes.
    case storage(ScalarType?)
    case dtype(ScalarType)
    /// `_rebuild_tensor`, `_v2` and `_v3`: storage, offset, size, strides, ...
    case rebuildTensor
    case rebuildTensorWithType
    case rebuildParameter
    /// `_rebuild_from_type_v2(function, type, arguments, state)`
    case rebuildFromType
    /// `_rebuild_device_tensor_from_numpy(array, dtype, device, requires_grad)` and its cpu tensor twin
    case rebuildOnDevice
    /// `torch.Tensor` and `torch.nn.Parameter` where they are only named.
    case tensorClass
    case size
    case device
    case numpyType
    case numpyScalar
    case numpyReconstruct
    case numpyArray
    case numpyFromBuffer
    case encode
    case getAttribute
    case newObject
    case reconstructor
    /// A builtin class: `set`, `list`, `int`, ...
    case builtin
    case path
    /// A subclass of `str`.
    case text
    case record(RecordForm)
    /// A member of a record class, only named.
    case member
  }

  /// How a record class keeps its content.
  enum RecordForm {
    /// A `dict` subclass; its state holds entries too.
    case entries
    /// A `dict` subclass; its state holds attributes beside the entries.
    case entriesAndAttributes
    /// A plain object; its state is the fields by name.
    case fields
    /// The configuration class of mmcv and mmengine; its state is a tuple.
    case configuration
  }

  init(name: String, role: Role) { (self.name, self.role) = (name, role) }

  /// - Returns: `nil` for a name that is refused.
  init?(module: String, name: String) {
    self.name = module + "." + name
    guard let role = Self.role(module, name) else { return nil }
    self.role = role
  }

  private static func role(_ module: String, _ name: String) -> Role? {
    switch module {
    case "torch", "torch.cuda": torch(module, name)
    case "torch.storage": name == "TypedStorage" || name == "UntypedStorage" ? .storage(nil) : nil
    case "torch._utils": torchUtilities[name]
    case "torch._tensor": name == "_rebuild_from_type_v2" ? .rebuildFromType : nil
    case "torch.nn.parameter": name == "Parameter" || name == "Buffer" ? .tensorClass : nil
    case "torch.torch_version": name == "TorchVersion" ? .text : nil
    case "collections":
      switch name {
      case "OrderedDict": .orderedDictionary
      case "defaultdict": .defaultDictionary
      case "Counter": .counter
      default: nil
      }
    case "__builtin__", "builtins":
      name == "getattr" ? .getAttribute : builtins.contains(name) ? .builtin : nil
    case "copy_reg", "copyreg":
      name == "_reconstructor" ? .reconstructor : name == "__newobj__" ? .newObject : nil
    case "_codecs": name == "encode" ? .encode : nil
    case "numpy":
      name == "dtype" ? .numpyType : name == "ndarray" ? .numpyArray : name == "str_" ? .text : nil
    case "numpy.core.multiarray", "numpy._core.multiarray":
      name == "scalar" ? .numpyScalar : name == "_reconstruct" ? .numpyReconstruct : nil
    case "numpy.core.numeric", "numpy._core.numeric": name == "_frombuffer" ? .numpyFromBuffer : nil
    case "pathlib", "pathlib._local":
      ["Path", "PosixPath", "PurePath", "PurePosixPath"].contains(name) ? .path : nil
    default: records[module + "." + name].map { .record($0) }
    }
  }

  private static func torch(_ module: String, _ name: String) -> Role? {
    if let type = ScalarType(storageName: name) { return .storage(type) }
    guard module == "torch" else { return nil }
    switch name {
    case "Size": return .size
    case "device": return .device
    case "Tensor": return .tensorClass
    case "UntypedStorage": return .storage(nil)
    default: return dtypes[name].map { .dtype($0) }
    }
  }

  private static let torchUtilities: [String: Role] = [
    "_rebuild_tensor": .rebuildTensor,
    "_rebuild_tensor_v2": .rebuildTensor,
    "_rebuild_tensor_v3": .rebuildTensorWithType,
    "_rebuild_parameter": .rebuildParameter,
    "_rebuild_parameter_with_state": .rebuildParameter,
    "_rebuild_device_tensor_from_numpy": .rebuildOnDevice,
    "_rebuild_device_tensor_from_cpu_tensor": .rebuildOnDevice,
    "_rebuild_xla_tensor": .rebuildOnDevice,
  ]

  private static let dtypes: [String: ScalarType] = {
    var types: [String: ScalarType] = [
      "float": .float32, "double": .float64, "half": .float16, "long": .int64, "int": .int32, "short": .int16,
    ]
    for type in ScalarType.allCases { types[type.rawValue] = type }
    return types
  }()

  private static let builtins: Set<String> = [
    "bool", "bytearray", "bytes", "dict", "float", "frozenset", "int", "list", "long", "object", "set", "str",
    "tuple", "unicode",
  ]

  private static let records: [String: RecordForm] = [
    "addict.addict.Dict": .entries,
    "argparse.Namespace": .fields,
    "detectron2.config.config.CfgNode": .entriesAndAttributes,
    "easydict.EasyDict": .entriesAndAttributes,
    "fvcore.common.config.CfgNode": .entriesAndAttributes,
    "mmcv.utils.config.Config": .configuration,
    "mmcv.utils.config.ConfigDict": .entries,
    "mmengine.config.config.Config": .configuration,
    "mmengine.config.config.ConfigDict": .entries,
    "mmengine.logging.history_buffer.HistoryBuffer": .fields,
    "types.SimpleNamespace": .fields,
    "yacs.config.CfgNode": .entriesAndAttributes,
  ]
}
