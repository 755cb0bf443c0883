"""Writes heads.json, necks.json, backbones.json, losses.json and segmentors.json: outputs, losses and gradients of mmseg 0.30.0.

Run with a Python that has mmseg: `python make.py [NAME ...]`, in this folder. Weights, features and labels follow formulas
(`pattern`, `labels`), so that no checkpoint is needed.
"""
import json
import os
import sys
import warnings

import mmcv
import numpy as np
import torch
from mmseg.models.builder import build_backbone, build_head, build_loss, build_neck, build_segmentor
from mmseg.models.decode_heads.point_head import PointHead

here = os.path.dirname(os.path.abspath(__file__))
torch.set_num_threads(2)
warnings.filterwarnings('ignore')


def pattern(count, seed):
    x = (np.arange(1, count + 1, dtype=np.uint64) * 2654435761 + seed * 97531) & 0xffffffff
    x ^= x >> 15
    x = (x * 2246822519) & 0xffffffff
    x ^= x >> 13
    return (x >> 8).astype(np.float64) / 2**23 - 1


def tensor(shape, seed):
    return torch.from_numpy(pattern(int(np.prod(shape)), seed).astype(np.float32).reshape(shape))


def labels(shape, classes, seed=500):
    """Blocks of 4x4 pixels of one class; one block in classes + 1 is ignored."""
    n, h, w = shape[0], shape[-2], shape[-1]
    bh, bw = (h + 3) // 4, (w + 3) // 4
    blocks = np.floor((pattern(n * bh * bw, seed) + 1) / 2 * (classes + 1)).astype(np.int64).reshape(n, bh, bw)
    blocks[blocks == classes] = 255
    full = blocks.repeat(4, 1).repeat(4, 2)[:, :h, :w]
    return torch.from_numpy(full.copy()).reshape(shape)


def fill(model):
    for index, (key, value) in enumerate(model.state_dict().items()):
        v = pattern(value.numel(), index).reshape(value.shape)
        if key.endswith('num_batches_tracked') or key.endswith('laplacian_kernel') or key.endswith('fusion_kernel'):
            continue
        if key.endswith('running_var'):
            v = v * 0.25 + 0.75
        elif key.endswith('running_mean') or key.endswith('bias'):
            v = v * 0.1
        elif value.dim() <= 1:
            v = v * 0.25 + 1
        else:
            v = v * np.sqrt(6 / (value.numel() // value.shape[0]))
        value.copy_(torch.from_numpy(np.asarray(v, np.float32)))


def described(output, count=16):
    flat = output.detach().double().flatten()
    step = max(1, flat.numel() // count)
    return dict(shape=list(output.shape), norm=flat.norm().item(), values=[float('%.6g' % v) for v in flat[::step][:count]])


def norms(pairs):
    return [[key, float('%.6g' % grad.double().norm().item())] for key, grad in pairs]


def state(model):
    return [[k, list(v.shape)] for k, v in model.state_dict().items()]


def save(name, value):
    with open(os.path.join(here, name + '.json'), 'w') as file:
        json.dump(value, file, separators=(',', ':'))


COMMON = "in_channels=%s, in_index=%s, channels=%d, num_classes=5, dropout_ratio=0, norm_cfg=dict(type='BN')"
ONE, ONE1 = COMMON % (8, 1, 6), COMMON % (8, -1, 8)
SELECT = COMMON % ([4, 8, 12], [0, 1, 2], 8)
MAPS = [[2, 4, 16, 20], [2, 8, 8, 10], [2, 12, 4, 5]]
SINGLE = [[2, 8, 7, 9]]
SAME = [[2, 8, 6, 5]] * 4
LAB = [2, 1, 32, 40]

HEADS = [
    ("dict(type='FCNHead', %s)" % ONE, MAPS),
    ("dict(type='FCNHead', %s, num_convs=1, concat_input=False, kernel_size=1)" % ONE, MAPS),
    ("dict(type='FCNHead', %s, num_convs=0, concat_input=False, align_corners=True)" % ONE1, SINGLE),
    ("dict(type='FCNHead', %s, input_transform='resize_concat', dilation=2, act_cfg=dict(type='LeakyReLU'))" % SELECT, MAPS),
    ("dict(type='FCNHead', %s, loss_decode=[dict(type='CrossEntropyLoss', loss_weight=0.5, avg_non_ignore=True), dict(type='DiceLoss', loss_weight=3.0)])" % ONE, MAPS),
    ("dict(type='FCNHead', %s, loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True), out_channels=1, ignore_index=255)" % (ONE.replace('num_classes=5', 'num_classes=2')), MAPS),
    ("dict(type='FCNHead', %s, sampler=dict(type='OHEMPixelSampler', thresh=0.25, min_kept=300))" % ONE, MAPS),
    ("dict(type='FCNHead', %s, sampler=dict(type='OHEMPixelSampler', min_kept=200))" % ONE, MAPS),
    ("dict(type='PSPHead', %s)" % ONE, MAPS),
    ("dict(type='PSPHead', %s, pool_scales=(1, 3), align_corners=True)" % ONE, MAPS),
    ("dict(type='ASPPHead', %s, dilations=(1, 2, 3))" % ONE, MAPS),
    ("dict(type='DepthwiseSeparableASPPHead', %s, dilations=(1, 2, 3), c1_in_channels=4, c1_channels=3)" % ONE, MAPS),
    ("dict(type='DepthwiseSeparableASPPHead', %s, dilations=(1, 2), c1_in_channels=0, c1_channels=0)" % ONE, MAPS),
    ("dict(type='DepthwiseSeparableFCNHead', %s, concat_input=True)" % ONE1, SINGLE),
    ("dict(type='UPerHead', %s)" % SELECT, MAPS),
    ("dict(type='FPNHead', %s, feature_strides=[4, 8, 16])" % SELECT, MAPS),
    ("dict(type='OCRHead', %s, ocr_channels=4)" % ONE, MAPS),
    ("dict(type='OCRHead', %s, ocr_channels=4, input_transform='resize_concat')" % SELECT, MAPS),
    ("dict(type='ANNHead', %s, project_channels=4, query_scales=(1, ), key_pool_scales=(1, 3))"
     % (COMMON % ([4, 8], [0, 1], 6)).replace('dropout_ratio=0', 'dropout_ratio=1e-12'), MAPS),
    ("dict(type='APCHead', %s, pool_scales=(1, 2, 3))" % ONE, MAPS),
    ("dict(type='APCHead', %s, fusion=False)" % ONE, MAPS),
    ("dict(type='CCHead', %s, recurrence=2)" % ONE1, SINGLE),
    ("dict(type='DAHead', %s, pam_channels=4)" % ONE, MAPS),
    ("dict(type='DMHead', %s, filter_sizes=(1, 2, 3))" % ONE, MAPS),
    ("dict(type='DMHead', %s, fusion=True)" % ONE, MAPS),
    ("dict(type='DNLHead', %s, temperature=0.5)" % ONE, MAPS),
    ("dict(type='DNLHead', %s, mode='dot_product', use_scale=False)" % ONE, MAPS),
    ("dict(type='EMAHead', %s, ema_channels=6, num_bases=5, num_stages=3, momentum=0.1)" % ONE, MAPS),
    ("dict(type='EncHead', %s, num_codes=4)" % SELECT, MAPS),
    ("dict(type='EncHead', %s, num_codes=4, add_lateral=True)" % SELECT, MAPS),
    ("dict(type='GCHead', %s)" % ONE1, SINGLE),
    ("dict(type='GCHead', %s, pooling_type='avg', fusion_types=('channel_mul', 'channel_add'), ratio=0.5)" % ONE1, SINGLE),
    ("dict(type='ISAHead', %s, isa_channels=4, down_factor=(2, 3))" % ONE, MAPS),
    ("dict(type='ISAHead', %s, isa_channels=4, down_factor=(3, 3))" % ONE1, SINGLE),
    ("dict(type='LRASPPHead', %s, input_transform='multiple_select', branch_channels=(3, 2))" % SELECT, [[2, 4, 64, 66], [2, 8, 60, 62], [2, 12, 50, 52]]),
    ("dict(type='NLHead', %s)" % ONE, MAPS),
    ("dict(type='NLHead', %s, mode='dot_product')" % ONE, MAPS),
    ("dict(type='PointHead', %s, num_fcs=2)" % SELECT.replace(", norm_cfg=dict(type='BN')", ''), MAPS),
    ("dict(type='PSAHead', %s, mask_size=(7, 9), psa_type='bi-direction', shrink_factor=2, normalization_factor=2.0)" % ONE1, [[2, 8, 8, 10]]),
    ("dict(type='PSAHead', %s, mask_size=(5, 5), psa_type='collect', shrink_factor=2, psa_softmax=False)" % ONE1, SINGLE),
    ("dict(type='PSAHead', %s, mask_size=(4, 5), psa_type='distribute', compact=True, shrink_factor=2)" % ONE1, [[2, 8, 8, 10]]),
    ("dict(type='PSAHead', %s, mask_size=(4, 5), psa_type='bi-direction', compact=True, shrink_factor=2)" % ONE1, [[2, 8, 8, 10]]),
    ("dict(type='SegformerHead', %s)" % SELECT, MAPS),
    ("dict(type='SegmenterMaskTransformerHead', %s, num_layers=2, num_heads=2, embed_dims=8, drop_path_rate=0.0)"
     % ONE1.replace("norm_cfg=dict(type='BN')", "norm_cfg=dict(type='LN')"), SINGLE),
] + [
    ("dict(type='DPTHead', %s, embed_dims=8, post_process_channels=[4, 4, 6, 8], readout_type='%s', input_transform='multiple_select')"
     % (COMMON % ([8, 8, 8, 8], [0, 1, 2, 3], 6), readout), [[2, 8, 6, 5], [2, 8]] * 4)
    for readout in ['ignore', 'add', 'project']] + [
    ("dict(type='SETRUPHead', %s, num_convs=2, up_scale=2, kernel_size=3)" % ONE1, SINGLE),
    ("dict(type='SETRMLAHead', %s, mla_channels=2, up_scale=2)" % (COMMON % ([8, 8, 8, 8], [0, 1, 2, 3], 8)), SAME),
    ("dict(type='STDCHead', %s, boundary_threshold=0.1, num_convs=1, concat_input=False, loss_decode=[dict(type='CrossEntropyLoss', loss_name='loss_ce', use_sigmoid=True, loss_weight=1.0), dict(type='DiceLoss', loss_name='loss_dice', loss_weight=1.0)])"
     % (COMMON % (8, 1, 6)).replace('num_classes=5', 'num_classes=2, out_channels=1'), MAPS),
    ("dict(type='IterativeDecodeHead', num_stages=2, kernel_update_head=[dict(type='KernelUpdateHead', num_classes=5, num_ffn_fcs=2, num_heads=2, num_mask_fcs=1, feedforward_channels=12, in_channels=8, out_channels=8, dropout=0.0, conv_kernel_size=1, ffn_act_cfg=dict(type='ReLU', inplace=True), with_ffn=True, feat_transform_cfg=dict(conv_cfg=dict(type='Conv2d'), act_cfg=None), kernel_updator_cfg=dict(type='KernelUpdator', in_channels=4, feat_channels=4, out_channels=4, act_cfg=dict(type='ReLU', inplace=True), norm_cfg=dict(type='LN')))] * 2, "
     "kernel_generate_head=dict(type='FCNHead', %s, num_convs=2, concat_input=True))" % (COMMON % (8, 1, 8)), MAPS),
]


def head_case(config, shapes):
    cfg = mmcv.ConfigDict(eval(config))
    first = cfg.in_index[0] if isinstance(cfg.get('in_index'), list) else cfg.get('in_index')
    head = build_head(cfg)
    fill(head)
    cascade = cfg.type in ('OCRHead', 'PointHead')
    features = [tensor(s, 1000 + i).requires_grad_() for i, s in enumerate(shapes)]
    # Maps, each with its class token.
    given = [features[i:i + 2] for i in range(0, len(features), 2)] if cfg.type == 'DPTHead' else features
    scored = [2, 5] + shapes[first][2:] if cascade else None
    previous = tensor(scored, 1500).requires_grad_() if cascade else None
    train = mmcv.ConfigDict(num_points=20, oversample_ratio=3, importance_sample_ratio=0.75)
    test = mmcv.ConfigDict(mode='whole', subdivision_steps=2, subdivision_num_points=30, scale_factor=2)
    extra = (previous,) if cascade else ()
    points = None
    if cfg.type == 'PointHead':
        points = (tensor([2, 20, 2], 1600) + 1) / 2
        head.get_points_train = lambda *args, **kwargs: points
    head.eval()
    with torch.no_grad():
        scores = head.forward_test(given, *extra, None, test)
    classes = 2 if 'num_classes=2' in config else 5
    head.train()
    losses = head.forward_train(given, *extra, None, labels(LAB, classes), train)
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    gradients = [(k, p.grad) for k, p in head.named_parameters() if p.grad is not None]
    inputs = [('features.%d' % i, f.grad) for i, f in enumerate(features) if f.grad is not None]
    if cascade and previous.grad is not None:
        inputs.append(('previous', previous.grad))
    return dict(config=config, shapes=shapes, labels=LAB, previous=scored, classes=classes,
                      state=state(head), scores=described(scores),
                      losses=[[k, float('%.7g' % v.sum().item())] for k, v in losses.items()],
                      gradients=norms(gradients), inputs=norms(inputs), first=described(inputs[-1][1]))


CE = "dict(type='CrossEntropyLoss'%s)"
LOSSES = [(CE % extra, 'softmax') for extra in [
    '', ', loss_weight=0.4', ', avg_non_ignore=True', ", reduction='sum'", ', class_weight=[0.5, 2.0, 1.0, 0.0, 1.5]',
    ', class_weight=[0.5, 2.0, 1.0, 0.0, 1.5], avg_non_ignore=True', ", use_sigmoid=True", ', use_sigmoid=True, avg_non_ignore=True',
    ", use_sigmoid=True, reduction='sum', loss_weight=0.1", ', use_sigmoid=True, class_weight=[1.0, 2.0, 0.5, 1.0, 1.0, 3.0, 1.0]']] + [
    (CE % ', use_sigmoid=True', 'binary'), (CE % ', use_sigmoid=True, avg_non_ignore=True', 'binary')] + [
    ("dict(type='%s'%s)" % (name, extra), 'softmax') for name, extras in [
        ('DiceLoss', ['', ', smooth=0.5, exponent=3, class_weight=[0.5, 2.0, 1.0, 0.0, 1.5]', ', ignore_index=1, loss_weight=3.0', ", reduction='sum'"]),
        ('FocalLoss', ['', ', gamma=1.5, alpha=0.25, loss_weight=2.0', ', alpha=[0.1, 0.2, 0.5, 0.7, 0.9], class_weight=[0.5, 2.0, 1.0, 0.0, 1.5]', ", reduction='sum'"]),
        ('LovaszLoss', [", reduction='none'", ", per_image=True", ", per_image=True, reduction='sum', loss_weight=2.0", ", reduction='none', classes='all'",
                        ", reduction='none', classes=[1, 3], class_weight=[0.5, 2.0, 1.0, 0.0, 1.5]"]),
        ('TverskyLoss', ['', ', smooth=2, alpha=0.4, beta=0.6, class_weight=[0.5, 2.0, 1.0, 0.0, 1.5]', ', ignore_index=2'])]
    for extra in extras] + [
    ("dict(type='LovaszLoss', loss_type='binary', reduction='none')", 'flat'), ("dict(type='LovaszLoss', loss_type='binary', per_image=True)", 'flat')]


def loss_case(config, kind, weighted):
    loss = build_loss(eval(config))
    classes = {'softmax': 5, 'binary': 1, 'flat': 0}[kind]
    shape = [2, classes, 6, 7] if classes else [2, 6, 7]
    logits = (tensor(shape, 1) * 3).requires_grad_()
    target = labels([2, 6, 7], 5 if kind == 'softmax' else 2, 600)
    weight = (tensor([2, 6, 7], 2) > 0).float() if weighted else None
    if weighted and 'Focal' in config:
        weight = weight.reshape(-1)
    value = loss(logits, target, weight=weight, ignore_index=255) if 'Focal' in config or 'Cross' in config or 'Lov' in config else loss(logits, target)
    value.sum().backward()
    return dict(config=config, kind=kind, weighted=weighted, name=loss.loss_name, loss=value.sum().item(),
                      gradient=described(logits.grad, 64))


NECKS = [
    ("dict(type='FPN', in_channels=[4, 8, 12], out_channels=6, num_outs=4)", MAPS),
    ("dict(type='FPN', in_channels=[4, 8, 12], out_channels=6, num_outs=5, start_level=1, add_extra_convs='on_output', relu_before_extra_convs=True, norm_cfg=dict(type='BN'), upsample_cfg=dict(mode='bilinear', align_corners=False))", [[2, 4, 64, 80], [2, 8, 32, 40], [2, 12, 16, 20]]),
    ("dict(type='Feature2Pyramid', embed_dim=8, rescales=[4, 2, 1, 0.5], norm_cfg=dict(type='BN'))", SAME),
    ("dict(type='Feature2Pyramid', embed_dim=8, rescales=[2, 1, 0.5, 0.25], norm_cfg=dict(type='BN'))", SAME),
    ("dict(type='ICNeck', in_channels=(4, 8, 12), out_channels=6, norm_cfg=dict(type='BN'))", MAPS),
    ("dict(type='JPU', in_channels=(4, 8, 12), mid_channels=6, start_level=0, end_level=-1, dilations=(1, 2), norm_cfg=dict(type='BN'))", MAPS),
    ("dict(type='JPU', in_channels=(4, 8, 12), mid_channels=6, start_level=1)", MAPS),
    ("dict(type='MLANeck', in_channels=[8, 8, 8, 8], out_channels=6, norm_cfg=dict(type='BN'), act_cfg=dict(type='ReLU'))", SAME),
    ("dict(type='MultiLevelNeck', in_channels=[8, 8, 8, 8], out_channels=6, scales=[4, 2, 1, 0.5])", SAME),
    ("dict(type='MultiLevelNeck', in_channels=[8], out_channels=6, scales=[0.5, 1, 2])", SAME[:1]),
]


def step(model, inputs, many):
    fill(model)
    model.eval()
    with torch.no_grad():
        outputs = model(inputs if many else inputs[0])
    outputs = [described(o) for o in outputs]
    model.train()
    inputs = [i.clone().requires_grad_() for i in inputs]
    result = model(inputs if many else inputs[0])
    sum((o * tensor(o.shape, 900 + i)).sum() for i, o in enumerate(result)).backward()
    gradients = [(k, p.grad) for k, p in model.named_parameters() if p.grad is not None]
    return dict(state=state(model), outputs=outputs, trained=[described(o, 4) for o in result], gradients=norms(gradients),
                inputs=norms([('%d' % i, x.grad) for i, x in enumerate(inputs) if x.grad is not None]))


def neck_case(config, shapes):
    neck = build_neck(mmcv.ConfigDict(eval(config)))
    return dict(config=config, shapes=shapes, **step(neck, [tensor(s, 1000 + i) for i, s in enumerate(shapes)], True))


BN = "norm_cfg=dict(type='BN')"
SMALL_RESNET = "dict(type='ResNet', depth=18, base_channels=4, num_stages=4, out_indices=(0, 1, 2, 3), dilations=(1, 1, 1, 1), strides=(1, 2, 2, 2), norm_cfg=dict(type='BN'), norm_eval=False, style='pytorch', contract_dilation=True)"
BACKBONES = [
    ("dict(type='UNet', base_channels=4, num_stages=3, strides=(1, 1, 1), enc_num_convs=(2, 2, 1), dec_num_convs=(2, 1), downsamples=(True, True), enc_dilations=(1, 1, 2), dec_dilations=(1, 2))", [2, 3, 16, 20]),
    ("dict(type='UNet', base_channels=4, num_stages=3, strides=(1, 2, 1), enc_num_convs=(1, 1, 1), dec_num_convs=(1, 1), downsamples=(True, False), enc_dilations=(1, 1, 1), dec_dilations=(1, 1), upsample_cfg=dict(type='DeconvModule', kernel_size=4))", [2, 3, 16, 20]),
    ("dict(type='UNet', base_channels=4, num_stages=2, strides=(1, 1), enc_num_convs=(1, 1), dec_num_convs=(1,), downsamples=(True,), enc_dilations=(1, 1), dec_dilations=(1,), upsample_cfg=dict(type='InterpConv', conv_first=True, kernel_size=3, padding=1, upsample_cfg=dict(scale_factor=2, mode='nearest')))", [2, 3, 16, 20]),
    ("dict(type='BiSeNetV1', in_channels=3, context_channels=(8, 16, 32), spatial_channels=(4, 4, 4, 8), out_indices=(0, 1, 2), out_channels=16, backbone_cfg=%s)" % SMALL_RESNET, [2, 3, 64, 96]),
    ("dict(type='BiSeNetV2', detail_channels=(4, 4, 8), semantic_channels=(4, 4, 6, 8), semantic_expansion_ratio=2, bga_channels=8)", [2, 3, 64, 96]),
    ("dict(type='CGNet', in_channels=3, num_channels=(8, 16, 32), num_blocks=(2, 3), dilations=(2, 4), reductions=(4, 8))", [2, 3, 32, 40]),
    ("dict(type='ERFNet', enc_downsample_channels=(8, 12, 16), enc_stage_non_bottlenecks=(1, 2), enc_non_bottleneck_dilations=(2, 4), enc_non_bottleneck_channels=(12, 16), dec_upsample_channels=(12, 8), dec_stages_non_bottleneck=(1, 1), dec_non_bottleneck_channels=(12, 8), dropout_ratio=0.0)", [2, 3, 32, 40]),
    ("dict(type='FastSCNN', downsample_dw_channels=(4, 6), global_in_channels=8, global_block_channels=(8, 12, 16), global_block_strides=(2, 2, 1), global_out_channels=12, higher_in_channels=8, lower_in_channels=12, fusion_out_channels=12, out_indices=(0, 1, 2))", [2, 3, 64, 96]),
    ("dict(type='ICNet', layer_channels=(8, 32), light_branch_middle_channels=4, psp_out_channels=6, out_channels=(4, 8, 8), backbone_cfg=dict(type='ResNetV1c', depth=18, base_channels=4, stem_channels=4, num_stages=4, out_indices=(0, 1, 2, 3), dilations=(1, 1, 2, 4), strides=(1, 2, 1, 1), norm_cfg=dict(type='BN'), contract_dilation=True))", [2, 3, 64, 96]),
    ("dict(type='STDCNet', stdc_type='STDCNet1', in_channels=3, channels=(4, 8, 16, 24, 32), bottleneck_type='cat', num_convs=4, norm_cfg=dict(type='BN'), act_cfg=dict(type='ReLU'), with_final_conv=False)", [2, 3, 64, 96]),
    ("dict(type='STDCNet', stdc_type='STDCNet2', in_channels=3, channels=(4, 8, 16, 24, 32), bottleneck_type='add', num_convs=3, norm_cfg=dict(type='BN'), act_cfg=dict(type='ReLU'), with_final_conv=False)", [2, 3, 64, 96]),
    ("dict(type='STDCContextPathNet', backbone_cfg=dict(type='STDCNet', stdc_type='STDCNet1', in_channels=3, channels=(4, 8, 16, 24, 32), bottleneck_type='cat', num_convs=4, norm_cfg=dict(type='BN'), act_cfg=dict(type='ReLU'), with_final_conv=False), last_in_channels=(32, 24), out_channels=8, ffm_cfg=dict(in_channels=24, out_channels=16, scale_factor=4))", [2, 3, 64, 96]),
]


def backbone_case(config, shape):
    backbone = build_backbone(mmcv.ConfigDict(eval(config)))
    return dict(config=config, shapes=[shape], **step(backbone, [tensor(shape, 1000)], False))


RESNET = "backbone=dict(type='ResNet', depth=18, base_channels=4, stem_channels=4, strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4), norm_cfg=dict(type='BN'))"
FCN32 = "dict(type='FCNHead', in_channels=%d, in_index=%d, channels=6, num_classes=5, dropout_ratio=0, norm_cfg=dict(type='BN'), num_convs=1, align_corners=%s)"
SEGMENTORS = [
    "dict(type='EncoderDecoder', %s, decode_head=%s, auxiliary_head=%s, test_cfg=dict(mode='whole'))" % (RESNET, FCN32 % (32, 3, False), FCN32 % (16, 2, False)),
    "dict(type='EncoderDecoder', %s, decode_head=%s, auxiliary_head=[%s, %s], test_cfg=dict(mode='slide', crop_size=(48, 48), stride=(30, 32)))" % (RESNET, FCN32 % (32, 3, True), FCN32 % (16, 2, True), FCN32 % (8, 1, True)),
    "dict(type='EncoderDecoder', %s, decode_head=%s, test_cfg=dict(mode='whole'))" % (RESNET, (FCN32 % (32, 3, False)).replace('num_classes=5', "num_classes=2, out_channels=1, threshold=0.5, loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True)")),
    "dict(type='CascadeEncoderDecoder', num_stages=2, %s, decode_head=[%s, dict(type='OCRHead', in_channels=32, in_index=3, channels=8, ocr_channels=4, num_classes=5, dropout_ratio=0, norm_cfg=dict(type='BN'))], test_cfg=dict(mode='whole'))" % (RESNET, FCN32 % (16, 2, False)),
]


def segmentor_case(config):
    model = build_segmentor(mmcv.ConfigDict(eval(config)))
    fill(model)
    classes = 2 if 'num_classes=2' in config else 5
    shape = [2, 3, 64, 80]
    images = tensor(shape, 1000)
    model.train()
    losses = model(img=images, img_metas=None, gt_semantic_seg=labels([2, 1, 64, 80], classes), return_loss=True)
    total, log = model._parse_losses(losses)
    total.backward()
    gradients = [(k, p.grad) for k, p in model.named_parameters() if p.grad is not None]
    model.eval()
    views = []
    for size, flip in [((64, 80), None), ((48, 72), 'horizontal'), ((64, 80), 'vertical')]:
        meta = dict(ori_shape=(50, 61, 3), img_shape=(size[0] - 5, size[1] - 3, 3), pad_shape=size + (3,), flip=flip is not None, flip_direction=flip)
        views.append((tensor((1, 3) + size, 1100), [meta]))
    single, several = [], []
    with torch.no_grad():
        for image, meta in views:
            single.append(model(img=[image], img_metas=[meta], return_loss=False)[0])
        several = model(img=[v[0] for v in views], img_metas=[v[1] for v in views], return_loss=False)[0]
    return dict(config=config, classes=classes, state=[k for k, _ in state(model)], log=list(log.items()), gradients=norms(gradients),
                      single=[''.join('%d' % v for v in s.astype(int).flatten()) for s in single],
                      several=''.join('%d' % v for v in several.astype(int).flatten()))


WEIGHTED = ('CrossEntropy', 'Focal')
CASES = dict(
    heads=(head_case, HEADS), necks=(neck_case, NECKS), backbones=(backbone_case, BACKBONES),
    segmentors=(segmentor_case, [(config,) for config in SEGMENTORS]),
    losses=(loss_case, [(config, kind, weighted) for config, kind in LOSSES
                        for weighted in ([False, True] if any(w in config for w in WEIGHTED) else [False])]))

if __name__ == '__main__':
    for name in sys.argv[1:] or CASES:
        make, cases = CASES[name]
        save(name, [make(*case) for case in cases])
