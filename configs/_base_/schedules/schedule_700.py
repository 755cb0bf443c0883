# 700 iterations of AdamW with a warm-up, the rate falling along a cosine.
optimizer = dict(type='AdamW', lr=2e-3, weight_decay=0.01)
optimizer_config = dict(grad_clip=dict(max_norm=35, norm_type=2))
lr_config = dict(
    policy='CosineAnnealing', by_epoch=False, warmup='linear', warmup_iters=50, warmup_ratio=0.01, min_lr_ratio=0.01)
runner = dict(type='IterBasedRunner', max_iters=700)
evaluation = dict(interval=350, metric='bbox')
