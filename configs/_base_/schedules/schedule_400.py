# 400 iterations of Adam, the rate falling to nothing.
optimizer = dict(type='Adam', lr=2e-3)
optimizer_config = dict()
lr_config = dict(policy='poly', power=0.9, min_lr=1e-5, by_epoch=False)
runner = dict(type='IterBasedRunner', max_iters=400)
evaluation = dict(interval=200, metric='mIoU', pre_eval=True)
