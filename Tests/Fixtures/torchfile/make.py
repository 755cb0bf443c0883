"""Makes the checkpoint fixtures of this folder. Needs torch, numpy and safetensors; takes the folder as its argument.

Each `<name>.pth` or `.safetensors` that must be read has its expected content in `expected.json`: a flat list of
`[path, text]` lines, with tensors as `dtype shape hex bytes`. Those called `bad-...` must be refused; the tests have
their messages.
"""
import argparse
import collections
import json
import os
import pickle
import struct
import sys
import types
import warnings
import zipfile

import numpy as np
import torch
from safetensors.torch import save_file

folder = sys.argv[1]
expected = {}


def hexadecimal(tensor):
    plain = tensor.detach().contiguous().cpu().reshape(-1)
    if plain.numel() == 0:
        return ''
    return plain.view(torch.uint8).numpy().tobytes().hex()


def lines(value, at=''):
    if isinstance(value, np.ndarray):
        widened = {np.dtype('uint16'): np.int32, np.dtype('uint32'): np.int64}
        value = torch.from_numpy(np.ascontiguousarray(value.astype(widened.get(value.dtype, value.dtype.newbyteorder('=')))))
    if isinstance(value, torch.Tensor):
        return [[at, f'{str(value.dtype)[6:]} {list(value.shape)} {hexadecimal(value)}']]
    if isinstance(value, argparse.Namespace):
        value = vars(value)
    if isinstance(value, dict):
        kind = {collections.OrderedDict: 'ordered', collections.Counter: 'counter',
                collections.defaultdict: 'defaulting'}.get(type(value), 'dict')
        out = [[at, f'{kind} {len(value)}']]
        for key, item in value.items():
            out += lines(item, f'{at}/{key}')
        return out
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value) if isinstance(value, (set, frozenset)) else value
        name = 'set' if items is not value else 'list' if isinstance(value, list) else 'tuple'
        out = [[at, f'{name} {len(value)}']]
        for i, item in enumerate(items):
            out += lines(item, f'{at}[{i}]')
        return out
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return [[at, 'float ' + struct.pack('>d', value).hex()]]
    if isinstance(value, bytes):
        return [[at, 'bytes ' + value.hex()]]
    if isinstance(value, (torch.dtype, torch.device)):
        return [[at, str(value)]]
    return [[at, repr(value) if not isinstance(value, str) else 'str ' + value]]


def path(name):
    return os.path.join(folder, name)


def save(name, value, **options):
    torch.manual_seed(0)
    torch.save(value, path(name), **options)
    expected[name] = lines(value)


torch.manual_seed(0)
both = {'': {}, 'legacy-': {'_use_new_zipfile_serialization': False}}
dtypes = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16,
          torch.int8, torch.uint8, torch.bool]
base = torch.tensor([[0, 1, -2.5, 3], [65504, 0.1, -0.0, 1e-7]])
all_types = collections.OrderedDict(
    (str(t)[6:], base.clamp(0, 100).to(t) if t == torch.uint8 else base.clamp(-100, 100).to(t) if t == torch.int8
     else base.to(t)) for t in dtypes)
all_types['scalar'] = torch.tensor(2.5)
all_types['empty'] = torch.zeros(0, 3)
all_types['specials'] = torch.tensor([float('inf'), float('-inf'), float('nan')])

whole = torch.arange(60.).reshape(3, 4, 5)
views = {
    'whole': whole, 'transposed': whole.permute(2, 0, 1), 'row': whole[1], 'slice': whole[:, 1:3, ::2],
    'expanded': torch.tensor([7.]).expand(2, 3), 'same': whole, 'channels_last': torch.arange(24.).reshape(
        1, 2, 3, 4).to(memory_format=torch.channels_last), 'bytes': torch.arange(12, dtype=torch.uint8).reshape(3, 4).t(),
    'wide': torch.arange(6, dtype=torch.int64).reshape(2, 3).t(), 'half': torch.arange(6).half().reshape(2, 3).t(),
}

net = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3), torch.nn.Flatten(), torch.nn.LazyLinear(2))
net(torch.zeros(2, 2, 4, 4))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
net(torch.randn(2, 2, 4, 4)).sum().backward()
optimizer.step()
adam = torch.optim.AdamW([{'params': net[0].parameters(), 'lr': 1e-3}, {'params': net[3].parameters()}], lr=1e-2)
adam.step()
checkpoint = {
    'meta': {
        'epoch': 3, 'iter': 1200, 'mmcv_version': '1.7.1', 'config': "model = dict(type='X')\n\u00e9 \u4e2d \U0001f600",
        'CLASSES': ('cat', 'dog'), 'PALETTE': [[1, 2, 3], [4, 5, 6]], 'seed': None, 'time': 'Mon',
        'hook_msgs': {'best_score': np.float32(0.75), 'best_ckpt': 'best.pth'}, 'env_info': {'a': True, 'b': False},
        'exp_name': b'\x00\xff\x80 raw', 'big': 2**40, 'negative': -5, 'small': -2**40, 'float': 1 / 3,
    },
    'state_dict': net.state_dict(), 'optimizer': {'model': optimizer.state_dict(), 'head': adam.state_dict()},
}
record = argparse.Namespace(lr=0.1, name='run', nested=argparse.Namespace(a=[1, 2]))
factory = collections.defaultdict(list)
factory['a'].append(1)
kinds = {
    'namespace': record, 'counter': collections.Counter('abca'), 'default': factory, 'set': {1, 2, 3},
    'frozen': frozenset(['a', 'b']), 'size': torch.Size([1, 2]), 'device': torch.device('cuda:1'), 'cpu': torch.device('cpu'),
    'dtype': torch.float16, 'parameter': torch.nn.Parameter(torch.ones(2)),
    'array': np.arange(6, dtype=np.float64).reshape(2, 3), 'fortran': np.asfortranarray(np.arange(6, dtype=np.int32).reshape(2, 3)),
    'swapped': np.arange(3, dtype='>f4'), 'u16': np.array([1, 65535], np.uint16), 'u32': np.array([2**32 - 1], np.uint32),
    'mask': np.array([True, False]), 'np int': np.int64(-7), 'np u8': np.uint8(200), 'np half': np.float16(0.1),
    'np bool': np.bool_(True), 'np str': np.str_('\u00e9a'), 'none': None, 'shared': [views['row'], views['row']],
    ('tuple', 1): 'key', 3: 'int key', True: 'bool key',
}
for prefix, options in both.items():
    save(prefix + 'types.pth', all_types, **options)
    save(prefix + 'views.pth', views, **options)
    save(prefix + 'checkpoint.pth', checkpoint, **options)
    save(prefix + 'kinds.pth', kinds, **options)
for protocol in (3, 4, 5):
    save(f'protocol{protocol}.pth', {'kinds': kinds, 'types': all_types}, pickle_protocol=protocol)
for protocol in (0, 1):
    save(f'legacy-protocol{protocol}.pth', {'a': [1, -2, True, 'x\n\\\u00e9', 2.5, None, ()]}, pickle_protocol=protocol,
         _use_new_zipfile_serialization=False)
save('bare.pth', torch.arange(3))
torch.serialization.set_crc32_options(False)
save('no-checksums.pth', all_types)
torch.serialization.set_crc32_options(True)


def rewritten(source, name, compression=zipfile.ZIP_STORED, change=lambda name, data: (name, data)):
    with zipfile.ZipFile(path(source)) as old, zipfile.ZipFile(path(name), 'w', compression) as new:
        for item in old.infolist():
            made = change(item.filename, old.read(item))
            if made is not None:
                new.writestr(zipfile.ZipInfo(made[0]), made[1], compress_type=compression)


rewritten('types.pth', 'deflated.pth', zipfile.ZIP_DEFLATED)
expected['deflated.pth'] = expected['types.pth']

big = {'a': torch.arange(4, dtype=torch.int32), 'b': torch.tensor([[1.5, -2], [3, 4]]).t(), 'c': torch.tensor([1, 2], dtype=torch.int8)}
save('little.pth', big)
sizes = [4, 4, 1]


def swap(name, data):
    top, _, rest = name.partition('/')
    if rest == 'byteorder':
        data = b'big'
    if rest.startswith('data/'):
        size = sizes[int(rest[5:])]
        data = b''.join(data[i:i + size][::-1] for i in range(0, len(data), size))
    return 'another name/' + rest, data


rewritten('little.pth', 'big-endian.pth', change=swap)
expected['big-endian.pth'] = expected['little.pth']


# Record classes of libraries that need not be installed: stand-ins of the same name and the same pickled form.
def module(name):
    for i, part in enumerate(name.split('.')):
        here = '.'.join(name.split('.')[:i + 1])
        sys.modules.setdefault(here, types.ModuleType(here))
    return sys.modules[name]


class ConfigDict(dict):
    def __getstate__(self):
        return self

    def __setstate__(self, state):
        self.update(state)


class Config:
    def __init__(self, fields, filename, text):
        self._fields, self._filename, self._text = fields, filename, text

    def __getstate__(self):
        return self._fields, self._filename, self._text


class HistoryBuffer:
    @staticmethod
    def mean():
        pass

    def __getstate__(self):
        return {'_max_length': 10, '_log_history': np.arange(3.), 'statistics_methods': collections.OrderedDict(
            mean=HistoryBuffer.mean)}


for cls, name in ((ConfigDict, 'mmcv.utils.config'), (Config, 'mmcv.utils.config'),
                  (HistoryBuffer, 'mmengine.logging.history_buffer')):
    cls.__module__ = name
    setattr(module(name), cls.__name__, cls)
records = {'cfg': ConfigDict(model=ConfigDict(type='X'), lr=0.1), 'config': Config(ConfigDict(a=1), 'a.py', 'a = 1'),
           'history': HistoryBuffer()}
torch.save(records, path('records.pth'))
expected['records.pth'] = lines({
    'cfg': {'model': {'type': 'X'}, 'lr': 0.1}, 'config': {'_cfg_dict': {'a': 1}, '_filename': 'a.py', '_text': 'a = 1'},
    'history': {'_max_length': 10, '_log_history': np.arange(3.), 'statistics_methods': collections.OrderedDict(mean=0)},
})[:-1] + [['/history/statistics_methods/mean', 'mmengine.logging.history_buffer.HistoryBuffer.mean']]


# Python 2 wrote text as bytes, in protocol 2.
def python2(name):
    text = lambda s: b'U' + bytes([len(s)]) + s
    storage = b'(' + text(b'storage') + b'ctorch\nFloatStorage\n' + text(b'94') + text(b'cpu') + b'K\x02NtQ'
    tensor = b'ctorch._utils\n_rebuild_tensor\n(' + storage + b'K\x00K\x02\x85K\x01\x85tR'
    with open(path(name), 'wb') as f:
        for value in (0x1950a86a20f9469cfc6c, 1001, {'little_endian': True}):
            pickle.dump(value, f, 2)
        f.write(b'\x80\x02ccollections\nOrderedDict\n](](' + text(b'w') + tensor + b'ee\x85R.')
        f.write(b'\x80\x02](' + text(b'94') + b'e.')
        f.write(struct.pack('<qff', 2, 1.5, -2))


python2('python2.pth')
expected['python2.pth'] = lines(collections.OrderedDict(w=torch.tensor([1.5, -2])))


# Files that ask for more than data.
def program(name, data, extra=()):
    with zipfile.ZipFile(path(name), 'w') as f:
        for entry, content in (('archive/data.pkl', data), ('archive/version', b'3\n'), *extra):
            f.writestr(zipfile.ZipInfo(entry), content)


class Evil:
    def __init__(self, function, *arguments):
        self.made = function, arguments

    def __reduce__(self):
        return self.made


evils = {'system': Evil(os.system, 'true'), 'eval': Evil(eval, '1'), 'exec': Evil(exec, '1'),
         'getattr': Evil(getattr, 'x', 'upper')}
for name, evil in evils.items():
    program(f'bad-{name}.pth', pickle.dumps({'a': evil}, 2))
torch.save({'a': evils['system']}, path('bad-legacy-system.pth'), _use_new_zipfile_serialization=False)
program('bad-stack-global.pth', pickle.dumps(evils['system'], 4))
program('bad-inst.pth', b'(S\'true\'\nios\nsystem\n.')
program('bad-module.pth', pickle.dumps({'net': torch.nn.Linear}, 2))
laughs = b'\x80\x02]q\x00(' + b'K\x01' * 10 + b'e'
for i in range(1, 30):
    laughs += b'0]q' + bytes([i]) + b'(' + (b'h' + bytes([i - 1])) * 10 + b'e'
program('bad-laughs.pth', laughs + b'.')
program('bad-cycle.pth', b'\x80\x02]q\x00h\x00a.')
program('bad-deep.pth', b'\x80\x02' + b'(' * 5000 + b'l' * 5000 + b'.')
tensor = b'\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu%stQ%s%s%s\x89ccollections\nOrderedDict\n)RtR.'
number = lambda n: b'\x8a\x08' + struct.pack('<q', n)
four = ('archive/data/0', b'\0' * 16)
for name, fields in {
    'numel': (number(2**61), number(0), number(4) + b'\x85', b'K\x01\x85'),
    'short': (number(5), number(0), number(5) + b'\x85', b'K\x01\x85'),
    'shape': (number(4), number(0), number(2**62) + number(2**62) + b'\x86', b'K\x00K\x00\x86'),
    'expand': (number(4), number(0), number(2**40) + b'\x85', b'K\x00\x85'),
    'offset': (number(4), number(-1), number(2) + b'\x85', b'K\x01\x85'),
    'stride': (number(4), number(3), number(2) + b'\x85', number(-1) + b'\x85'),
    'outside': (number(4), number(2), number(3) + b'\x85', b'K\x01\x85'),
    'rank': (number(4), number(0), number(2) + b'\x85', b'K\x01K\x01\x86'),
}.items():
    program(f'bad-{name}.pth', tensor % fields, [four])
program('bad-name.pth', pickle.dumps(1, 2), [('archive/../../x', b'')])
warnings.simplefilter('ignore')
program('bad-twice.pth', pickle.dumps(1, 2), [('archive/version', b'3\n')])

safe = {k: v for k, v in all_types.items()}
save_file(safe, path('types.safetensors'), metadata={'format': 'pt', 'note': 'quote " \\ \n \u00e9'})
with open(path('types.safetensors'), 'rb') as f:
    header = json.loads(f.read(struct.unpack('<Q', f.read(8))[0]))
expected['types.safetensors'] = lines(collections.OrderedDict((k, safe[k]) for k in header if k in safe))

with open(path('expected.json'), 'w') as f:
    json.dump(expected, f, ensure_ascii=True, separators=(',', ':'))
    f.write('\n')
