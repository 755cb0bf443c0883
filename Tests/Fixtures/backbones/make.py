"""Writes cases.json: features and frozen parts of the backbones of mmcls 0.25.0, mmdet 2.28.2 and mmsegmentation 0.30.0.

Run with a Python that has all three: `python make.py`, in this folder. Weights and images follow a formula (`pattern`), so
that no checkpoint is needed.
"""
import json
import os

import mmcls.models
import mmdet.models
import mmseg.models
import numpy as np
import torch

here = os.path.dirname(os.path.abspath(__file__))
torch.set_num_threads(2)
builders = dict(mmcls=mmcls.models.build_backbone, mmdet=mmdet.models.build_backbone, mmseg=mmseg.models.build_backbone)


def build(text):
    config = eval(text)
    suite, config['type'] = config['type'].split('.')
    return builders[suite](config)


def fnv(text):
    value = 0xcbf29ce484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001b3) & 0xffffffffffffffff
    return '%016x' % value


def pattern(count, seed):
    x = (np.arange(1, count + 1, dtype=np.uint64) * 2654435761 + seed * 97531) & 0xffffffff
    x ^= x >> 15
    x = (x * 2246822519) & 0xffffffff
    x ^= x >> 13
    return (x >> 8).astype(np.float64) / 2**23 - 1


def fill(model):
    for index, (key, value) in enumerate(model.state_dict().items()):
        if not value.is_floating_point():
            continue
        v = pattern(value.numel(), index).reshape(value.shape)
        if key.endswith('running_var'):
            v = v * 0.25 + 0.75
        elif key.endswith('running_mean') or key.endswith('bias'):
            v = v * 0.1
        elif value.dim() == 1:
            v = v * 0.25 + 1
        else:
            v = v * np.sqrt(6 / (value.numel() // value.shape[0]))
        parts = set(key.split('.'))
        if parts & {'weight_gamma', 'weight_beta', 'g', 'theta', 'phi', 'conv_out', 'concat_project', 'fc2'}:
            v = v * 0.02  # Scales of weights and factors of products: larger ones overflow or magnify the last digit.
        if 'conv_offset' in parts:
            v = v * 0.001
        value.copy_(torch.from_numpy(v.astype(np.float32)))


def described(outputs):
    result = []
    for output in outputs if isinstance(outputs, (tuple, list)) else [outputs]:
        flat = output.detach().double().flatten()
        step = max(1, flat.numel() // 16)
        result.append(dict(shape=list(output.shape), norm=flat.norm().item(), values=flat[::step][:16].tolist()))
    return result


def frozen(model):
    model.train()
    fixed = [k for k, p in model.named_parameters() if not p.requires_grad]
    still = [k for k, m in model.named_modules()
             if not m.training and (len(m._parameters) or len(m._buffers))]
    return fixed, still


HR = ("extra=dict(stage1=dict(num_modules=1, num_branches=1, block='BOTTLENECK', num_blocks=(1, ), num_channels=(8, )), "
      "stage2=dict(num_modules=1, num_branches=2, block='BASIC', num_blocks=(1, 1), num_channels=(8, 16)), "
      "stage3=dict(num_modules=2, num_branches=3, block='BASIC', num_blocks=(1, 1, 1), num_channels=(8, 16, 24)), "
      "stage4=dict(num_modules=2, num_branches=4, block='BASIC', num_blocks=(1, 1, 1, 1), num_channels=(8, 16, 24, 32)))")
DCN = "stage_with_dcn=(False, True, True, True)"
forward = [
    ("dict(type='mmdet.ResNet', depth=50, base_channels=8, style='caffe', dcn=dict(type='DCN', deform_groups=1, fallback_on_stride=False), %s)" % DCN, [1, 3, 96, 80]),
    ("dict(type='mmdet.ResNet', depth=50, base_channels=8, dcn=dict(type='DCNv2', deform_groups=2, fallback_on_stride=True), %s)" % DCN, [2, 3, 96, 80]),
    ("dict(type='mmdet.ResNet', depth=18, base_channels=8, deep_stem=True, avg_down=True, out_indices=(0, 3))", [1, 3, 50, 46]),
    ("dict(type='mmdet.ResNetV1d', depth=50, base_channels=8, stem_channels=4)", [1, 3, 48, 48]),
    ("dict(type='mmdet.ResNet', depth=50, base_channels=8, conv_cfg=dict(type='ConvWS'), norm_cfg=dict(type='GN', num_groups=4))", [1, 3, 48, 48]),
    ("dict(type='mmdet.ResNet', depth=50, base_channels=8, conv_cfg=dict(type='ConvAWS'))", [1, 3, 48, 48]),
    ("dict(type='mmdet.ResNet', depth=50, base_channels=8, plugins=[dict(cfg=dict(type='ContextBlock', ratio=1. / 4), stages=(False, True, True, True), position='after_conv3'), "
     "dict(cfg=dict(type='ContextBlock', ratio=1. / 2, pooling_type='avg', fusion_types=('channel_mul', 'channel_add'), postfix=2), position='after_conv1')])", [2, 3, 48, 48]),
    ("dict(type='mmdet.ResNet', depth=50, base_channels=8, plugins=[dict(cfg=dict(type='GeneralizedAttention', spatial_range=-1, num_heads=2, attention_type='0010', kv_stride=2), "
     "stages=(False, True, True, False), position='after_conv2'), dict(cfg=dict(type='GeneralizedAttention', num_heads=4, attention_type='1111', kv_stride=2, postfix='_b'), stages=(False, True, True, True), position='after_conv2')])", [2, 3, 64, 48]),
    ("dict(type='mmdet.ResNet', depth=50, base_channels=8, num_stages=2, strides=(1, 2), dilations=(1, 1), out_indices=(0, 1), plugins=[dict(cfg=dict(type='GeneralizedAttention', num_heads=2, attention_type='0100', kv_stride=1), position='after_conv2'), "
     "dict(cfg=dict(type='GeneralizedAttention', num_heads=2, attention_type='1001', q_stride=2, position_magnitude=2, postfix=2), position='after_conv3')])", [1, 3, 48, 48]),
    ("dict(type='mmdet.ResNet', depth=50, base_channels=8, num_stages=3, strides=(1, 2, 2), dilations=(1, 1, 1), out_indices=(1, 2), plugins=[dict(cfg=dict(type='NonLocal2d'), position='after_conv2'), "
     "dict(cfg=dict(type='NonLocal2d', sub_sample=True, mode='dot_product', reduction=4, norm_cfg=dict(type='BN'), postfix=2), stages=(False, True, True), position='after_conv3'), "
     "dict(cfg=dict(type='NonLocal2d', mode='gaussian', postfix=3), stages=(False, False, True), position='after_conv1'), "
     "dict(cfg=dict(type='NonLocal2d', mode='concatenation', postfix=4), stages=(False, False, True), position='after_conv1')])", [1, 3, 48, 32]),
    ("dict(type='mmdet.ResNeXt', depth=50, base_channels=16, groups=4, base_width=8, dcn=dict(type='DCN', deform_groups=1, fallback_on_stride=True), %s)" % DCN, [1, 3, 96, 80]),
    ("dict(type='mmdet.ResNeXt', depth=50, base_channels=16, groups=4, base_width=8, dcn=dict(type='DCNv2', deform_groups=2), %s)" % DCN, [1, 3, 96, 80]),
    ("dict(type='mmdet.DetectoRS_ResNet', depth=50, base_channels=8, conv_cfg=dict(type='ConvAWS'), sac=dict(type='SAC', use_deform=True), stage_with_sac=(False, True, True, True), output_img=True)", [1, 3, 128, 128]),
    ("dict(type='mmdet.DetectoRS_ResNet', depth=50, base_channels=8, conv_cfg=dict(type='ConvAWS'), sac=dict(type='SAC'), stage_with_sac=(False, True, True, False), rfp_inplanes=4)", [1, 3, 96, 64]),
    ("dict(type='mmdet.HourglassNet', downsample_times=3, num_stacks=2, stage_channels=(8, 8, 12, 16), stage_blocks=(2, 1, 2, 3), feat_channel=6)", [1, 3, 63, 95]),
    ("dict(type='mmdet.RegNet', arch='regnetx_400mf', stem_channels=8)", [1, 3, 64, 48]),
    ("dict(type='mmdet.Res2Net', depth=50, base_channels=16, scales=4, base_width=12)", [1, 3, 48, 48]),
    ("dict(type='mmdet.Res2Net', depth=50, base_channels=16, scales=3, base_width=12, dcn=dict(type='DCN', deform_groups=1), %s)" % DCN, [1, 3, 96, 80]),
    ("dict(type='mmdet.ResNeSt', depth=50, base_channels=16, stem_channels=16, radix=2, reduction_factor=4)", [2, 3, 48, 48]),
    ("dict(type='mmdet.ResNeSt', depth=50, base_channels=16, stem_channels=16, groups=2, base_width=16, radix=4, avg_down_stride=False)", [2, 3, 48, 48]),
    ("dict(type='mmdet.HRNet', %s)" % HR, [1, 3, 64, 96]),
    ("dict(type='mmdet.HRNet', multiscale_output=False, %s)" % HR, [1, 3, 64, 64]),
    ("dict(type='mmdet.MobileNetV2', widen_factor=0.25)", [1, 3, 64, 64]),
    ("dict(type='mmdet.EfficientNet', arch='b0', out_indices=(3, 4, 5))", [1, 3, 65, 64]),
    ("dict(type='mmdet.CSPDarknet', widen_factor=0.125, deepen_factor=0.33)", [1, 3, 64, 96]),
    ("dict(type='mmdet.CSPDarknet', arch='P6', widen_factor=0.125, deepen_factor=0.33, use_depthwise=True, out_indices=(0, 5))", [1, 3, 64, 64]),
    ("dict(type='mmdet.Darknet', depth=53)", [1, 3, 32, 32]),
    ("dict(type='mmdet.SSDVGG', depth=11, out_feature_indices=(9, 14, 24))", [1, 3, 37, 32]),
    ("dict(type='mmseg.ResNetV1c', depth=50, base_channels=8, stem_channels=8, strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4), contract_dilation=True)", [1, 3, 48, 48]),
    ("dict(type='mmseg.ResNet', depth=50, base_channels=8, stem_channels=8, strides=(1, 2, 1, 1), dilations=(1, 1, 1, 2), multi_grid=(1, 2, 4))", [1, 3, 48, 48]),
    ("dict(type='mmseg.ResNetV1d', depth=18, base_channels=8, stem_channels=8, strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4))", [1, 3, 48, 48]),
    ("dict(type='mmseg.ResNeXt', depth=50, base_channels=16, stem_channels=8, groups=4, base_width=8)", [1, 3, 48, 48]),
    ("dict(type='mmseg.ResNeSt', depth=50, base_channels=16, stem_channels=16, radix=2, strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4))", [2, 3, 48, 48]),
    ("dict(type='mmseg.MobileNetV2', widen_factor=0.25, strides=(1, 2, 2, 1, 1, 1, 1), dilations=(1, 1, 1, 2, 2, 4, 4))", [1, 3, 64, 64]),
    ("dict(type='mmseg.MobileNetV3', arch='small', out_indices=(0, 1, 12))", [1, 3, 65, 64]),
    ("dict(type='mmseg.MobileNetV3', arch='large', out_indices=(1, 3, 16), reduction_factor=2)", [1, 3, 64, 64]),
    ("dict(type='mmseg.HRNet', %s)" % HR, [1, 3, 71, 64]),
    ("dict(type='mmcls.HRNet', norm_cfg=dict(type='BN', eps=1e-2), %s)" % HR, [1, 3, 64, 64]),
    ("dict(type='mmcls.Res2Net', depth=50, base_channels=16, stem_channels=8, scales=4, base_width=14)", [1, 3, 48, 48]),
    ("dict(type='mmcls.Res2Net', depth=50, base_channels=16, stem_channels=8, scales=6, base_width=8, deep_stem=False, avg_down=False)", [1, 3, 48, 48]),
    ("dict(type='mmcls.ResNeSt', depth=50, base_channels=16, stem_channels=16, radix=2, groups=2, width_per_group=8)", [2, 3, 48, 48]),
    ("dict(type='mmcls.EfficientNet', arch='b1', out_indices=(2, 6))", [1, 3, 48, 48]),
    ("dict(type='mmcls.EfficientNet', arch='em', conv_cfg=None, act_cfg=dict(type='ReLU'))", [1, 3, 48, 48]),
    ("dict(type='mmcls.MobileNetV3', arch='small')", [1, 3, 64, 64]),
    ("dict(type='mmcls.MobileNetV3', arch='large', out_indices=(3, 16))", [1, 3, 64, 64]),
    ("dict(type='mmcls.ConvNeXt', arch=dict(depths=[1, 1, 2, 1], channels=[8, 16, 24, 32]))", [2, 3, 64, 64]),
    ("dict(type='mmcls.ConvNeXt', arch=dict(depths=[1, 1, 2, 1], channels=[8, 16, 24, 32]), linear_pw_conv=False, gap_before_final_norm=False, out_indices=[0, 1, 2, 3], layer_scale_init_value=0)", [2, 3, 64, 64]),
    ("dict(type='mmcls.ShuffleNetV1', groups=3, widen_factor=0.5, out_indices=(0, 1, 2))", [1, 3, 64, 64]),
    ("dict(type='mmcls.DenseNet', arch=dict(growth_rate=4, depths=[2, 3, 2], init_channels=8), out_indices=[0, 1, 2])", [1, 3, 64, 64]),
    ("dict(type='mmcls.CSPDarkNet', depth=53, out_indices=(1, 4))", [1, 3, 32, 32]),
    ("dict(type='mmcls.CSPResNet', depth=50)", [1, 3, 32, 32]),
    ("dict(type='mmcls.CSPResNeXt', depth=50, deep_stem=True)", [1, 3, 32, 32]),
    ("dict(type='mmcls.VAN', arch=dict(embed_dims=[8, 16, 24, 32], depths=[1, 2, 1, 1], ffn_ratios=[4, 4, 2, 2]), out_indices=(1, 3))", [1, 3, 64, 64]),
    ("dict(type='mmcls.ConvMixer', arch=dict(embed_dims=16, depth=3, patch_size=4, kernel_size=6))", [1, 3, 32, 36]),
    ("dict(type='mmcls.RepMLPNet', arch=dict(channels=[8, 16, 32], depths=[1, 1, 2], sharesets_nums=[1, 2, 4]), img_size=34, patch_size=4, reparam_conv_kernels=(1, 3), out_indices=(0, 2))", [2, 3, 34, 34]),
    ("dict(type='mmcls.RepMLPNet', arch=dict(channels=[8, 16], depths=[1, 1], sharesets_nums=[1, 2]), img_size=16, patch_size=2, deploy=True, out_indices=(1, ))", [2, 3, 16, 16]),
]
outputs = []
for config, shape in forward:
    print(config)
    torch.manual_seed(0)
    model = build(config)
    fill(model)
    model.eval()
    images = torch.from_numpy(pattern(int(np.prod(shape)), 1000).astype(np.float32).reshape(shape))
    keys = ''.join('%s %s\n' % (k, list(v.shape)) for k, v in model.state_dict().items())
    with torch.no_grad():
        outputs.append(dict(config=config, shape=shape, keys=fnv(keys), outputs=described(model(images))))

small = 'base_channels=8'
freezing = []
for config in [
        "dict(type='mmdet.ResNet', depth=18, %s)" % small, "dict(type='mmdet.ResNet', depth=18, %s, frozen_stages=1)" % small,
        "dict(type='mmdet.ResNet', depth=50, %s, frozen_stages=2, deep_stem=True, norm_eval=False)" % small,
        "dict(type='mmdet.RegNet', arch='regnetx_400mf', frozen_stages=2)",
        "dict(type='mmdet.Res2Net', depth=50, base_channels=16, frozen_stages=1)",
        "dict(type='mmdet.MobileNetV2', widen_factor=0.25, frozen_stages=3)",
        "dict(type='mmdet.Darknet', frozen_stages=2)", "dict(type='mmdet.CSPDarknet', widen_factor=0.125, deepen_factor=0.33, frozen_stages=0)",
        "dict(type='mmdet.EfficientNet', frozen_stages=2, norm_eval=True)", "dict(type='mmdet.HRNet', %s)" % HR,
        "dict(type='mmseg.ResNetV1c', depth=18, %s, frozen_stages=0)" % small,
        "dict(type='mmseg.HRNet', frozen_stages=4, %s)" % HR, "dict(type='mmseg.HRNet', frozen_stages=1, %s)" % HR,
        "dict(type='mmseg.MobileNetV2', widen_factor=0.25, frozen_stages=2)", "dict(type='mmseg.MobileNetV3', frozen_stages=3)",
        "dict(type='mmcls.HRNet', norm_eval=True, %s)" % HR, "dict(type='mmcls.EfficientNet', frozen_stages=1)",
        "dict(type='mmcls.MobileNetV3', frozen_stages=1)",
        "dict(type='mmcls.ConvNeXt', arch=dict(depths=[1, 1, 2, 1], channels=[8, 16, 24, 32]), frozen_stages=2)",
        "dict(type='mmcls.ShuffleNetV1', frozen_stages=1)", "dict(type='mmcls.CSPResNet', depth=50, frozen_stages=0)",
        "dict(type='mmcls.DenseNet', arch=dict(growth_rate=4, depths=[2, 3, 2], init_channels=8), out_indices=[2], frozen_stages=2)",
        "dict(type='mmcls.VAN', arch=dict(embed_dims=[8, 16, 24, 32], depths=[1, 2, 1, 1], ffn_ratios=[4, 4, 2, 2]), frozen_stages=1, norm_eval=True)",
        "dict(type='mmcls.ConvMixer', arch=dict(embed_dims=16, depth=3, patch_size=4, kernel_size=6), frozen_stages=2)"]:
    print(config)
    fixed, still = frozen(build(config))
    freezing.append(dict(config=config, fixed=fnv('\n'.join(fixed)), still=fnv('\n'.join(still)), count=len(fixed)))
json.dump(dict(outputs=outputs, freezing=freezing), open(os.path.join(here, 'cases.json'), 'w'), indent=0)
