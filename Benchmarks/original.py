#!/usr/bin/env python3
"""Compares data loading and start-up with the original suite, alternately in one run.

usage: original.py PYTHON MMCLS PHOTOGRAPHS [--rounds N] [--workers N]

PYTHON       the interpreter of an environment with mmcv-full 1.7 and mmcls 0.25
MMCLS        the folder of the installed mmcls package that holds `.mim`
PHOTOGRAPHS  a folder of JPEG files; they are linked often enough to make 480 images
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
BENCH = os.path.join(HERE, '.build/release/bench')
CONFIG = os.path.join(ROOT, 'configs/cls/resnet/resnet50_8xb32_in1k.py')

LOADER = '''
import sys, time, torch
from mmcv import Config
from mmcls.datasets import build_dataloader, build_dataset
config = Config.fromfile(sys.argv[1])
config.data.train.update(type='CustomDataset', data_prefix=sys.argv[2])
dataset = build_dataset(config.data.train)
loader = build_dataloader(dataset, samples_per_gpu=32, workers_per_gpu=int(sys.argv[3]), dist=False, shuffle=True,
                          persistent_workers=True)
rates = []
for epoch in range(4):
    start = time.perf_counter()
    for batch in loader:
        pass
    rates.append(len(dataset) / (time.perf_counter() - start))
print(' '.join(f'{r:.1f}' for r in rates[1:]))
'''


def run(command, **keywords):
    result = subprocess.run(command, capture_output=True, text=True, **keywords)
    if result.returncode != 0:
        raise SystemExit(f'{" ".join(command)}: exit {result.returncode}\n{result.stderr[-2000:]}')
    return result.stdout


def photographs(source, target, count):
    files = sorted(f for f in os.listdir(source) if f.lower().endswith(('.jpg', '.jpeg')))
    for index in range(count):
        folder = os.path.join(target, f'class{index % 4}')
        os.makedirs(folder, exist_ok=True)
        os.symlink(os.path.abspath(os.path.join(source, files[index % len(files)])), os.path.join(folder, f'{index}.jpg'))


def loader(options, folder):
    ours, theirs = [], []
    for _ in range(options.rounds):
        ours.append(last(run([BENCH, 'loader', folder, str(options.workers)], cwd=HERE)))
        theirs.append(last(run([options.python, '-W', 'ignore', '-c', LOADER, CONFIG, folder, str(options.workers)])))
    report('images a second', ours, theirs, [a / b for a, b in zip(ours, theirs)])


def last(text):
    return statistics.median(float(x) for x in text.strip().splitlines()[-1].split())


def start_up(options, folder, work, config):
    """`cls-test` on four images, from process start to the written result."""
    config = os.path.join(ROOT, 'configs/cls', config)
    checkpoint = os.path.join(work, 'model.pth')
    run([options.python, '-W', 'ignore', '-c', f"""
import torch
from mmcv import Config
from mmcls.models import build_classifier
model = build_classifier(Config.fromfile({config!r}).model)
torch.save(dict(meta=dict(CLASSES=[str(i) for i in range(1000)]), state_dict=model.state_dict()), {checkpoint!r})
"""])
    names = os.path.join(work, 'names.txt')
    with open(names, 'w') as file:
        file.write('\n'.join(f'class{i % 4}/{i}.jpg {i}' for i in range(4)))
    overrides = [f'data.test.data_prefix={folder}', f'data.test.ann_file={names}', 'data.samples_per_gpu=4']
    out = os.path.join(work, 'out.json')
    tool = os.path.join(ROOT, '.build/release/cls-test')
    upstream = os.path.join(options.mmcls, '.mim/tools/test.py')
    ours, theirs = [], []
    for _ in range(options.rounds):
        for command, times in (([tool], ours), ([options.python, '-W', 'ignore', upstream], theirs)):
            extra = [] if command == [tool] else ['--device', 'cpu']
            start = time.perf_counter()
            run(command + [config, checkpoint, '--out', out, *extra, '--cfg-options', *overrides])
            times.append(time.perf_counter() - start)
    name = os.path.basename(config).split('_')[0]
    report(f'seconds from start to result, {name}, 4 images', ours, theirs, [b / a for a, b in zip(ours, theirs)])


def report(what, ours, theirs, ratios):
    print(f'{what}: ours {statistics.median(ours):.2f}, original {statistics.median(theirs):.2f}, '
          f'ratio {statistics.median(ratios):.2f} [{min(ratios):.2f}-{max(ratios):.2f}]', flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('python')
    parser.add_argument('mmcls')
    parser.add_argument('photographs')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--workers', type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = os.path.join(work, 'images')
        photographs(options.photographs, folder, 480)
        loader(options, folder)
        start_up(options, folder, work, 'resnet/resnet50_8xb32_in1k.py')
        start_up(options, folder, work, 'mobilenet_v2/mobilenet-v2_8xb32_in1k.py')


if __name__ == '__main__':
    main()
