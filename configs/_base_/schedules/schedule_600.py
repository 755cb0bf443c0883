# 600 iterations of AdamW with a warm-up, the rate falling along a cosine; a backbone with learned weights moves slower.
optimizer = dict(
    type='AdamW', lr=1e-3, weight_decay=0.01, paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.3))))
optimizer_config = dict(grad_clip=dict(max_norm=10, norm_type=2))
lr_config = dict(
    policy='CosineAnnealing', by_epoch=False, warmup='linear', warmup_iters=50, warmup_ratio=0.01, min_lr_ratio=0.01)
runner = dict(type='IterBasedRunner', max_iters=600)
evaluation = dict(interval=200, metric='bbox')
