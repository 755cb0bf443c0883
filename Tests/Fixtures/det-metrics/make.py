"""Writes cases.json: detections on a made-up data set, and what mmdet 2.28.2's data sets say of them.

Run with a Python that has mmdet, and lvis 0.5.3 for LVIS: `python make.py`, in this folder.
"""
import contextlib
import io
import json
import logging
import os
import tempfile
from copy import deepcopy

import numpy as np
from mmdet.datasets import CocoDataset, CustomDataset, LVISV1Dataset, OpenImagesDataset, VOCDataset
from pycocotools import mask as mask_utils

here = os.path.dirname(os.path.abspath(__file__))
random = np.random.RandomState(11)
names = ['aeroplane', 'bicycle', 'bird', 'boat']
# Neither consecutive nor ascending.
identifiers = [7, 3, 12, 5]
N, C, H, W = 6, len(names), 100, 120


def corners():
    x, y = random.uniform(0, W - 30), random.uniform(0, H - 30)
    w, h = random.uniform(8, 60), random.uniform(8, 60)
    return np.round([x, y, x + w, y + h], 2)


pictures = []
scores = iter(random.permutation(1000) / 1000)
annotation = 1
for number in range(N):
    truths, found = [], []
    for _ in range(random.randint(1, 7) if number != 2 else 0):
        x1, y1, x2, y2 = corners()
        label = int(random.randint(C))
        truths.append(dict(
            id=annotation, label=label, box=[x1, y1, round(x2 - x1, 2), round(y2 - y1, 2)],
            area=round((x2 - x1) * (y2 - y1) * random.uniform(0.5, 1), 2), crowd=bool(random.rand() < 0.15),
            difficult=bool(random.rand() < 0.2), group=bool(random.rand() < 0.4)))
        annotation += 1
        for _ in range(random.randint(0, 4)):
            box = np.float32([x1, y1, x2, y2] + random.uniform(-6, 6, 4))
            other = label if random.rand() < 0.8 else int(random.randint(C))
            found.append([float(v) for v in box] + [float(np.float32(next(scores))), other])
    for _ in range(random.randint(0, 5)):
        found.append([float(np.float32(v)) for v in corners()] + [float(np.float32(next(scores))), int(random.randint(C))])
    found.sort(key=lambda row: row[5])
    pictures.append(dict(
        id=60 - 7 * number, truths=truths, found=found, absent=[int(v) for v in random.permutation(C)[:2]],
        unexhaustive=[int(random.randint(C))], imageLabels=[int(random.randint(C))]))


def box_results():
    return [[np.array([row[:5] for row in p['found'] if row[5] == label], dtype=np.float32).reshape(-1, 5)
             for label in range(C)] for p in pictures]


def mask_results():
    results = []
    for p in pictures:
        masks = [[] for _ in range(C)]
        p['masks'] = []
        for x1, y1, x2, y2, _, label in p['found']:
            shape = [x1, y1, x2, y1, x2, y2, (x1 + x2) / 2, y2 - 5]
            rle = mask_utils.frPyObjects([shape], H, W)[0]
            masks[label].append(rle)
            p['masks'].append(rle['counts'].decode())
        results.append(masks)
    return list(zip(box_results(), results))


def proposals():
    return [np.array([row[:5] for row in p['found']], dtype=np.float32).reshape(-1, 5) for p in pictures]


def outline(truth):
    x, y, w, h = truth['box']
    return [x, y, x + w, y, x + w, y + h, x, y + h - 3]


def write(folder, lvis):
    dataset = dict(
        images=[dict(
            id=p['id'], file_name=f'{p["id"]}.jpg', coco_url=f'http://images.cocodataset.org/val/{p["id"]}.jpg', height=H,
            width=W, neg_category_ids=[identifiers[c] for c in p['absent']],
            not_exhaustive_category_ids=[identifiers[c] for c in p['unexhaustive']]) for p in pictures],
        categories=[dict(id=i, name=n, frequency=f) for i, n, f in zip(identifiers, names, 'rfcf')],
        annotations=[dict(
            id=t['id'], image_id=p['id'], category_id=identifiers[t['label']], bbox=t['box'], area=t['area'],
            iscrowd=int(t['crowd'] and not lvis), segmentation=[outline(t)]) for p in pictures for t in p['truths']])
    path = os.path.join(folder, 'file.json')
    with open(path, 'w') as file:
        json.dump(dataset, file)
    return path


class Lines(logging.Handler):
    def __init__(self):
        super().__init__()
        self.text = ''

    def emit(self, record):
        self.text += record.getMessage() + '\n'


def case(run, usesLogger=False):
    logger, lines, out = logging.getLogger('case'), Lines(), io.StringIO()
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.handlers = [lines]
    with contextlib.redirect_stdout(out):
        metrics = run(logger if usesLogger else None)
    text = lines.text + ''.join(
        line + '\n' for line in out.getvalue().split('\n') if line.startswith(' Average')) if usesLogger else out.getvalue()
    return dict(
        metrics=[[k, v if isinstance(v, str) else float(v)] for k, v in metrics.items()],
        lines=[line.rstrip() for line in text.split('\n') if line.strip()])


coco, lvis = {}, {}
with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
    data = CocoDataset(write(folder, False), [], classes=names, test_mode=True)

    def coco_case(results, metric, **options):
        return case(lambda logger: data.evaluate(deepcopy(results), metric, logger=logger, **options), True)

    coco['bbox'] = coco_case(box_results(), 'bbox', classwise=True)
    coco['bbox and segm'] = coco_case(mask_results(), ['bbox', 'segm'])
    coco['proposal'] = coco_case(box_results(), ['proposal'])
    coco['bbox and proposal'] = coco_case(box_results(), ['bbox', 'proposal'], proposal_nums=(5, 2, 1000))
    coco['thresholds'] = coco_case(box_results(), 'bbox', iou_thrs=[0.5, 0.7])
    coco['items'] = coco_case(box_results(), 'bbox', metric_items=['mAP_50', 'AR@1000'])
    coco['proposal_fast'] = coco_case(proposals(), 'proposal_fast', proposal_nums=(1, 3, 100))
    coco['nothing'] = coco_case([[np.zeros((0, 5), np.float32)] * C] * N, 'bbox')
    try:
        data = LVISV1Dataset(write(folder, True), [], classes=names, test_mode=True)
        lvis['bbox'] = coco_case(box_results(), 'bbox', classwise=True)
        lvis['segm'] = coco_case(mask_results(), 'segm')
        lvis['proposal'] = coco_case(box_results(), 'proposal')
    except ImportError as error:
        raise SystemExit(error)


def annotations(groups=False):
    result = []
    for p in pictures:
        own = [t for t in p['truths'] if groups or not t['difficult']]
        ignored = [] if groups else [t for t in p['truths'] if t['difficult']]

        def boxes(truths):
            return np.array([[t['box'][0], t['box'][1], t['box'][0] + t['box'][2], t['box'][1] + t['box'][3]]
                             for t in truths], dtype=np.float32).reshape(-1, 4)

        def labels(truths):
            return np.array([t['label'] for t in truths], dtype=np.int64)

        one = dict(bboxes=boxes(own), labels=labels(own), bboxes_ignore=boxes(ignored), labels_ignore=labels(ignored))
        if groups:
            del one['labels_ignore']
            one['gt_is_group_ofs'] = np.array([t['group'] for t in own], dtype=bool)
        result.append(one)
    return result


class Prepared:
    CLASSES = names
    year = None

    def __init__(self, annotations):
        self.annotations = annotations

    def __len__(self):
        return N

    def get_ann_info(self, index):
        return deepcopy(self.annotations[index])


class Voc(Prepared, VOCDataset):
    pass


class Custom(Prepared, CustomDataset):
    pass


class OpenImages(Prepared, OpenImagesDataset):
    load_image_level_labels = get_supercategory = filter_labels = True
    get_metas = load_from_file = False
    test_img_metas, image_level_ann_file = [], ''
    # Birds are aeroplanes, boats are birds and aeroplanes.
    class_label_tree = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0], [1, 0, 1, 1]])

    def get_image_level_ann(self, _):
        return [dict(image_level_labels=np.array(p['imageLabels'])) for p in pictures]

    def add_supercategory_ann(self, annotations):
        # Upstream fails on pictures without objects.
        return [dict(one, bboxes=one['bboxes'].reshape(-1, 4)) for one in super().add_supercategory_ann(annotations)]

    def get_img_shape(self, _):
        self.test_img_shapes = [(1, 1)] * N


voc2007, voc2012, custom = Voc(annotations()), Voc(annotations()), Custom(annotations())
voc2007.year, voc2012.year = 2007, 2012
voc = {
    '2007': case(lambda _: voc2007.evaluate(box_results())),
    '2012': case(lambda _: voc2012.evaluate(box_results(), iou_thr=[0.3, 0.55, 0.7])),
    'custom': case(lambda _: custom.evaluate(box_results(), ['mAP'], iou_thr=0.4)),
    'recall': case(lambda _: custom.evaluate(proposals(), 'recall', proposal_nums=(1, 4, 100), iou_thr=[0.5, 0.7])),
    'recall 2012': case(lambda _: voc2012.evaluate(proposals(), 'recall', proposal_nums=(2, 100))),
}
openimages = {}
for name, options in (('groups', {}), ('no groups', dict(use_group_of=False, ioa_thr=None)),
                      ('thresholds', dict(iou_thr=[0.3, 0.6], ioa_thr=[0.7, 0.4]))):
    data = OpenImages(annotations(groups=True))
    openimages[name] = case(lambda _: data.evaluate(box_results(), **options))
with open(os.path.join(here, 'cases.json'), 'w') as file:
    json.dump(dict(
        names=names, identifiers=identifiers, height=H, width=W, pictures=pictures, coco=coco, lvis=lvis, voc=voc,
        openimages=openimages), file, separators=(',', ':'))
    file.write('\n')
