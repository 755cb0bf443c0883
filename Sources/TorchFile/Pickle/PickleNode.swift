/// A value on the pickle machine's stack.
///
/// Containers and tensors are nodes, which may be shared and changed.
enum PickleItem {
  case none
  case bool(Bool)
  case int(Int)
  case big([UInt8])
  case float(Double)
  case string(String)
  case bytes([UInt8])
  case global(PickleGlobal)
  /// An index of the machine's nodes.
  case node(Int)
}

/// What the machine builds.
enum PickleNode {
  /// The slot of a node that is being changed.
  case hole
  case tuple([PickleItem])
  case list([PickleItem])
  case set([PickleItem])
  case dictionary(DictionaryNode)
  case storage(StorageNode)
  case tensor(TensorNode)
  case numpyType(NumpyType)
  /// `nil` before its state arrives.
  case numpyArray(NumpyArray?)
}

struct DictionaryNode {
  var kind: PickleDictionary.Kind
  /// Keys and values in turn, as they were set; the last of equal keys counts.
  var pairs: [PickleItem] = []
  var attributes: PickleItem?
  var form: PickleGlobal.RecordForm?
}

/// A storage that a file refers to, or a window of it.
struct StorageNode {
  var key: String
  /// `nil` when untyped; elements are bytes then.
  var type: ScalarType?
  /// The elements from `first` on that belong to it.
  var first: Int
  var count: Int

  var elementSize: Int { type?.size ?? 1 }
}

struct TensorNode {
  var type: ScalarType
  /// The storage's key.
  var storage: String
  /// In elements of the whole storage.
  var layout: TensorLayout
}
