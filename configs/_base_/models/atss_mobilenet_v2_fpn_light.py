# ATSS (Zhang et al., 2020) for small objects of one class: MobileNetV2 that starts from the weights of a
# classifier, a feature pyramid of three levels with 64 channels, and a head of two convolutions a branch.
model = dict(
    type='ATSS',
    backbone=dict(
        type='MobileNetV2',
        out_indices=(2, 4, 6),
        init_cfg=dict(type='Pretrained', checkpoint='data/photographs/mobilenet_v2.pth', prefix='backbone')),
    neck=dict(type='FPN', in_channels=[32, 96, 320], out_channels=64, num_outs=3),
    bbox_head=dict(
        type='ATSSHead',
        num_classes=1,
        in_channels=64,
        stacked_convs=2,
        feat_channels=64,
        norm_cfg=dict(type='GN', num_groups=16, requires_grad=True),
        anchor_generator=dict(
            type='AnchorGenerator', ratios=[1.0], octave_base_scale=4, scales_per_octave=1, strides=[8, 16, 32]),
        bbox_coder=dict(
            type='DeltaXYWHBBoxCoder', target_means=[.0, .0, .0, .0], target_stds=[0.1, 0.1, 0.2, 0.2]),
        loss_cls=dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0),
        loss_bbox=dict(type='GIoULoss', loss_weight=2.0),
        loss_centerness=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0)),
    train_cfg=dict(
        assigner=dict(type='ATSSAssigner', topk=9), allowed_border=-1, pos_weight=-1, debug=False),
    test_cfg=dict(
        nms_pre=1000,
        min_bbox_size=0,
        score_thr=0.05,
        nms=dict(type='nms', iou_threshold=0.5),
        max_per_img=300))
