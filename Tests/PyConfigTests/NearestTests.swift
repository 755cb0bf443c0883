import PyConfig
import Testing

@Suite struct NearestTests {
  @Test(arguments: [
    ("ResNt50", "ResNet50"), ("meen", "mean"), ("Resnet", "ResNet"), ("dpeth", "depth"),
    ("img_norm_cgf", "img_norm_cfg"),
  ]) func `a near word is found`(word: String, expected: String) {
    #expect(nearest(word, among: ["ResNet", "ResNet50", "depth", "mean", "std", "img_norm_cfg"]) == expected)
  }

  @Test func `a far word is not`() {
    #expect(nearest("backbone", among: ["neck", "head", "x"]) == nil)
    #expect(nearest("a", among: []) == nil)
    #expect(nearest("ab", among: ["xy"]) == nil)
  }
}
