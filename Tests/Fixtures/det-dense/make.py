"""Writes losses.json, boxes.json and heads.json: what mmdet 2.28.2 computes around dense heads.

Run with a Python that has mmdet and scikit-learn: `python make.py [losses] [boxes] [heads]`, in this folder. Weights and features follow a
formula (`pattern`), so that no checkpoint is needed.
"""
import copy
import json
import os
import sys
import warnings

import numpy as np
import torch
from mmcv import ConfigDict
from mmcv.ops import batched_nms
from mmdet.core import (build_assigner, build_bbox_coder, build_prior_generator, multiclass_nms)
from mmdet.models import build_head, build_loss

warnings.filterwarnings('ignore')
here = os.path.dirname(os.path.abspath(__file__))
torch.set_num_threads(2)


def pattern(count, seed):
    x = (np.arange(1, count + 1, dtype=np.uint64) * 2654435761 + seed * 97531) & 0xffffffff
    x ^= x >> 15
    x = (x * 2246822519) & 0xffffffff
    x ^= x >> 13
    return (x >> 8).astype(np.float64) / 2**23 - 1


def rounded(values, digits=6):
    return [float('%.*g' % (digits + 1, value)) for value in torch.as_tensor(values).detach().double().flatten().tolist()]


def write(name, value):
    with open(os.path.join(here, name), 'w') as f:
        f.write(json.dumps(value, separators=(',', ':')).replace('NaN', '"NaN"'))


def boxes_of(count, seed, size=100.0, least=2.0):
    p = pattern(4 * count, seed).reshape(count, 4) * 0.5 + 0.5
    start = p[:, :2] * size * 0.7
    side = least + p[:, 2:] * size * 0.3
    return np.round(np.concatenate([start, start + side], 1), 3).astype(np.float32)


# ---------------------------------------------------------------------------------------------------------------------

def losses():
    cases = []
    n, c = 6, 4
    logits = np.round(pattern(n * c, 3) * 3, 3).astype(np.float32).reshape(n, c)
    labels = np.array([0, 3, 4, 1, 4, 2])
    inside = np.array([0, 3, 2, 1, 1, 2])
    quality = np.round(pattern(n, 5) * 0.4 + 0.5, 3).astype(np.float32)
    soft = np.round(pattern(n * c, 7) * 0.5 + 0.5, 3).astype(np.float32).reshape(n, c)
    soft[0] = 0
    soft[1, 1] = 1
    weight = np.array([0.5, 2, 0, 1, 1.5, 1], np.float32)
    boxes, targets = boxes_of(n, 11), boxes_of(n, 12)
    targets[0] = boxes[0]
    targets[1] = boxes[1] + 3
    targets[2, 2:] = targets[2, :2]
    element = np.abs(pattern(n * c, 13)).astype(np.float32).reshape(n, c).round(3)
    masks = np.round(pattern(n * c * 3 * 2, 17) * 2, 3).astype(np.float32).reshape(n, c, 3, 2)
    mask_targets = (pattern(n * 6, 19) > 0).astype(np.float32).reshape(n, 3, 2)
    arrays = dict(logits=logits, labels=labels, inside=inside, quality=quality, soft=soft, weight=weight, boxes=boxes,
                  targets=targets, element=element, masks=masks, mask_targets=mask_targets,
                  none=np.zeros(n, np.float32), wide=np.round(pattern(n * 6, 23) * 3, 3).astype(np.float32).reshape(n, 6),
                  distance=np.array([0, 1.5, 3.9, 2, 4.25, 0.1], np.float32),
                  probability=np.round(pattern(n * c, 29) * 0.4 + 0.5, 3).astype(np.float32).reshape(n, c))

    def add(config, pred, target, weight=None, factor=None, reduction=None):
        torch.manual_seed(0)
        loss = build_loss(eval(config))
        x = torch.tensor(arrays[pred], requires_grad=True)
        args = [torch.tensor(arrays[name]) for name in target.split('+')]
        if 'QualityFocal' in config:
            args = [tuple(args)]
        kwargs = dict(avg_factor=factor) if factor is not None else {}
        if reduction:
            kwargs['reduction_override'] = reduction
        if target.startswith('mask_targets'):
            value = loss(x, *args)
        else:
            value = loss(x, *args, None if weight is None else torch.tensor(arrays[weight]), **kwargs)
        if isinstance(value, dict):
            value = sum(value.values())
        (value * torch.arange(1, value.numel() + 1).reshape(value.shape) / 4).sum().backward()
        cases.append(dict(config=config, pred=pred, target=target, weight=weight, factor=factor, reduction=reduction,
                          shape=list(value.shape), loss=rounded(value), gradient=rounded(x.grad)))

    def both(config, pred, target, weight):
        add(config, pred, target)
        add(config, pred, target, weight)
        add(config, pred, target, weight, 3.5)
        add(config, pred, target, weight, None, 'none')
        add(config, pred, target, weight, None, 'sum')

    CE = "dict(type='CrossEntropyLoss'%s)"
    CLASS = ', class_weight=[0.5, 1.0, 2.0, 0.25]'
    for extra in ['', CLASS, ', ignore_index=1', ', ignore_index=1, avg_non_ignore=True', ', loss_weight=2.5']:
        both(CE % extra, 'logits', 'inside', 'weight')
    for extra in ['', CLASS, ', ignore_index=1', ', ignore_index=1, avg_non_ignore=True', ', loss_weight=2.5']:
        both(CE % (', use_sigmoid=True' + extra), 'logits', 'labels', 'weight')
    both(CE % ', use_sigmoid=True', 'logits', 'soft', 'element')
    add(CE % ', use_mask=True', 'masks', 'mask_targets+inside')
    add(CE % ', use_mask=True, loss_weight=2.0', 'masks', 'mask_targets+inside')
    for extra in ['', ', gamma=1.5, alpha=0.6', ', gamma=0.0', ', loss_weight=2.0']:
        both("dict(type='FocalLoss', use_sigmoid=True%s)" % extra, 'logits', 'labels', 'weight')
        both("dict(type='FocalLoss', use_sigmoid=True%s)" % extra, 'logits', 'labels', 'element')
    both("dict(type='FocalLoss', use_sigmoid=True, activated=True)", 'probability', 'labels', 'weight')
    both("dict(type='L1Loss', loss_weight=2.0)", 'boxes', 'targets', 'element')
    both("dict(type='SmoothL1Loss', beta=1.0 / 9.0)", 'logits', 'soft', 'element')
    both("dict(type='SmoothL1Loss', beta=4.0)", 'boxes', 'targets', 'element')
    both("dict(type='BalancedL1Loss', alpha=0.5, gamma=1.5, beta=0.11)", 'logits', 'soft', 'element')
    both("dict(type='BalancedL1Loss')", 'logits', 'soft', 'element')
    both("dict(type='MSELoss', loss_weight=0.5)", 'logits', 'soft', 'element')
    for name in ['IoULoss', 'GIoULoss', 'DIoULoss', 'CIoULoss']:
        both("dict(type='%s', loss_weight=1.5)" % name, 'boxes', 'targets', 'weight')
        add("dict(type='%s')" % name, 'boxes', 'targets', 'element', 2.0)
        add("dict(type='%s')" % name, 'boxes', 'targets', 'none', 2.0)
    for mode in ['linear', 'square', 'log']:
        add("dict(type='IoULoss', mode='%s', eps=1e-3)" % mode, 'boxes', 'targets', 'weight')
    add("dict(type='IoULoss', linear=True)", 'boxes', 'targets')
    both("dict(type='BoundedIoULoss', beta=0.2, loss_weight=1.5)", 'boxes', 'targets', 'element')
    both("dict(type='QualityFocalLoss', use_sigmoid=True, beta=2.0)", 'logits', 'labels+quality', 'weight')
    both("dict(type='QualityFocalLoss', use_sigmoid=True, beta=1.5, activated=True)", 'probability', 'labels+quality',
         'weight')
    both("dict(type='DistributionFocalLoss', loss_weight=0.25)", 'wide', 'distance', 'weight')
    for extra in ['', ', iou_weighted=False', ', alpha=0.5, gamma=1.5']:
        both("dict(type='VarifocalLoss', use_sigmoid=True%s)" % extra, 'logits', 'soft', 'element')
    both("dict(type='GaussianFocalLoss', alpha=2.0, gamma=4.0)", 'probability', 'soft', 'element')
    for extra in ['', ', naive_dice=True, eps=1.0', ', activate=False']:
        both("dict(type='DiceLoss'%s)" % extra, 'probability', 'soft', 'weight')
    for extra in ['bins=30, momentum=0.75', 'bins=10, momentum=0']:
        add("dict(type='GHMC', use_sigmoid=True, loss_weight=1.0, %s)" % extra, 'logits', 'labels', 'weight')
        add("dict(type='GHMR', mu=0.02, loss_weight=10.0, %s)" % extra, 'logits', 'soft', 'element')
    for extra in ['', ', p=0.0', ', q=0.0, loss_weight=2.0']:
        for weight, factor in [(None, None), ('weight', None), ('weight', 3.5)]:
            add("dict(type='SeesawLoss', num_classes=4%s)" % extra, 'wide', 'labels', weight, factor)
    write('losses.json', dict(
        arrays={k: dict(shape=list(v.shape), values=rounded(torch.from_numpy(v.astype(np.float64)), 8)) for k, v in arrays.items()},
        cases=cases))


# ---------------------------------------------------------------------------------------------------------------------

def boxes():
    result = dict(priors=[], coders=[], assigners=[], nms=[])
    sizes = [(4, 6), (2, 3), (1, 1)]
    for config in [
            "dict(type='AnchorGenerator', scales=[8, 16.5], ratios=[0.5, 1.0, 2.0], strides=[8, 16, 32])",
            "dict(type='AnchorGenerator', octave_base_scale=4, scales_per_octave=3, ratios=[0.5, 1.0, 2.0], strides=[8, 16, 32])",
            "dict(type='AnchorGenerator', scales=[4], ratios=[1.0, 3.0], strides=[(8, 4), (16, 16), (32, 48)], scale_major=False, center_offset=0.5)",
            "dict(type='AnchorGenerator', scales=[4], ratios=[1.0], strides=[8, 16, 32], base_sizes=[5, 9, 20], centers=[(1, 2), (3, 4), (5, 6)])",
            "dict(type='LegacyAnchorGenerator', scales=[8], ratios=[0.5, 1.0, 2.0], strides=[8, 16, 32], center_offset=0.5)",
            "dict(type='SSDAnchorGenerator', scale_major=False, input_size=300, basesize_ratio_range=(0.15, 0.9), strides=[8, 16, 32, 64, 100, 300], ratios=[[2], [2, 3], [2, 3], [2, 3], [2], [2]])",
            "dict(type='SSDAnchorGenerator', scale_major=False, input_size=512, basesize_ratio_range=(0.1, 0.9), strides=[8, 16, 32, 64, 128, 256, 512], ratios=[[2], [2, 3], [2, 3], [2, 3], [2, 3], [2], [2]])",
            "dict(type='SSDAnchorGenerator', strides=[16, 32], ratios=[[2, 3], [2]], min_sizes=[48, 100], max_sizes=[100, 150])",
            "dict(type='LegacySSDAnchorGenerator', scale_major=False, input_size=300, basesize_ratio_range=(0.15, 0.9), strides=[8, 16, 32, 64, 100, 300], ratios=[[2], [2, 3], [2, 3], [2, 3], [2], [2]])",
            "dict(type='YOLOAnchorGenerator', base_sizes=[[(11, 9), (15, 19)], [(3, 6), (6, 5)]], strides=[32, 16])",
    ]:
        g = build_prior_generator(eval(config))
        s = (sizes + [(1, 2)] * 9)[:g.num_levels]
        pad = (25, 41, 3)
        result['priors'].append(dict(
            config=config, sizes=[list(x) for x in s], pad=list(pad),
            base=[rounded(b) for b in g.base_anchors],
            priors=[rounded(p.sum(0)) + rounded(p[-1]) for p in g.grid_priors(s, device='cpu')],
            valid=[int(v.sum()) for v in g.valid_flags(s, pad, device='cpu')]))

    priors, gts = boxes_of(8, 31), boxes_of(8, 32)
    codes = np.round(pattern(8 * 8, 33) * 2, 3).astype(np.float32).reshape(8, 8)
    for config in [
            "dict(type='DeltaXYWHBBoxCoder')",
            "dict(type='DeltaXYWHBBoxCoder', target_means=[0.1, 0.0, 0.2, 0.0], target_stds=[0.1, 0.1, 0.2, 0.2])",
            "dict(type='DeltaXYWHBBoxCoder', clip_border=False)",
            "dict(type='DeltaXYWHBBoxCoder', add_ctr_clamp=True, ctr_clamp=16, target_stds=[1.0, 1.0, 4.0, 4.0])",
            "dict(type='LegacyDeltaXYWHBBoxCoder', target_stds=[0.1, 0.1, 0.2, 0.2])",
            "dict(type='TBLRBBoxCoder', normalizer=1/8)", "dict(type='TBLRBBoxCoder', normalizer=[1.0, 2.0, 3.0, 4.0])",
            "dict(type='PseudoBBoxCoder')"]:
        coder = build_bbox_coder(eval(config))
        width = 8 if 'Delta' in config else 4
        c = torch.tensor(codes[:, :width].copy(), requires_grad=True)
        p = torch.tensor(priors)
        if 'Pseudo' in config:
            decoded, encoded = coder.decode(p, c), coder.encode(p, torch.tensor(gts))
        else:
            decoded, encoded = coder.decode(p, c, max_shape=(70, 80)), coder.encode(p, torch.tensor(gts))
        (decoded * torch.arange(decoded.numel()).reshape(decoded.shape)).sum().backward()
        result['coders'].append(dict(config=config, width=width, encoded=rounded(encoded), decoded=rounded(decoded),
                                     gradient=rounded(c.grad)))
    result['arrays'] = dict(priors=rounded(priors, 8), truths=rounded(gts, 8), codes=rounded(codes, 8))

    generator = build_prior_generator(dict(type='AnchorGenerator', scales=[3], ratios=[0.5, 1.0, 2.0], strides=[8, 16]))
    grid = generator.grid_priors([(12, 12), (6, 6)], device='cpu')
    one = build_prior_generator(dict(type='AnchorGenerator', octave_base_scale=4, scales_per_octave=1, ratios=[1.0], strides=[8, 16]))
    single = one.grid_priors([(12, 12), (6, 6)], device='cpu')
    cases = {'some': boxes_of(5, 41), 'one': boxes_of(1, 42), 'none': np.zeros((0, 4), np.float32),
             'small': boxes_of(4, 43, 100, 0.5) * np.float32(1), 'odd': np.array(
                 [[10, 10, 10, 10], [-50, -50, -20, -20], [0, 0, 300, 300], [20, 20, 60, 60], [20, 20, 60, 60]], np.float32)}
    ignored = np.array([[0, 0, 40, 30], [70, 60, 90, 95]], np.float32)
    result['truths'] = {k: rounded(v, 8) for k, v in cases.items()}
    result['ignored'] = rounded(ignored, 8)

    def add(config, kind, name, res, extra=None):
        result['assigners'].append(dict(
            config=config, kind=kind, truths=name, indices=res.gt_inds.tolist(),
            labels=None if res.labels is None else res.labels.tolist(),
            overlaps=None if res.max_overlaps is None else rounded(res.max_overlaps.clamp(min=-1e8)), extra=extra))

    for name, g in cases.items():
        t = torch.tensor(g)
        labels = torch.arange(len(g)) % 3
        for config in [
                "dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0.0, ignore_iof_thr=-1)",
                "dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.3, min_pos_iou=0.3, ignore_iof_thr=0.5)",
                "dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=(0.1, 0.4), min_pos_iou=0.2, gt_max_assign_all=False)",
                "dict(type='MaxIoUAssigner', pos_iou_thr=0.4, neg_iou_thr=0.4, min_pos_iou=0.4, match_low_quality=False, ignore_iof_thr=0.2, ignore_wrt_candidates=False)"]:
            a = build_assigner(eval(config))
            add(config, 'grid', name, a.assign(torch.cat(grid), t, torch.tensor(ignored), labels))
        for config in ["dict(type='ATSSAssigner', topk=9)", "dict(type='ATSSAssigner', topk=4, ignore_iof_thr=0.5)"]:
            a = build_assigner(eval(config))
            shifted = torch.cat(single) + torch.tensor(0.37)
            add(config, 'atss', name, a.assign(shifted, [144, 36], t, torch.tensor(ignored), labels))
        points = torch.cat([torch.cat([(s[:, :2] + s[:, 2:]) / 2 + 0.37, s.new_full((len(s), 1), stride)], 1)
                            for s, stride in zip(single, [8, 16])])
        config = "dict(type='PointAssigner', scale=2, pos_num=3)"
        add(config, 'point', name, build_assigner(eval(config)).assign(points, t, None, labels))
        flags = torch.tensor(pattern(len(torch.cat(grid)), 51) > 0)
        for config in ["dict(type='GridAssigner', pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0)",
                       "dict(type='GridAssigner', pos_iou_thr=0.3, neg_iou_thr=(0.1, 0.3), min_pos_iou=0.1, gt_max_assign_all=False)"]:
            add(config, 'responsible', name, build_assigner(eval(config)).assign(torch.cat(grid), flags, t, labels))
        count = len(torch.cat(single))
        scores = torch.tensor(pattern(count * 3, 53) * 0.45 + 0.5).float().reshape(count, 3)
        predicted = torch.cat(single) + torch.tensor(pattern(count * 4, 54) * 4).float().reshape(count, 4)
        sim = torch.cat([torch.cat([(s[:, :2] + s[:, 2:]) / 2 + 4, s.new_full((len(s), 2), stride)], 1)
                         for s, stride in zip(single, [8, 16])])
        config = "dict(type='SimOTAAssigner', center_radius=2.5)"
        add(config, 'simota', name, build_assigner(eval(config)).assign(scores, sim, predicted, t, labels))
        if len(g):
            config = "dict(type='UniformAssigner', pos_ignore_thr=0.15, neg_ignore_thr=0.7)"
            res = build_assigner(eval(config)).assign(predicted, torch.cat(single), t, None, labels)
            res.max_overlaps = None
            add(config, 'uniform', name, res, res.get_extra_property('pos_idx').tolist())
        config = "dict(type='ApproxMaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0.0, ignore_iof_thr=0.5)"
        squares = torch.cat(single)
        approx = torch.cat(grid)
        add(config, 'approx', name, build_assigner(eval(config)).assign(approx, squares, 3, t, torch.tensor(ignored), labels))
        for config in ["dict(type='CenterRegionAssigner', pos_scale=0.2, neg_scale=0.2, min_pos_iof=0.01)",
                       "dict(type='CenterRegionAssigner', pos_scale=0.4, neg_scale=0.9, min_pos_iof=0.1, foreground_dominate=True)"]:
            res = build_assigner(eval(config)).assign(torch.cat(single) + 0.37, t, torch.tensor(ignored), labels)
            shadow = res.get_extra_property('shadowed_labels')
            add(config, 'center', name, res, sorted(map(list, shadow.reshape(-1, 2).tolist())))

    n = 60
    b, s = boxes_of(n, 61, 100, 10), np.round(pattern(n, 62) * 0.5 + 0.5, 2).astype(np.float32)
    ids = (np.arange(n) * 7 % 4)
    result['nms_input'] = dict(boxes=rounded(b, 8), scores=rounded(s, 8), groups=ids.tolist())
    for config in ["dict(type='nms', iou_threshold=0.3)", "dict(type='nms', iou_threshold=0.5, class_agnostic=True)",
                   "dict(type='nms', iou_threshold=0.3, max_num=10)", "dict(type='nms', iou_threshold=0.3, score_threshold=0.5)",
                   "dict(type='nms', iou_threshold=0.3, split_thr=20)", "dict(type='nms', iou_threshold=0.2, offset=1)",
                   "dict(type='nms', iou_threshold=0.3, split_thr=20, max_num=7)",
                   "dict(type='soft_nms', iou_threshold=0.3)", "dict(type='soft_nms', iou_threshold=0.3, method='gaussian', sigma=0.4, min_score=0.1)",
                   "dict(type='soft_nms', iou_threshold=0.3, method='naive', min_score=0.05)", "dict(type='soft_nms', iou_threshold=0.3, split_thr=20)"]:
        dets, keep = batched_nms(torch.tensor(b), torch.tensor(s), torch.tensor(ids), eval(config))
        result['nms'].append(dict(config=config, keep=keep.tolist(), scores=rounded(dets[:, 4])))
    scores = torch.tensor(pattern(n * 4, 63) * 0.5 + 0.5).float().reshape(n, 4)
    factors = torch.tensor(pattern(n, 64) * 0.5 + 0.5).float()
    result['multiclass'] = []
    for perclass in [False, True]:
        for f in [None, factors]:
            bb = torch.tensor(b) if not perclass else torch.cat([torch.tensor(b), torch.tensor(b) + 3, torch.tensor(b) * 1.1], 1)
            dets, labels, inds = multiclass_nms(bb, scores, 0.6, dict(type='nms', iou_threshold=0.4), 20, f, True)
            result['multiclass'].append(dict(perclass=perclass, factors=f is not None, dets=rounded(dets), labels=labels.tolist(), inds=inds.tolist()))
    # Many equal values: which are taken is up to the standard library of C++.
    result['topk'] = []
    for n, k in [(7, 3), (100, 1), (100, 9), (64, 1), (640, 10), (1542, 20), (1000, 50), (33, 33), (300, 5), (5000, 9)]:
        for seed in range(3):
            values = np.floor(pattern(n, 71 + seed) * 6).astype(np.float32)
            for largest in [True, False]:
                _, index = torch.tensor(values).topk(k, largest=largest)
                result['topk'].append(dict(n=n, k=k, seed=71 + seed, largest=largest, indices=index.tolist()))
    write('boxes.json', result)


# ---------------------------------------------------------------------------------------------------------------------

def fill(model):
    for index, (key, value) in enumerate(model.state_dict().items()):
        last = key.split('.')[-1]
        if last in ('num_batches_tracked', 'edges', 'project', 'acc_sum', 'cum_samples'):
            continue
        v = pattern(value.numel(), index).reshape(value.shape)
        if last == 'running_var':
            v = v * 0.25 + 0.75
        elif last in ('running_mean', 'bias', 'moment_transfer'):
            v = v * 0.1
        elif value.dim() < 2:
            v = v * 0.25 + 1
        else:
            v = v * np.sqrt(6 / (value.numel() // value.shape[0]))
        value.copy_(torch.from_numpy(np.asarray(v, np.float32).reshape(value.shape)))


GEN = "anchor_generator=dict(type='AnchorGenerator', ratios=[1.0], octave_base_scale=4, scales_per_octave=1, strides=[8, 16, 32, 64, 128])"
GEN3 = "anchor_generator=dict(type='AnchorGenerator', ratios=[0.5, 1.0, 2.0], octave_base_scale=2, scales_per_octave=2, strides=[8, 16, 32, 64, 128])"
FOCAL = "loss_cls=dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0)"
MAX = "train_cfg=dict(assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0, ignore_iof_thr=-1), allowed_border=-1, pos_weight=-1, debug=False)"
ATSS = "train_cfg=dict(assigner=dict(type='ATSSAssigner', topk=9), allowed_border=-1, pos_weight=-1, debug=False)"
TEST = "test_cfg=dict(nms_pre=100, min_bbox_size=0, score_thr=0.3, nms=dict(type='nms', iou_threshold=0.6), max_per_img=30)"
GN = "norm_cfg=dict(type='GN', num_groups=4, requires_grad=True)"
BASE = "num_classes=4, in_channels=8, feat_channels=8"
DELTA = "bbox_coder=dict(type='DeltaXYWHBBoxCoder', target_means=[.0, .0, .0, .0], target_stds=[0.1, 0.1, 0.2, 0.2])"
HEADS = [
    "dict(type='RetinaHead', %s, stacked_convs=2, %s, %s, %s, loss_bbox=dict(type='L1Loss', loss_weight=1.0), %s, %s)" % (BASE, GEN3, FOCAL, DELTA, MAX, TEST),
    "dict(type='RetinaHead', %s, stacked_convs=1, %s, %s, loss_cls=dict(type='GHMC', bins=30, momentum=0.75, use_sigmoid=True, loss_weight=1.0), loss_bbox=dict(type='GHMR', mu=0.02, bins=10, momentum=0.7, loss_weight=10.0), %s, %s)" % (BASE, GEN3, DELTA, MAX, TEST),
    "dict(type='RetinaHead', %s, stacked_convs=1, %s, %s, %s, reg_decoded_bbox=True, loss_bbox=dict(type='GIoULoss', loss_weight=2.0), %s, %s)" % (BASE, GEN3, FOCAL, DELTA, MAX, TEST),
    "dict(type='RetinaHead', %s, stacked_convs=1, %s, loss_cls=dict(type='CrossEntropyLoss', loss_weight=1.0), %s, train_cfg=dict(assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0, ignore_iof_thr=0.5), sampler=dict(type='RandomSampler', num=100000, pos_fraction=1.0, neg_pos_ub=-1, add_gt_as_proposals=False), allowed_border=0, pos_weight=2.0, debug=False), %s)" % (BASE, GEN3, DELTA, TEST),
    "dict(type='RPNHead', in_channels=8, feat_channels=8, anchor_generator=dict(type='AnchorGenerator', scales=[4], ratios=[0.5, 1.0, 2.0], strides=[8, 16, 32, 64, 128]), bbox_coder=dict(type='DeltaXYWHBBoxCoder'), loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0), loss_bbox=dict(type='L1Loss', loss_weight=1.0), train_cfg=dict(assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.7, neg_iou_thr=0.3, min_pos_iou=0.3, match_low_quality=True, ignore_iof_thr=-1), sampler=dict(type='RandomSampler', num=100000, pos_fraction=1.0, neg_pos_ub=-1, add_gt_as_proposals=False), allowed_border=-1, pos_weight=-1, debug=False), test_cfg=dict(nms_pre=60, max_per_img=40, nms=dict(type='nms', iou_threshold=0.7), min_bbox_size=0))",
    "dict(type='RPNHead', in_channels=8, feat_channels=8, num_convs=2, anchor_generator=dict(type='AnchorGenerator', scales=[4], ratios=[0.5, 1.0], strides=[8, 16, 32, 64, 128]), loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0), train_cfg=dict(assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.7, neg_iou_thr=0.3, min_pos_iou=0.3), sampler=dict(type='RandomSampler', num=100000, pos_fraction=1.0, add_gt_as_proposals=False), allowed_border=4, pos_weight=-1), test_cfg=dict(nms_pre=1000, max_per_img=40, nms=dict(type='nms', iou_threshold=0.7), min_bbox_size=9))",
    "dict(type='ATSSHead', %s, stacked_convs=1, %s, %s, %s, %s, loss_bbox=dict(type='GIoULoss', loss_weight=2.0), %s, %s)" % (BASE, GN, GEN, FOCAL, DELTA, ATSS, TEST),
    "dict(type='FCOSHead', %s, stacked_convs=1, strides=[8, 16, 32, 64, 128], regress_ranges=((-1, 16), (16, 32), (32, 64), (64, 128), (128, 1e8)), %s, %s, loss_bbox=dict(type='IoULoss', loss_weight=1.0), %s)" % (BASE, GN, FOCAL, TEST),
    "dict(type='FCOSHead', %s, stacked_convs=1, strides=[8, 16, 32, 64, 128], regress_ranges=((-1, 16), (16, 32), (32, 64), (64, 128), (128, 1e8)), %s, %s, norm_on_bbox=True, centerness_on_reg=True, center_sampling=True, conv_bias=True, dcn_on_last_conv=True, loss_bbox=dict(type='GIoULoss', loss_weight=1.0), %s)" % (BASE, GN, FOCAL, TEST),
    "dict(type='GFLHead', %s, stacked_convs=1, %s, %s, loss_cls=dict(type='QualityFocalLoss', use_sigmoid=True, beta=2.0, loss_weight=1.0), reg_max=6, loss_bbox=dict(type='GIoULoss', loss_weight=2.0), %s, %s)" % (BASE, GN, GEN, ATSS, TEST),
    "dict(type='VFNetHead', %s, stacked_convs=1, %s, strides=[8, 16, 32, 64, 128], anchor_generator=dict(type='AnchorGenerator', ratios=[1.0], octave_base_scale=4, scales_per_octave=1, center_offset=0.0, strides=[8, 16, 32, 64, 128]), %s, %s)" % (BASE, GN, ATSS, TEST),
    "dict(type='VFNetHead', %s, stacked_convs=1, %s, strides=[8, 16, 32, 64, 128], use_atss=False, use_vfl=False, bbox_norm_type='stride', loss_cls=dict(type='FocalLoss', use_sigmoid=True), center_sampling=True, regress_ranges=((-1, 16), (16, 32), (32, 64), (64, 128), (128, 1e8)), anchor_generator=dict(type='AnchorGenerator', ratios=[1.0], octave_base_scale=4, scales_per_octave=1, center_offset=0.0, strides=[8, 16, 32, 64, 128]), %s, %s)" % (BASE, GN, ATSS, TEST),
    "dict(type='PAAHead', %s, stacked_convs=1, %s, reg_decoded_bbox=True, score_voting=True, topk=9, %s, %s, %s, loss_bbox=dict(type='GIoULoss', loss_weight=1.3), loss_centerness=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=0.5), train_cfg=dict(assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.1, neg_iou_thr=0.1, min_pos_iou=0, ignore_iof_thr=-1), allowed_border=-1, pos_weight=-1, debug=False), %s)" % (BASE, GN, GEN, FOCAL, DELTA, TEST),
    "dict(type='FSAFHead', %s, stacked_convs=1, reg_decoded_bbox=True, anchor_generator=dict(type='AnchorGenerator', octave_base_scale=1, scales_per_octave=1, ratios=[1.0], strides=[8, 16, 32, 64, 128]), bbox_coder=dict(type='TBLRBBoxCoder', normalizer=4.0), loss_cls=dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0, reduction='none'), loss_bbox=dict(type='IoULoss', eps=1e-6, loss_weight=1.0, reduction='none'), train_cfg=dict(assigner=dict(type='CenterRegionAssigner', pos_scale=0.2, neg_scale=0.2, min_pos_iof=0.01), allowed_border=-1, pos_weight=-1, debug=False), %s)" % (BASE, TEST),
    "dict(type='FoveaHead', %s, stacked_convs=1, strides=[8, 16, 32, 64, 128], base_edge_list=[16, 32, 64, 128, 256], scale_ranges=((1, 32), (16, 64), (32, 128), (64, 256), (128, 512)), sigma=0.4, with_deform=False, %s, loss_bbox=dict(type='SmoothL1Loss', beta=0.11, loss_weight=1.0), %s)" % (BASE, FOCAL, TEST),
    "dict(type='FoveaHead', %s, stacked_convs=1, %s, strides=[8, 16, 32, 64, 128], base_edge_list=[16, 32, 64, 128, 256], scale_ranges=((1, 32), (16, 64), (32, 128), (64, 256), (128, 512)), sigma=0.4, with_deform=True, %s, loss_bbox=dict(type='SmoothL1Loss', beta=0.11, loss_weight=1.0), %s)" % (BASE, GN, FOCAL, TEST),
    "dict(type='FreeAnchorRetinaHead', %s, stacked_convs=1, %s, %s, loss_bbox=dict(type='SmoothL1Loss', beta=0.11, loss_weight=0.75), pre_anchor_topk=20, %s, %s)" % (BASE, GEN3, DELTA, MAX, TEST),
    "dict(type='RetinaSepBNHead', num_ins=5, %s, stacked_convs=1, norm_cfg=dict(type='BN', requires_grad=True), %s, %s, %s, loss_bbox=dict(type='L1Loss', loss_weight=1.0), %s, %s)" % (BASE, GEN3, FOCAL, DELTA, MAX, TEST),
]
REP = ("dict(type='RepPointsHead', num_classes=4, in_channels=8, feat_channels=8, point_feat_channels=8, stacked_convs=1, %s, num_points=9, "
       "gradient_mul=0.1, point_strides=[8, 16, 32, 64, 128], point_base_scale=4, %s, loss_bbox_init=dict(type='SmoothL1Loss', beta=0.11, loss_weight=0.5), "
       "loss_bbox_refine=dict(type='SmoothL1Loss', beta=0.11, loss_weight=1.0), %%s, train_cfg=dict(init=dict(assigner=dict(%%s), allowed_border=-1, pos_weight=-1, debug=False), "
       "refine=dict(assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0, ignore_iof_thr=-1), allowed_border=-1, pos_weight=-1, debug=False)), %s)" % (GN, FOCAL, TEST))
for transform, assigner in [("transform_method='moment'", "type='PointAssigner', scale=4, pos_num=1"),
                            ("transform_method='minmax'", "type='PointAssigner', scale=4, pos_num=1"),
                            ("transform_method='partial_minmax', center_init=False", "type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0, ignore_iof_thr=-1"),
                            ("transform_method='minmax', use_grid_points=True", "type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0, ignore_iof_thr=-1")]:
    HEADS.append(REP % (transform, assigner))
HEADS += [
    "dict(type='SSDHead', in_channels=(8, 8, 8, 8, 8), num_classes=4, anchor_generator=dict(type='SSDAnchorGenerator', scale_major=False, strides=[8, 16, 32, 64, 128], ratios=([2], [2, 3], [2, 3], [2, 3], [2]), min_sizes=[10, 20, 40, 60, 80], max_sizes=[20, 40, 60, 80, 100]), bbox_coder=dict(type='DeltaXYWHBBoxCoder', target_means=[.0, .0, .0, .0], target_stds=[0.1, 0.1, 0.2, 0.2]), train_cfg=dict(assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0., ignore_iof_thr=-1, gt_max_assign_all=False), smoothl1_beta=1., allowed_border=-1, pos_weight=-1, neg_pos_ratio=3, debug=False), test_cfg=dict(nms_pre=100, nms=dict(type='nms', iou_threshold=0.45), min_bbox_size=0, score_thr=0.3, max_per_img=30))",
    "dict(type='SSDHead', in_channels=(8, 8, 8, 8, 8), num_classes=4, use_depthwise=True, norm_cfg=dict(type='BN', eps=0.001, momentum=0.03), act_cfg=dict(type='ReLU6'), init_cfg=dict(type='Normal', layer='Conv2d', std=0.001), anchor_generator=dict(type='SSDAnchorGenerator', scale_major=False, strides=[8, 16, 32, 64, 128], ratios=([2], [2, 3], [2, 3], [2, 3], [2]), min_sizes=[10, 20, 40, 60, 80], max_sizes=[20, 40, 60, 80, 100]), bbox_coder=dict(type='DeltaXYWHBBoxCoder', target_means=[.0, .0, .0, .0], target_stds=[0.1, 0.1, 0.2, 0.2]), train_cfg=dict(assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0., ignore_iof_thr=-1, gt_max_assign_all=False), smoothl1_beta=1., allowed_border=-1, pos_weight=-1, neg_pos_ratio=3, debug=False), test_cfg=dict(nms_pre=100, nms=dict(type='nms', iou_threshold=0.45), min_bbox_size=0, score_thr=0.3, max_per_img=30))",
    "dict(type='YOLOV3Head', num_classes=4, in_channels=[8, 8, 8], out_channels=[8, 8, 8], one_hot_smoother=0.1, anchor_generator=dict(type='YOLOAnchorGenerator', base_sizes=[[(16, 20), (32, 20)], [(40, 40), (50, 30)], [(60, 80), (90, 60)]], strides=[8, 16, 32]), bbox_coder=dict(type='YOLOBBoxCoder'), featmap_strides=[8, 16, 32], loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0, reduction='sum'), loss_conf=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0, reduction='sum'), loss_xy=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=2.0, reduction='sum'), loss_wh=dict(type='MSELoss', loss_weight=2.0, reduction='sum'), train_cfg=dict(assigner=dict(type='GridAssigner', pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0)), test_cfg=dict(nms_pre=1000, min_bbox_size=0, score_thr=0.05, conf_thr=0.4, nms=dict(type='nms', iou_threshold=0.45), max_per_img=30))",
    "dict(type='YOLOXHead', num_classes=4, in_channels=8, feat_channels=8, strides=[8, 16, 32], train_cfg=dict(assigner=dict(type='SimOTAAssigner', center_radius=2.5)), test_cfg=dict(score_thr=0.2, nms=dict(type='nms', iou_threshold=0.65)))",
    "dict(type='YOLOXHead', num_classes=4, in_channels=8, feat_channels=8, strides=[8, 16, 32], use_depthwise=True, act_cfg=dict(type='Swish'), train_cfg=dict(assigner=dict(type='SimOTAAssigner', center_radius=2.5)), test_cfg=dict(score_thr=0.2, nms=dict(type='nms', iou_threshold=0.65)))",
]
HEADS += [
    "dict(type='NASFCOSHead', %s, strides=[8, 16, 32, 64, 128], regress_ranges=((-1, 16), (16, 32), (32, 64), (64, 128), (128, 1e8)), %s, %s, loss_bbox=dict(type='IoULoss', loss_weight=1.0), %s)" % (BASE, GN, FOCAL, TEST),
    "dict(type='YOLOFHead', num_classes=4, in_channels=8, reg_decoded_bbox=True, anchor_generator=dict(type='AnchorGenerator', ratios=[1.0], scales=[1, 2, 4], strides=[8]), bbox_coder=dict(type='DeltaXYWHBBoxCoder', target_means=[.0, .0, .0, .0], target_stds=[1., 1., 1., 1.], add_ctr_clamp=True, ctr_clamp=32), %s, loss_bbox=dict(type='GIoULoss', loss_weight=1.0), train_cfg=dict(assigner=dict(type='UniformAssigner', pos_ignore_thr=0.15, neg_ignore_thr=0.7), allowed_border=-1, pos_weight=-1, debug=False), %s)" % (FOCAL, TEST),
]
SIZES = [(12, 16), (6, 8), (3, 4), (2, 2), (1, 1)]
TRUTHS = {
    'usual': ([[[12, 10, 60, 50], [70, 20, 100, 80], [30, 55, 52, 78], [64, 4, 80, 22]], [[5, 5, 90, 88], [101, 40, 122, 60.5]]],
              [[0, 3, 1, 2], [2, 0]], [[[100, 0, 120, 30]], []]),
    'empty': ([[], [[20, 20.5, 70, 66]]], [[], [1]], [[], []]),
    'none': ([[], []], [[], []], [[], []]),
}


def heads():
    result = []
    for config in HEADS:
        cfg = ConfigDict(eval(config))
        levels = 1 if 'YOLOF' in config else 3 if 'YOLO' in config else 5
        for name, (gts, labels, ignored) in TRUTHS.items():
            if name == 'none' and 'GHM' in config:
                continue
            torch.manual_seed(0)
            head = build_head(copy.deepcopy(cfg))
            fill(head)
            state = ''.join('%s %s\n' % (k, list(v.shape)) for k, v in head.state_dict().items())
            features = [torch.from_numpy(pattern(2 * 8 * h * w, 100 + i).astype(np.float32).reshape(2, 8, h, w))
                        for i, (h, w) in enumerate(SIZES[:levels])]
            metas = [dict(img_shape=(96, 128, 3), pad_shape=(96, 128, 3), scale_factor=np.array([2, 1.5, 2, 1.5], np.float32),
                          ori_shape=(64, 64, 3), flip=False, flip_direction=None),
                     dict(img_shape=(90, 120, 3), pad_shape=(96, 120, 3), scale_factor=np.array([1, 1, 1, 1], np.float32),
                          ori_shape=(90, 120, 3), flip=False, flip_direction=None)]
            g = [torch.tensor(b, dtype=torch.float32).reshape(-1, 4) for b in gts]
            l = [torch.tensor(x, dtype=torch.long) for x in labels]
            ig = [torch.tensor(b, dtype=torch.float32).reshape(-1, 4) for b in ignored]
            if 'RepPoints' in config:  # it asks for a graphics card
                flags = head.prior_generator.valid_flags
                head.prior_generator.valid_flags = lambda sizes, pad, device='cpu', flags=flags: flags(sizes, pad, 'cpu')
            head.train()
            case = dict(config=config, truths=name, state=state)
            if 'YOLOX' in config:
                head.use_l1 = True
            try:
                outs = head(features)
                outs = tuple([list(o) for o in outs])
                args = (g, metas) if 'RPNHead' in config else (g, l, metas)
                losses = head.loss(*outs, *args, gt_bboxes_ignore=ig)
                total = sum(sum(x.mean() for x in (v if isinstance(v, list) else [v])) for k, v in losses.items() if 'loss' in k)
                total.backward()
                case['losses'] = [[k, [x.item() for x in (v if isinstance(v, list) else [v])]] for k, v in losses.items()]
                case['norms'] = [[k, p.grad.double().norm().item()] for k, p in head.named_parameters() if p.grad is not None]
            except Exception as error:
                print(name, config[:40], repr(error))
            if name == 'usual':
                head = build_head(copy.deepcopy(cfg))
                fill(head)
                head.eval()
                with torch.no_grad():
                    outs = head(features)
                    found = head.get_bboxes(*outs, img_metas=metas, cfg=head.test_cfg, rescale='RPN' not in config)
                case['detections'] = [
                    dict(dets=rounded(f if 'RPN' in config else f[0]), labels=[0] * len(f) if 'RPN' in config else f[1].tolist())
                    for f in found]
                print(config[:40], [len(d['labels']) for d in case['detections']])
            result.append(case)
    write('heads.json', dict(truths=TRUTHS, cases=result))


if __name__ == '__main__':
    for part in sys.argv[1:] or ['losses', 'boxes', 'heads']:
        globals()[part]()
