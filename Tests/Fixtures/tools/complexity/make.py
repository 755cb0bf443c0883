"""Writes expected.json: what mmcls's get_flops.py prints of the configs in this folder, and the sizes of their state dicts.

Made with mmcls 0.25.0, mmcv 1.7.2, PyTorch 1.12.1: python make.py
"""
import contextlib
import io
import json
import pathlib

from mmcls.models import build_classifier
from mmcv import Config
from mmcv.cnn.utils import get_model_complexity_info

folder = pathlib.Path(__file__).parent
shapes = {'lenet5': (1, 32, 32)}
result = {}
for file in sorted(folder.glob('*.py')):
    if file.name == 'make.py':
        continue
    model = build_classifier(Config.fromfile(str(file)).model)
    model.eval()
    model.forward = model.forward_dummy
    shape = shapes.get(file.stem, (3, 224, 224))
    with contextlib.redirect_stdout(io.StringIO()):
        texts = get_model_complexity_info(model, shape)
        numbers = get_model_complexity_info(model, shape, as_strings=False)
    state = [[key, list(value.shape)] for key, value in model.state_dict().items()]
    result[file.stem] = dict(
        shape=shape, flops=texts[0], params=texts[1], flop_count=int(numbers[0]), param_count=numbers[1],
        entries=len(state), first=state[:8], last=state[-8:])
(folder / 'expected.json').write_text(json.dumps(result, indent=1) + '\n')
