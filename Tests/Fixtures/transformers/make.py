"""Writes backbones.json: outputs and gradients of the transformers of mmcls 0.25.0, mmdet 2.28.2 and mmsegmentation 0.30.0.

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


def pattern(count, seed):
    x = (np.arange(1, count + 1, dtype=np.uint64) * 2654435761 + seed * 97531) & 0xffffffff
    x ^= x >> 15
    x = (x * 2246822519) & 0xffffffff
    x ^= x >> 13
    return (x >> 8).astype(np.float64) / 2**23 - 1


def tensor(shape, seed):
    return torch.from_numpy(pattern(int(np.prod(shape)), seed).astype(np.float32).reshape(shape))


def fill(model):
    for index, (key, value) in enumerate(model.state_dict().items()):
        if not value.dtype.is_floating_point or key.endswith('relative_coords_table'):
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
        value.copy_(torch.from_numpy(v.astype(np.float32)))


def flat(outputs):
    if isinstance(outputs, torch.Tensor):
        return [outputs]
    return [x for output in outputs for x in flat(output)]


def described(output):
    values = output.detach().double().flatten()
    step = max(1, values.numel() // 16)
    return dict(shape=list(output.shape), norm=float('%.7g' % values.norm().item()),
                values=[float('%.6g' % v) for v in values[::step][:16].tolist()])


swin = "embed_dims=8, depths=(2, 2), num_heads=(2, 4), strides=(4, 2), window_size=3, out_indices=(0, 1), drop_path_rate=0."
pvt = "embed_dims=8, num_stages=2, num_layers=[1, 2], num_heads=[1, 2], strides=[4, 2], sr_ratios=[2, 1], out_indices=(0, 1)"
vit = "patch_size=8, embed_dims=16, num_layers=2, num_heads=4, mlp_ratio=2"
small = "dict(embed_dims=16, num_layers=2, num_heads=4, feedforward_channels=24)"
twins = "dict(embed_dims=[8, 16], depths=[1, 2], num_heads=[2, 4], patch_sizes=[4, 2], strides=[4, 2], mlp_ratios=[2, 2], sr_ratios=[2, 1]%s)"
design = "arch=dict(embed_dims=8, depths=[2, 2], num_heads=[2, 4]%s)"
cases = [
    ('mmdet', "dict(type='SwinTransformer', %s)" % swin, [2, 3, 30, 38]),
    ('mmdet', "dict(type='SwinTransformer', %s, use_abs_pos_embed=True, pretrain_img_size=32, patch_norm=False, qkv_bias=False)" % swin,
     [1, 3, 40, 24]),
    ('mmdet', "dict(type='PyramidVisionTransformer', %s, patch_sizes=[4, 2], paddings=[0, 0], mlp_ratios=[2, 2], pretrain_img_size=32, drop_path_rate=0.)" % pvt,
     [2, 3, 36, 28]),
    ('mmdet', "dict(type='PyramidVisionTransformerV2', embed_dims=4, num_layers=[1, 1, 1, 1], num_heads=[1, 2, 2, 4], mlp_ratios=[2, 2, 2, 2], drop_path_rate=0.)",
     [1, 3, 64, 64]),
    ('mmseg', "dict(type='SwinTransformer', %s, qk_scale=0.3, mlp_ratio=2)" % swin, [1, 3, 33, 36]),
    ('mmseg', "dict(type='MixVisionTransformer', %s, patch_sizes=[7, 3], mlp_ratio=2)" % pvt, [2, 3, 36, 28]),
    ('mmseg', "dict(type='VisionTransformer', %s, img_size=(32, 24), out_indices=(0, 1), output_cls_token=True)" % vit, [2, 3, 40, 32]),
    ('mmseg', "dict(type='VisionTransformer', %s, img_size=32, with_cls_token=False, final_norm=True, patch_norm=True, qkv_bias=False)" % vit,
     [1, 3, 32, 32]),
    ('mmseg', "dict(type='BEiT', %s, img_size=(32, 24), out_indices=(0, 1))" % vit, [2, 3, 32, 24]),
    ('mmseg', "dict(type='MAE', %s, img_size=32, final_norm=True)" % vit, [1, 3, 32, 32]),
    ('mmseg', "dict(type='PCPVT', embed_dims=[8, 16], patch_sizes=[4, 2], strides=[4, 2], num_heads=[2, 4], mlp_ratios=[2, 2], depths=[1, 2], sr_ratios=[2, 1], norm_after_stage=True)",
     [1, 3, 32, 40]),
    ('mmseg', "dict(type='SVT', embed_dims=[8, 16], patch_sizes=[4, 2], strides=[4, 2], num_heads=[2, 4], mlp_ratios=[2, 2], depths=[2, 2], sr_ratios=[2, 1], windiow_sizes=[3, 3], qkv_bias=True, drop_path_rate=0.)",
     [2, 3, 40, 44]),
    ('mmcls', "dict(type='SwinTransformer', %s, img_size=24, window_size=3, out_indices=(0, 1), drop_path_rate=0.)" % (design % ''), [2, 3, 24, 24]),
    ('mmcls', "dict(type='SwinTransformer', %s, img_size=32, window_size=4, out_indices=(1, ), pad_small_map=True, use_abs_pos_embed=True, out_after_downsample=True, drop_path_rate=0.)" % (design % ''),
     [1, 3, 24, 40]),
    ('mmcls', "dict(type='VisionTransformer', arch=%s, patch_size=8, img_size=32, out_indices=[0, 1])" % small, [2, 3, 40, 32]),
    ('mmcls', "dict(type='VisionTransformer', arch=%s, patch_size=8, img_size=32, output_cls_token=False, final_norm=False, qkv_bias=False)" % small, [1, 3, 32, 32]),
    ('mmcls', "dict(type='DistilledVisionTransformer', arch=%s, patch_size=8, img_size=32)" % small, [2, 3, 32, 40]),
    ('mmcls', "dict(type='PCPVT', arch=%s, out_indices=(0, 1), norm_after_stage=[False, True], norm_cfg=dict(type='LN', eps=1e-6))" % (twins % ''), [1, 3, 32, 40]),
    ('mmcls', "dict(type='SVT', arch=%s, out_indices=(1, ), qkv_bias=True)" % (twins % ', window_sizes=[3, 3]'), [2, 3, 40, 44]),
    ('mmcls', "dict(type='PoolFormer', arch=dict(layers=[1, 1, 1, 1], embed_dims=[4, 8, 8, 12], layer_scale_init_value=0.1), out_indices=[0, 2, 5], frozen_stages=-1)", [2, 3, 64, 48]),
]
cases += [
    ('mmcls', "dict(type='SwinTransformerV2', %s, img_size=32, window_size=[3, 2], pretrained_window_sizes=[0, 4], out_indices=(0, 1), drop_path_rate=0.)" % (design % ', extra_norm_every_n_blocks=2'),
     [2, 3, 28, 36]),
    ('mmcls', "dict(type='T2T_ViT', img_size=32, embed_dims=16, num_layers=2, t2t_cfg=dict(token_dims=8), layer_cfgs=dict(num_heads=4, feedforward_channels=24))",
     [1, 3, 48, 32]),
    ('mmcls', "dict(type='TNT', arch=dict(embed_dims_outer=16, embed_dims_inner=8, num_layers=2, num_heads_inner=2, num_heads_outer=4), img_size=32)",
     [2, 3, 32, 32]),
    ('mmcls', "dict(type='MlpMixer', arch=dict(embed_dims=16, num_layers=2, tokens_mlp_dims=12, channels_mlp_dims=24), img_size=32, patch_size=8)",
     [2, 3, 32, 32]),
]
cases += [
    ('mmcls', "dict(type='MViT', arch=dict(embed_dims=8, num_layers=3, num_heads=1, downscale_indices=[1]), img_size=32, out_scales=[0, 1], use_abs_pos_embed=True)",
     [2, 3, 40, 32]),
    ('mmcls', "dict(type='MViT', arch=dict(embed_dims=8, num_layers=3, num_heads=2, downscale_indices=[2]), img_size=32, dim_mul_in_attention=False, residual_pooling=False, adaptive_kv_stride=2)",
     [1, 3, 32, 32]),
    ('mmcls', "dict(type='EfficientFormer', arch=dict(layers=[1, 1, 1, 2], embed_dims=[4, 8, 8, 12], downsamples=[False, True, True, True], vit_num=1), out_indices=[1, 3])",
     [1, 3, 224, 224]),
    ('mmcls', "dict(type='EfficientFormer', arch=dict(layers=[1, 1, 1, 1], embed_dims=[4, 4, 8, 12], downsamples=[False, True, True, True], vit_num=1), reshape_last_feat=True, mlp_ratios=2)",
     [1, 3, 224, 224]),
    ('mmcls', "dict(type='Conformer', arch=dict(embed_dims=16, channel_ratio=1, num_heads=4, depths=6), base_channels=8, out_indices=[2, -1])", [2, 3, 72, 64]),
    ('mmcls', "dict(type='Conformer', arch=dict(embed_dims=16, channel_ratio=1, num_heads=4, depths=3), base_channels=8, with_cls_token=False, mlp_ratio=2)", [1, 3, 64, 64]),
    ('mmcls', "dict(type='HorNet', arch=dict(base_dim=8, depths=[1, 1, 1, 1], orders=[2, 3, 2, 3], dw_cfg=[dict(type='DW', kernel_size=3), dict(type='DW', kernel_size=5), dict(type='GF', h=4, w=3), dict(type='GF', h=2, w=2)]), out_indices=[2, 3])",
     [2, 3, 64, 64]),
    ('mmcls', "dict(type='HorNet', arch=dict(base_dim=8, depths=[1, 1, 1, 1], orders=[2, 2, 2, 2], dw_cfg=[dict(type='DW', kernel_size=3)] * 3 + [dict(type='GF', h=3, w=2)]), gap_before_final_norm=False, use_layer_scale=False)",
     [1, 3, 160, 96]),
]
builders = dict(mmcls=mmcls.models.build_backbone, mmdet=mmdet.models.build_backbone, mmseg=mmseg.models.build_backbone)


class ContiguousGradient(torch.autograd.Function):
    """PyTorch 1.12 computes wrong gradients of batch normalisation where the output's gradient lies in another memory order than
    the input: central differences in double precision disagree with them."""

    @staticmethod
    def forward(context, x):
        return x.clone()

    @staticmethod
    def backward(context, gradient):
        return gradient.contiguous()


batch_norm = torch.nn.BatchNorm2d.forward
torch.nn.BatchNorm2d.forward = lambda self, x: ContiguousGradient.apply(batch_norm(self, x))


def main():
    results = []
    for suite, config, shape in cases:
        model = builders[suite](eval(config))
        fill(model)
        model.eval()
        images = tensor(shape, 1000)
        outputs = flat(model(images))
        sum((o * tensor(o.shape, 2000 + i)).sum() for i, o in enumerate(outputs)).backward()
        # In the order of the state dict.
        gradients = [p.grad for _, p in model.named_parameters()]
        results.append(dict(
            suite=suite, config=config, shape=shape, outputs=[described(o) for o in outputs],
            state=['%s %s' % (k, list(v.shape)) for k, v in model.state_dict().items()],
            gradients=[None if g is None else float('%.6g' % g.double().norm().item()) for g in gradients]))
    json.dump(results, open(os.path.join(here, 'backbones.json'), 'w'))


if __name__ == '__main__':
    main()
