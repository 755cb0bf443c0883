# Tree crowns in aerial photographs: three minutes on two cores, mAP@0.5 0.459 (docs/detection-data.md).
_base_ = [
    '../../_base_/models/atss_mobilenet_v2_fpn_light.py',
    '../../_base_/datasets/tree_crowns.py',
    '../../_base_/schedules/schedule_700.py',
    '../../_base_/default_runtime.py',
]
checkpoint_config = dict(by_epoch=False, interval=350)
log_config = dict(interval=20)
