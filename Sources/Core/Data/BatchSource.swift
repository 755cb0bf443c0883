/// What a data set's batches are to a runner, which only hands them on: the model knows the real type.
public protocol TrainingBatch {}

/// A stream of batches, in order.
public protocol BatchIterator: AnyObject {
  /// The next batch, or `nil` at the end of the epoch.
  ///
  /// - Throws: what went wrong with one of the batch's samples, with its file.
  func next() throws -> (any TrainingBatch)?
}

/// Where a runner gets its batches from; data loaders conform.
///
/// Batches are a function of the seed, the epoch and the batch's index, whatever was asked for before: that is what
/// lets a resumed run see the data that an uninterrupted one would have seen.
public protocol BatchSource: AnyObject {
  /// Number of batches of one epoch.
  var batchCount: Int { get }

  /// The batches of an epoch (counted from 0), the first `start` of them left out without being made.
  func batches(epoch: Int, from start: Int) throws -> any BatchIterator
}

extension BatchSource {
  /// All batches of an epoch, counted from 0.
  public func batches(epoch: Int) throws -> any BatchIterator { try batches(epoch: epoch, from: 0) }
}
