import OrderedCollections
import TestSupport
import Testing

@testable import Core

/// Layers without parameters: each does what its operator does.
@Suite struct SpatialLayerTests {
  private let x = Reference.random([1, 4, 7, 6]).tensor()

  @Test func pooling() {
    #expect(
      MaxPool2d(3, stride: 2, padding: 1)(x).floats == x.maxPool2d(3, stride: 2, padding: 1).floats)
    #expect(MaxPool2d(2)(x).shape == [1, 4, 3, 3])
    #expect(MaxPool2d(2, ceilMode: true)(x).shape == [1, 4, 4, 3])
    #expect(AvgPool2d(2, ceilMode: true, countIncludePad: false)(x).shape == [1, 4, 4, 3])
    #expect(AvgPool2d(2)(x).floats == x.avgPool2d(2).floats)
    #expect(AdaptiveAvgPool2d(Pair(h: 1, w: 2))(x).shape == [1, 4, 1, 2])
    #expect(AdaptiveMaxPool2d(2)(x).floats == x.adaptiveMaxPool2d(2).floats)
  }

  @Test func resampling() {
    #expect(Upsample(.factor(2))(x).shape == [1, 4, 14, 12])
    let layer = Upsample(.size(Pair(h: 3, w: 9)), mode: .bilinear, alignCorners: true)
    #expect(
      layer(x).floats == x.interpolate(size: Pair(h: 3, w: 9), mode: .bilinear, alignCorners: true).floats)
    #expect(PixelShuffle(2)(x).shape == [1, 1, 14, 12])
    #expect(PixelUnshuffle(2)(PixelShuffle(2)(x)).floats == x.floats)
  }

  @Test func padding() {
    #expect(ZeroPad2d(Padding(top: 1, bottom: 2, left: 3, right: 4))(x).shape == [1, 4, 10, 13])
    let border = Padding(Pair(h: 2, w: 1))
    #expect(ReflectionPad2d(border)(x).floats == x.pad2d(border, mode: .reflect).floats)
    #expect(ReplicationPad2d(1)(x).shape == [1, 4, 9, 8])
  }

  @Test func shapes() {
    #expect(Identity()(x).floats == x.floats)
    #expect(Flatten()(x).shape == [1, 168])
    #expect(Flatten(from: 2)(x).shape == [1, 4, 42])
    // In the order of the logical axes, whatever the layout.
    #expect(Flatten()(x.channelsLast()).floats == x.floats)
  }

  @Test func `none has a state`() {
    let model = Sequential([
      MaxPool2d(2), AvgPool2d(2), AdaptiveAvgPool2d(1), Upsample(.factor(2)), PixelShuffle(1), ZeroPad2d(1),
      Identity(), Flatten(),
    ])
    #expect(model.stateDict.isEmpty)
  }
}
