"""Writes tiny data sets in the layout of CIFAR-10 and CIFAR-100, and broken ones.

Run with a Python that has numpy: `python make.py`, in this folder. Pixel `c, y, x` of image `i` is
`(7 i + 50 c + 3 y + x) % 256`.
"""
import os
import pickle
import struct

import numpy as np

os.chdir(os.path.dirname(os.path.abspath(__file__)))


def images(first, count):
    i, c, y, x = np.ogrid[first:first + count, :3, :32, :32]
    return ((7 * i + 50 * c + 3 * y + x) % 256).astype(np.uint8).reshape(count, 3072)


def save(path, value, protocol=2):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        pickle.dump(value, file, protocol=protocol)


def old(data, labels):
    """The bytes that Python 2, which made the real files, writes for {'labels': ..., 'data': ...}."""
    raw = data.tobytes()
    out = b'\x80\x02}q\x01(U\x06labelsq\x02](' + b''.join(b'K' + bytes([v]) for v in labels) + b'e'
    out += b'U\x04dataq\x03cnumpy.core.multiarray\n_reconstruct\nq\x04cnumpy\nndarray\nq\x05K\x00\x85U\x01b\x87Rq\x06'
    out += b'(K\x01K' + bytes([len(data)]) + b'M' + struct.pack('<H', 3072) + b'\x86'
    out += b'cnumpy\ndtype\nq\x07U\x02u1K\x00K\x01\x87Rq\x08(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb'
    out += b'\x89T' + struct.pack('<i', len(raw)) + raw + b'tb'
    return out + b'u.'


ten = 'good/cifar-10-batches-py/'
for n in range(5):
    save(ten + 'data_batch_%d' % (n + 1), {'data': images(n, 1), 'labels': [n], 'batch_label': 'b', 'filenames': ['f']})
with open(ten + 'test_batch', 'wb') as file:
    file.write(old(images(5, 2), [9, 3]))
names = ['c%d' % n for n in range(10)]
save(ten + 'batches.meta', {'label_names': names, 'num_cases_per_batch': 1, 'num_vis': 3072})
hundred = 'good/cifar-100-python/'
save(hundred + 'train', {'data': images(0, 2), 'fine_labels': [99, 0], 'coarse_labels': [1, 0]})
save(hundred + 'test', {'data': images(2, 1), 'fine_labels': [42], 'coarse_labels': [1]})
save(hundred + 'meta', {'fine_label_names': ['n%d' % n for n in range(100)], 'coarse_label_names': ['x']})


class Bad:
    def __reduce__(self):
        return (os.system, ('touch hacked', ))


tiny = images(0, 1)
broken = {
    'call': Bad(),
    'shape': {'data': tiny[:, :3000], 'labels': [1]},
    'count': {'data': tiny, 'labels': [1, 2]},
    'kind': {'data': tiny.astype(np.float64)[:, :16], 'labels': [1]},
    'label': {'data': tiny, 'labels': [10]},
    'text': {'data': tiny, 'labels': ['one']},
    'list': [1, 2],
    'nothing': {},
}
for name, value in broken.items():
    save('bad/%s/cifar-10-batches-py/test_batch' % name, value)
os.makedirs('bad/cut/cifar-10-batches-py', exist_ok=True)
open('bad/cut/cifar-10-batches-py/test_batch', 'wb').write(old(images(0, 1), [1])[:900])
save('bad/label/cifar-10-batches-py/batches.meta', {'label_names': names})
