@testable import Cls
import Core
import Foundation
import OrderedCollections
import PyConfig
import Testing

@Suite struct StanfordCarsTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures/cls-multilabel").path

  @Test(arguments: ["cars", "cars-compressed"]) func `annotations are read from MATLAB's files`(
    _ name: String
  ) throws {
    let golden = try MultiLabelCases.load().cars
    let config =
      "dict(type='StanfordCars', data_prefix='p', ann_file='\(Self.folder)/\(name).mat', pipeline=[])"
    for isTesting in [false, true] {
      let dataset = try #require(
        try MultiLabelCases.dataset(config, isTesting: isTesting) as? ClassificationDataset)
      #expect(dataset.labels == golden.labels)
      #expect(dataset.classNames?.count == 196)
      guard case .files(let files) = dataset.pictures else {
        Issue.record("no files")
        return
      }
      #expect(files.map(\.path) == golden.files.map { "p/cars_\(isTesting ? "test" : "train")/\($0)" })
    }
    let file = try MATFile(path: "\(Self.folder)/\(name).mat")
    #expect(file.variables["version"] == .numbers([1.5]))
  }

  @Test func `broken files are refused without a crash`() throws {
    for name in ["cars", "cars-compressed"] {
      let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/\(name).mat")))
      #expect(throws: DataError.self) { try MATFile(Array(bytes[..<100]), file: "a.mat") }
      for end in 128..<bytes.count { _ = try? MATFile(Array(bytes[..<end]), file: "a.mat") }
      for position in 128..<bytes.count {
        for value: UInt8 in [0, 1, 127, 255] where bytes[position] != value {
          var changed = bytes
          changed[position] = value
          do { _ = try MATFile(changed, file: "a.mat") } catch { #expect("\(error)".hasPrefix("a.mat: ")) }
        }
      }
    }
    #expect {
      try MultiLabelCases.dataset(
        "dict(type='StanfordCars', data_prefix='nowhere', pipeline=[])", isTesting: true)
    } throws: { "\($0)".contains("nowhere/devkit/cars_test_annos_withlabels.mat: cannot be read") }
  }
}
