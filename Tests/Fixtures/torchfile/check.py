"""Opens checkpoints with torch, weights_only, and compares them with others: check.py ours reference [ours reference ...].

`.safetensors` files are opened with safetensors. All tensors must be equal to the bit, in the same order.
"""
import sys

import torch
from safetensors.torch import load_file


def load(path, weights_only):
    return load_file(path) if path.endswith('.safetensors') else torch.load(path, map_location='cpu', weights_only=weights_only)


def tensors(value, at=''):
    if isinstance(value, torch.Tensor):
        yield at, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from tensors(item, f'{at}/{key}')
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from tensors(item, f'{at}[{i}]')


def raw(tensor):
    plain = tensor.detach().contiguous().reshape(-1)
    return plain.view(torch.uint8).numpy().tobytes() if plain.numel() else b''


for ours, reference in zip(sys.argv[1::2], sys.argv[2::2]):
    a, b = list(tensors(load(ours, True))), list(tensors(load(reference, False)))
    if ours.endswith('.safetensors') != reference.endswith('.safetensors'):
        a.sort(key=lambda x: x[0])
        b.sort(key=lambda x: x[0])
    assert [x[0] for x in a] == [x[0] for x in b], (ours, 'names differ')
    for (name, x), (_, y) in zip(a, b):
        assert x.dtype == y.dtype and x.shape == y.shape and raw(x) == raw(y), (ours, name)
    print(ours, len(a), 'tensors equal')
