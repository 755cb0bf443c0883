# PSPNet on Cityscapes.
_base_ = [
    '../../_base_/models/pspnet_r50-d8.py',
    '../../_base_/datasets/cityscapes_512x1024.py',
    '../../_base_/default_runtime.py',
    '../../_base_/schedules/schedule_80k.py',
]
checkpoint_config = dict(by_epoch=False, interval=8000)
