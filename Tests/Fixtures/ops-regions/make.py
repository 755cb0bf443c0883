"""Writes cases.json: results and gradients of mmcv 1.7.2's roi_align on the CPU, and of CARAFE by its definition.

Run with a Python that has mmcv-full: `python make.py`, in this folder. Maps follow a formula (`pattern`).
mmcv has no CARAFE for the CPU: it is written here with unfold, as the paper defines it.
"""
import json
import os

import numpy as np
import torch
import torch.nn.functional as F
from mmcv.ops import roi_align

here = os.path.dirname(os.path.abspath(__file__))


def pattern(shape, seed):
    count = int(np.prod(shape))
    x = (np.arange(1, count + 1, dtype=np.uint64) * 2654435761 + seed * 97531) & 0xffffffff
    x ^= x >> 15
    x = (x * 2246822519) & 0xffffffff
    x ^= x >> 13
    return torch.from_numpy(((x >> 8).astype(np.float64) / 2**23 - 1).astype(np.float32).reshape(shape))


def rounded(tensor):
    return [float('%.7g' % v) for v in tensor.detach().double().flatten().tolist()]


BOXES = [[0, 3.5, 7.25, 41, 34], [1, 0, 0, 56, 48], [1, 10, 10, 11, 12], [0, -20, -30, 30, 20], [0, 40, 30, 90, 60],
         [1, 17.3, 2.9, 18.1, 45.9], [0, 30, 30, 30, 30], [1, 8, 8, 40, 40], [0, 200, 200, 220, 230], [0, 4, -8, 36, 24]]
cases = []
for mode in ['avg', 'max']:
    for aligned in [True, False]:
        for ratio, output in [(0, (2, 3)), (2, (3, 2)), (1, (1, 1))]:
            for scale in [0.25, 0.125]:
                x = pattern((2, 3, 12, 14), 1).requires_grad_()
                boxes = torch.tensor(BOXES)
                y = roi_align(x, boxes, output, scale, ratio, mode, aligned)
                y.backward(pattern(tuple(y.shape), 2))
                cases.append(dict(op='align', mode=mode, aligned=aligned, ratio=ratio, output=output, scale=scale,
                                  y=rounded(y), dx=rounded(x.grad)))


def carafe(x, kernels, size, groups, factor):
    n, c, h, w = x.shape
    around = F.unfold(x, size, padding=size // 2).view(n, c * size * size, h, w)
    around = F.interpolate(around, scale_factor=factor, mode='nearest').view(n, groups, c // groups, size * size, h * factor, w * factor)
    return (around * kernels.view(n, groups, 1, size * size, h * factor, w * factor)).sum(3).view(n, c, h * factor, w * factor)


for shape, size, groups, factor in [((2, 4, 3, 5), 3, 2, 2), ((1, 18, 4, 3), 5, 1, 2), ((1, 3, 4, 4), 1, 3, 3)]:
    x = pattern(shape, 3).requires_grad_()
    n, c, h, w = shape
    kernels = pattern((n, groups * size * size, h * factor, w * factor), 4).requires_grad_()
    y = carafe(x, kernels, size, groups, factor)
    y.backward(pattern(tuple(y.shape), 5))
    cases.append(dict(op='carafe', shape=shape, size=size, groups=groups, factor=factor, y=rounded(y),
                      dx=rounded(x.grad), dk=rounded(kernels.grad)))
json.dump(dict(boxes=sum(BOXES, []), cases=cases), open(os.path.join(here, 'cases.json'), 'w'), separators=(',', ':'))
