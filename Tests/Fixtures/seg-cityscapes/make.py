"""Writes case.json: what cityscapesscripts 2.3.0 makes of made-up label ids, and its list of labels.

Run with a Python that has cityscapesscripts, numpy and Pillow: `python make.py`, in this folder.
"""
import json
import math
import os
import tempfile

import cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling as evaluation
import numpy as np
from cityscapesscripts.helpers.labels import labels, trainId2label
from PIL import Image

here = os.path.dirname(os.path.abspath(__file__))
random = np.random.RandomState(5)
classes = np.array([7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33])
truths, predictions = [], []
for picture in range(2):
    truth = random.randint(0, 31, (12, 20))              # 31, 32 and 33 do not occur
    prediction = np.where(random.rand(12, 20) < 0.6, truth, classes[random.randint(0, 19, (12, 20))])
    prediction = np.where(np.isin(prediction, classes), prediction, 7)
    truths.append(truth)
    predictions.append(prediction)
args = evaluation.args
args.evalInstLevelScore, args.evalPixelAccuracy, args.JSONOutput, args.quiet = False, True, False, True
with tempfile.TemporaryDirectory() as folder:
    lists = []
    for kind, maps in (('p', predictions), ('t', truths)):
        lists.append([])
        for number, values in enumerate(maps):
            path = os.path.join(folder, '%s%d.png' % (kind, number))
            Image.fromarray(values.astype(np.uint8)).save(path)
            lists[-1].append(path)
    result = evaluation.evaluateImgLists(lists[0], lists[1], args)


def plain(value):
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return None if isinstance(value, float) and math.isnan(value) else value


keys = ['confMatrix', 'priors', 'classScores', 'categoryScores', 'averageScoreClasses', 'averageScoreCategories']
table = [dict(name=x.name, id=x.id, ignored=bool(x.ignoreInEval), category=x.category, color=list(x.color))
         for x in labels if x.id >= 0]
with open(os.path.join(here, 'case.json'), 'w') as file:
    json.dump(dict(truths=[t.ravel().tolist() for t in truths], predictions=[p.ravel().tolist() for p in predictions],
                   result={k: plain(result[k]) for k in keys}, labels=table,
                   ids=[trainId2label[i].id for i in range(19)]), file)
