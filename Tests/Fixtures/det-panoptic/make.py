"""Writes cases.json: panoptic maps, and what panopticapi and mmdet 2.28.2 say of them.

Run with a Python that has mmdet and panopticapi: `python make.py`, in this folder.
"""
import contextlib
import io
import json
import os
import tempfile

import numpy as np
from mmdet.datasets.coco_panoptic import parse_pq_results, print_panoptic_table
from panopticapi.evaluation import pq_compute_single_core
from panopticapi.utils import id2rgb
from PIL import Image

here = os.path.dirname(os.path.abspath(__file__))
random = np.random.RandomState(5)
H, W = 24, 30
names, things = ['sky', 'person', 'grass', 'dog', 'sea'], [0, 1, 0, 1, 0]
pictures = []
with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as out:
    pairs = []
    for number in range(8):
        truth, found = np.zeros((H, W), int), np.zeros((H, W), int)
        for part in range(7):
            y, x = random.randint(0, H - 8), random.randint(0, W - 8)
            h, w = random.randint(5, 16, 2)
            label = int(random.randint(4))  # Nothing is sea.
            truth[y:y + h, x:x + w] = label + 1000 * (part + 1)
            y, x = np.maximum([y, x] + random.randint(-1, 2, 2), 0)
            found[y:y + h, x:x + w] = (label if random.rand() < 0.85 else random.randint(4)) + 1000 * (part + 1)
        if number == 3:
            found[:] = 0
        truths = [dict(id=int(i), category_id=int(i % 1000), area=int((truth == i).sum()), iscrowd=int(random.rand() < 0.2))
                  for i in np.unique(truth) if i]
        predictions = [dict(id=int(i), category_id=int(i % 1000)) for i in np.unique(found) if i]
        for kind, ids in (('truth', truth), ('found', found)):
            Image.fromarray(id2rgb(ids).astype(np.uint8)).save(os.path.join(folder, f'{kind}{number}.png'))
        pictures.append(dict(
            truth=truth.ravel().tolist(), found=found.ravel().tolist(), truths=[dict(s) for s in truths],
            predictions=[dict(s) for s in predictions]))
        pairs.append((dict(image_id=number, file_name=f'truth{number}.png', segments_info=truths),
                      dict(image_id=number, file_name=f'found{number}.png', segments_info=predictions)))
    categories = {i: dict(id=i, name=n, isthing=t) for i, (n, t) in enumerate(zip(names, things))}
    stat = pq_compute_single_core(0, pairs, folder, folder, categories)
results = {}
for name, isthing in [('All', None), ('Things', True), ('Stuff', False)]:
    results[name], classes = stat.pq_average(categories, isthing=isthing)
    if name == 'All':
        results['classwise'] = classes
with contextlib.redirect_stdout(io.StringIO()) as out:
    print_panoptic_table(results, dict(zip(names, results['classwise'].values())))
lines = [line for line in out.getvalue().split('\n') if line.strip()]
metrics = [[k, float(v)] for k, v in parse_pq_results(results).items()]
with open(os.path.join(here, 'cases.json'), 'w') as file:
    json.dump(dict(height=H, width=W, names=names, things=things, pictures=pictures, metrics=metrics, lines=lines), file,
              separators=(',', ':'))
    file.write('\n')
