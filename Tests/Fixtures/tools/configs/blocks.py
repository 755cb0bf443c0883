# A narrow fully convolutional network on pictures with one bright block; classes are ground and block.
norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    type='EncoderDecoder',
    pretrained=None,
    backbone=dict(
        type='ResNet',
        depth=18,
        in_channels=3,
        stem_channels=8,
        base_channels=8,
        num_stages=2,
        out_indices=(0, 1),
        dilations=(1, 1),
        strides=(1, 1),
        norm_cfg=norm_cfg,
        norm_eval=False,
        style='pytorch'),
    decode_head=dict(
        type='FCNHead',
        in_channels=16,
        in_index=1,
        channels=8,
        num_convs=1,
        concat_input=False,
        dropout_ratio=0.0,
        num_classes=2,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0)),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
img_norm_cfg = dict(mean=[80.0, 80.0, 80.0], std=[60.0, 60.0, 60.0], to_rgb=True)
crop_size = (32, 32)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='Resize', img_scale=(48, 36), ratio_range=(0.9, 1.1)),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.99),
    dict(type='RandomFlip', prob=0.5),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='Pad', size=crop_size, pad_val=0, seg_pad_val=255),
    dict(type='DefaultFormatBundle'),
    dict(type='Collect', keys=['img', 'gt_semantic_seg'])
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='MultiScaleFlipAug',
        img_scale=(48, 36),
        flip=False,
        transforms=[
            dict(type='Resize', keep_ratio=True),
            dict(type='RandomFlip'),
            dict(type='Normalize', **img_norm_cfg),
            dict(type='ImageToTensor', keys=['img']),
            dict(type='Collect', keys=['img'])
        ])
]
common = dict(
    type='CustomDataset', data_root='blocks', img_suffix='.png', classes=('ground', 'block'), img_dir='images',
    ann_dir='labels', palette=[[0, 0, 0], [255, 0, 0]])
data = dict(
    samples_per_gpu=4,
    workers_per_gpu=1,
    train=dict(type='RepeatDataset', times=2, dataset=dict(pipeline=train_pipeline, **common)),
    val=dict(pipeline=test_pipeline, **common),
    test=dict(pipeline=test_pipeline, **common))
evaluation = dict(interval=15, metric='mIoU', pre_eval=True)
optimizer = dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=0.0001)
optimizer_config = dict()
lr_config = dict(policy='poly', power=0.9, min_lr=1e-4, by_epoch=False)
runner = dict(type='IterBasedRunner', max_iters=30)
checkpoint_config = dict(by_epoch=False, interval=15)
log_config = dict(interval=5, hooks=[dict(type='TextLoggerHook', by_epoch=False)])
log_level = 'INFO'
load_from = None
resume_from = None
workflow = [('train', 1)]
cudnn_benchmark = True
