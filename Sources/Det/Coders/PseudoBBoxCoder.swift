import Core

/// The numbers are the boxes. Mirrors mmdet's `PseudoBBoxCoder`.
public struct PseudoBBoxCoder: BoxCoder, ConfigRecord {
  public init(from reader: inout ConfigReader) throws {}

  public func encode(_ priors: Boxes, _ boxes: Boxes) -> [Float] { boxes.values }
  public func decode(_ priors: Tensor, _ codes: Tensor, maxShape: Pair?) -> Tensor { codes }
}
