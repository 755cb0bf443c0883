"""Writes cases.json and values.f32: results and gradients of PyTorch's spatial operators on small inputs.

Run with PyTorch 1.12.1. Inputs are not stored: both sides compute them from a seed (`pattern`).
values.f32 holds little-endian float32 numbers; cases.json says which belong to what.
"""
import json
import struct

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
cases = []
values = []


def pattern(shape, seed, scale=1.0, offset=0.0):
    count = 1
    for size in shape:
        count *= size
    numbers = [
        ((i * 7919 + seed * 104729 + (i * i % 1009) * 31) % 2048 - 1024) / 512 * scale + offset
        for i in range(count)
    ]
    return torch.tensor(numbers, dtype=torch.float64).to(torch.float32).reshape(shape)


def store(name, tensor):
    data = tensor.detach().contiguous().reshape(-1).tolist()
    entry = {"name": name, "shape": list(tensor.shape), "offset": len(values)}
    values.extend(data)
    return entry


def case(op, run, inputs, attributes=None, differentiable=None, extra=None):
    """inputs: (shape, seed, scale, offset) of each operand, or None where it is left out."""
    attributes = attributes or {}
    tensors = []
    for index, spec in enumerate(inputs):
        if spec is None:
            tensors.append(None)
            continue
        tensor = pattern(*spec)
        if differentiable is None or index in differentiable:
            tensor.requires_grad_(True)
        tensors.append(tensor)
    result = run(*tensors)
    stored = [store("y", result)]
    result.backward(pattern(list(result.shape), 99))
    for index, tensor in enumerate(tensors):
        if tensor is not None and tensor.requires_grad:
            stored.append(store(f"d{index}", tensor.grad))
    for name, tensor in (extra() if extra else {}).items():
        stored.append(store(name, tensor))
    cases.append({
        "op": op,
        "attributes": attributes,
        "inputs": [
            None if spec is None else {
                "shape": list(spec[0]), "seed": spec[1], "scale": spec[2] if len(spec) > 2 else 1.0,
                "offset": spec[3] if len(spec) > 3 else 0.0,
                "differentiable": differentiable is None or index in differentiable,
            } for index, spec in enumerate(inputs)
        ],
        "outputs": stored,
    })


def pair(value):
    return list(value) if isinstance(value, (list, tuple)) else [value, value]


def conv(x, w, bias=True, stride=1, padding=0, dilation=1, groups=1):
    case(
        "conv2d",
        lambda x, w, b=None: F.conv2d(x, w, b, stride, padding, dilation, groups),
        [(x, 1), (w, 2, 0.25)] + ([([w[0]], 3)] if bias else []),
        dict(stride=pair(stride), padding=pair(padding), dilation=pair(dilation), groups=groups))


conv((2, 3, 6, 5), (4, 3, 3, 3), padding=1)
conv((2, 3, 6, 5), (4, 3, 3, 3), bias=False)
conv((1, 4, 7, 6), (3, 4, 3, 3), stride=2, padding=1)
conv((1, 2, 7, 7), (3, 2, 3, 3), padding=2, dilation=2)
conv((1, 4, 5, 5), (6, 2, 3, 3), padding=1, groups=2)
conv((2, 5, 5, 6), (5, 1, 3, 3), padding=1, groups=5)
conv((1, 3, 6, 6), (6, 1, 5, 5), stride=2, padding=2, groups=3)
conv((2, 5, 3, 4), (6, 5, 1, 1))
conv((1, 5, 5, 4), (3, 5, 1, 1), stride=2)
conv((1, 2, 4, 9), (3, 2, 1, 7), padding=(0, 3))
conv((1, 3, 9, 9), (2, 3, 7, 7), stride=2, padding=3)
conv((1, 2, 6, 7), (3, 2, 2, 3), stride=(2, 1), padding=(1, 0), dilation=(1, 2))
conv((1, 3, 8, 8), (8, 3, 4, 4), stride=4)


def conv_transpose(x, w, bias=True, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    case(
        "conv_transpose2d",
        lambda x, w, b=None: F.conv_transpose2d(x, w, b, stride, padding, output_padding, groups, dilation),
        [(x, 1), (w, 2, 0.25)] + ([([w[1] * groups], 3)] if bias else []),
        dict(stride=pair(stride), padding=pair(padding), output_padding=pair(output_padding), groups=groups,
             dilation=pair(dilation)))


conv_transpose((1, 3, 4, 3), (3, 4, 2, 2), stride=2)
conv_transpose((2, 3, 3, 4), (3, 2, 4, 4), stride=2, padding=1, bias=False)
conv_transpose((1, 4, 3, 3), (4, 2, 3, 3), stride=2, padding=1, output_padding=1, groups=2)
conv_transpose((1, 2, 4, 4), (2, 3, 3, 3), dilation=2)
conv_transpose((1, 2, 3, 2), (2, 2, 5, 3), stride=(3, 2), padding=(2, 1), output_padding=(2, 1))
conv_transpose((1, 2, 3, 3), (2, 2, 2, 2), dilation=3, output_padding=2)
conv_transpose((1, 4, 3, 3), (4, 1, 3, 3), stride=2, padding=1, groups=4)


def max_pool(x, kernel, stride=None, padding=0, dilation=1, ceil_mode=False):
    case(
        "max_pool2d", lambda x: F.max_pool2d(x, kernel, stride, padding, dilation, ceil_mode), [(x, 4)],
        dict(kernel=pair(kernel), stride=pair(kernel if stride is None else stride), padding=pair(padding),
             dilation=pair(dilation), ceil_mode=ceil_mode))


max_pool((1, 3, 7, 6), 3, 2, 1)
max_pool((1, 2, 6, 6), 2)
max_pool((1, 2, 7, 6), 2, ceil_mode=True)
max_pool((1, 2, 6, 7), 3, 2, 1, ceil_mode=True)
max_pool((1, 2, 7, 7), 2, 1, dilation=2)
max_pool((1, 2, 8, 9), (3, 2), (2, 3), (1, 0), (2, 1), ceil_mode=True)


def avg_pool(x, kernel, stride=None, padding=0, ceil_mode=False, include=True, divisor=None):
    case(
        "avg_pool2d", lambda x: F.avg_pool2d(x, kernel, stride, padding, ceil_mode, include, divisor), [(x, 5)],
        dict(kernel=pair(kernel), stride=pair(kernel if stride is None else stride), padding=pair(padding),
             ceil_mode=ceil_mode, count_include_pad=include, divisor_override=divisor))


avg_pool((1, 3, 7, 6), 3, 2, 1)
avg_pool((1, 2, 7, 6), 2, ceil_mode=True)
avg_pool((1, 2, 7, 6), 3, 2, 1, ceil_mode=True)
avg_pool((1, 2, 7, 6), 3, 2, 1, ceil_mode=True, include=False)
avg_pool((1, 2, 6, 7), 2, include=False, ceil_mode=True)
avg_pool((1, 2, 6, 7), (3, 2), (2, 1), (1, 1), divisor=5)

for size in [(1, 1), (3, 2), (7, 5), (9, 8)]:
    case("adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, size), [((1, 2, 7, 5), 6)], dict(size=pair(size)))
    case("adaptive_max_pool2d", lambda x: F.adaptive_max_pool2d(x, size), [((1, 2, 7, 5), 6)], dict(size=pair(size)))


def interpolate(x, mode, size=None, scale=None, align=None, recompute=None):
    case(
        "interpolate",
        lambda x: F.interpolate(x, size, scale, mode, align, recompute_scale_factor=recompute),
        [(x, 7)],
        dict(mode=mode, size=None if size is None else pair(size), scale=None if scale is None else pair(scale),
             align_corners=bool(align), recompute=bool(recompute)))


interpolate((1, 2, 4, 5), "nearest", scale=2)
interpolate((1, 2, 4, 5), "nearest", size=(7, 3))
interpolate((1, 2, 5, 4), "nearest", scale=(1.3, 0.7))
interpolate((1, 2, 4, 5), "nearest-exact", size=(7, 3))
for align in (False, True):
    interpolate((1, 2, 4, 5), "bilinear", size=(7, 9), align=align)
    interpolate((1, 2, 6, 5), "bilinear", size=(3, 2), align=align)
    interpolate((1, 2, 4, 5), "bilinear", scale=1.7, align=align)
    interpolate((1, 2, 4, 3), "bicubic", size=(6, 7), align=align)
    interpolate((1, 2, 5, 6), "bicubic", scale=0.6, align=align)
interpolate((1, 2, 3, 4), "bilinear", size=(1, 1), align=True)
interpolate((1, 2, 4, 5), "bilinear", scale=1.7, align=False, recompute=True)
interpolate((1, 2, 5, 6), "area", size=(2, 4))

for mode, border in [("constant", (1, 2, 0, 3)), ("constant", (-1, 2, 1, -2)), ("reflect", (3, 2, 1, 3)),
                     ("replicate", (3, 5, 1, 6)), ("circular", (4, 2, 1, 4))]:
    case("pad2d", lambda x: F.pad(x, border, mode, 0.5 if mode == "constant" else 0), [((1, 2, 4, 5), 8)],
         dict(mode=mode, border=list(border)))
case("pad", lambda x: F.pad(x, (1, 0, -1, 2, 0, 3), value=-1.5), [((2, 3, 4), 8)],
     dict(border=[1, 0, -1, 2, 0, 3]))

case("pixel_shuffle", lambda x: F.pixel_shuffle(x, 2), [((1, 8, 3, 2), 9)], dict(factor=2))
case("pixel_unshuffle", lambda x: F.pixel_unshuffle(x, 3), [((1, 2, 6, 3), 9)], dict(factor=3))
case("unfold", lambda x: F.unfold(x, (3, 2), (2, 1), (1, 0), (1, 2)), [((1, 2, 6, 5), 10)],
     dict(kernel=[3, 2], dilation=[2, 1], padding=[1, 0], stride=[1, 2]))
case("fold", lambda x: F.fold(x, (5, 6), (2, 3), (1, 2), (1, 1), (2, 1)), [((1, 12, 12), 10)],
     dict(size=[5, 6], kernel=[2, 3], dilation=[1, 2], padding=[1, 1], stride=[2, 1]))

for mode in ("bilinear", "nearest", "bicubic"):
    for padding in ("zeros", "border", "reflection"):
        for align in (False, True):
            case(
                "grid_sample", lambda x, g: F.grid_sample(x, g, mode, padding, align),
                [((1, 2, 4, 5), 11), ((1, 3, 4, 2), 12, 0.71)],
                dict(mode=mode, padding=padding, align_corners=align))


def batch_norm(x, training, affine=True, running=True):
    mean = pattern([x[1]], 21) if running else None
    var = pattern([x[1]], 22, 0.25, 1.0) if running else None
    case(
        "batch_norm", lambda x, w=None, b=None: F.batch_norm(x, mean, var, w, b, training, 0.3, 1e-3),
        [(x, 13)] + ([([x[1]], 14), ([x[1]], 15)] if affine else []),
        dict(training=training, running=running),
        extra=lambda: {"mean": mean, "var": var} if running else {})


batch_norm((2, 3, 4, 3), True)
batch_norm((2, 3, 4, 3), False)
batch_norm((2, 5, 2, 3), True, affine=False)
batch_norm((5, 4), True)
batch_norm((2, 3, 4, 3), True, running=False)

for groups, shape in [(2, (2, 4, 3, 3)), (1, (2, 3, 2, 4)), (3, (2, 12)), (2, (2, 4, 5))]:
    case("group_norm", lambda x, w, b: F.group_norm(x, groups, w, b, 1e-4),
         [(shape, 16), ([shape[1]], 14), ([shape[1]], 15)], dict(groups=groups))
case("instance_norm", lambda x, w, b: F.instance_norm(x, None, None, w, b, True, 0.1, 1e-4),
     [((2, 3, 3, 4), 17), ([3], 14), ([3], 15)])
for shape, normalized in [((2, 3, 5), (5,)), ((2, 3, 4), (3, 4)), ((7, 6), (6,))]:
    case("layer_norm", lambda x, w, b: F.layer_norm(x, normalized, w, b, 1e-6),
         [(shape, 18), (list(normalized), 14), (list(normalized), 15)], dict(shape=list(normalized)))
for axis, shape in [(1, (2, 5, 2, 3)), (1, (3, 6)), (0, (4, 3)), (2, (2, 3, 4))]:
    case("l2_normalize", lambda x: F.normalize(x, dim=axis), [(shape, 19)], dict(axis=axis))
for size in (3, 4):
    case("local_response_norm", lambda x: F.local_response_norm(x, size, 0.5, 0.6, 1.5), [((1, 6, 2, 2), 20)],
         dict(size=size, alpha=0.5, beta=0.6, k=1.5))

with open("cases.json", "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
with open("values.f32", "wb") as file:
    file.write(struct.pack(f"<{len(values)}f", *values))
print(len(cases), "cases", len(values), "values")
