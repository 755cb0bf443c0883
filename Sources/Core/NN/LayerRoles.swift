// What `paramwise_cfg` tells apart among layers.

/// A normalisation layer: of batch, instance, group or layer kind.
///
/// `norm_decay_mult` applies to it.
public protocol NormalizationLayer: Module {}

/// A 2-D convolution.
///
/// `dwconv_decay_mult` applies to those with as many groups as input channels.
public protocol Convolution2dLayer: Module {
  var inChannels: Int { get }
  var groups: Int { get }
}

/// A deformable convolution, plain or modulated.
///
/// `dcn_offset_lr_mult` applies to the convolution `conv_offset` in it.
public protocol DeformableConvolutionLayer: Module {}

/// Batch normalisation, with statistics over the samples of a batch.
public protocol BatchNormalizationLayer: NormalizationLayer {}
