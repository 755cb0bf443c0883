import Core
import PyConfig
import Seg
import Testing

@Suite struct SegmentationRegistrationTests {
  @Test func `the heads of the published models are there`() {
    var registries = Registries()
    registerSegmentation(&registries)
    for name in ["ASPPHead", "DepthwiseSeparableASPPHead", "FCNHead", "PSPHead"] {
      #expect(registries.decodeHeads.contains(name, scope: "mmseg"))
    }
  }
}
