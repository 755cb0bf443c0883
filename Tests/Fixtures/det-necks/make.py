"""Writes necks.json: keys, outputs and gradients of the necks of mmdet 2.28.2 and mmseg 0.30.0.

Run with a Python that has both: `python make.py`, in this folder. Weights and feature maps follow a formula (`pattern`).
"""
import json
import os

import numpy as np
import torch
import mmdet.models
from mmcv import ConfigDict as Config
import mmseg.models.builder

here = os.path.dirname(os.path.abspath(__file__))
torch.set_num_threads(2)


def pattern(count, seed):
    x = (np.arange(1, count + 1, dtype=np.uint64) * 2654435761 + seed * 97531) & 0xffffffff
    x ^= x >> 15
    x = (x * 2246822519) & 0xffffffff
    x ^= x >> 13
    return (x >> 8).astype(np.float64) / 2**23 - 1


def fill(model):
    for index, (key, value) in enumerate(model.state_dict().items()):
        v = pattern(value.numel(), index).reshape(value.shape)
        if key.endswith('num_batches_tracked'):
            continue
        if key.endswith('running_var'):
            v = v * 0.25 + 0.75
        elif key.endswith('running_mean') or key.endswith('bias'):
            v = v * 0.1
        elif value.dim() == 1:
            v = v * 0.25 + 1
        else:
            v = v * np.sqrt(6 / (value.numel() // value.shape[0]))
        value.copy_(torch.from_numpy(v.astype(np.float32)))


def described(outputs):
    result = []
    for output in outputs:
        flat = output.detach().double().flatten()
        step = max(1, flat.numel() // 12)
        result.append(dict(shape=list(output.shape), norm=flat.norm().item(), values=flat[::step][:12].tolist()))
    return result


GN = "norm_cfg=dict(type='GN', num_groups=2)"
even = [(24, 32), (12, 16), (6, 8), (3, 4)]
odd = [(25, 33), (13, 17), (7, 9), (4, 5)]
square = [(16, 16), (8, 8), (4, 4), (2, 2)]
C4 = [4, 6, 8, 10]
cases = [
    ('mmdet', "dict(type='FPN', in_channels=[4, 6, 8, 10], out_channels=8, num_outs=5)", C4, odd),
    ('mmdet', "dict(type='FPN', in_channels=[4, 6, 8, 10], out_channels=8, num_outs=5, start_level=1, add_extra_convs='on_input', relu_before_extra_convs=True)", C4, odd),
    ('mmdet', "dict(type='FPN', in_channels=[4, 6, 8, 10], out_channels=8, num_outs=6, start_level=1, end_level=3, add_extra_convs='on_lateral', norm_cfg=dict(type='BN'), act_cfg=dict(type='ReLU'))", C4, even),
    ('mmdet', "dict(type='FPN', in_channels=[4, 6, 8, 10], out_channels=8, num_outs=6, add_extra_convs='on_output', no_norm_on_lateral=True, %s)" % GN, C4, even),
    ('mmdet', "dict(type='FPN', in_channels=[4, 6, 8, 10], out_channels=8, num_outs=2, start_level=1, end_level=2, add_extra_convs=True)", C4, even),
    ('mmdet', "dict(type='FPN', in_channels=[4, 6, 8, 10], out_channels=8, num_outs=5, add_extra_convs=True, upsample_cfg=dict(mode='bilinear'))", C4, odd),
    ('mmdet', "dict(type='FPN', in_channels=[4, 6, 8, 10], out_channels=8, num_outs=4, upsample_cfg=dict(scale_factor=2, mode='nearest'))", C4, even),
    ('mmseg', "dict(type='FPN', in_channels=[4, 6, 8, 10], out_channels=8, num_outs=4)", C4, odd),
    ('mmseg', "dict(type='FPN', in_channels=[4, 6, 8, 10], out_channels=8, num_outs=6, start_level=1, add_extra_convs=True)", C4, odd),
    ('mmseg', "dict(type='FPN', in_channels=[4, 6, 8, 10], out_channels=8, num_outs=6, start_level=1, add_extra_convs=True, extra_convs_on_inputs=True)", C4, odd),
    ('mmseg', "dict(type='FPN', in_channels=[4, 6, 8, 10], out_channels=8, num_outs=2, start_level=1, end_level=3)", C4, odd),
    ('mmdet', "dict(type='PAFPN', in_channels=[4, 6, 8, 10], out_channels=8, num_outs=5)", C4, odd),
    ('mmdet', "dict(type='PAFPN', in_channels=[4, 6, 8, 10], out_channels=8, num_outs=5, start_level=1, add_extra_convs='on_output', relu_before_extra_convs=True, %s)" % GN, C4, even),
    ('mmdet', "dict(type='BFP', in_channels=8, num_levels=4, refine_level=2, refine_type='non_local')", [8] * 4, odd),
    ('mmdet', "dict(type='BFP', in_channels=8, num_levels=4, refine_level=1, refine_type='conv', norm_cfg=dict(type='BN'))", [8] * 4, even),
    ('mmdet', "dict(type='BFP', in_channels=8, num_levels=4, refine_level=0)", [8] * 4, odd),
    ('mmdet', "dict(type='HRFPN', in_channels=[4, 6, 8, 10], out_channels=8)", C4, square),
    ('mmdet', "dict(type='HRFPN', in_channels=[4, 6, 8, 10], out_channels=8, num_outs=3, pooling_type='MAX', stride=2, norm_cfg=dict(type='BN'))", C4, even),
    ('mmdet', "dict(type='SSDNeck', in_channels=(8, 10), out_channels=(8, 10, 6, 4), level_strides=(2, 1), level_paddings=(1, 0), l2_norm_scale=20, last_kernel_size=2)", [8, 10], [(12, 11), (6, 5)]),
    ('mmdet', "dict(type='SSDNeck', in_channels=(8, 10), out_channels=(8, 10, 6, 4), level_strides=(2, 2), level_paddings=(1, 1), l2_norm_scale=None, use_depthwise=True, norm_cfg=dict(type='BN', eps=0.001, momentum=0.03), act_cfg=dict(type='ReLU6'))", [8, 10], [(12, 11), (9, 7)]),
    ('mmdet', "dict(type='YOLOV3Neck', num_scales=3, in_channels=[8, 6, 4], out_channels=[6, 4, 2])", [4, 6, 8], even[:3]),
    ('mmdet', "dict(type='YOLOXPAFPN', in_channels=[4, 6, 8], out_channels=8, num_csp_blocks=1)", [4, 6, 8], even[:3]),
    ('mmdet', "dict(type='YOLOXPAFPN', in_channels=[4, 8, 8], out_channels=6, num_csp_blocks=2, use_depthwise=True, act_cfg=dict(type='LeakyReLU'))", [4, 8, 8], even[:3]),
    ('mmdet', "dict(type='ChannelMapper', in_channels=[4, 6, 8], out_channels=8, kernel_size=1, act_cfg=None, num_outs=5, %s)" % GN, [4, 6, 8], even[:3]),
    ('mmdet', "dict(type='ChannelMapper', in_channels=[4, 6], out_channels=8)", [4, 6], even[:2]),
] + [
    ('mmdet', "dict(type='NASFPN', in_channels=[4, 6, 8, 10], out_channels=8, num_outs=5, stack_times=2, start_level=1, add_extra_convs=True, norm_cfg=dict(type='BN'))", C4, [(32, 40), (16, 20), (8, 10), (4, 5)]),
    ('mmdet', "dict(type='NASFPN', in_channels=[4, 6, 8, 10], out_channels=8, num_outs=5, stack_times=1)", C4, [(33, 41), (17, 21), (9, 11), (5, 6)]),
    ('mmdet', "dict(type='NASFCOS_FPN', in_channels=[4, 6, 8, 10], out_channels=8, start_level=1, add_extra_convs=True, num_outs=5, norm_cfg=dict(type='BN'), conv_cfg=dict(type='DCNv2', deform_groups=2))", C4, even),
    ('mmdet', "dict(type='NASFCOS_FPN', in_channels=[4, 6, 8, 10], out_channels=8, start_level=1, num_outs=4)", C4, odd),
    ('mmdet', "dict(type='FPN_CARAFE', in_channels=[4, 6, 8, 10], out_channels=8, num_outs=5, start_level=0, end_level=-1, upsample_cfg=dict(type='nearest'))", C4, odd),
    ('mmdet', "dict(type='FPN_CARAFE', in_channels=[4, 6, 8, 10], out_channels=8, num_outs=4, norm_cfg=dict(type='BN'), act_cfg=dict(type='ReLU'), order=('act', 'conv', 'norm'), upsample_cfg=Config(type='deconv', upsample_kernel=3))", C4, even),
    ('mmdet', "dict(type='FPN_CARAFE', in_channels=[4, 6, 8, 10], out_channels=8, num_outs=5, upsample_cfg=Config(type='pixel_shuffle', upsample_kernel=3))", C4, odd),
    ('mmdet', "dict(type='DilatedEncoder', in_channels=10, out_channels=8, block_mid_channels=4, num_residual_blocks=3, block_dilations=[1, 2, 3])", C4, even),
    ('mmdet', "dict(type='CTResNetNeck', in_channel=10, num_deconv_filters=(8, 6), num_deconv_kernels=(4, 4), use_dcn=False)", C4, even),
    ('mmdet', "dict(type='CTResNetNeck', in_channel=10, num_deconv_filters=(8, 6), num_deconv_kernels=(4, 4))", C4, even),
    ('mmdet', "dict(type='DyHead', in_channels=8, out_channels=16, num_blocks=2)", [8] * 3, [(16, 12), (8, 6), (4, 3)]),
    ('mmdet', "dict(type='FPG', in_channels=[4, 6, 8], out_channels=8, inter_channels=6, num_outs=4, stack_times=3, paths=['bu'] * 3, same_up_trans=dict(type='conv', kernel_size=3, stride=2, padding=1, norm_cfg=dict(type='BN'), inplace=False, order=('act', 'conv', 'norm')), across_lateral_trans=dict(type='conv', kernel_size=1, norm_cfg=dict(type='BN'), inplace=False, order=('act', 'conv', 'norm')), across_down_trans=dict(type='interpolation_conv', mode='nearest', kernel_size=3, norm_cfg=dict(type='BN'), order=('act', 'conv', 'norm'), inplace=False), across_skip_trans=dict(type='conv', kernel_size=1, norm_cfg=dict(type='BN'), inplace=False, order=('act', 'conv', 'norm')), output_trans=dict(type='last_conv', kernel_size=3, order=('act', 'conv', 'norm'), inplace=False), norm_cfg=dict(type='BN'), skip_inds=[(0, 1), (0,), (), ()])", [4, 6, 8], [(16, 24), (8, 12), (4, 6)]),
    ('mmdet', "dict(type='FPG', in_channels=[4, 6, 8], out_channels=8, num_outs=3, stack_times=2, paths=['td', 'bu'], same_down_trans=dict(type='interpolation_conv', mode='bilinear', align_corners=False, kernel_size=3), across_down_trans=None, across_up_trans=dict(type='conv', kernel_size=3, stride=2, padding=1), across_skip_trans=None, add_extra_convs=True, skip_inds=[(), (), ()])", [4, 6, 8], [(16, 24), (8, 12), (4, 6)]),
]
builders = dict(mmdet=mmdet.models.build_neck, mmseg=mmseg.models.builder.build_neck)
result = []
for suite, config, channels, sizes in cases:
    neck = builders[suite](eval(config))
    fill(neck)
    shapes = [[2, c, h, w] for c, (h, w) in zip(channels, sizes)]
    features = [torch.from_numpy(pattern(int(np.prod(s)), 1000 + i).astype(np.float32).reshape(s)).requires_grad_()
                for i, s in enumerate(shapes)]
    neck.eval()
    with torch.no_grad():
        tested = described(neck(features))
    neck.train()
    outputs = neck([f * 1 for f in features])
    loss = sum((o * torch.from_numpy(pattern(o.numel(), 2000 + i).astype(np.float32)).view(o.shape)).sum()
               for i, o in enumerate(outputs))
    loss.backward()
    norms = [0.0 if p.grad is None else p.grad.double().norm().item() for p in neck.parameters()]
    result.append(dict(
        suite=suite, config=config, shapes=shapes, state=[[k, list(v.shape)] for k, v in neck.state_dict().items()],
        outputs=tested, loss=loss.item(), norms=norms,
        inputs=[0.0 if f.grad is None else f.grad.double().norm().item() for f in features]))


def rounded(value):
    if isinstance(value, float):
        return float('%.8g' % value)
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return value


json.dump(rounded(result), open(os.path.join(here, 'necks.json'), 'w'), separators=(',', ':'))
