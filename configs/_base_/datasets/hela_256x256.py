# HeLa cells under the microscope (tools/prepare_hela.py): background and cell, 14 frames of 1100x700 pixels for training,
# 4 for validation. Training sees parts of 256x256 pixels, testing whole frames.
dataset_type = 'CustomDataset'
data_root = 'data/hela'
classes = ('background', 'cell')
palette = [[0, 0, 0], [230, 60, 40]]
img_norm_cfg = dict(mean=[22, 22, 22], std=[35, 35, 35], to_rgb=True)
crop_size = (256, 256)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='Resize', img_scale=(1100, 700), ratio_range=(0.75, 1.33)),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.95),
    dict(type='RandomFlip', prob=0.5),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='Pad', size=crop_size, pad_val=0, seg_pad_val=255),
    dict(type='DefaultFormatBundle'),
    dict(type='Collect', keys=['img', 'gt_semantic_seg']),
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='MultiScaleFlipAug',
        img_scale=(1100, 700),
        flip=False,
        transforms=[
            dict(type='Resize', keep_ratio=True),
            dict(type='RandomFlip'),
            dict(type='Normalize', **img_norm_cfg),
            dict(type='Pad', size_divisor=16),
            dict(type='ImageToTensor', keys=['img']),
            dict(type='Collect', keys=['img']),
        ]),
]
common = dict(
    type=dataset_type, data_root=data_root, img_suffix='.png', seg_map_suffix='.png', classes=classes, palette=palette)
data = dict(
    samples_per_gpu=4,
    workers_per_gpu=1,
    train=dict(img_dir='images/training', ann_dir='annotations/training', pipeline=train_pipeline, **common),
    val=dict(img_dir='images/validation', ann_dir='annotations/validation', pipeline=test_pipeline, **common),
    test=dict(img_dir='images/validation', ann_dir='annotations/validation', pipeline=test_pipeline, **common))
