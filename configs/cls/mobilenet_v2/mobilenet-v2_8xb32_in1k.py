# MobileNetV2 on ImageNet; the rate is meant for eight processes of 32 pictures.
_base_ = [
    '../../_base_/models/mobilenet_v2_1x.py',
    '../../_base_/datasets/imagenet_bs32.py',
    '../../_base_/schedules/imagenet_bs256_300e_exp.py',
    '../../_base_/default_runtime.py',
]
