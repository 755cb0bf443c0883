"""Writes cases.json: masks as pycocotools draws and compares them, and as mmdet 2.28.2 moves them.

Run with a Python that has mmdet: `python make.py`, in this folder.
"""
import json
import os

import numpy as np
import torch
from mmdet.core.mask.structures import BitmapMasks, PolygonMasks
from mmdet.core.mask.mask_target import mask_target_single
from mmcv import Config
from pycocotools import mask as mask_utils

here = os.path.dirname(os.path.abspath(__file__))
random = np.random.RandomState(3)


def text(rle):
    return rle['counts'].decode()


def encode(bitmap):
    return text(mask_utils.encode(np.asfortranarray(bitmap.astype(np.uint8))))


def numbers(values):
    return [float(value) for value in np.asarray(values).ravel()]


def polygon(points, height, width, digits):
    xy = random.uniform(-0.3, 1.3, (points, 2)) * [width, height]
    return [float(value) for value in np.round(xy, digits).ravel()]


drawings = []
for number in range(120):
    height, width = int(random.randint(1, 60)), int(random.randint(1, 60))
    polygons = [polygon(int(random.randint(3, 12)), height, width, int(random.randint(0, 4)))
                for _ in range(random.randint(1, 4))]
    if number % 12 == 5:  # Four numbers are a box.
        polygons = [polygon(2, height, width, 1) for _ in polygons]
        polygons = [[x, y, abs(w), abs(h)] for x, y, w, h in polygons]
    if number % 12 == 7:  # Points along the grid, some of them twice.
        polygons = [[float(round(v)) for v in p] + [float(round(v)) for v in p[-2:]] for p in polygons]
    if number % 12 == 9:  # Far outside.
        polygons = [[v * 40 for v in p] for p in polygons]
    rles = mask_utils.frPyObjects(polygons, height, width)
    union = mask_utils.merge(rles)
    drawings.append(dict(
        height=height, width=width, polygons=polygons, parts=[text(r) for r in rles], union=text(union),
        common=text(mask_utils.merge(rles, intersect=1)), area=int(mask_utils.area(union)),
        box=numbers(mask_utils.toBbox(union))))

bitmaps = [(random.rand(37, 150) < p).astype(np.uint8) for p in (0, 0.01, 0.3, 0.7, 1)]
overlaps = []
for crowd in (0, 1):
    rles = [mask_utils.encode(np.asfortranarray(b)) for b in bitmaps]
    overlaps.append(numbers(mask_utils.iou(rles, rles, [crowd] * len(rles))))
pixels = dict(
    height=37, width=150, bits=[''.join(map(str, b.ravel())) for b in bitmaps[1:3]],
    texts=[encode(b) for b in bitmaps], overlaps=overlaps)

# Three objects in a picture of 40 x 57, as polygons and as bitmaps.
H, W = 40, 57
objects = [[polygon(6, H, W, 1)], [polygon(4, H, W, 1), polygon(5, H, W, 1)], [polygon(3, H, W, 1)]]
polygons = PolygonMasks([[np.array(p) for p in o] for o in objects], H, W)
masks = BitmapMasks(polygons.to_ndarray().astype(np.uint8), H, W)
boxes = np.array([[3, 2, 40, 35], [-4.5, 5.25, 70, 20.5], [10.25, 12.5, 11, 13], [20, 30, 20, 30], [0, 0, 57, 40],
                  [31.3, 7.7, 49.9, 38.2]], dtype=np.float32)
indices = np.array([0, 1, 2, 0, 1, 2])
steps = dict(
    flip_horizontal=lambda m: m.flip('horizontal'), flip_vertical=lambda m: m.flip('vertical'),
    flip_diagonal=lambda m: m.flip('diagonal'), resize=lambda m: m.resize((61, 33)),
    rescale=lambda m: m.rescale((100, 70)), crop=lambda m: m.crop(np.array([5, 8, 44, 90])),
    crop_outside=lambda m: m.crop(np.array([-5, -8, 20, 20])), pad=lambda m: m.pad((50, 64)),
    translate_x=lambda m: m.translate((H, W), 7), translate_y=lambda m: m.translate((H, W), -5.5, 'vertical'),
    shear_x=lambda m: m.shear((H, W), 0.3), shear_y=lambda m: m.shear((H, W), -0.2, 'vertical'),
    rotate=lambda m: m.rotate((H, W), 17, center=((W - 1) * 0.5, (H - 1) * 0.5)),
    rotate_scaled=lambda m: m.rotate((H, W), -40, center=(10, 20), scale=0.7),
    crop_and_resize=lambda m: m.crop_and_resize(boxes, (14, 17), indices))
moved = {}
for name, step in steps.items():
    p, b = step(polygons), step(masks)
    moved[name] = dict(
        height=int(p.height), width=int(p.width),
        polygons=[[[round(float(v), 9) for v in q] for q in o] for o in p.masks],
        bitmaps=[encode(m) for m in b.masks])
    assert (b.height, b.width) == (p.height, p.width), name
moved['expand'] = dict(height=60, width=80, bitmaps=[encode(m) for m in masks.expand(60, 80, 11, 13).masks])

targets = {}
for name, m, soft in (('polygons', polygons, False), ('bitmaps', masks, False), ('soft', masks, True)):
    cfg = Config(dict(mask_size=28, soft_mask_target=soft))
    t = mask_target_single(torch.from_numpy(boxes), torch.from_numpy(indices), m, cfg)
    targets[name] = [round(v, 6) for v in numbers(t.numpy())] if soft else [encode(v) for v in t.numpy()]
targets['soft'] = targets['soft'][:2 * 28 * 28]

instance = dict(
    height=H, width=W, objects=objects, bitmaps=[encode(m) for m in masks.masks], moved=moved,
    boxes=numbers(boxes), indices=indices.tolist(), targets=targets,
    areas=dict(polygons=numbers(polygons.areas), bitmaps=numbers(masks.areas)),
    bounds=dict(polygons=numbers(polygons.get_bboxes()), bitmaps=numbers(masks.get_bboxes())))
with open(os.path.join(here, 'cases.json'), 'w') as file:
    json.dump(dict(drawings=drawings, pixels=pixels, instance=instance), file, separators=(',', ':'))
    file.write('\n')
