"""Writes cases.json: deformable convolutions of mmcv-full 1.7.2 on the CPU, and their gradients.

Run with a Python that has mmcv-full: `python make.py`, in this folder.
"""
import json
import os

import torch
from mmcv.ops import deform_conv2d, modulated_deform_conv2d

here = os.path.dirname(os.path.abspath(__file__))
generator = torch.Generator().manual_seed(7)


def numbers(*shape, scale=1.0):
    # Multiples of 2^-10, short in decimal and exact in binary.
    return ((torch.rand(*shape, generator=generator) * 2 - 1) * scale * 1024).round() / 1024


# Images, output channels, kernel, stride, padding, dilation, groups, deformable groups, modulated.
settings = [
    ((2, 4, 5, 6), 6, (3, 3), (1, 1), (1, 1), (1, 1), 1, 1, False),
    ((1, 4, 7, 6), 4, (3, 3), (2, 2), (1, 1), (1, 1), 2, 2, False),
    ((1, 6, 6, 7), 4, (3, 2), (1, 2), (2, 1), (2, 1), 2, 3, True),
    ((2, 4, 5, 5), 3, (1, 1), (1, 1), (0, 0), (1, 1), 1, 1, True),
    ((1, 8, 6, 6), 8, (3, 3), (1, 1), (1, 1), (1, 1), 4, 2, True),
]
cases = []
for shape, out, kernel, stride, padding, dilation, groups, deform_groups, modulated in settings:
    x = numbers(*shape)
    weight = numbers(out, shape[1] // groups, *kernel, scale=0.5)
    size = [(shape[2 + i] + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) // stride[i] + 1 for i in range(2)]
    points = deform_groups * kernel[0] * kernel[1]
    offset = numbers(shape[0], 2 * points, *size, scale=2.5)
    offset[0, 0] = 0  # on the grid
    offset[0, 1] = 40  # far outside
    mask = numbers(shape[0], points, *size)
    bias = numbers(out)
    operands = [x, offset, weight] + ([mask, bias] if modulated else [])
    for operand in operands:
        operand.requires_grad_(True)
    if modulated:
        y = modulated_deform_conv2d(x, offset, mask, weight, bias, stride, padding, dilation, groups, deform_groups)
    else:
        y = deform_conv2d(x, offset, weight, stride, padding, dilation, groups, deform_groups)
    seed = numbers(*y.shape)
    y.backward(seed)
    case = dict(stride=stride, padding=padding, dilation=dilation, groups=groups, deform_groups=deform_groups,
                modulated=modulated)
    for name, tensor in zip(['x', 'offset', 'weight', 'mask', 'bias'], operands):
        case[name] = dict(shape=list(tensor.shape), values=tensor.detach().flatten().tolist(),
                          gradient=[round(v, 6) for v in tensor.grad.flatten().tolist()])
    case['y'] = dict(shape=list(y.shape), values=[round(v, 6) for v in y.detach().flatten().tolist()],
                     gradient=seed.flatten().tolist())
    cases.append(case)
json.dump(cases, open(os.path.join(here, 'cases.json'), 'w'))
