import Core
import Foundation
import OrderedCollections
import PyConfig
import Testing

@testable import Cls

/// Files: Fixtures/cls-datasets/make.py.
@Suite struct CIFARTests {
  static func load(_ type: String, _ folder: String, more: String = "") throws -> any Dataset {
    try dataset(
      "dict(type='\(type)', data_prefix='\(Golden.path("cls-datasets/\(folder)"))', pipeline=[]\(more))")
  }

  static func expectPicture(_ data: any Dataset, _ index: Int, _ number: Int) throws {
    var generator = RandomGenerator(seed: 0)
    let bytes = try #require(try data.sample(at: index, using: &generator)?.image?.bytes)
    #expect(bytes.count == 3072)
    for (y, x, c) in [(0, 0, 0), (0, 1, 2), (31, 31, 1), (17, 4, 0)] {
      #expect(Int(bytes[(y * 32 + x) * 3 + c]) == (7 * number + 50 * c + 3 * y + x) % 256)
    }
  }

  @Test func `training batches come one behind the other`() throws {
    let data = try Self.load("CIFAR10", "good")
    #expect((0..<data.count).flatMap(data.categories) == [0, 1, 2, 3, 4])
    #expect(data.classNames == (0..<10).map { "c\($0)" })
    for index in 0..<5 { try Self.expectPicture(data, index, index) }
  }

  @Test func `Python 2's pickles are read`() throws {
    let data = try Self.load("CIFAR10", "good", more: ", test_mode=True")
    #expect((0..<data.count).flatMap(data.categories) == [9, 3])
    try Self.expectPicture(data, 1, 6)
  }

  @Test func `CIFAR-100 takes fine labels`() throws {
    let data = try Self.load("CIFAR100", "good")
    #expect((0..<data.count).flatMap(data.categories) == [99, 0])
    #expect(data.classNames?.count == 100)
    #expect(try Self.load("CIFAR100", "good", more: ", test_mode=True").categories(at: 0) == [42])
  }

  static let broken: [(String, String)] = [
    ("call", "system"),
    ("shape", "must have bytes of shape [N, 3072] under 'data', found"),
    ("kind", "must have bytes of shape [N, 3072] under 'data', found"),
    ("count", "must have 1 labels under 'labels'"),
    ("text", "must have 1 labels under 'labels'"),
    ("list", "must have bytes of shape [N, 3072] under 'data', found nothing"),
    ("nothing", "must have bytes of shape [N, 3072] under 'data', found nothing"),
    ("label", "labels must be in 0..<10 (the data set's classes), found 10 for item 0"),
    ("cut", "test_batch"),
    ("absent", "test_batch: no such file; download the Python version of the data set"),
  ]

  @Test(arguments: broken) func `a broken file is named and nothing is run`(
    _ name: String, _ expected: String
  ) throws {
    let message = errorText { _ = try Self.load("CIFAR10", "bad/\(name)", more: ", test_mode=True") }
    #expect(
      message.hasPrefix(Golden.path("cls-datasets/bad/\(name)")) && message.contains(expected), "\(message)")
    #expect(!FileManager.default.fileExists(atPath: "hacked"))
  }
}
