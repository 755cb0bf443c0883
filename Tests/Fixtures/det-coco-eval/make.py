"""Writes stats.json: what pycocotools says of 200 made-up data sets.

Run with a Python that has pycocotools: `python make.py`, in this folder. The data sets are made by a small generator of
random numbers that the tests have too (COCOCase.swift), so that only the results are stored: for each set twelve numbers
of boxes, of masks, and of boxes without regard to classes.
"""
import contextlib
import io
import json
import os

import numpy as np
from pycocotools import mask as mask_utils
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

here = os.path.dirname(os.path.abspath(__file__))


class Random:
    def __init__(self, seed):
        self.state = seed

    def next(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % n


def outline(x, y, w, h):
    return [x, y + h / 4, x + w / 2, y, x + w, y + h / 2, x + w * 3 / 4, y + h, x + w / 4, y + h * 7 / 8]


def make(number):
    random = Random(number + 1)
    classes, pictures = 1 + random.next(4), 2 + random.next(6)
    height, width = 60 + random.next(100), 60 + random.next(140)
    next_id = 0 if number % 10 == 0 else 1
    images, truths, found = [], [], []
    for i in range(pictures):
        # Descending, so that the order of the file is not that of the evaluation.
        image = 100 - 3 * i
        images.append(dict(id=image, height=height, width=width, file_name=''))

        def box():
            x, y = random.next(width * 4) / 4, random.next(height * 4) / 4
            return x, y, (8 + random.next(width * 3)) / 4, (8 + random.next(height * 3)) / 4

        def add(x, y, w, h, category):
            found.append(dict(image_id=image, category_id=category, bbox=[x, y, w, h], score=random.next(40) / 40))

        for _ in range(random.next(7)):
            x, y, w, h = box()
            category = 1 + 2 * random.next(classes)
            truths.append(dict(
                id=next_id, image_id=image, category_id=category, bbox=[x, y, w, h], area=w * h * 0.75,
                iscrowd=int(random.next(8) == 0), segmentation=[outline(x, y, w, h)]))
            next_id += 1
            for _ in range(random.next(4)):
                other = 1 + 2 * random.next(classes) if random.next(8) == 0 else category
                add(x + (random.next(17) - 8) / 4, y + (random.next(17) - 8) / 4,
                    w * (24 + random.next(17)) / 32, h * (24 + random.next(17)) / 32, other)
        for _ in range(random.next(4)):
            add(*box(), 1 + 2 * random.next(classes))
    if not found:
        found.append(dict(image_id=100, category_id=1, bbox=[1, 2, 3, 4], score=0.5))
    categories = [dict(id=1 + 2 * c, name=str(c)) for c in range(classes)]
    return dict(images=images, annotations=truths, categories=categories), found, (height, width)


stats = []
for number in range(200):
    dataset, found, (height, width) = make(number)
    row = []
    with contextlib.redirect_stdout(io.StringIO()):
        for kind in ('bbox', 'segm', 'proposal'):
            gt = COCO()
            gt.dataset = json.loads(json.dumps(dataset))
            gt.createIndex()
            results = json.loads(json.dumps(found))
            if kind == 'segm':
                for result in results:
                    result['segmentation'] = mask_utils.frPyObjects([outline(*result.pop('bbox'))], height, width)[0]
            evaluation = COCOeval(gt, gt.loadRes(results), 'segm' if kind == 'segm' else 'bbox')
            evaluation.params.useCats = int(kind != 'proposal')
            evaluation.params.maxDets = [100, 300, 1000] if number % 2 == 0 else [1, 10, 100]
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
            row += [round(float(value), 9) for value in evaluation.stats]
    stats.append(row)
with open(os.path.join(here, 'stats.json'), 'w') as file:
    file.write('[\n' + ',\n'.join(json.dumps(row) for row in stats) + '\n]\n')
print(np.mean([row[0] for row in stats]), np.mean([row[12] for row in stats]), np.mean([row[24] for row in stats]))
