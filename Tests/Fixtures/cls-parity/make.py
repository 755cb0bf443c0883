"""Writes a config, a checkpoint, three images and scores.json: the whole way from files to scores, by mmcls 0.25.0.

Run with a Python that has mmcls: `python make.py`, in this folder.
"""
import json
import os

import cv2
import numpy as np
import torch
from mmcls.datasets import build_dataset
from mmcls.models import build_classifier
from mmcv import Config
from mmcv.runner import save_checkpoint

here = os.path.dirname(os.path.abspath(__file__))
os.chdir(here)
open('tiny.py', 'w').write('''model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='ResNet', depth=18, stem_channels=4, base_channels=4, num_stages=2, strides=(1, 2), dilations=(1, 1),
        out_indices=(1, ), style='pytorch'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead', num_classes=3, in_channels=8, loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        topk=(1, )))
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', size=(40, -1)),
    dict(type='CenterCrop', crop_size=32),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='Collect', keys=['img'])
]
data = dict(
    samples_per_gpu=2,
    workers_per_gpu=1,
    test=dict(
        type='CustomDataset', data_prefix='images', ann_file='images/list.txt', classes=['red', 'green', 'blue'],
        pipeline=test_pipeline, test_mode=True))
evaluation = dict(interval=1, metric=['accuracy', 'f1_score'], metric_options=dict(topk=(1, 2)))
''')
os.makedirs('images', exist_ok=True)
random = np.random.RandomState(8)
names = ['a b.jpg', 'c.png', 'd.jpg']
for name, (height, width) in zip(names, [(44, 60), (61, 43), (50, 50)]):
    small = random.randint(0, 256, (6, 6, 3)).astype(np.uint8)
    cv2.imwrite('images/' + name, cv2.resize(small, (width, height)), [cv2.IMWRITE_JPEG_QUALITY, 85])
open('images/list.txt', 'w').write('a b.jpg 0\nc.png 2\nd.jpg 1\n')

torch.manual_seed(4)
config = Config.fromfile('tiny.py')
model = build_classifier(config.model)
with torch.no_grad():
    for key, value in model.state_dict().items():
        if 'running_var' in key:
            value.uniform_(0.5, 1.5)
        elif value.dtype == torch.float32:
            value.add_(torch.randn_like(value) * 0.3)
save_checkpoint(model, 'tiny.pth', meta=dict(CLASSES=['red', 'green', 'blue']))
dataset = build_dataset(config.data.test)
model.eval()
scores = []
with torch.no_grad():
    for item in dataset:
        scores += model(item['img'][None], return_loss=False, img_metas=None)
results = dataset.evaluate(scores, metric=config.evaluation.metric, metric_options=dict(topk=(1, 2)))
json.dump(dict(scores=[float(v) for row in scores for v in row], results=results), open('scores.json', 'w'))
