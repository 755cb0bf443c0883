"""Writes heads.json: losses, gradients, detections and masks of the second stages of mmdet 2.28.2.

Run with a Python that has mmdet: `python make.py`, in this folder. Weights, feature maps and boxes follow formulas.
"""
import json
import os

import numpy as np
import torch
from mmcv import ConfigDict
from mmdet.core.mask import BitmapMasks, PolygonMasks
from mmdet.models import build_head

here = os.path.dirname(os.path.abspath(__file__))
torch.set_num_threads(2)


def pattern(count, seed):
    x = (np.arange(1, count + 1, dtype=np.uint64) * 2654435761 + seed * 97531) & 0xffffffff
    x ^= x >> 15
    x = (x * 2246822519) & 0xffffffff
    x ^= x >> 13
    return (x >> 8).astype(np.float64) / 2**23 - 1


def tensor(shape, seed):
    return torch.from_numpy(pattern(int(np.prod(shape)), seed).astype(np.float32).reshape(shape))


def fill(model):
    for index, (key, value) in enumerate(model.state_dict().items()):
        v = pattern(value.numel(), index).reshape(value.shape)
        if key.endswith('num_batches_tracked') or key.endswith('cum_samples'):
            continue
        if key.endswith('running_var'):
            v = v * 0.25 + 0.75
        elif key.endswith('running_mean') or key.endswith('bias'):
            v = v * 0.1
        elif value.dim() == 1:
            v = v * 0.25 + 1
        else:
            v = v * np.sqrt(6 / (value.numel() // value.shape[0]))
        value.copy_(torch.from_numpy(v.astype(np.float32)))


H, W = 96, 128
TRUTHS = [[[8, 10, 60, 50], [70, 20, 120, 90], [30, 55, 62, 92]], [[5, 5, 40, 85], [60, 30, 110, 70]]]
LABELS = [[0, 2, 1], [2, 0]]


def proposals():
    result = []
    for image, truths in enumerate(TRUTHS):
        boxes = []
        for index in range(14):
            t = truths[index % len(truths)]
            shift = pattern(4, 100 * image + index) * (4 + 3 * (index // 3))
            box = [t[0] + shift[0], t[1] + shift[1], t[2] + shift[2], t[3] + shift[3]]
            box = [min(max(box[0], 0), W - 2), min(max(box[1], 0), H - 2), min(max(box[2], 2), W), min(max(box[3], 2), H)]
            if box[2] - box[0] < 2 or box[3] - box[1] < 2:
                box = [1, 1, 9 + index, 12 + index]
            boxes.append(box)
        result.append(np.array(boxes, dtype=np.float32))
    return result


PROPOSALS = proposals()


def masks(kind):
    result = []
    for truths in TRUTHS:
        if kind == 'polygons':
            objects = [[np.array([x1, y1, x2, y1 + 3., x2 - 4., y2, x1 + 2., (y1 + y2) / 2]),
                        np.array([x1 + 1., y2 - 9, x1 + 12, y2 - 8, x1 + 6, y2 - 1.])] for x1, y1, x2, y2 in truths]
            result.append(PolygonMasks(objects, H, W))
        else:
            bitmaps = np.zeros((len(truths), H, W), np.uint8)
            for i, (x1, y1, x2, y2) in enumerate(truths):
                bitmaps[i, y1:y2, x1:x2] = 1
                bitmaps[i, (y1 + y2) // 2:, :(x1 + x2) // 2] = 0
            result.append(BitmapMasks(bitmaps, H, W))
    return result


def meta(scale=(4 / 3, 4 / 3), flip=None):
    return dict(img_shape=(H, W, 3), ori_shape=(72, 96, 3), pad_shape=(H, W, 3), flip=flip is not None, flip_direction=flip,
                scale_factor=np.array([scale[0], scale[1]] * 2, dtype=np.float32))


def runs(mask):
    flat = np.asarray(mask, dtype=np.uint8).T.flatten()
    edges = np.flatnonzero(np.diff(flat)) + 1
    lengths = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    return lengths if flat[0] == 0 else [0] + lengths


def described(results):
    out = []
    for result in results:
        segments, scores = None, None
        if isinstance(result, tuple):
            result, segments = result
            if isinstance(segments, tuple):
                segments, scores = segments
        rows = []
        for label, boxes in enumerate(result):
            for i, box in enumerate(boxes):
                row = dict(label=label, box=[float(v) for v in box])
                if segments is not None:
                    row['runs'] = runs(segments[label][i])
                if scores is not None:
                    row['maskScore'] = float(scores[label][i])
                rows.append(row)
        out.append(rows)
    return out


ALIGN = "dict(type='SingleRoIExtractor', roi_layer=dict(type='RoIAlign', output_size=%d, sampling_ratio=%d), out_channels=8, featmap_strides=[4, 8, 16, 32], finest_scale=14)"
BOX, MASK = ALIGN % (7, 0), ALIGN % (14, 2)
CODER = "bbox_coder=dict(type='DeltaXYWHBBoxCoder', target_means=[0., 0., 0., 0.], target_stds=[0.1, 0.1, 0.2, 0.2])"
LOSSES = "loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0), loss_bbox=dict(type='L1Loss', loss_weight=1.0)"
SHARED = "dict(type='Shared2FCBBoxHead', in_channels=8, fc_out_channels=16, roi_feat_size=7, num_classes=3, %s, reg_class_agnostic=%s, %s)"
FCN = "dict(type='FCNMaskHead', num_convs=2, in_channels=8, conv_out_channels=8, num_classes=3, loss_mask=dict(type='CrossEntropyLoss', use_mask=True, loss_weight=1.0)%s)"
TRAIN = "dict(assigner=dict(type='MaxIoUAssigner', pos_iou_thr=%s, neg_iou_thr=%s, min_pos_iou=%s, match_low_quality=False, ignore_iof_thr=-1), sampler=dict(type='RandomSampler', num=512, pos_fraction=0.25, neg_pos_ub=-1, add_gt_as_proposals=True), mask_size=28, pos_weight=-1, debug=False%s)"
T = TRAIN % (0.5, 0.5, 0.5, '')
TEST = "test_cfg=dict(score_thr=0.2, nms=dict(type='nms', iou_threshold=0.5), max_per_img=12, mask_thr_binary=0.5)"
PLAIN = SHARED % (CODER, False, LOSSES)
STAGES = "train_cfg=[%s, %s, %s]" % (T, TRAIN % (0.6, 0.6, 0.6, ''), TRAIN % (0.7, 0.7, 0.7, ''))
CASCADE = "bbox_head=[%s, %s, %s]" % tuple(
    SHARED % (CODER.replace('0.1, 0.1, 0.2, 0.2', s), True, LOSSES.replace("'L1Loss'", "'SmoothL1Loss', beta=1.0"))
    for s in ['0.1, 0.1, 0.2, 0.2', '0.05, 0.05, 0.1, 0.1', '0.033, 0.033, 0.067, 0.067'])
HTC = "dict(type='HTCMaskHead', with_conv_res=%s, num_convs=2, in_channels=8, conv_out_channels=8, num_classes=3, loss_mask=dict(type='CrossEntropyLoss', use_mask=True, loss_weight=1.0))"
SABL = "dict(type='SABLHead', num_classes=3, cls_in_channels=8, reg_in_channels=8, roi_feat_size=7, reg_feat_up_ratio=2, reg_pre_kernel=3, reg_post_kernel=3, reg_pre_num=2, reg_post_num=1, cls_out_channels=12, reg_offset_out_channels=8, reg_cls_out_channels=8, num_cls_fcs=1, num_reg_fcs=0, reg_class_agnostic=True, norm_cfg=None, bbox_coder=dict(type='BucketingBBoxCoder', num_buckets=14, scale_factor=%s), loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0), loss_bbox_cls=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0), loss_bbox_reg=dict(type='SmoothL1Loss', beta=0.1, loss_weight=1.0))"
cases = [
    ('', "dict(type='StandardRoIHead', bbox_roi_extractor=%s, bbox_head=%s, train_cfg=%s, %s)" % (BOX, PLAIN, T, TEST)),
    ('', "dict(type='StandardRoIHead', bbox_roi_extractor=%s, bbox_head=dict(type='ConvFCBBoxHead', num_shared_convs=1, num_cls_convs=1, num_cls_fcs=1, num_reg_convs=1, num_reg_fcs=2, in_channels=8, conv_out_channels=6, fc_out_channels=10, roi_feat_size=7, num_classes=3, %s, reg_class_agnostic=True, reg_decoded_bbox=True, norm_cfg=dict(type='GN', num_groups=2), loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0), loss_bbox=dict(type='GIoULoss', loss_weight=10.0)), train_cfg=%s, %s)" % (ALIGN % (7, 1), CODER, T.replace('pos_weight=-1', 'pos_weight=2.0'), TEST)),
    ('', "dict(type='StandardRoIHead', bbox_roi_extractor=%s, bbox_head=%s, train_cfg=%s, %s)" % (BOX.replace('RoIAlign', 'RoIAlign\', aligned=False, pool_mode=\'avg'), PLAIN.replace('Shared2FC', 'Shared4Conv1FC').replace('fc_out', 'conv_out_channels=8, fc_out'), T, TEST)),
    ('polygons', "dict(type='StandardRoIHead', bbox_roi_extractor=%s, bbox_head=%s, mask_roi_extractor=%s, mask_head=%s, train_cfg=%s, %s)" % (BOX, PLAIN, MASK, FCN % '', T, TEST)),
    ('bitmaps', "dict(type='StandardRoIHead', bbox_roi_extractor=%s, bbox_head=%s, mask_roi_extractor=%s, mask_head=%s, train_cfg=%s, %s)" % (BOX, PLAIN.replace("in_channels=8,", "in_channels=8, cls_predictor_cfg=dict(type='NormedLinear', tempearture=20),"), MASK, FCN % ", class_agnostic=True, upsample_cfg=dict(type='bilinear', scale_factor=2), predictor_cfg=dict(type='NormedConv2d', tempearture=20), norm_cfg=dict(type='BN')", T, TEST.replace('mask_thr_binary=0.5', 'mask_thr_binary=0.55'))),
    ('bitmaps', "dict(type='StandardRoIHead', shared_head=dict(type='ResLayer', depth=18, stage=1, stride=2, dilation=1, style='caffe', norm_cfg=dict(type='BN', requires_grad=False), norm_eval=True), bbox_roi_extractor=dict(type='SingleRoIExtractor', roi_layer=dict(type='RoIAlign', output_size=14, sampling_ratio=0), out_channels=64, featmap_strides=[16]), bbox_head=dict(type='BBoxHead', with_avg_pool=True, roi_feat_size=7, in_channels=128, num_classes=3, %s, reg_class_agnostic=False, loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0), loss_bbox=dict(type='L1Loss', loss_weight=1.0)), mask_roi_extractor=None, mask_head=%s, train_cfg=%s, %s)" % (CODER, (FCN % '').replace('num_convs=2, in_channels=8', 'num_convs=0, in_channels=128'), T.replace('mask_size=28', 'mask_size=14'), TEST)),
    ('polygons', "dict(type='CascadeRoIHead', num_stages=3, stage_loss_weights=[1, 0.5, 0.25], bbox_roi_extractor=%s, %s, mask_roi_extractor=%s, mask_head=%s, %s, %s)" % (BOX, CASCADE, MASK, FCN % '', STAGES, TEST)),
    ('', "dict(type='CascadeRoIHead', num_stages=2, stage_loss_weights=[1, 0.5], bbox_roi_extractor=%s, bbox_head=%s, train_cfg=[%s, %s], %s)" % (BOX, PLAIN, T, T, TEST)),
    ('', "dict(type='DoubleHeadRoIHead', reg_roi_scale_factor=1.3, bbox_roi_extractor=%s, bbox_head=dict(type='DoubleConvFCBBoxHead', num_convs=2, num_fcs=2, in_channels=8, conv_out_channels=16, fc_out_channels=12, roi_feat_size=7, num_classes=3, %s, reg_class_agnostic=False, loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=2.0), loss_bbox=dict(type='SmoothL1Loss', beta=1.0, loss_weight=2.0)), train_cfg=%s, %s)" % (BOX, CODER, T, TEST)),
    ('', "dict(type='DynamicRoIHead', bbox_roi_extractor=%s, bbox_head=%s, train_cfg=%s, %s)" % (BOX, PLAIN.replace("'L1Loss'", "'SmoothL1Loss', beta=1.0"), TRAIN % (0.4, 0.4, 0.4, ', dynamic_rcnn=dict(iou_topk=5, beta_topk=3, update_iter_interval=1, initial_iou=0.4, initial_beta=1.0)'), TEST)),
    ('', "dict(type='StandardRoIHead', bbox_roi_extractor=dict(type='GenericRoIExtractor', aggregation='sum', roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2), out_channels=8, featmap_strides=[4, 8, 16, 32], pre_cfg=dict(type='ConvModule', in_channels=8, out_channels=8, kernel_size=5, padding=2, inplace=False), post_cfg=dict(type='NonLocal2d', in_channels=8, reduction=2)), bbox_head=%s, train_cfg=%s, %s)" % (PLAIN, T, TEST)),
    ('semantic', "dict(type='HybridTaskCascadeRoIHead', interleaved=True, mask_info_flow=True, num_stages=3, stage_loss_weights=[1, 0.5, 0.25], bbox_roi_extractor=%s, %s, mask_roi_extractor=%s, mask_head=[%s, %s, %s], semantic_roi_extractor=dict(type='SingleRoIExtractor', roi_layer=dict(type='RoIAlign', output_size=14, sampling_ratio=0), out_channels=8, featmap_strides=[8]), semantic_head=dict(type='FusedSemanticHead', num_ins=4, fusion_level=1, num_convs=2, in_channels=8, conv_out_channels=8, num_classes=5, loss_seg=dict(type='CrossEntropyLoss', ignore_index=255, loss_weight=0.2)), %s, %s)" % (BOX, CASCADE, MASK, HTC % False, HTC % True, HTC % True, STAGES, TEST)),
    ('bitmaps', "dict(type='HybridTaskCascadeRoIHead', interleaved=False, mask_info_flow=False, num_stages=3, stage_loss_weights=[1, 0.5, 0.25], bbox_roi_extractor=%s, %s, mask_roi_extractor=%s, mask_head=%s, %s, %s)" % (BOX, CASCADE, MASK, HTC % True, STAGES, TEST)),
    ('bitmaps', "dict(type='MaskScoringRoIHead', bbox_roi_extractor=%s, bbox_head=%s, mask_roi_extractor=%s, mask_head=%s, mask_iou_head=dict(type='MaskIoUHead', num_convs=2, num_fcs=2, roi_feat_size=14, in_channels=8, conv_out_channels=6, fc_out_channels=10, num_classes=3), train_cfg=%s, %s)" % (BOX, PLAIN, MASK, FCN % '', TRAIN % (0.5, 0.5, 0.5, ', mask_thr_binary=0.5'), TEST)),
    ('polygons', "dict(type='MaskScoringRoIHead', bbox_roi_extractor=%s, bbox_head=%s, mask_roi_extractor=%s, mask_head=%s, mask_iou_head=dict(type='MaskIoUHead', num_convs=1, num_fcs=1, roi_feat_size=14, in_channels=8, conv_out_channels=6, fc_out_channels=10, num_classes=3), train_cfg=%s, %s)" % (BOX, PLAIN, MASK, FCN % '', TRAIN % (0.5, 0.5, 0.5, ', mask_thr_binary=0.5'), TEST)),
    ('', "dict(type='StandardRoIHead', bbox_roi_extractor=%s, bbox_head=%s, train_cfg=%s, %s)" % (BOX, PLAIN.replace("in_channels=8,", "in_channels=8, cls_predictor_cfg=dict(type='NormedLinear', tempearture=20),").replace("dict(type='CrossEntropyLoss', use_sigmoid=False", "dict(type='SeesawLoss', p=0.8, q=2.0, num_classes=3"), T, TEST.replace('score_thr=0.2', 'score_thr=0.1'))),
    ('', "dict(type='CascadeRoIHead', num_stages=2, stage_loss_weights=[1, 0.5], bbox_roi_extractor=%s, bbox_head=%s, train_cfg=[%s, %s], %s)" % (BOX, PLAIN.replace("dict(type='CrossEntropyLoss', use_sigmoid=False", "dict(type='SeesawLoss', p=0.8, q=2.0, num_classes=3"), T, T, TEST.replace('score_thr=0.2', 'score_thr=0.1'))),
    ('semantic', "dict(type='SCNetRoIHead', num_stages=2, stage_loss_weights=[1, 0.5], bbox_roi_extractor=%s, bbox_head=[%s, %s], mask_roi_extractor=%s, mask_head=dict(type='SCNetMaskHead', num_convs=4, in_channels=8, conv_out_channels=8, num_classes=3, conv_to_res=True, loss_mask=dict(type='CrossEntropyLoss', use_mask=True, loss_weight=1.0)), semantic_roi_extractor=dict(type='SingleRoIExtractor', roi_layer=dict(type='RoIAlign', output_size=14, sampling_ratio=0), out_channels=8, featmap_strides=[8]), semantic_head=dict(type='SCNetSemanticHead', num_ins=4, fusion_level=1, num_convs=2, in_channels=8, conv_out_channels=8, num_classes=5, loss_seg=dict(type='CrossEntropyLoss', ignore_index=255, loss_weight=0.2), conv_to_res=True), glbctx_head=dict(type='GlobalContextHead', num_convs=4, in_channels=8, conv_out_channels=8, num_classes=3, loss_weight=3.0, conv_to_res=True), feat_relay_head=dict(type='FeatureRelayHead', in_channels=16, out_conv_channels=8, roi_feat_size=7, scale_factor=2), train_cfg=[%s, %s], %s)" % (BOX, *[(SHARED % (CODER, True, LOSSES)).replace('Shared2FC', 'SCNet').replace('in_channels', 'num_shared_fcs=2, in_channels')] * 2, MASK, T, T, TEST)),
    ('', "dict(type='CascadeRoIHead', num_stages=2, stage_loss_weights=[1, 0.5], bbox_roi_extractor=%s, bbox_head=[%s, %s], train_cfg=[%s, %s], %s)" % (BOX, SABL % 1.7, SABL % 1.5, T, T, TEST)),
    ('grid', "dict(type='GridRoIHead', bbox_roi_extractor=%s, bbox_head=dict(type='Shared2FCBBoxHead', with_reg=False, in_channels=8, fc_out_channels=16, roi_feat_size=7, num_classes=3, %s, reg_class_agnostic=False), grid_roi_extractor=%s, grid_head=dict(type='GridHead', grid_points=9, num_convs=2, in_channels=8, point_feat_channels=4, norm_cfg=dict(type='GN', num_groups=6), loss_grid=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=15)), train_cfg=%s, %s)" % (BOX, CODER, MASK, T.replace('pos_weight=-1', 'pos_radius=1, pos_weight=-1, max_num_grid=192'), TEST)),
    ('', "dict(type='PISARoIHead', bbox_roi_extractor=%s, bbox_head=%s, train_cfg=%s, %s)" % (BOX, PLAIN.replace("'L1Loss'", "'SmoothL1Loss', beta=1.0"), T.replace('pos_weight=-1', 'pos_weight=-1, isr=dict(k=2, bias=0), carl=dict(k=1, bias=0.2)').replace("type='RandomSampler'", "type='ScoreHLRSampler', k=0.5, bias=0."), TEST)),
    ('tests only', "dict(type='PointRendRoIHead', bbox_roi_extractor=%s, bbox_head=%s, mask_roi_extractor=dict(type='GenericRoIExtractor', aggregation='concat', roi_layer=dict(type='SimpleRoIAlign', output_size=14), out_channels=8, featmap_strides=[4]), mask_head=dict(type='CoarseMaskHead', num_fcs=2, in_channels=8, conv_out_channels=8, fc_out_channels=12, num_classes=3, loss_mask=dict(type='CrossEntropyLoss', use_mask=True, loss_weight=1.0)), point_head=dict(type='MaskPointHead', num_fcs=3, in_channels=8, fc_channels=8, num_classes=3, coarse_pred_each_layer=True, loss_point=dict(type='CrossEntropyLoss', use_mask=True, loss_weight=1.0)), train_cfg=%s, %s)" % (BOX, PLAIN, T.replace('mask_size=28', 'mask_size=7, num_points=49, oversample_ratio=3, importance_sample_ratio=0.75'), TEST.replace('mask_thr_binary', 'subdivision_steps=3, subdivision_num_points=100, scale_factor=2, mask_thr_binary'))),
]
results = []
for kind, config in cases:
    head = build_head(ConfigDict(eval(config)))
    fill(head)
    channels = 64 if 'ResLayer' in config else 8
    sizes = [(6, 8)] if 'ResLayer' in config else [(24, 32), (12, 16), (6, 8), (3, 4)]
    features = [tensor((2, channels, h, w), 1000 + i).requires_grad_() for i, (h, w) in enumerate(sizes)]
    views = [[tensor((1, channels, h, w), 3000 + 10 * v + i) for i, (h, w) in enumerate(sizes)] for v in range(2)]
    boxes = [torch.from_numpy(p) for p in PROPOSALS]
    extra = {}
    if kind == 'semantic':
        labels = torch.from_numpy(np.floor((pattern(2 * 12 * 16, 77) + 1) * 3).astype(np.int64)).view(2, 1, 12, 16)
        extra['gt_semantic_seg'] = torch.where(labels == 5, torch.full_like(labels, 255), labels)
    mask_kind = dict(semantic='polygons').get(kind, kind).replace('tests only', 'bitmaps')
    head.train()
    if kind == 'grid':  # what is jittered at random cannot be compared
        head._random_jitter = lambda samples, metas: samples
        torch.randperm = lambda n, device=None: torch.arange(n)
    losses = head.forward_train(
        features, [meta(), meta()], boxes, [torch.tensor(t, dtype=torch.float32) for t in TRUTHS],
        [torch.tensor(l) for l in LABELS], None, masks(mask_kind) if mask_kind else None, **extra)
    values = {k: v.mean().item() for k, v in losses.items()}
    sum(v.mean() for k, v in losses.items() if 'loss' in k).backward()
    entry = dict(kind=kind, config=config, channels=channels, sizes=sizes, losses=values, names=list(losses),
                 state=[[k, list(v.shape)] for k, v in head.state_dict().items()],
                 norms=[0.0 if p.grad is None else p.grad.double().norm().item() for p in head.parameters()],
                 inputs=[0.0 if f.grad is None else f.grad.double().norm().item() for f in features])
    if 'Dynamic' in config:
        entry['dynamic'] = [float(head.bbox_assigner.pos_iou_thr), float(head.bbox_head.loss_bbox.beta)]
    head.eval()
    if 'mask_info_flow=False' in config:  # the original cannot test it
        results.append(entry)
        continue
    with torch.no_grad():
        plain = [f.detach() for f in features]
        scored = [torch.cat([b, torch.ones(len(b), 1)], 1) for b in boxes]
        entry['found'] = described(head.simple_test(plain, scored, [meta(), meta()], rescale=True))
        if not any(t in config for t in ['HybridTask', 'MaskScoring', 'SCNet', 'PISA']):
            entry['unscaled'] = described(head.simple_test(plain, scored, [meta(), meta()], rescale=False))
        if 'MaskScoring' not in config and 'PointRend' not in config and 'Grid' not in config:
            merged = torch.from_numpy(PROPOSALS[0] / np.float32(4 / 3))
            aug = head.aug_test(views, [torch.cat([merged, torch.ones(len(merged), 1)], 1)],
                                [[meta()], [meta(flip='horizontal')]], rescale=True)
            entry['merged'] = described([aug] if isinstance(aug, tuple) else aug)
    results.append(entry)


def rounded(value):
    if isinstance(value, float):
        return float('%.7g' % value)
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return value


json.dump(rounded(dict(truths=TRUTHS, labels=LABELS, proposals=[p.flatten().tolist() for p in PROPOSALS], cases=results)),
          open(os.path.join(here, 'heads.json'), 'w'), separators=(',', ':'))
