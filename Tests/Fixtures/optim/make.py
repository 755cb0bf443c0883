"""Trajectories of PyTorch's optimizers (and mmcls's Lamb), saved optimizer states, and mmcv's parameter groups.

Writes optim.json, paramwise.json, layer_decay.json and state_*.pth. Run with a Python that has torch, mmcv-full and mmcls.
"""
import json
import os

import numpy as np
import torch
from mmcv.ops import DeformConv2dPack
from mmcv.runner import build_optimizer
from mmcls.core.optimizers.lamb import Lamb
from mmseg.core.builder import build_optimizer as build_layered

here = os.path.dirname(os.path.abspath(__file__))
rng = np.random.RandomState(0)
shapes = [(3, 2), (4,)]
steps = 6
start = [rng.randn(*shape).astype('f4') for shape in shapes]
gradients = [[(rng.randn(*shape) * 0.7).astype('f4') for shape in shapes] for _ in range(steps)]


def flat(arrays):
    return [float(v) for a in arrays for v in np.asarray(a).ravel()]


def run(cls, options, clip=None, save=None):
    parameters = [torch.nn.Parameter(torch.tensor(a)) for a in start]
    # The second group has its own learning rate and weight decay.
    groups = [dict(params=[parameters[0]]), dict(params=[parameters[1]], lr=options['lr'] * 0.5, weight_decay=0.02)]
    optimizer = cls(groups, **options)
    rows, norms = [], []
    for index, gradient in enumerate(gradients):
        for parameter, g in zip(parameters, gradient):
            parameter.grad = torch.tensor(g)
        if clip:
            norms.append(float(torch.nn.utils.clip_grad_norm_(parameters, **clip)))
        for group in optimizer.param_groups:
            group.setdefault('initial_lr', group['lr'])
        optimizer.step()
        rows.append(flat(p.detach().numpy() for p in parameters))
        if save and index == 2:
            torch.save(optimizer.state_dict(), os.path.join(here, save))
    name = cls.__name__
    case = dict(type=name, options=options, rows=rows)
    if clip:
        case.update(clip=dict(clip, norm_type=str(clip.get('norm_type', 2))), norms=norms)
    if save:
        case['state'] = save
    return case


SGD, Adam, AdamW, RMSprop = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop
cases = [
    run(SGD, dict(lr=0.1)),
    run(SGD, dict(lr=0.1, weight_decay=0.1)),
    run(SGD, dict(lr=0.1, momentum=0.9, weight_decay=1e-4), save='state_sgd.pth'),
    run(SGD, dict(lr=0.1, momentum=0.9, dampening=0.3)),
    run(SGD, dict(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01)),
    run(SGD, dict(lr=0.1, momentum=0.9), clip=dict(max_norm=0.8)),
    run(SGD, dict(lr=0.1), clip=dict(max_norm=0.4, norm_type=float('inf'))),
    run(SGD, dict(lr=0.1), clip=dict(max_norm=2.0, norm_type=1)),
    run(SGD, dict(lr=0.1), clip=dict(max_norm=0.5, norm_type=3)),
    run(Adam, dict(lr=0.01)),
    run(Adam, dict(lr=0.01, weight_decay=0.1, betas=(0.8, 0.95), eps=1e-3)),
    run(Adam, dict(lr=0.01, amsgrad=True), save='state_adam.pth'),
    run(AdamW, dict(lr=0.01)),
    run(AdamW, dict(lr=0.01, weight_decay=0.05, amsgrad=True)),
    run(AdamW, dict(lr=0.001, weight_decay=0.05), clip=dict(max_norm=1.0), save='state_adamw.pth'),
    run(RMSprop, dict(lr=0.01)),
    run(RMSprop, dict(lr=0.01, alpha=0.9, eps=0.0316, momentum=0.9, weight_decay=1e-5), save='state_rmsprop.pth'),
    run(RMSprop, dict(lr=0.01, centered=True)),
    run(RMSprop, dict(lr=0.01, centered=True, momentum=0.5)),
    run(Lamb, dict(lr=0.01)),
    run(Lamb, dict(lr=0.01, weight_decay=0.0, max_grad_norm=100.0)),
    run(Lamb, dict(lr=0.01, bias_correction=False, grad_averaging=False, trust_clip=True, always_adapt=True)),
]
with open(os.path.join(here, 'optim.json'), 'w') as file:
    head = dict(shapes=shapes, start=flat(start), gradients=[flat(g) for g in gradients])
    file.write('{"head":' + json.dumps(head) + ',\n"cases":[\n' + ',\n'.join(json.dumps(c) for c in cases) + ']}\n')


class Block(torch.nn.Module):
    """Layers whose kinds `paramwise_cfg` tells apart."""

    def __init__(self):
        super().__init__()
        self.pos_embed = torch.nn.Parameter(torch.zeros(1, 2))
        self.conv = torch.nn.Conv2d(4, 8, 3)
        self.bn = torch.nn.BatchNorm2d(8)
        self.dwconv = torch.nn.Conv2d(8, 8, 3, groups=8)
        self.ln = torch.nn.LayerNorm(8)
        self.dcn = DeformConv2dPack(8, 8, 3)
        self.fc = torch.nn.Linear(8, 2)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = Block()
        self.frozen = torch.nn.Linear(2, 2)
        self.head = torch.nn.Linear(2, 3)
        self.shared = self.head
        for parameter in self.frozen.parameters():
            parameter.requires_grad = False


base = dict(type='SGD', lr=0.1, weight_decay=0.01)
paramwise = [
    dict(bypass_duplicate=True),
    dict(bias_lr_mult=2.0, bias_decay_mult=0.0, bypass_duplicate=True),
    dict(norm_decay_mult=0.0, dwconv_decay_mult=0.5, bypass_duplicate=True),
    dict(dcn_offset_lr_mult=0.1, bias_lr_mult=2.0, bias_decay_mult=3.0, norm_decay_mult=0.5, bypass_duplicate=True),
    dict(custom_keys={'backbone': dict(lr_mult=0.1), 'backbone.bn': dict(decay_mult=0.0), '.pos_embed': dict(decay_mult=0.25),
                      'head': dict(lr_mult=10.0, decay_mult=0.5), 'conv': dict(lr_mult=3), 'dcn.': dict(lr_mult=4),
                      'nvcd': dict(lr_mult=9)}, norm_decay_mult=0.5, bias_lr_mult=7.0, bypass_duplicate=True),
    dict(),
]
results = []
for config in paramwise:
    model = Model()
    names = {id(p): n for n, p in model.named_parameters()}
    optimizer = build_optimizer(model, dict(base, paramwise_cfg=config) if config else base)
    groups = [[[names[id(p)] for p in g['params']], g['lr'], g['weight_decay']] for g in optimizer.param_groups]
    results.append(dict(paramwise_cfg=config, groups=groups))
with open(os.path.join(here, 'paramwise.json'), 'w') as file:
    file.write('[\n' + ',\n'.join(json.dumps(r) for r in results) + '\n]\n')


class Tree(torch.nn.Module):
    """Parameters under given keys; two axes for those named weight."""

    def __init__(self, backbone, keys):
        super().__init__()
        self.backbone = backbone
        for key in keys:
            *path, name = key.split('.')
            module = self
            for part in path:
                if not hasattr(module, part):
                    module.add_module(part, torch.nn.Module())
                module = getattr(module, part)
            shape = (1, 1) if name == 'weight' else (1, 1, 1) if name == 'pos_embed' else (1,)
            module.register_parameter(name, torch.nn.Parameter(torch.zeros(shape)))


def make_tree(name, keys):
    return Tree(type(name, (torch.nn.Module,), {})(), keys)


convnext = [f'backbone.downsample_layers.{i}.0.{n}' for i in range(4) for n in ('weight', 'bias')]
convnext += [f'backbone.stages.{i}.{j}.{n}' for i, count in enumerate((1, 1, 7, 1)) for j in range(count)
             for n in ('weight', 'gamma')]
convnext += ['neck.weight', 'head.fc.weight', 'head.fc.bias']
beit = ['backbone.cls_token', 'backbone.pos_embed', 'backbone.patch_embed.weight']
beit += [f'backbone.layers.{i}.{n}' for i in range(3) for n in ('weight', 'bias')] + ['head.weight']
trees = []
for name, keys, paramwise in [
        ('ConvNeXt', convnext, dict(decay_rate=0.9, decay_type='layer_wise', num_layers=6)),
        ('ConvNeXt', convnext, dict(decay_rate=0.7, decay_type='stage_wise', num_layers=4)),
        ('BEiT', beit, dict(decay_rate=0.65, decay_type='layer_wise_vit', num_layers=3))]:
    model = make_tree(name, keys)
    names = {id(p): n for n, p in model.named_parameters()}
    optimizer = build_layered(model, dict(type='AdamW', lr=1e-4, weight_decay=0.05, paramwise_cfg=paramwise,
                                          constructor='LearningRateDecayOptimizerConstructor'))
    groups = [[[names[id(p)] for p in g['params']], g['lr'], g['weight_decay'], g['group_name']]
              for g in optimizer.param_groups]
    trees.append(dict(backbone=name, keys=keys, paramwise_cfg=paramwise, groups=groups))
with open(os.path.join(here, 'layer_decay.json'), 'w') as file:
    file.write('[\n' + ',\n'.join(json.dumps(t) for t in trees) + '\n]\n')
print(len(cases), 'cases', {f: os.path.getsize(os.path.join(here, f)) for f in os.listdir(here)})
