mean = [123.675, 116.28, 103.53]
norm = dict(mean=mean, std=[58.395, 57.12, 57.375], to_rgb=True)
model = dict(
    type='Classifier',
    backbone=dict(type='Net', depth=50, stages=4, out_indices=(3, ), style='pytorch', frozen=-1, cp=False),
    train_cfg=dict(augments=[dict(type='BatchMixup', alpha=0.8, num_classes=1000, prob=0.5),
                             dict(type='BatchCutMix', alpha=1.0, num_classes=1000, prob=0.5)]),
    init_cfg=dict(
        checkpoint='https://example.org/models/releases/download/second/net_b3_224_xx.pth'))
policies = [
    dict(type='Brightness', magnitude_key='magnitude', magnitude_range=(0, 0.9)),
    dict(type='Solarize', magnitude_key='magnitude', magnitude_range=(2, 0.95)),
    dict(type='Equalize')]
empty = dict(a=[], b={}, c=(), d=None)
workflow = [('train', 1)]
