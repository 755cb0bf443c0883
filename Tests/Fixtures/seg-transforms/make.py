"""Writes small pictures, label maps and cases.json: what mmseg 0.30.0's deterministic pipelines make of them.

Run with a Python that has mmseg and mmcv-full 1.7: `python make.py`, in this folder.
A case keeps the pipeline as config text, and of each result shape and FNV-1a hash of the bytes.
"""
import json
import os
from unittest import mock

import cv2
import numpy as np
from mmseg.datasets.pipelines import Compose, PhotoMetricDistortion, RandomMosaic
from PIL import Image

here = os.path.dirname(os.path.abspath(__file__))


def picture(height, width, seed):
    random = np.random.RandomState(seed)
    small = random.randint(0, 256, (5, 6, 3)).astype(np.uint8)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.int32)
    return np.clip(large + random.randint(-9, 10, large.shape), 0, 255).astype(np.uint8)


def labels(height, width, seed):
    random = np.random.RandomState(seed)
    small = random.randint(0, 7, (6, 5)).astype(np.uint8)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
    large[:2] = 255
    return large


cv2.imwrite(os.path.join(here, 'wide.png'), picture(29, 41, 1))
cv2.imwrite(os.path.join(here, 'high.jpg'), picture(47, 30, 2), [cv2.IMWRITE_JPEG_QUALITY, 90])
cv2.imwrite(os.path.join(here, 'wide_labels.png'), labels(29, 41, 3))
palette = Image.fromarray(labels(47, 30, 4), 'P')
palette.putpalette(list(range(256)) * 3)
palette.save(os.path.join(here, 'high_labels.png'))
FILES = {'wide.png': 'wide_labels.png', 'high.jpg': 'high_labels.png'}


def fnv(data):
    value = 0xcbf29ce484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001b3) & 0xffffffffffffffff
    return '%016x' % value


def described(array):
    if array.dtype == np.float64:
        array = array.astype(np.float32)
    shape = list(array.shape) + ([1] if array.ndim == 2 else [])
    return dict(shape=shape, kind=str(array.dtype), hash=fnv(np.ascontiguousarray(array).tobytes()))


def start(name):
    return dict(img_info=dict(filename=name), ann_info=dict(seg_map=FILES[name]), img_prefix=here, seg_prefix=here,
                seg_fields=[])


LOAD = "dict(type='LoadImageFromFile')"
LABELS = "dict(type='LoadAnnotations')"
NORM = "dict(type='Normalize', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=%s)"
steps = [
    [],
    ["dict(type='Resize', img_scale=(64, 48))"],
    ["dict(type='Resize', img_scale=(64, 48), keep_ratio=False)"],
    ["dict(type='Resize', img_scale=(17, 23), keep_ratio=True)"],
    ["dict(type='Resize', img_scale=(64, 48), ratio_range=(0.75, 0.75))"],
    ["dict(type='Resize', ratio_range=(1.3, 1.3))"],
    ["dict(type='Resize', img_scale=(64, 16), min_size=33)"],
    ["dict(type='Resize', img_scale=(64, 40), min_size=16)"],
    ["dict(type='Resize', img_scale=[(50, 40), (50, 40)], multiscale_mode='range')"],
    ["dict(type='Resize', img_scale=[(50, 40), (50, 40)], multiscale_mode='value', keep_ratio=False)"],
    ["dict(type='Resize', img_scale=(50, 40))", "dict(type='Resize', img_scale=(99, 99), keep_ratio=False)"],
    ["dict(type='RandomFlip', prob=1.0)"],
    ["dict(type='RandomFlip', flip_ratio=1.0, direction='vertical')"],
    ["dict(type='RandomFlip', prob=0.0)"],
    ["dict(type='RandomFlip', prob=1.0)", "dict(type='RandomFlip', prob=0.0, direction='vertical')"],
    ["dict(type='Pad', size=(50, 48), pad_val=0, seg_pad_val=255)"],
    ["dict(type='Pad', size=(30, 20), pad_val=(3, 99, 255), seg_pad_val=7)"],
    ["dict(type='Pad', size_divisor=32, pad_val=9)"],
    [NORM % True],
    [NORM % False, "dict(type='Pad', size_divisor=32, pad_val=2.5)"],
    ["dict(type='RandomCrop', crop_size=(99, 99))"],
    ["dict(type='RandomCrop', crop_size=(99, 99), cat_max_ratio=0.75)"],
    ["dict(type='Resize', img_scale=(64, 48), keep_ratio=False)", "dict(type='RandomCrop', crop_size=(48, 64))"],
    ["dict(type='ResizeToMultiple', size_divisor=32)"],
    ["dict(type='ResizeToMultiple', size_divisor=10, interpolation='nearest')"],
    ["dict(type='RandomRotate', prob=1., degree=(30, 30))"],
    ["dict(type='RandomRotate', prob=1., degree=(-75, -75), pad_val=200, seg_pad_val=3, auto_bound=True)"],
    ["dict(type='RandomRotate', prob=1., degree=(10, 10), center=(4, 9))"],
    ["dict(type='RandomRotate', prob=0., degree=20)"],
    ["dict(type='RGB2Gray')"],
    ["dict(type='RGB2Gray', out_channels=1, weights=(0.1, 0.2, 0.7))"],
    ["dict(type='AdjustGamma', gamma=1.7)"],
    [NORM % True, "dict(type='Rerange')", "dict(type='AdjustGamma', gamma=0.4)"],
    ["dict(type='CLAHE')"],
    ["dict(type='CLAHE', clip_limit=2.5, tile_grid_size=(5, 3))"],
    ["dict(type='CLAHE', clip_limit=0, tile_grid_size=(1, 1))"],
    ["dict(type='Rerange')"],
    ["dict(type='Rerange', min_value=-1, max_value=1.5)"],
    ["dict(type='SegRescale', scale_factor=0.5)"],
    ["dict(type='SegRescale', scale_factor=1.7)"],
    ["dict(type='Transpose', keys=['img'], order=(1, 0, 2))", "dict(type='Transpose', keys=['gt_semantic_seg'], order=(1, 0))"],
    ["dict(type='Compose', transforms=[dict(type='RandomFlip', prob=1.0), dict(type='SegRescale', scale_factor=2)])"],
]
cases = []
for name in FILES:
    loads = [[LOAD, LABELS]] * len(steps) + [[LOAD, "dict(type='LoadAnnotations', reduce_zero_label=True)"],
                                             ["dict(type='LoadImageFromFile', to_float32=True)", LABELS],
                                             ["dict(type='LoadImageFromFile', color_type='grayscale')", LABELS]]
    for load, more in zip(loads, steps + [[], ["dict(type='Resize', img_scale=(64, 48))"], []]):
        text = '[%s]' % ', '.join(load + more)
        results = Compose([s for s in eval(text) if s['type'] != 'Compose'])(start(name))
        for step in eval(text):
            if step['type'] == 'Compose':
                results = Compose(step['transforms'])(results)
        cases.append(dict(image=name, pipeline=text, picture=described(results['img']),
                          labels=described(results['gt_semantic_seg'])))

mapped = start('wide.png')
mapped['label_map'] = {0: -1, 1: 0, 2: -1, 3: 2, 4: 1, 5: -1, 6: 3}
mapped = Compose(eval('[%s, %s]' % (LOAD, LABELS)))(mapped)['gt_semantic_seg']

views = []
for text in [
        "dict(type='MultiScaleFlipAug', img_scale=(64, 48), img_ratios=[0.5, 1.0, 1.75], flip=True, transforms=%s)",
        "dict(type='MultiScaleFlipAug', img_scale=None, img_ratios=[0.5, 1.5], flip=True, "
        "flip_direction=['horizontal', 'vertical'], transforms=%s)",
        "dict(type='MultiScaleFlipAug', img_scale=[(64, 48), (30, 60)], transforms=%s)"]:
    inner = "[dict(type='Resize', keep_ratio=True), dict(type='RandomFlip'), %s, dict(type='Pad', size_divisor=8)]" % (NORM % True)
    text = '[%s, %s]' % (LOAD, text % inner)
    results = Compose(eval(text))(start('wide.png'))
    views.append(dict(pipeline=text, views=[dict(described(image), flip=bool(flip), direction=direction) for image, flip, direction
                                            in zip(results['img'], results['flip'], results['flip_direction'])]))

# Colours: what is drawn is given, in the order in which it is drawn.
colors = []
image = cv2.imread(os.path.join(here, 'wide.png'))
for brightness, first, contrast, saturation, hue in [
        (None, 0, None, None, None), (-31.7, 1, None, None, None), (20.25, 0, None, None, None), (None, 1, 1.37, None, None),
        (None, 0, 0.51, None, None), (None, 1, None, 1.44, None), (None, 0, None, 0.6, None), (None, 1, None, None, -18),
        (None, 0, None, None, 17), (7.5, 1, 1.2, 1.3, 5), (7.5, 0, 1.2, 1.3, 5), (-12.1, 0, 0.8, 0.7, -11)]:
    integers = [int(brightness is not None), first]
    integers += [int(contrast is not None)] if first else []
    integers += [int(saturation is not None), int(hue is not None)] + ([] if hue is None else [hue])
    integers += [] if first else [int(contrast is not None)]
    numbers = [brightness] + ([contrast] if first else []) + [saturation] + ([] if first else [contrast])
    integers, numbers = iter(integers), iter([n for n in numbers if n is not None])
    with mock.patch('mmseg.datasets.pipelines.transforms.random') as random:
        random.randint.side_effect = lambda *_: next(integers)
        random.uniform.side_effect = lambda *_: next(numbers)
        result = PhotoMetricDistortion()(dict(img=image.copy()))['img']
    colors.append(dict(brightness=brightness, first=bool(first), contrast=contrast, saturation=saturation, hue=hue,
                       hash=described(result)['hash']))

mosaics = []
for scale, ratio in [((32, 40), 1.0), ((20, 24), 0.55), ((31, 17), 1.45)]:
    parts = [Compose(eval('[%s, %s]' % (LOAD, LABELS)))(start(name)) for name in ('wide.png', 'high.jpg', 'wide.png', 'high.jpg')]
    parts[0]['mix_results'] = parts[1:]
    result = RandomMosaic(1., scale, (ratio, ratio), 9, 3)(parts[0])
    mosaics.append(dict(height=scale[0], width=scale[1], ratio=ratio, picture=described(result['img']),
                        labels=described(result['gt_semantic_seg'])))

with open(os.path.join(here, 'cases.json'), 'w') as file:
    json.dump(dict(cases=cases, mapped=described(mapped), views=views, colors=colors, mosaics=mosaics), file, indent=1)
