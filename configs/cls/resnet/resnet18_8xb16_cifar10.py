# ResNet-18 on CIFAR-10; the rate is meant for eight processes of 16 pictures.
_base_ = [
    '../../_base_/models/resnet18_cifar.py',
    '../../_base_/datasets/cifar10_bs16.py',
    '../../_base_/schedules/cifar10_bs128_200e.py',
    '../../_base_/default_runtime.py',
]
