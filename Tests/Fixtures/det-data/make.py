"""Writes small pictures, COCO annotations of them, and what mmdet 2.28.2 makes of both.

Run with a Python that has mmdet 2.28 and mmcv-full 1.7: `python make.py`, in this folder.
dataset.json: what data sets give for their pictures; pipelines.json: what pipelines make of samples, with FNV-1a hashes of
the bytes of pictures and masks.
"""
import contextlib
import io
import json
import os

import cv2
import mmcv
import numpy as np
import pycocotools.mask as maskUtils
from mmdet.datasets import build_dataset

here = os.path.dirname(os.path.abspath(__file__))
os.chdir(here)


def picture(height, width, seed):
    random = np.random.RandomState(seed)
    small = random.randint(0, 256, (5, 6, 3)).astype(np.uint8)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.int32)
    return np.clip(large + random.randint(-9, 10, large.shape), 0, 255).astype(np.uint8)


sizes = {'wide.png': (45, 60), 'high.jpg': (64, 40), 'tiny.png': (20, 50), 'empty.png': (40, 40), 'crowd.png': (36, 48)}
for seed, (name, (h, w)) in enumerate(sizes.items()):
    cv2.imwrite(f'images/{name}', picture(h, w, seed), [cv2.IMWRITE_JPEG_QUALITY, 90])
    labels = np.random.RandomState(seed + 50).randint(0, 5, (6, 8)).astype(np.uint8)
    labels = cv2.resize(labels, (w, h), interpolation=cv2.INTER_NEAREST)
    labels[:3] = 255
    cv2.imwrite(f'stuff/{name.split(".")[0]}.png', labels)

ids = {'wide.png': 900, 'high.jpg': 17, 'tiny.png': 44, 'empty.png': 3, 'crowd.png': 600}
images = [dict(id=ids[n], file_name=n, height=h, width=w) for n, (h, w) in sizes.items()]
# Not in the order of the names that the data set is given.
categories = [dict(id=7, name='cup'), dict(id=3, name='cat'), dict(id=90, name='dog')]


def rle(name, box, compressed):
    h, w = sizes[name]
    mask = np.zeros((h, w), np.uint8, order='F')
    x, y, bw, bh = [int(v) for v in box]
    mask[y:y + bh, x:x + bw] = 1
    runs = maskUtils.encode(mask)
    if compressed:
        return dict(size=[h, w], counts=runs['counts'].decode())
    flat = mask.reshape(-1, order='F')
    ends = np.concatenate([[0], np.flatnonzero(np.diff(flat)) + 1, [flat.size]])
    counts = np.diff(ends).tolist()
    return dict(size=[h, w], counts=([0] if flat[0] else []) + counts)


def ann(i, name, category, box, segmentation=None, area=None, **more):
    x, y, w, h = box
    segmentation = segmentation or [[x, y, x + w, y, x + w, y + h, x, y + h]]
    return dict(id=i, image_id=ids[name], category_id=category, bbox=list(box), iscrowd=0,
                area=w * h if area is None else area, segmentation=segmentation, **more)


annotations = [
    ann(101, 'wide.png', 3, (5.25, 3.5, 20.1, 30.7),
        [[5.25, 3.5, 25.35, 10.2, 15.5, 34.2], [20, 20, 24.5, 20.25, 22.2, 28.4, 20.5, 27]]),
    ann(55, 'wide.png', 90, (30, 10, 40, 60)),                         # reaches over the edge
    ann(102, 'wide.png', 3, (10, 10, 0.5, 12)),                        # narrower than a pixel
    ann(103, 'wide.png', 7, (70, 70, 5, 5)),                           # outside
    ann(104, 'wide.png', 7, (2, 2, 9, 9), area=0),                     # without area
    ann(105, 'wide.png', 7, (33.3, 4.4, 12.2, 8.8), rle('wide.png', (33, 4, 12, 9), False)),
    ann(106, 'high.jpg', 3, (1, 2, 30, 50), rle('high.jpg', (1, 2, 30, 50), True)),
    dict(ann(107, 'high.jpg', 90, (5, 5, 20, 20), rle('high.jpg', (5, 5, 20, 20), False)), iscrowd=1),
    dict(ann(108, 'high.jpg', 90, (8, 30, 20.5, 20)), ignore=True),
    ann(109, 'tiny.png', 3, (1, 1, 10, 10)),
    dict(ann(110, 'crowd.png', 7, (3, 3, 20, 20), rle('crowd.png', (3, 3, 20, 20), False)), iscrowd=1),
]
json.dump(dict(images=images, annotations=annotations, categories=categories), open('instances.json', 'w'), indent=1)


def fnv(array):
    value = 0xcbf29ce484222325
    for byte in np.ascontiguousarray(array).tobytes():
        value = ((value ^ byte) * 0x100000001b3) & 0xffffffffffffffff
    return '%016x' % value


def build(pipeline, **more):
    cfg = dict(type='CocoDataset', ann_file='instances.json', img_prefix='images/', seg_prefix='stuff/',
               classes=('dog', 'cat', 'cup'), pipeline=pipeline)
    cfg.update(more)
    with contextlib.redirect_stdout(io.StringIO()):
        return build_dataset(cfg)


# ---------------------------------------------------------------- data sets
cases = []
for more in [dict(), dict(filter_empty_gt=False), dict(test_mode=True), dict(classes=('cup',)), dict(classes=('dog', 'cup'))]:
    ds = build([], **more)
    case = dict(config=', '.join(f'{k}={v!r}' for k, v in more.items()), pictures=[])
    for i in range(len(ds)):
        a = ds.get_ann_info(i)
        case['pictures'].append(dict(
            file=ds.data_infos[i]['filename'], boxes=a['bboxes'].tolist(), labels=a['labels'].tolist(),
            ignored=a['bboxes_ignore'].tolist(), masks=len(a['masks']), map=a['seg_map'], categories=ds.get_cat_ids(i),
            group=int(ds.flag[i]) if hasattr(ds, 'flag') else -1))
    cases.append(case)
json.dump(cases, open('dataset.json', 'w'), indent=1)

# ---------------------------------------------------------------- pipelines
LOAD = "dict(type='LoadImageFromFile')"
LOADF = "dict(type='LoadImageFromFile', to_float32=True)"
ANN = "dict(type='LoadAnnotations', with_bbox=True, with_mask=%s, with_seg=%s)"
POLY = "dict(type='LoadAnnotations', with_bbox=True, with_mask=True, poly2mask=False)"
NORM = "dict(type='Normalize', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)"
KEEP = "dict(type='Resize', img_scale=(%d, %d), keep_ratio=True)"
ALL = ANN % (True, True)
A = 'prob=1.0, random_negative_prob=%s'
steps = [
    [LOAD, ALL],
    [LOADF, ALL],
    [LOAD, POLY],
    [LOAD, ALL, KEEP % (100, 80)],
    [LOAD, ALL, KEEP % (33, 333)],
    [LOAD, ALL, KEEP % (333, 33)],
    [LOAD, POLY, KEEP % (100, 80)],
    [LOAD, ALL, "dict(type='Resize', img_scale=(50, 31), keep_ratio=False)"],
    [LOAD, POLY, "dict(type='Resize', img_scale=(50, 31), keep_ratio=False)"],
    [LOAD, ALL, "dict(type='Resize', img_scale=(50, 31), keep_ratio=False, interpolation='nearest')"],
    [LOAD, ALL, "dict(type='Resize', img_scale=(50, 31), keep_ratio=False, bbox_clip_border=False)"],
    [LOAD, ALL, "dict(type='Resize', img_scale=(37, 71), keep_ratio=True, backend='pillow')"],
    [LOAD, ALL, KEEP % (100, 80), "dict(type='Resize', img_scale=(64, 64), keep_ratio=False, override=True)"],
    [LOAD, ALL, "dict(type='RandomFlip', flip_ratio=1.0)"],
    [LOAD, ALL, "dict(type='RandomFlip', flip_ratio=1.0, direction='vertical')"],
    [LOAD, ALL, "dict(type='RandomFlip', flip_ratio=1.0, direction='diagonal')"],
    [LOAD, ALL, "dict(type='RandomFlip', flip_ratio=[0.0, 1.0], direction=['horizontal', 'vertical'])"],
    [LOAD, ALL, "dict(type='RandomFlip', flip_ratio=0.0)"],
    [LOAD, POLY, "dict(type='RandomFlip', flip_ratio=1.0, direction='diagonal')"],
    [LOAD, ALL, "dict(type='Pad', size_divisor=32)"],
    [LOAD, ALL, "dict(type='Pad', size=(70, 66), pad_val=dict(img=(3, 99, 255), masks=1, seg=254))"],
    [LOAD, ALL, "dict(type='Pad', pad_to_square=True, pad_val=114)"],
    [LOAD, ALL, "dict(type='Pad', pad_to_square=True, pad_val=dict(img=(114.0, 114.0, 114.0)))"],
    [LOAD, ALL, KEEP % (90, 75), "dict(type='RandomFlip', flip_ratio=1.0)", NORM, "dict(type='Pad', size_divisor=32)",
     "dict(type='SegRescale', scale_factor=1/8)"],
    [LOAD, ALL, "dict(type='FilterAnnotations', min_gt_bbox_wh=(13, 3), keep_empty=False)"],
    [LOAD, ALL, "dict(type='FilterAnnotations', min_gt_mask_area=200, by_box=False, by_mask=True, keep_empty=False)"],
    [LOAD, ALL, "dict(type='RandomCrop', crop_size=(100, 100))"],
    [LOAD, ALL, "dict(type='RandomCrop', crop_size=(1.0, 1.0), crop_type='relative', recompute_bbox=True)"],
    [LOAD, POLY, "dict(type='RandomCrop', crop_size=(100, 100), recompute_bbox=True)"],
    [LOAD, ALL, "dict(type='Translate', level=2, %s)" % (A % '0.0')],
    [LOAD, ALL, "dict(type='Translate', level=1, direction='vertical', min_size=4, %s)" % (A % '1.0')],
    [LOAD, ALL, "dict(type='Shear', level=4, %s)" % (A % '0.0')],
    [LOAD, ALL, "dict(type='Shear', level=7, direction='vertical', img_fill_val=(1, 2, 3), %s)" % (A % '1.0')],
    [LOAD, ALL, "dict(type='Rotate', level=6, %s)" % (A % '0.0')],
    [LOAD, ALL, "dict(type='Rotate', level=9, scale=0.7, center=(20, 10), %s)" % (A % '1.0')],
    [LOAD, ALL, "dict(type='ColorTransform', level=8, prob=1.0)"],
    [LOAD, ALL, "dict(type='BrightnessTransform', level=3, prob=1.0)"],
    [LOAD, ALL, "dict(type='ContrastTransform', level=9, prob=1.0)"],
    [LOAD, ALL, "dict(type='EqualizeTransform', prob=1.0)"],
    [LOAD, ALL, "dict(type='AutoAugment', policies=[[dict(type='Pad', size_divisor=16)]])"],
    [LOADF, ANN % (False, False), "dict(type='RandomCenterCropPad', crop_size=None, ratios=None, border=None, test_mode=True, "
     "test_pad_mode=['logical_or', 127], mean=[10, 20, 30], std=[1, 1, 1], to_rgb=True)"],
    [LOADF, ANN % (False, False), "dict(type='RandomCenterCropPad', crop_size=None, ratios=None, border=None, test_mode=True, "
     "test_pad_mode=['logical_or', 31], test_pad_add_pix=1, mean=[0, 0, 0], std=[1, 1, 1], to_rgb=False)"],
    [LOADF, ANN % (False, False), "dict(type='RandomCenterCropPad', crop_size=None, ratios=None, border=None, test_mode=True, "
     "test_pad_mode=['size_divisor', 32], mean=[0, 0, 0], std=[1, 1, 1], to_rgb=False)"],
    [LOAD, ANN % (False, False), "dict(type='MultiScaleFlipAug', img_scale=[(100, 80), (50, 40)], flip=True, "
     "flip_direction=['horizontal', 'diagonal'], transforms=[dict(type='Resize', keep_ratio=True), dict(type='RandomFlip'), "
     "%s, dict(type='Pad', size_divisor=32)])" % NORM],
    [LOAD, ANN % (False, False), "dict(type='MultiScaleFlipAug', scale_factor=1.5, flip=False, "
     "transforms=[dict(type='Resize', keep_ratio=True), dict(type='RandomFlip'), dict(type='Pad', size_divisor=32)])"],
]


def describe(r):
    d = dict(image=fnv(r['img']), shape=list(r['img'].shape), kind=str(r['img'].dtype),
             imageShape=list(r['img_shape']), padShape=list(r.get('pad_shape', [0, 0, 0])))
    if 'scale_factor' in r and not isinstance(r['scale_factor'], float):
        d['scaleFactor'] = [float(v) for v in r['scale_factor']]
    if 'flip' in r:
        d['flip'] = r['flip_direction'] if r['flip'] else ''
    if 'border' in r:
        d['border'] = [float(v) for v in r['border']]
    d['boxes'] = r['gt_bboxes'].tolist()
    d['ignored'] = r['gt_bboxes_ignore'].tolist()
    d['labels'] = r['gt_labels'].tolist()
    if 'gt_masks' in r:
        m = r['gt_masks']
        d['maskSize'] = [int(m.height), int(m.width)]
        if hasattr(m.masks, 'shape'):
            d['masks'] = [fnv(x) for x in m.masks]
        else:
            d['polygons'] = [[p.tolist() for p in o] for o in m.masks]
    if 'gt_semantic_seg' in r:
        d['map'] = fnv(r['gt_semantic_seg'])
        d['mapSize'] = list(r['gt_semantic_seg'].shape)
    return d


out = []
for step in steps:
    text = '[' + ', '.join(step) + ']'
    ds = build(eval(text), filter_empty_gt=False)
    for i in range(len(ds)):
        name = ds.data_infos[i]['filename']
        if 'poly2mask=False' in text and name in ('wide.png', 'high.jpg'):
            continue                                       # runs of pixels cannot stay polygons
        np.random.seed(0)
        if name in ('empty.png', 'crowd.png') and "'RandomCrop'" in text:
            continue                                       # nothing left: upstream takes another picture
        r = ds[i]
        views = []
        if isinstance(r.get('img'), list):
            keys = list(r)
            for v in range(len(r['img'])):
                views.append(describe({k: r[k][v] for k in keys}))
        out.append(dict(picture=i, pipeline=text, views=views or [describe(r)]))
json.dump(out, open('pipelines.json', 'w'), indent=0)

# ---------------------------------------------------------------- mmdet's own form, and proposals
import pickle                                              # noqa: E402

f32 = np.float32
records = [
    dict(filename='wide.png', width=60, height=45,
         ann=dict(bboxes=np.array([[1, 2, 20, 40], [10, 5, 40, 15]], f32), labels=np.array([2, 0]),
                  bboxes_ignore=np.zeros((0, 4), f32))),
    dict(filename='high.jpg', width=40, height=64, ann=dict(bboxes=np.array([[3, 3, 9, 9]], f32), labels=np.array([1]))),
]
pickle.dump(records, open('custom.pkl', 'wb'), protocol=2)
pickle.dump([np.array([[0, 0, 30, 20, .9], [40, 10, 50, 20, .8], [1, 1, 2, 2, .7]], f32), np.zeros((0, 5), f32)],
            open('proposals.pkl', 'wb'), protocol=2)
print(len(out), 'cases')
