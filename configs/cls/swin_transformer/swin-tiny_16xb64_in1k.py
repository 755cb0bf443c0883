# Swin-T on ImageNet, with mixed pictures but without RandAugment and RandomErasing; the rate is meant for sixteen processes of 64.
_base_ = [
    '../../_base_/models/swin_tiny_224.py',
    '../../_base_/datasets/imagenet_bs64_bicubic.py',
    '../../_base_/schedules/imagenet_bs1024_300e_adamw.py',
    '../../_base_/default_runtime.py',
]
