"""Writes small images and cases.json: what mmcls 0.25.0's deterministic pipelines make of them.

Run with a Python that has mmcls and mmcv-full 1.7: `python make.py`, in this folder.
A case keeps the pipeline as config text, the shape of the result, and an FNV-1a hash of its bytes.
"""
import json
import os

import cv2
import numpy as np
from mmcls.datasets.pipelines import Compose

here = os.path.dirname(os.path.abspath(__file__))


def picture(height, width, seed):
    random = np.random.RandomState(seed)
    small = random.randint(0, 256, (5, 6, 3)).astype(np.uint8)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.int32)
    return np.clip(large + random.randint(-9, 10, large.shape), 0, 255).astype(np.uint8)


cv2.imwrite(os.path.join(here, 'wide.png'), picture(29, 41, 1))
cv2.imwrite(os.path.join(here, 'high.jpg'), picture(47, 30, 2), [cv2.IMWRITE_JPEG_QUALITY, 90])


def fnv(data):
    value = 0xcbf29ce484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001b3) & 0xffffffffffffffff
    return '%016x' % value


NORM = "dict(type='Normalize', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=%s)"
LOAD = "dict(type='LoadImageFromFile')"
steps = [
    [],
    ["dict(type='Resize', size=32)"],
    ["dict(type='Resize', size=(20, 50))"],
    ["dict(type='Resize', size=(24, -1))"],
    ["dict(type='Resize', size=(29, -1))"],
    ["dict(type='Resize', size=(36, -1), adaptive_side='long')"],
    ["dict(type='Resize', size=(23, -1), adaptive_side='height')"],
    ["dict(type='Resize', size=(23, -1), adaptive_side='width')"],
    ["dict(type='Resize', size=(24, -1), backend='pillow')"],
    ["dict(type='Resize', size=(24, -1), interpolation='bicubic', backend='pillow')"],
    ["dict(type='Resize', size=64, interpolation='bilinear', backend='pillow')"],
    ["dict(type='Resize', size=17, interpolation='area')"],
    ["dict(type='Resize', size=33, interpolation='nearest')"],
    ["dict(type='CenterCrop', crop_size=21)"],
    ["dict(type='CenterCrop', crop_size=(24, 35))"],
    ["dict(type='CenterCrop', crop_size=64)"],
    ["dict(type='CenterCrop', crop_size=28, efficientnet_style=True)"],
    ["dict(type='CenterCrop', crop_size=28, efficientnet_style=True, crop_padding=5, backend='pillow')"],
    ["dict(type='Pad', size=(50, 48))"],
    ["dict(type='Pad', size=(50, 48), pad_val=(3, 99, 255))"],
    ["dict(type='Pad', pad_to_square=True, padding_mode='edge')"],
    ["dict(type='Pad', pad_to_square=True, padding_mode='reflect')"],
    ["dict(type='Pad', pad_to_square=True, padding_mode='symmetric')"],
    ["dict(type='RandomFlip', flip_prob=1.0)"],
    ["dict(type='RandomFlip', flip_prob=1.0, direction='vertical')"],
    ["dict(type='RandomFlip', flip_prob=0.0)"],
    ["dict(type='Resize', size=20)", "dict(type='RandomCrop', size=24, padding=2)"],
    ["dict(type='Resize', size=20)", "dict(type='RandomCrop', size=(26, 22), padding=(1, 3), pad_val=7)"],
    ["dict(type='Resize', size=20)", "dict(type='RandomCrop', size=(23, 25), padding=(1, 2, 4, 1))"],
    ["dict(type='Resize', size=20)", "dict(type='RandomCrop', size=20, pad_if_needed=True)"],
    ["dict(type='RandomResizedCrop', size=24, max_attempts=0)"],
    ["dict(type='RandomResizedCrop', size=(24, 18), max_attempts=0, ratio=(0.9, 1.1))"],
    ["dict(type='RandomResizedCrop', size=24, max_attempts=0, efficientnet_style=True)"],
    ["dict(type='RandomResizedCrop', size=24, max_attempts=0, interpolation='bilinear', backend='pillow')"],
    [NORM % True],
    [NORM % False],
    ["dict(type='Resize', size=(26, -1))", "dict(type='CenterCrop', crop_size=24)", NORM % True],
    ["dict(type='Compose', transforms=[dict(type='Resize', size=30), dict(type='CenterCrop', crop_size=9)])"],
]
heads = {
    'gray': "dict(type='LoadImageFromFile', color_type='grayscale')",
    'float': "dict(type='LoadImageFromFile', to_float32=True)",
    'turned': "dict(type='LoadImageFromFile', color_type='unchanged')",
}
pipelines = ['[%s]' % ', '.join([LOAD] + step) for step in steps]
pipelines += ['[%s]' % head for head in heads.values()]
pipelines += ['[%s, %s]' % (heads['float'], NORM % True)]
pipelines += ["[%s, dict(type='Normalize', mean=[33.46], std=[78.87], to_rgb=True)]" % heads['gray']]

cases = []
for image in ['wide.png', 'high.jpg']:
    for pipeline in pipelines:
        results = Compose(eval(pipeline))(dict(img_prefix=here, img_info=dict(filename=image)))
        img = results['img']
        cases.append(dict(image=image, pipeline=pipeline, kind=str(img.dtype), shape=list(img.shape) + [1] * (3 - img.ndim),
                          hash=fnv(np.ascontiguousarray(img).tobytes())))
json.dump(cases, open(os.path.join(here, 'cases.json'), 'w'), indent=0)
