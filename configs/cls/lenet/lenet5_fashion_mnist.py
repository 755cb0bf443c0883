# LeNet-5 on Fashion-MNIST: five epochs, batches of 128.
_base_ = [
    '../../_base_/models/lenet5.py',
    '../../_base_/datasets/fashion_mnist_bs128.py',
    '../../_base_/schedules/sgd_5e.py',
    '../../_base_/default_runtime.py',
]
