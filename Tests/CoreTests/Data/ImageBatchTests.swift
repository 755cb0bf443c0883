import Core
import OrderedCollections
import PyConfig
import Testing

@Suite struct ImageBatchTests {
  @Test func `pictures become a tensor with channels first in name and last in memory`() throws {
    let a = Sample(image: Image(width: 2, height: 1, channels: 3, bytes: [1, 2, 3, 4, 5, 6]))
    let b = Sample(image: Image(width: 2, height: 1, channels: 3, floats: [7, 8, 9, 10, 11, 12.5]))
    let tensor = try ImageBatch([a, b]).tensor
    #expect(tensor.shape == [2, 3, 1, 2])
    #expect(tensor.floats == [1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12.5])
    #expect(tensor.isChannelsLast)
  }

  @Test func `pictures of different sizes name the file`() {
    let a = Sample(file: SampleFile(prefix: "p", name: "a"), image: Image(width: 2, height: 1))
    let b = Sample(file: SampleFile(prefix: "p/", name: "b"), image: Image(width: 2, height: 2))
    #expect(
      throws: DataError(
        "images of a batch must have one size; this one is 2x2x3, p/a is 1x2x3; resize or crop in the pipeline, or use a batch of 1",
        file: "p/b")
    ) { _ = try ImageBatch([a, b]) }
    #expect(throws: DataError.self) { _ = try ImageBatch([]) }
    #expect(throws: DataError.self) { _ = try ImageBatch([Sample()]) }
  }

  @Test func `paths join as Python joins them`() {
    #expect(SampleFile(prefix: nil, name: "a").path == "a")
    #expect(SampleFile(prefix: "", name: "a").path == "a")
    #expect(SampleFile(prefix: "p", name: "/a").path == "/a")
  }
}
