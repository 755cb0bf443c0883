"""Writes states.json and models.json: keys, shapes, frozen parts, outputs and training steps of mmcls 0.25.0's networks.

Run with a Python that has mmcls: `python make.py`, in this folder. Weights and images follow a formula (`pattern`), so
that no checkpoint is needed.
"""
import json
import os

import numpy as np
import torch
from mmcls.models import build_backbone, build_classifier

here = os.path.dirname(os.path.abspath(__file__))
torch.set_num_threads(2)


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
        step = max(1, flat.numel() // 24)
        result.append(dict(shape=list(output.shape), norm=flat.norm().item(), values=flat[::step][:24].tolist()))
    return result


def state_list(model):
    return ''.join('%s %s\n' % (k, list(v.shape)) for k, v in model.state_dict().items())


def frozen(model):
    model.train()
    fixed = [k for k, p in model.named_parameters() if not p.requires_grad]
    still = [k for k, m in model.named_modules()
             if not m.training and (len(m._parameters) or len(m._buffers))]
    return fixed, still


whole = [
    "dict(type='LeNet5')", "dict(type='LeNet5', num_classes=10)", "dict(type='AlexNet')",
    "dict(type='AlexNet', num_classes=7)",
    "dict(type='VGG', depth=11)", "dict(type='VGG', depth=13, norm_cfg=dict(type='BN'))",
    "dict(type='VGG', depth=16, num_classes=5)", "dict(type='VGG', depth=19, num_classes=5, norm_cfg=dict(type='BN'))",
    "dict(type='VGG', depth=16, num_stages=3, dilations=(1, 1, 2), out_indices=(1, 2), with_last_pool=False)",
] + ["dict(type='%s', depth=%d)" % (name, depth)
     for name in ['ResNet', 'ResNetV1c', 'ResNetV1d', 'ResNet_CIFAR'] for depth in [18, 34, 50, 101, 152]] + [
    "dict(type='ResNet', depth=50, style='caffe')", "dict(type='ResNet', depth=50, num_stages=3, strides=(1, 2, 1), dilations=(1, 1, 2), out_indices=(0, 2))",
    "dict(type='ResNet', depth=18, deep_stem=True, avg_down=True)", "dict(type='ResNet', depth=50, norm_cfg=dict(type='GN', num_groups=32))",
    "dict(type='ResNet', depth=50, base_channels=32, expansion=2)",
    "dict(type='ResNeXt', depth=50)", "dict(type='ResNeXt', depth=101, groups=32, width_per_group=8)",
    "dict(type='ResNeXt', depth=152, groups=64, width_per_group=4)", "dict(type='ResNeXt', depth=50, groups=1)",
    "dict(type='MobileNetV2')", "dict(type='MobileNetV2', widen_factor=0.25)", "dict(type='MobileNetV2', widen_factor=0.75)",
    "dict(type='MobileNetV2', widen_factor=1.4)", "dict(type='MobileNetV2', out_indices=(2, 4, 7))",
]
states = []
for config in whole:
    model = build_backbone(eval(config))
    text = state_list(model)
    entry = dict(config=config, count=len(model.state_dict()), digest=fnv(text))
    if config in ("dict(type='ResNet', depth=18)", "dict(type='MobileNetV2', widen_factor=0.25)"):
        entry['list'] = text
    states.append(entry)

freezing = []
small = "type='ResNet', depth=18, base_channels=4, stem_channels=4"
for config in [
        "dict(%s, frozen_stages=%d)" % (small, n) for n in [-1, 0, 1, 3, 4]] + [
        "dict(%s, norm_eval=True)" % small, "dict(%s, frozen_stages=2, norm_eval=True)" % small,
        "dict(type='ResNetV1d', depth=50, base_channels=4, stem_channels=4, frozen_stages=0)",
        "dict(type='ResNetV1c', depth=18, base_channels=4, stem_channels=4, frozen_stages=2)",
        "dict(%s, norm_cfg=dict(type='BN', requires_grad=False))" % small,
        "dict(%s, norm_cfg=dict(type='GN', num_groups=2), norm_eval=True, frozen_stages=1)" % small] + [
        "dict(type='MobileNetV2', widen_factor=0.25, frozen_stages=%d)" % n for n in [-1, 0, 3, 7]] + [
        "dict(type='MobileNetV2', widen_factor=0.25, norm_eval=True)",
        "dict(type='VGG', depth=11, frozen_stages=2)", "dict(type='VGG', depth=11, frozen_stages=3, norm_cfg=dict(type='BN'), norm_eval=True)"]:
    model = build_backbone(eval(config))
    fixed, still = frozen(model)
    freezing.append(dict(config=config, fixed=len(fixed), still=len(still), fixedDigest=fnv('\n'.join(fixed)),
                         stillDigest=fnv('\n'.join(still))))
json.dump(dict(states=states, freezing=freezing), open(os.path.join(here, 'states.json'), 'w'), indent=0)

TINY = 'base_channels=4, stem_channels=4'
forward = [
    ("dict(type='ResNet', depth=18, %s, out_indices=(0, 1, 2, 3))" % TINY, [2, 3, 48, 40]),
    ("dict(type='ResNet', depth=50, %s, style='caffe')" % TINY, [1, 3, 48, 48]),
    ("dict(type='ResNet', depth=50, %s, strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4))" % TINY, [1, 3, 48, 48]),
    ("dict(type='ResNet', depth=18, %s, norm_cfg=dict(type='GN', num_groups=2))" % TINY, [1, 3, 40, 40]),
    ("dict(type='ResNet', depth=18, %s, conv_cfg=dict(type='Conv2dAdaptivePadding'))" % TINY, [1, 3, 41, 37]),
    ("dict(type='ResNetV1c', depth=34, %s)" % TINY, [1, 3, 48, 48]),
    ("dict(type='ResNetV1d', depth=50, %s)" % TINY, [1, 3, 50, 46]),
    ("dict(type='ResNet_CIFAR', depth=18, %s)" % TINY, [2, 3, 16, 16]),
    ("dict(type='ResNeXt', depth=50, base_channels=8, stem_channels=4, groups=4, width_per_group=2)", [1, 3, 48, 48]),
    ("dict(type='MobileNetV2', widen_factor=0.25, out_indices=(0, 3, 7))", [1, 3, 48, 64]),
    ("dict(type='MobileNetV2', widen_factor=0.1, act_cfg=dict(type='HSwish'))", [1, 3, 32, 32]),
    ("dict(type='LeNet5', num_classes=10)", [3, 1, 32, 32]),
    ("dict(type='LeNet5')", [2, 1, 32, 32]),
    ("dict(type='VGG', depth=11, norm_cfg=dict(type='BN'), out_indices=(1, 4))", [1, 3, 32, 32]),
    ("dict(type='VGG', depth=13, num_stages=2, dilations=(1, 2), out_indices=(0, 1), ceil_mode=True, with_last_pool=False)", [1, 3, 19, 21]),
]
outputs = []
for config, shape in forward:
    model = build_backbone(eval(config))
    fill(model)
    model.eval()
    images = torch.from_numpy(pattern(int(np.prod(shape)), 1000).astype(np.float32).reshape(shape))
    with torch.no_grad():
        outputs.append(dict(config=config, shape=shape, outputs=described(model(images))))

HEAD = "head=dict(type='LinearClsHead', num_classes=5, in_channels=%d, loss=dict(type='CrossEntropyLoss', loss_weight=1.0), topk=(1, 3), cal_acc=True)"
models = [
    ("dict(type='ImageClassifier', backbone=dict(type='ResNet', depth=18, %s), neck=dict(type='GlobalAveragePooling'), %s)"
     % (TINY, HEAD % 32), [4, 3, 32, 32]),
    ("dict(type='ImageClassifier', backbone=dict(type='ResNetV1d', depth=50, %s, frozen_stages=1), neck=dict(type='GlobalAveragePooling'), %s)"
     % (TINY, HEAD % 128), [4, 3, 64, 64]),
    ("dict(type='ImageClassifier', backbone=dict(type='MobileNetV2', widen_factor=0.25), neck=dict(type='GlobalAveragePooling'), %s)"
     % (HEAD % 1280), [4, 3, 64, 64]),
    ("dict(type='ImageClassifier', backbone=dict(type='ResNeXt', depth=50, base_channels=8, stem_channels=4, groups=4, width_per_group=2, norm_eval=True), neck=dict(type='GlobalAveragePooling'), "
     "head=dict(type='StackedLinearClsHead', num_classes=5, in_channels=256, mid_channels=[12], norm_cfg=dict(type='BN1d'), act_cfg=dict(type='HSwish'), loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1)))",
     [4, 3, 48, 48]),
    ("dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=5), neck=None, head=dict(type='ClsHead', loss=dict(type='CrossEntropyLoss', loss_weight=1.0)))",
     [4, 1, 32, 32]),
]
trained = []
for config, shape in models:
    model = build_classifier(eval(config))
    fill(model)
    images = torch.from_numpy(pattern(int(np.prod(shape)), 2000).astype(np.float32).reshape(shape))
    labels = torch.arange(shape[0]) * 2 % 5
    steps = []
    for _ in range(2):
        model.train()
        model.zero_grad()
        result = model.train_step(dict(img=images, gt_label=labels))
        result['loss'].backward()
        gradients = [(k, p.grad) for k, p in model.named_parameters() if p.grad is not None]
        steps.append(dict(log=result['log_vars'], samples=result['num_samples'], count=len(gradients),
                          norms=[g.double().norm().item() for _, g in gradients]))
        with torch.no_grad():
            for p in model.parameters():
                if p.grad is not None:
                    p -= 0.05 * p.grad
    model.eval()
    with torch.no_grad():
        scores = model(images, return_loss=False, img_metas=None)
    trained.append(dict(config=config, shape=shape, labels=labels.tolist(), steps=steps,
                        scores=[float(v) for row in scores for v in row]))
json.dump(dict(outputs=outputs, trained=trained), open(os.path.join(here, 'models.json'), 'w'))
