"""Learning rates and momenta of mmcv 1.7.2's updater hooks, iteration by iteration.

Writes schedules.json: for each case the config, the kind of run, and the values of two parameter groups at each
iteration. Run with a Python that has mmcv, mmcls and mmdet.
"""
import copy
import json
import logging
import os
import tempfile
import time

import torch
from mmcv.runner import EpochBasedRunner, IterBasedRunner
import mmcls.core  # noqa: F401  (CosineAnnealingCooldown)
import mmdet.core  # noqa: F401  (YOLOX)

time.sleep = lambda seconds: None
logging.disable(logging.CRITICAL)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Parameter(torch.zeros(1))
        self.b = torch.nn.Parameter(torch.zeros(1))

    def train_step(self, data, optimizer, **kwargs):
        return dict(loss=self.a.sum(), log_vars=dict(loss=0.0), num_samples=1)

    val_step = train_step


def record(kind, config, momentum_config=None, optimizer='SGD', epochs=5, length=4, iters=20):
    model = Model()
    groups = [dict(params=[model.a]), dict(params=[model.b], lr=0.01)]
    if optimizer == 'SGD':
        opt = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
    else:
        opt = torch.optim.Adam(groups, lr=0.1, betas=(0.9, 0.99))
    logger = logging.getLogger('schedules')
    if kind == 'epoch':
        runner = EpochBasedRunner(model, optimizer=opt, logger=logger, max_epochs=epochs)
    else:
        runner = IterBasedRunner(model, optimizer=opt, logger=logger, max_iters=iters)
    runner.register_training_hooks(copy.deepcopy(config), momentum_config=copy.deepcopy(momentum_config))
    rates, momenta = [], []
    inner = runner.model.train_step

    def step(*args, **kwargs):
        rates.append(runner.current_lr())
        momenta.append(runner.current_momentum())
        return inner(*args, **kwargs)

    runner.model.train_step = step
    loader = torch.utils.data.DataLoader(torch.zeros(length, 1), batch_size=1)
    runner.run([loader], [('train', 1)])
    result = dict(kind=kind, optimizer=optimizer, epochs=epochs, length=length, iters=iters, lr_config=config,
                  lr=rates)
    if momentum_config is not None:
        result.update(momentum_config=momentum_config, momentum=momenta)
    return result


warm = dict(warmup='linear', warmup_iters=6, warmup_ratio=0.001)
lr_configs = [
    dict(policy='fixed'),
    dict(policy='fixed', warmup='constant', warmup_iters=5, warmup_ratio=0.2),
    dict(policy='step', step=[2, 4]),
    dict(policy='step', step=2, gamma=0.973, min_lr=0.0096),
    dict(policy='step', step=[3], **warm),
    dict(policy='step', step=[3], warmup='exp', warmup_iters=2, warmup_ratio=0.25, warmup_by_epoch=True),
    dict(policy='step', step=[7, 15], by_epoch=False, **warm),
    dict(policy='exp', gamma=0.9),
    dict(policy='exp', gamma=0.97, by_epoch=False),
    dict(policy='poly', power=0.9, min_lr=1e-4, by_epoch=False),
    dict(policy='poly'),
    dict(policy='inv', gamma=0.5, power=0.75),
    dict(policy='CosineAnnealing', min_lr=0),
    dict(policy='CosineAnnealing', min_lr_ratio=1e-3, by_epoch=False, warmup='linear', warmup_iters=1,
         warmup_ratio=1e-6, warmup_by_epoch=True),
    dict(policy='CosineAnnealing', min_lr=1e-5, warmup='exp', warmup_iters=5, warmup_ratio=0.1),
    dict(policy='CosineAnnealingCooldown', min_lr=1e-3, cool_down_ratio=0.1, cool_down_time=2),
    dict(policy='CosineAnnealingCooldown', min_lr_ratio=0.1, cool_down_time=7, by_epoch=False, **warm),
    dict(policy='FlatCosineAnnealing', start_percent=0.5, min_lr=1e-4),
    dict(policy='FlatCosineAnnealing', min_lr_ratio=0.01, by_epoch=False),
    dict(policy='CosineRestart', periods=[2, 3], restart_weights=[1, 0.5], min_lr=1e-4),
    dict(policy='CosineRestart', periods=[8, 6, 6], restart_weights=[1, 0.7, 0.3], min_lr_ratio=0.1, by_epoch=False),
    dict(policy='cyclic', target_ratio=(10, 1e-4), cyclic_times=2, step_ratio_up=0.4),
    dict(policy='cyclic', target_ratio=(6,), cyclic_times=3, step_ratio_up=0.0, gamma=0.5),
    dict(policy='cyclic', target_ratio=4.0, cyclic_times=2, anneal_strategy='linear', gamma=0.8),
    dict(policy='OneCycle', max_lr=0.5),
    dict(policy='OneCycle', max_lr=[0.5, 0.05], total_steps=25, pct_start=0.4, anneal_strategy='linear', div_factor=10),
    dict(policy='OneCycle', max_lr=0.5, three_phase=True, final_div_factor=100),
    dict(policy='LinearAnnealing', min_lr=1e-3),
    dict(policy='LinearAnnealing', min_lr_ratio=0.1, by_epoch=False, **warm),
    dict(policy='YOLOX', min_lr_ratio=0.05, num_last_epochs=1, by_epoch=False, warmup='exp', warmup_iters=1,
         warmup_ratio=1, warmup_by_epoch=True),
]
momentum_configs = [
    dict(policy='step', step=[2, 4]),
    dict(policy='step', step=3, gamma=0.9, min_momentum=0.75, by_epoch=False),
    dict(policy='CosineAnnealing', min_momentum=0.5, warmup='linear', warmup_iters=5, warmup_ratio=0.9),
    dict(policy='CosineAnnealing', min_momentum_ratio=0.5, by_epoch=False, warmup='exp', warmup_iters=5),
    dict(policy='LinearAnnealing', min_momentum_ratio=0.8, warmup='constant', warmup_iters=3),
    dict(policy='cyclic', target_ratio=(0.85 / 0.95, 1), cyclic_times=1, step_ratio_up=0.4),
    dict(policy='cyclic', cyclic_times=2, gamma=0.7),
    dict(policy='OneCycle'),
    dict(policy='OneCycle', base_momentum=0.8, max_momentum=[0.95, 0.9], pct_start=0.4, anneal_strategy='linear'),
    dict(policy='OneCycle', three_phase=True),
]

cases = [record('epoch', config) for config in lr_configs]
for config in lr_configs:
    if config.get('by_epoch', True) and config['policy'] in ('step', 'poly', 'CosineAnnealing', 'inv') \
            and not config.get('warmup_by_epoch'):
        cases.append(record('iter', config))
for index, config in enumerate(momentum_configs):
    for optimizer in ('SGD', 'Adam'):
        cases.append(record('epoch', dict(policy='fixed'), config, optimizer))

# One case a line; equal rows are told once.
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'schedules.json')
with open(path, 'w') as file:
    file.write('[\n' + ',\n'.join(json.dumps(case, separators=(',', ':')) for case in cases) + '\n]\n')
print(len(cases), 'cases,', os.path.getsize(path), 'bytes')
