"""Lines of text and JSON that mmcv 1.7.2 logs for short runs on a processor, with a clock that is known.

Writes logs.json: for each run its settings, the messages of the logger, and the lines of the .log.json file. Paths are
replaced by WORK. Run with a Python that has mmcv and a torch without a GPU.
"""
import copy
import glob
import json
import logging
import os
import tempfile
import time

import torch
from mmcv.runner import EpochBasedRunner, EvalHook, IterBasedRunner
from mmcv.runner.hooks import iter_timer

time.sleep = lambda seconds: None
here = os.path.dirname(os.path.abspath(__file__))


class Clock:
    """Each look moves it on by one of three steps."""

    def __init__(self):
        self.now, self.looks = 1000.0, 0

    def time(self):
        self.now += (0.0625, 0.3, 0.011)[self.looks % 3]
        self.looks += 1
        return self.now


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([0.5, -0.25]))
        self.calls = 0

    def train_step(self, data, optimizer=None, **kwargs):
        self.calls += 1
        loss = (self.weight * torch.tensor([3.0, 4.0])).sum()
        accuracy = (self.calls * 37 % 101) / 7.0
        # What is logged does not depend on the last bit of a weight.
        logged = (self.calls * 53 % 97) / 11.0
        return dict(loss=loss, log_vars=dict(loss_cls=logged, accuracy=accuracy, loss=logged),
                    num_samples=len(data))

    val_step = train_step


class Data(torch.utils.data.Dataset):
    def __init__(self, size):
        self.size, self.scores = size, iter((0.25, 0.5, 0.125, 0.75))

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        return torch.zeros(1)

    def evaluate(self, results, logger=None):
        score = next(self.scores)
        return {'accuracy_top-1': score, 'copypaste': f'{score} 7', 'count': 3}


def run(name, kind, config, workflow, evaluation=None, samples=13, limit=3, meta=None):
    iter_timer.time = Clock()
    lines = []
    logger = logging.getLogger(name)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(f'{record.levelname} {record.getMessage()}')
    logger.addHandler(handler)
    with tempfile.TemporaryDirectory() as folder:
        model = Model()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        cls = EpochBasedRunner if kind == 'epoch' else IterBasedRunner
        limits = dict(max_epochs=limit) if kind == 'epoch' else dict(max_iters=limit)
        work = os.path.join(folder, 'work')
        runner = cls(model, optimizer=optimizer, work_dir=work, logger=logger, meta=copy.deepcopy(meta), **limits)
        runner.register_training_hooks(**copy.deepcopy(config))
        loader = torch.utils.data.DataLoader(Data(samples), batch_size=2)
        if evaluation is not None:
            hook = EvalHook(loader, by_epoch=kind == 'epoch', test_fn=lambda model, loader: [], **evaluation)
            runner.register_hook(hook, priority='LOW')
        runner.run([loader] * len(workflow), workflow)
        [path] = glob.glob(work + '/*.log.json')
        with open(path) as file:
            logged = file.read().splitlines()
        files = sorted(f for f in os.listdir(work) if f.endswith('.pth'))
        lines = [line.replace(work, 'WORK') for line in lines[1:]]
        logged = [line.replace(work, 'WORK') for line in logged]
    return dict(name=name, kind=kind, config=config, workflow=workflow, evaluation=evaluation, samples=samples,
                limit=limit, meta=meta, lines=lines, json=logged, files=files)


text = dict(type='TextLoggerHook')
meta = dict(env_info='sys: "x"\n\u00e9', seed=0, exp_name='tiny.py', ratio=0.123456789, config='a = 1\n')
runs = [
    run('epochs', 'epoch',
        dict(lr_config=dict(policy='step', step=[2], warmup='linear', warmup_iters=4, warmup_ratio=0.001),
             optimizer_config=dict(grad_clip=dict(max_norm=2.5)), checkpoint_config=dict(interval=2, max_keep_ckpts=1),
             log_config=dict(interval=3, hooks=[text])),
        [('train', 1), ('val', 1)], meta=meta),
    run('evaluation', 'epoch',
        dict(lr_config=dict(policy='CosineAnnealing', min_lr=0), optimizer_config=dict(),
             checkpoint_config=dict(interval=1),
             log_config=dict(interval=4, hooks=[dict(type='TextLoggerHook', ignore_last=False)]),
             custom_hooks_config=[dict(type='EMAHook', momentum=0.25, priority='ABOVE_NORMAL'),
                                  dict(type='SyncBuffersHook', priority=42)]),
        [('train', 1)], evaluation=dict(interval=1, save_best='auto'), limit=4, meta=dict(seed=1)),
    run('iterations', 'iter',
        dict(lr_config=dict(policy='poly', power=0.9, min_lr=1e-4), optimizer_config=None,
             momentum_config=dict(policy='step', step=[1], by_epoch=False),
             checkpoint_config=dict(interval=5, max_keep_ckpts=2), log_config=dict(interval=3, hooks=[text])),
        [('train', 1)], evaluation=dict(interval=5, save_best='accuracy_top-1', rule='less'), samples=8, limit=18,
        meta=dict(seed=2)),
]
for r in runs:
    # Nothing but a tab and plain values: what the reader of the test has to parse stays small.
    assert all(isinstance(line, str) for line in r['lines'])
with open(os.path.join(here, 'logs.json'), 'w') as file:
    file.write('[\n' + ',\n'.join(json.dumps(r) for r in runs) + '\n]\n')
for r in runs:
    print(*r['lines'], *r['json'], r['files'], sep='\n')
