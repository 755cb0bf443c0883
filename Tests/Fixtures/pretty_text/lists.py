scales = dict(img_scale=[(480, 1333), (512, 1333), (544, 1333), (576, 1333), (608, 1333), (640, 1333)], keep=True)
collect = [dict(type='Collect', keys=['img', 'gt_bboxes', 'gt_labels', 'gt_masks', 'gt_semantic_seg'], meta=1)]
weights = dict(loss=dict(type='Loss', class_weight=[1.0] * 40 + [0.1], reduction='mean'))
classes = ('person', 'bicycle', 'car', 'motorcycle', 'airplane', 'bus', 'train', 'truck', 'boat', 'bench', 'bird')
lr = 1e-05
