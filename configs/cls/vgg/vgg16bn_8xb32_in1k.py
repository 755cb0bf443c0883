# VGG-16 with batch normalisation on ImageNet.
_base_ = [
    '../../_base_/models/vgg16bn.py',
    '../../_base_/datasets/imagenet_bs32.py',
    '../../_base_/schedules/imagenet_bs256_100e.py',
    '../../_base_/default_runtime.py',
]
