#!/usr/bin/env python3
"""Compares whole tests of detectors, from JPEG files to results, with the original suite, alternately in one run.

usage: pipelines.py PYTHON MMDET PHOTOGRAPHS [--rounds N] [--images N]

PYTHON       the interpreter of an environment with mmcv-full 1.7 and mmdet 2.28
MMDET        the folder of the installed mmdet package that holds `.mim`
PHOTOGRAPHS  a folder of JPEG files; they are linked often enough

What starting takes is left out: the time of a run on 2 pictures is subtracted from that of one on 2 + N.
"""
import argparse
import json
import os
import statistics
import struct
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
TOOL = os.path.join(ROOT, '.build/release/det-test')
CONFIGS = ['retinanet/retinanet_r50_fpn_1x_coco.py', 'faster_rcnn/faster_rcnn_r50_fpn_1x_coco.py']
START = 2


def run(command):
    start = time.perf_counter()
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(f'{" ".join(command)}: exit {result.returncode}\n{result.stderr[-2000:]}')
    return time.perf_counter() - start


def size(path):
    """Height and width of a JPEG file, from its frame header."""
    with open(path, 'rb') as file:
        data = file.read()
    at = 2
    while data[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + struct.unpack('>H', data[at + 2:at + 4])[0]
    return struct.unpack('>HH', data[at + 5:at + 9])


def dataset(source, folder, count):
    """A COCO file of `count` pictures without objects."""
    names = sorted(f for f in os.listdir(source) if f.lower().endswith(('.jpg', '.jpeg')))
    images = []
    for index in range(count):
        path = os.path.abspath(os.path.join(source, names[index % len(names)]))
        height, width = size(path)
        name = f'{count}_{index}.jpg'
        os.symlink(path, os.path.join(folder, name))
        images.append(dict(id=index, file_name=name, height=height, width=width))
    file = os.path.join(folder, f'{count}.json')
    classes = ('person bicycle car motorcycle airplane bus train truck boat traffic_light fire_hydrant stop_sign '
               'parking_meter bench bird cat dog horse sheep cow elephant bear zebra giraffe backpack umbrella handbag tie '
               'suitcase frisbee skis snowboard sports_ball kite baseball_bat baseball_glove skateboard surfboard '
               'tennis_racket bottle wine_glass cup fork knife spoon bowl banana apple sandwich orange broccoli carrot '
               'hot_dog pizza donut cake chair couch potted_plant bed dining_table toilet tv laptop mouse remote keyboard '
               'cell_phone microwave oven toaster sink refrigerator book clock vase scissors teddy_bear hair_drier '
               'toothbrush').split()
    categories = [dict(id=i + 1, name=name.replace('_', ' ')) for i, name in enumerate(classes)]
    with open(file, 'w') as stream:
        json.dump(dict(images=images, annotations=[], categories=categories), stream)
    return file


def compare(options, work, config, files):
    path = os.path.join(ROOT, 'configs/det', config)
    checkpoint = os.path.join(work, 'model.pth')
    run([options.python, '-W', 'ignore', '-c', f"""
import torch
from mmcv import Config
from mmdet.models import build_detector
torch.manual_seed(0)
config = Config.fromfile({path!r})
config.model.backbone.init_cfg = None
model = build_detector(config.model)
model.init_weights()
torch.save(dict(meta=dict(), state_dict=model.state_dict()), {checkpoint!r})
"""])
    upstream = os.path.join(options.mmdet, '.mim/tools/test.py')
    commands = dict(ours=[TOOL], original=[options.python, '-W', 'ignore', upstream])
    times = {name: [] for name in commands}
    for _ in range(options.rounds):
        for name, command in commands.items():
            spent = [run(command + [path, checkpoint, '--out', os.path.join(work, f'out.{"json" if name == "ours" else "pkl"}'), '--cfg-options',
                                    f'data.test.ann_file={file}', f'data.test.img_prefix={os.path.dirname(file)}'])
                     for file in files]
            times[name].append((spent[1] - spent[0]) / options.images)
    ours, theirs = (statistics.median(times[name]) for name in ('ours', 'original'))
    ratios = [b / a for a, b in zip(times['ours'], times['original'])]
    print(f'| {config.split("/")[0]}, JPEG to result | {ours * 1e3:.0f} | {theirs * 1e3:.0f} | '
          f'{statistics.median(ratios):.2f} [{min(ratios):.2f}-{max(ratios):.2f}] |', flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('python')
    parser.add_argument('mmdet')
    parser.add_argument('photographs')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--images', type=int, default=12)
    options = parser.parse_args()
    print('| a picture | ours, ms | original, ms | ratio |\n|---|---|---|---|')
    with tempfile.TemporaryDirectory() as work:
        folder = os.path.join(work, 'images')
        os.makedirs(folder)
        files = [dataset(options.photographs, folder, count) for count in (START, START + options.images)]
        for config in CONFIGS:
            compare(options, work, config, files)


if __name__ == '__main__':
    main()
