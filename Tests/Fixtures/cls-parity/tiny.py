model = dict(
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
