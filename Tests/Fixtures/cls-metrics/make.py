"""Writes cases.json: what `evaluate` and `accuracy` of mmcls 0.25.0 say, and the indices of its ClassBalancedDataset.

Run with a Python that has mmcls: `python make.py`, in this folder.
"""
import json
import os

import numpy as np
import torch
from mmcls.datasets import BaseDataset, ClassBalancedDataset
from mmcls.models.losses import accuracy

here = os.path.dirname(os.path.abspath(__file__))


class Labels(BaseDataset):
    CLASSES = list('abcdef')

    def __init__(self, labels):
        self.labels = labels
        super().__init__('', [])

    def load_annotations(self):
        return [dict(gt_label=np.array(label)) for label in self.labels]


N, C = 23, 6
random = np.random.RandomState(5)
labels = random.randint(0, 5, N)
logits = np.round(random.randn(N, C) * 2 + 2 * np.eye(C)[labels], 3).astype(np.float32)
scores = torch.softmax(torch.tensor(logits), 1).numpy()


def plain(value):
    return value.tolist() if hasattr(value, 'tolist') else float(value)


cases = []
dataset = Labels(labels)
every = ['accuracy', 'precision', 'recall', 'f1_score', 'support']
for metrics in [['accuracy'], every, ['support', 'recall'], ['f1_score']]:
    for options in ['None', 'dict(topk=1)', 'dict(topk=(1, ))', 'dict(topk=(1, 3), thrs=0.4)',
                    'dict(topk=(1, 2), thrs=(0.0, 0.125, 0.75))', 'dict(topk=2, thrs=(0.1, 0.5))',
                    "dict(topk=(1, 5), average_mode='none')", "dict(topk=1, average_mode='none', thrs=(0.3, 0.6))"]:
        results = dataset.evaluate(list(scores), metric=metrics, metric_options=eval(options))
        cases.append(dict(metrics=metrics, options=options, names=list(results),
                          values=[v if isinstance(v, list) else [v] for v in map(plain, results.values())]))
accuracies = []
for k in [1, 2, 3, 6]:
    for threshold in [0.0, -1.0, 1.5]:
        value = accuracy(torch.tensor(logits), torch.tensor(labels), topk=k, thrs=threshold)
        accuracies.append(dict(k=k, threshold=threshold, value=value.item()))
balanced = []
for threshold in [0.05, 0.2, 0.5, 1.0, 3.0]:
    balanced.append(dict(threshold=threshold, indices=ClassBalancedDataset(dataset, threshold).repeat_indices))
json.dump(dict(labels=labels.tolist(), logits=logits.flatten().tolist(), scores=scores.flatten().tolist(), cases=cases,
               accuracies=accuracies, balanced=balanced), open(os.path.join(here, 'cases.json'), 'w'))
