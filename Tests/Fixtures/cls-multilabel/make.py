"""Golden values of multi-label classification, from mmcls 0.25.0: losses, heads, necks, metrics, data sets, samplers.

usage: make.py   (Python with mmcls; and SciPy; writes cases.json and cars*.mat beside itself)
"""
import json, os, tempfile
import numpy as np, torch
from mmcls.core.evaluation import average_performance, mAP
from mmcls.datasets import build_dataset
from mmcls.datasets.samplers import RepeatAugSampler
from mmcls.models import build_head, build_loss, build_neck

here = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(7)
cases = {}


def numbers(t):
    return [float(f'{v:.9g}') for v in torch.as_tensor(t).detach().double().reshape(-1).tolist()]


def values(*shape, low=-2.0, high=2.0):
    return torch.tensor(np.round(rng.uniform(low, high, shape) * 4096) / 4096, dtype=torch.float32)


# Losses: multi-label targets and labels, with all that their configs can say.
scores = values(4, 5, low=-4, high=4)
hard = torch.tensor(rng.integers(0, 2, (4, 5)), dtype=torch.float32)
labels = torch.tensor([3, 0, 4, 3])
weight = torch.tensor([1.0, 0.5, 0.0, 2.0])
losses = []
for config, targets in [
        (dict(type='AsymmetricLoss'), 'both'),
        (dict(type='AsymmetricLoss', gamma_pos=1.0, gamma_neg=2.5, clip=0.2, loss_weight=3.0), 'both'),
        (dict(type='AsymmetricLoss', gamma_neg=0.0, clip=None), 'scores'),
        (dict(type='AsymmetricLoss', use_sigmoid=False, eps=0.1), 'labels'),
        (dict(type='AsymmetricLoss', reduction='none'), 'scores'),
        (dict(type='FocalLoss'), 'both'),
        (dict(type='FocalLoss', gamma=0.5, alpha=0.7, loss_weight=2.0), 'both'),
        (dict(type='FocalLoss', gamma=0.0, reduction='sum'), 'scores'),
        (dict(type='SeesawLoss', num_classes=5), 'labels'),
        (dict(type='SeesawLoss', num_classes=5, p=2.0, q=0.5, eps=0.2, loss_weight=0.5), 'labels'),
        (dict(type='SeesawLoss', num_classes=5, p=0.0, q=0.0), 'labels')]:
    for kind in ['scores', 'labels'] if targets == 'both' else [targets]:
        for weighted, factor in [(False, None), (True, None), (False, 4), (True, 3)]:
            if factor and config.get('reduction') == 'sum':
                continue
            x = scores.clone().requires_grad_()
            loss = build_loss(config)
            # The second call sees what the first has counted.
            for _ in range(2):
                x.grad = None
                y = loss(x, hard if kind == 'scores' else labels, weight=weight if weighted else None, avg_factor=factor)
                y.sum().backward()
            losses.append(dict(config=repr(config), target=kind, weighted=weighted, factor=factor, value=numbers(y), gradient=numbers(x.grad)))
cases['losses'] = dict(scores=numbers(scores), hard=numbers(hard), labels=labels.tolist(), weight=numbers(weight), cases=losses)

# Heads.
heads = []
maps, vectors = values(2, 6, 3, 2), values(2, 6)
target = torch.tensor([[1, 0, -1, 1], [0, 0, 1, -1]])
for config in [dict(type='CSRAClsHead', num_classes=4, in_channels=6, num_heads=1, lam=0.1),
               dict(type='CSRAClsHead', num_classes=4, in_channels=6, num_heads=2, lam=0.5),
               dict(type='CSRAClsHead', num_classes=4, in_channels=6, num_heads=6, lam=1.5),
               dict(type='MultiLabelLinearClsHead', num_classes=4, in_channels=6),
               dict(type='MultiLabelLinearClsHead', num_classes=4, in_channels=6, loss=dict(type='AsymmetricLoss')),
               dict(type='MultiLabelClsHead', loss=dict(type='FocalLoss'))]:
    head = build_head(config)
    state = {}
    for key, parameter in head.named_parameters():
        parameter.data = values(*parameter.shape, low=-1, high=1)
        state[key] = numbers(parameter)
    x = maps if config['type'].startswith('CSRA') else vectors if 'Linear' in config['type'] else vectors[:, :4]
    x = x.clone().requires_grad_()
    loss = head.forward_train((x,), target)['loss']
    loss.backward()
    heads.append(dict(config=repr(config), input=list(x.shape), x=numbers(x), state=state, keys=list(head.state_dict()),
                      prediction=numbers(head.simple_test((x,), post_process=False)), loss=numbers(loss), gradient=numbers(x.grad),
                      gradients={k: numbers(p.grad) for k, p in head.named_parameters()}))
cases['heads'] = dict(target=numbers(target), cases=heads)
seesaw = build_head(dict(type='LinearClsHead', num_classes=4, in_channels=6, loss=dict(type='SeesawLoss', num_classes=4)))
cases['seesaw_keys'] = list(seesaw.state_dict())

# Necks.
necks = []
for config in [dict(type='GeneralizedMeanPooling'), dict(type='GeneralizedMeanPooling', p=1.5, eps=0.25)]:
    neck = build_neck(config)
    x = maps.clone().requires_grad_()
    y = neck((x,))[0]
    seed = values(*y.shape)
    y.backward(seed)
    necks.append(dict(config=repr(config), y=numbers(y), seed=numbers(seed), gradient=numbers(x.grad), power=numbers(neck.p.grad)))
cases['necks'] = dict(input=list(maps.shape), x=numbers(maps), cases=necks)
fuse = build_neck(dict(type='HRFuseScales', in_channels=[4, 8, 16, 32], out_channels=24))
cases['fuse'] = [[k, list(v.shape)] for k, v in fuse.state_dict().items()]

# Metrics.
pred = rng.permutation(60).reshape(12, 5) / 60 + 0.01
gt = rng.integers(-1, 2, (12, 5)).astype(np.int8)
gt[:, 4] = np.where(gt[:, 4] == 1, 0, gt[:, 4])  # a class that nothing shows
pred = pred.astype(np.float32)
cases['metrics'] = dict(
    scores=numbers(torch.tensor(pred)), targets=gt.reshape(-1).tolist(), mAP=float(mAP(pred, gt.copy())),
    performance=[dict(options=repr(o), values=[float(v) for v in average_performance(pred, gt.copy(), **o)])
                 for o in (dict(thr=0.5), dict(thr=0.3), dict(k=2), dict(thr=0.5, k=1), dict(thr=0.99), dict(k=9))])

# Folds: the orders of NumPy's generator.
folds = []
for count, seed in [(10, None), (10, 0), (23, 1), (100, 42), (37, 4294967301)]:
    order = list(range(count))
    if seed is not None:
        np.random.default_rng(seed).shuffle(order)
    folds.append(dict(count=count, seed=seed, order=order))
cases['folds'] = folds

# Repeated augmentation.
cases['repeats'] = [
    dict(count=n, options=o, indices=list(RepeatAugSampler(range(n), shuffle=False, **o)))
    for n, o in [(300, {}), (10, dict(selected_round=0)), (10, dict(selected_round=4, num_repeats=2)),
                 (9, dict(selected_round=0, selected_ratio=2))]]

# VOC: objects that are hard to see.
def annotation(objects):
    return '<?xml version="1.0"?>\n<annotation><!-- made -->\n' + ''.join(
        f'<object id="{i}"><name>{n}</name><part><name>head</name></part><difficult> {d} </difficult></object>\n'
        for i, (n, d) in enumerate(objects)) + '</annotation>\n'

xml = {'000001': annotation([('cat', 0), ('dog', 1), ('cat', 1)]),
       '000002': annotation([('unicorn', 0), ('tvmonitor', 1), ('aeroplane', 0)]), '000003': annotation([])}
targets = {}
with tempfile.TemporaryDirectory() as d:
    root = os.path.join(d, 'VOC2007')
    os.makedirs(os.path.join(root, 'Annotations'))
    for k, v in xml.items():
        open(os.path.join(root, 'Annotations', k + '.xml'), 'w').write(v)
    open(os.path.join(root, 'list.txt'), 'w').write('\n'.join(xml) + '\n')
    for difficult in (None, True, False):
        data = build_dataset(dict(type='VOC', data_prefix=root, ann_file=os.path.join(root, 'list.txt'), pipeline=[], difficult_as_postive=difficult))
        targets[str(difficult)] = data.get_gt_labels().reshape(-1).tolist()
cases['voc'] = dict(xml=xml, targets=targets)

# Stanford Cars: MATLAB's structures, as they are and compressed.
import scipy.io
from mmcls.datasets import StanfordCars
kind = [(k, object) for k in ('bbox_x1', 'bbox_y1', 'bbox_x2', 'bbox_y2', 'class', 'fname')]
rows = [(39, 116, 569, 375, 14, '00001.jpg'), (36, 116, 868, 587, 3, 'car two.jpg'), (85, 109, 601, 381, 196, '00003.jpg')]
records = np.array([tuple(np.array([[v]], dtype=np.uint16 if v > 255 else np.uint8) if isinstance(v, int) else v for v in r) for r in rows], dtype=kind)
for name, compressed in (('cars.mat', False), ('cars-compressed.mat', True)):
    scipy.io.savemat(os.path.join(here, name), dict(annotations=records[None], version=1.5), do_compression=compressed)
cars = StanfordCars(here, test_mode=False, ann_file=os.path.join(here, 'cars.mat'), pipeline=[])
cases['cars'] = dict(labels=cars.get_gt_labels().tolist(), files=[i['img_info']['filename'] for i in cars.data_infos])

json.dump(cases, open(os.path.join(here, 'cases.json'), 'w'), separators=(',', ':'))
