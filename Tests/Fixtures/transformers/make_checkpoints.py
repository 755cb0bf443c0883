"""Writes checkpoints.json: what transformers of the original suites make of files of other sizes and of other authors.

Run with a Python that has mmcls 0.25.0, mmdet 2.28.2 and mmsegmentation 0.30.0: `python make_checkpoints.py`, in this
folder. The files' tensors follow a formula (`pattern` of make.py).
"""
import json
import os
import re
import tempfile
from collections import OrderedDict

import torch
from make import builders, pattern
from mmcv import ConfigDict

here = os.path.dirname(os.path.abspath(__file__))


def filled(shapes):
    return OrderedDict((k, torch.from_numpy((pattern(int(torch.tensor(s).prod()) if s else 1, i) * 0.5).astype('float32').reshape(s)))
                       for i, (k, s) in enumerate(shapes))


def shapes_of(suite, config, prefix=''):
    state = builders[suite](eval(config)).state_dict()
    return [(prefix + k, list(v.shape)) for k, v in state.items() if v.dtype.is_floating_point]


def pick(shapes, *keys):
    return [(k, s) for k, s in shapes if any(re.search(key, k) for key in keys)]


swin = "depths=(2, 2), num_heads=(2, 4), strides=(4, 2), out_indices=(0, 1)"
cls = "dict(type='SwinTransformer', arch=dict(embed_dims=8, depths=[2, 2], num_heads=[2, 4]), img_size=%d, window_size=%d, out_indices=(1, ), use_abs_pos_embed=True)"
vit = "patch_size=8, embed_dims=16, num_layers=1, num_heads=4, mlp_ratio=2"
authors_swin = [
    ('patch_embed.proj.weight', [8, 3, 4, 4]), ('patch_embed.norm.weight', [8]), ('absolute_pos_embed', [1, 64, 8]),
    ('layers.0.blocks.0.norm1.weight', [8]), ('layers.0.blocks.0.attn.relative_position_bias_table', [25, 2]),
    ('layers.0.blocks.0.attn.qkv.weight', [24, 8]), ('layers.0.blocks.0.attn.proj.bias', [8]),
    ('layers.0.blocks.1.mlp.fc1.weight', [32, 8]), ('layers.0.blocks.1.mlp.fc2.bias', [8]),
    ('layers.0.downsample.reduction.weight', [16, 32]), ('layers.0.downsample.norm.weight', [32]), ('layers.0.downsample.norm.bias', [32]),
    ('norm.weight', [16]), ('head.weight', [3, 16])]
authors_pvt = [
    ('patch_embed1.proj.weight', [8, 3, 4, 4]), ('patch_embed1.norm.bias', [8]), ('pos_embed1', [1, 64, 8]), ('pos_embed2', [1, 16, 16]),
    ('block1.0.norm1.weight', [8]), ('block1.0.attn.q.weight', [8, 8]), ('block1.0.attn.q.bias', [8]), ('block1.0.attn.kv.weight', [16, 8]),
    ('block1.0.attn.kv.bias', [16]), ('block1.0.attn.proj.weight', [8, 8]), ('block1.0.attn.sr.weight', [8, 8, 2, 2]),
    ('block1.0.attn.norm.weight', [8]), ('block1.0.mlp.fc1.weight', [16, 8]), ('block1.0.mlp.fc1.bias', [16]), ('block1.0.mlp.fc2.weight', [8, 16]),
    ('block2.1.attn.q.weight', [16, 16]), ('block2.1.attn.kv.weight', [32, 16]), ('norm.weight', [16]), ('cls_token', [1, 1, 16]), ('head.bias', [3])]
authors_pvt2 = [
    ('patch_embed1.proj.weight', [4, 3, 7, 7]), ('block1.0.mlp.dwconv.dwconv.weight', [8, 1, 3, 3]), ('block1.0.mlp.fc2.weight', [4, 8]),
    ('block1.0.attn.q.weight', [4, 4]), ('block1.0.attn.kv.weight', [8, 4]), ('norm1.weight', [4]), ('norm2.bias', [8]), ('head.weight', [2, 16])]
pvt = "embed_dims=8, num_stages=2, num_layers=[1, 2], num_heads=[1, 2], strides=[4, 2], sr_ratios=[2, 1], out_indices=(0, 1), patch_sizes=[4, 2], paddings=[0, 0], mlp_ratios=[2, 2], pretrain_img_size=32"
# suite, model, whether the file is one to begin with, the file
cases = [
    ('mmcls', cls % (32, 4), False, pick(shapes_of('mmcls', cls % (24, 3)), 'pos_embed', 'bias_table', 'patch_embed') 
     + [('stages.%d.blocks.%d.attn.w_msa.relative_position_index' % (i, j), [9, 9]) for i in range(2) for j in range(2)]
     + [('norm.weight', [16]), ('stages.0.blocks.1.attn.attn_mask', [4, 9, 9])]),
    ('mmcls', "dict(type='VisionTransformer', arch=dict(embed_dims=16, num_layers=1, num_heads=4, feedforward_channels=24), patch_size=8, img_size=(32, 24))", False,
     [('pos_embed', [1, 10, 16]), ('cls_token', [1, 1, 16])]),
    ('mmdet', "dict(type='SwinTransformer', embed_dims=8, window_size=3, %s, use_abs_pos_embed=True, pretrain_img_size=32, convert_weights=True)" % swin, True, authors_swin),
    ('mmdet', "dict(type='SwinTransformer', embed_dims=8, window_size=5, %s)" % swin, True,
     [('backbone.stages.0.blocks.0.attn.w_msa.relative_position_bias_table', [25, 2]), ('backbone.norm1.weight', [16]), ('norm0.weight', [8])]),
    ('mmseg', "dict(type='SwinTransformer', embed_dims=8, window_size=2, %s)" % swin, True,
     [('stages.0.blocks.0.attn.w_msa.relative_position_bias_table', [25, 2]), ('backbone.norm1.weight', [16]), ('norm0.weight', [8])]),
    ('mmdet', "dict(type='PyramidVisionTransformer', %s)" % pvt, True, authors_pvt),
    ('mmdet', "dict(type='PyramidVisionTransformerV2', embed_dims=4, num_layers=[1, 1, 1, 1], num_heads=[1, 2, 2, 4], mlp_ratios=[2, 2, 2, 2])", True, authors_pvt2),
    ('mmseg', "dict(type='VisionTransformer', %s, img_size=(40, 32))" % vit, True, [('pos_embed', [1, 10, 16]), ('cls_token', [1, 1, 16])]),
    ('mmseg', "dict(type='BEiT', %s, img_size=48)" % vit, True, [('layers.0.attn.relative_position_bias_table', [28, 4]), ('cls_token', [1, 1, 16])]),
    ('mmseg', "dict(type='MAE', %s, img_size=40)" % vit, True, [('layers.0.attn.relative_position_bias_table', [52, 4]), ('pos_embed', [1, 17, 16])]),
]
results = []
for suite, config, begins, shapes in cases:
    state = filled(shapes)
    if begins:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'a.pth')
            torch.save(dict(state_dict=state), path)
            model = builders[suite](ConfigDict(eval(config), init_cfg=dict(type='Pretrained', checkpoint=path)))
            before = {k: v.clone() for k, v in model.state_dict().items()}
            torch.manual_seed(1)
            model.init_weights()
    else:
        model = builders[suite](eval(config))
        before = {k: v.clone() for k, v in model.state_dict().items()}
        model.load_state_dict(state, strict=False)
    sums = {float(v.double().sum()) for v in state.values()}
    loaded = {}
    for key, value in model.state_dict().items():
        if not value.dtype.is_floating_point or torch.equal(value, before[key]):
            continue
        values = value.double().flatten()
        step = max(1, values.numel() // 8)
        loaded[key] = dict(norm=float('%.7g' % values.norm().item()), values=[float('%.6g' % v) for v in values[::step][:8].tolist()])
    # What init_weights draws by itself is no part of the file.
    names = [k for k, _ in shapes]
    expected = {'BEiT': ['bias_table', 'cls_token'], 'MAE': ['bias_table', 'pos_embed']}.get(re.search("type='(\\w+)'", config).group(1))
    if expected:
        loaded = {k: v for k, v in loaded.items() if any(e in k for e in expected)}
    results.append(dict(suite=suite, config=config, begins=begins, file=[dict(key=k, shape=s) for k, s in shapes], loaded=loaded))
    print(suite, config[:60], len(shapes), sorted(loaded))
json.dump(results, open(os.path.join(here, 'checkpoints.json'), 'w'))
