"""Writes cases.json: metrics and tables that mmseg 0.30.0 makes of made-up label maps; classes.json: its classes.

Run with a Python that has mmseg and mmcv-full 1.7: `python make.py`, in this folder.
"""
import json
import os

import mmseg.datasets as datasets
import numpy as np
from mmseg.core import eval_metrics
from mmseg.datasets import DATASETS, CustomDataset

here = os.path.dirname(os.path.abspath(__file__))


def pattern(count, seed):
    values = []
    for index in range(1, count + 1):
        x = (index * 2654435761 + seed * 97531) & 0xffffffff
        x ^= x >> 15
        x = (x * 2246822519) & 0xffffffff
        x ^= x >> 13
        values.append(x >> 8)
    return np.array(values)


cases = []
for classes, metrics, ignore, pictures, missing in [(4, ['mIoU'], 255, 2, None), (4, ['mIoU', 'mDice', 'mFscore'], 255, 3, 2),
                                                    (2, ['mDice'], 1, 1, None), (5, ['mFscore'], 255, 2, 1),
                                                    (3, ['mIoU', 'mFscore'], 0, 2, None)]:
    predictions, labels = [], []
    for picture in range(pictures):
        guess = pattern(60, 10 * picture + classes) % classes
        label = np.where(pattern(60, 10 * picture + 3) % 3 > 0, guess, pattern(60, picture + 77) % classes)
        label[:5] = 255 if ignore == 255 else ignore
        if missing is not None:
            guess[guess == missing] = 0
            label[label == missing] = 0
        predictions.append(guess.astype(np.uint8).reshape(6, 10))
        labels.append(label.astype(np.uint8).reshape(6, 10))

    lines = []
    names = ['a', 'bus', 'cat and dog', 'tree', 'x' * 20][:classes]
    dataset = CustomDataset.__new__(CustomDataset)
    dataset.CLASSES, dataset.ignore_index, dataset.reduce_zero_label, dataset.label_map = names, ignore, False, None
    import mmseg.datasets.custom as custom
    custom.print_log = lambda text, logger=None: lines.append(text)
    results = dataset.evaluate(predictions, metric=metrics, gt_seg_maps=labels)
    extra = eval_metrics(predictions, labels, classes, ignore, metrics, nan_to_num=-1, beta=2)
    cases.append(dict(
        classes=names, metrics=metrics, ignore=ignore, predictions=[p.ravel().tolist() for p in predictions],
        labels=[x.ravel().tolist() for x in labels], lines=lines, names=list(results),
        values=[None if np.isnan(v) else float(v) for v in results.values()],
        extra={k: np.atleast_1d(v).tolist() for k, v in extra.items()}))
with open(os.path.join(here, 'cases.json'), 'w') as file:
    json.dump(cases, file, indent=1)


def fnv(data):
    value = 0xcbf29ce484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001b3) & 0xffffffffffffffff
    return '%016x' % value


classes = {}
for name, kind in sorted(DATASETS.module_dict.items()):
    if getattr(kind, 'CLASSES', None):
        classes[name] = dict(count=len(kind.CLASSES), names=fnv('|'.join(kind.CLASSES).encode()),
                             palette=fnv(bytes(sum(kind.PALETTE, []))))
np.random.seed(42)
palette = np.random.randint(0, 255, size=(7, 3)).tolist()
with open(os.path.join(here, 'classes.json'), 'w') as file:
    json.dump(dict(classes=classes, palette=palette), file, indent=1)
