"""mmcv's side of a detector's operation: python mmcv_peers.py CASE; speaks as `bench serve` does."""
import os
import sys
import time

import torch
from mmcv.ops import deform_conv2d, nms, roi_align

torch.set_num_threads(int(os.environ.get('MMSWIFT_NUM_THREADS', '2')))
torch.manual_seed(0)


def regions(count=512):
    boxes = []
    for i in range(count):
        x, y = float(i * 7919 % 1100), float(i * 6007 % 700)
        width, height = float(16 + i * 4733 % 200), float(16 + i * 3571 % 160)
        boxes.append([0, x, y, min(x + width, 1215), min(y + height, 799)])
    return torch.tensor(boxes)


def case(name):
    if name.startswith('roi_align'):
        x, boxes = torch.randn(1, 256, 200, 304), regions()
        leaves, call = [x], lambda a: roi_align(a, boxes, (7, 7), 0.25, 0, 'avg', True)
    elif name.startswith('deform_conv'):
        leaves = [torch.randn(1, 256, 50, 76), torch.randn(1, 18, 50, 76), torch.randn(256, 256, 3, 3)]
        call = lambda a, b, c: deform_conv2d(a, b, c, 1, 1, 1, 1, 1)
    else:
        boxes, scores = regions(2000)[:, 1:].contiguous(), torch.linspace(1, 0, 2000)
        return lambda: nms(boxes, scores, 0.7)

    def forward():
        with torch.no_grad():
            call(*leaves)

    def step():
        call(*(leaf.detach().requires_grad_() for leaf in leaves)).sum().backward()
    return step if name.endswith('-step') else forward


run = case(sys.argv[1])
for _ in range(2):
    run()
print('ready', flush=True)
for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    print(' '.join(f'{t:.4f}' for t in times), flush=True)
