"""Writes cases.json: losses of mmcls 0.25.0 and their gradients.

Run with a Python that has mmcls: `python make.py`, in this folder.
"""
import json
import os

import numpy as np
import torch
from mmcls.models import build_loss

here = os.path.dirname(os.path.abspath(__file__))
N, C = 5, 4
random = np.random.RandomState(3)
logits = np.round(random.randn(N, C) * 2, 3).astype(np.float32)
labels = np.array([0, 3, 1, 1, 2])
soft = np.round(random.dirichlet([1.0] * C, N), 3).astype(np.float32)
many = (random.rand(N, C) > 0.5).astype(np.float32)
weight = np.array([0.5, 2, 0, 1, 1.5], np.float32)

cases = []


def rounded(values):
    return [round(value, 7) for value in values.detach().flatten().tolist()]


def add(config, target, weighted=False, factor=None):
    loss = build_loss(eval(config))
    x = torch.tensor(logits, requires_grad=True)
    t = torch.tensor({'labels': labels, 'soft': soft, 'many': many}[target])
    value = loss(x, t, weight=torch.tensor(weight) if weighted else None, avg_factor=factor)
    # A seed of varied numbers where the loss is not reduced.
    seed = torch.arange(1, value.numel() + 1, dtype=torch.float32).reshape(value.shape) / 4
    value.backward(seed)
    cases.append(dict(config=config, target=target, weighted=weighted, factor=factor,
                      shape=list(value.shape), loss=rounded(value), gradient=rounded(x.grad)))


CE, LS = "dict(type='CrossEntropyLoss'%s)", "dict(type='LabelSmoothLoss', %s)"
CLASS = ', class_weight=[0.5, 1.0, 2.0, 0.0]'
for form, target in [('', 'labels'), (', use_soft=True', 'soft'), (', use_sigmoid=True', 'many'), ('', 'soft')]:
    for extra in ['', CLASS, ', loss_weight=2.5', CLASS + ', loss_weight=0.5']:
        for reduction in ['mean', 'sum', 'none']:
            config = CE % (form + extra + ", reduction='%s'" % reduction)
            add(config, target)
            add(config, target, weighted=True)
        add(CE % (form + extra), target, factor=5)
        add(CE % (form + extra), target, weighted=True, factor=3)
add(CE % ', use_sigmoid=True, pos_weight=[1.0, 2.0, 0.5, 3.0]', 'many')
add(CE % (', use_sigmoid=True, pos_weight=[1.0, 2.0, 0.5, 3.0]' + CLASS), 'many', weighted=True)
for mode in ['original', 'classy_vision', 'multi_label']:
    for value in [0.1, 0.25, 0.0]:
        for target in ['labels', 'many' if mode == 'multi_label' else 'soft']:
            add(LS % "label_smooth_val=%s, mode='%s'" % (value, mode), target)
            add(LS % "label_smooth_val=%s, num_classes=4, mode='%s'" % (value, mode), target, factor=5)
            add(LS % "label_smooth_val=%s, mode='%s', reduction='sum', loss_weight=3.0" % (value, mode), target, weighted=True)
json.dump(dict(logits=logits.flatten().tolist(), labels=labels.tolist(), soft=soft.flatten().tolist(),
               many=many.flatten().tolist(), weight=weight.tolist(), cases=cases), open(os.path.join(here, 'cases.json'), 'w'))
