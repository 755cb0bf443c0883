"""Records what mmcv 1.7.2 (with yapf 0.32) makes of the configs beside this script."""
import pathlib

from mmcv import Config

for path in pathlib.Path(__file__).parent.glob('*.py'):
    if path.name != 'make.py':
        path.with_suffix('.txt').write_text(Config.fromfile(str(path)).pretty_text)
