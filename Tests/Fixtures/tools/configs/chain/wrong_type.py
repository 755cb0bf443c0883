_base_ = 'first.py'
model = dict(backbone=dict(_delete_=True, type='ResNet', depth=18))
