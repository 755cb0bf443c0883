"""Makes the small pictures of this folder and goldens.json: what OpenCV and Pillow read from them and make of them.

Run with OpenCV 5.0.0.93 and Pillow 10.4.0 (numpy < 2): python make.py
Images are compared by the 64-bit FNV-1a hash of their samples, floats by their values in base64.
"""
import base64
import io
import json
import os
import struct
import zlib

import cv2
import numpy as np
from PIL import Image, ImageOps

HERE = os.path.dirname(os.path.abspath(__file__))
cv2.setNumThreads(1)
rng = np.random.RandomState(7)


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return '%016x' % value


def result(array, exact=True):
    """Shape and content of an array: a hash, or the values when they are compared with a tolerance."""
    if array is None:
        return None
    array = np.ascontiguousarray(array)
    if array.ndim == 2:
        array = array[..., None]
    if array.dtype in (np.uint16, np.int32, np.float64):
        array = array.astype(np.float32)
    out = dict(shape=list(array.shape), kind='f32' if array.dtype == np.float32 else 'u8')
    if exact:
        out['hash'] = fnv(array.tobytes())
    else:
        out['data'] = base64.b64encode(array.tobytes()).decode()
    return out


def picture(width, height):
    """Smooth colours, an edge, a disc and some noise (BGR)."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    out = np.stack([
        128 + 100 * np.sin(x / 7.0) * np.cos(y / 11.0), 255 * x / (width - 1), 255 * (x + 2 * y) / (width + 2 * height)
    ], -1)
    out[(x - width * 0.6)**2 + (y - height * 0.4)**2 < (height / 4.0)**2] = (30, 60, 220)
    out[height // 2:, :width // 4] = (240, 235, 20)
    out += rng.normal(0, 6, out.shape)
    return np.clip(np.rint(out), 0, 255).astype(np.uint8)


def save(name, data):
    with open(os.path.join(HERE, name), 'wb') as f:
        f.write(data)


def jpeg(image, **options):
    buffer = io.BytesIO()
    mode = image if isinstance(image, Image.Image) else Image.fromarray(image[..., ::-1])
    mode.save(buffer, 'JPEG', **options)
    return buffer.getvalue()


def exif(orientation, order='<'):
    head = b'II*\0' if order == '<' else b'MM\0*'
    entry = struct.pack(order + 'HHIHH', 0x0112, 3, 1, orientation, 0)
    return b'Exif\0\0' + head + struct.pack(order + 'IH', 8, 1) + entry + struct.pack(order + 'I', 0)


def png(rows, width, height, depth, color, chunks=(), interlace=0):
    """A PNG of ready sample rows (bytes), unfiltered."""
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    raw = b''.join(b'\0' + row for row in rows)
    out = b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, depth, color, 0, 0, interlace))
    for kind, data in chunks:
        out += chunk(kind, data)
    return out + chunk(b'IDAT', zlib.compress(raw, 9)) + chunk(b'IEND', b'')


def pack(values, depth):
    """Rows of small samples, packed from the left."""
    rows = []
    for row in values:
        bits = ''.join(format(int(v), '0%db' % depth) for v in row)
        bits += '0' * (-len(bits) % 8)
        rows.append(bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8)))
    return rows


def interlaced(image):
    """Adam7: the rows of the seven passes."""
    rows = []
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        part = image[y0::dy, x0::dx]
        if part.size:
            rows += [row.tobytes() for row in part]
    return rows


def make_files():
    w, h = 37, 29
    bgr = picture(w, h)
    rgb = np.ascontiguousarray(bgr[..., ::-1])
    gray = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    save('420.jpg', jpeg(bgr, quality=90, subsampling=2))
    save('422.jpg', jpeg(bgr, quality=85, subsampling=1))
    save('444.jpg', jpeg(bgr, quality=95, subsampling=0))
    save('gray.jpg', jpeg(Image.fromarray(gray), quality=90))
    save('progressive.jpg', jpeg(bgr, quality=80, progressive=True))
    save('optimized.jpg', jpeg(bgr, quality=60, optimize=True))
    save('restart.jpg', cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_RST_INTERVAL, 2])[1].tobytes())
    save('cmyk.jpg', jpeg(Image.fromarray(rgb).convert('CMYK'), quality=90))
    for orientation in range(1, 9):
        save('exif%d.jpg' % orientation,
             jpeg(bgr[:20, :17], quality=80, exif=exif(orientation, '<' if orientation % 2 else '>')))
    whole = jpeg(bgr, quality=90)
    save('cut.jpg', whole[:300])
    save('noeoi.jpg', whole[:-2])

    alpha = (np.arange(h)[:, None] * 8 + np.arange(w)[None]).astype(np.uint8)
    rgba = np.dstack([rgb, alpha])
    indices = (gray // 32).astype(np.uint8)
    palette = bytes(rng.randint(0, 256, 24).astype(np.uint8))
    deep = (gray.astype(np.uint16) * 257 + 3).astype('>u2')
    deep_rgb = (rgb.astype(np.uint16) * 256 + 77).astype('>u2')
    rows = lambda a: [np.ascontiguousarray(row).tobytes() for row in a]
    save('rgb.png', png(rows(rgb), w, h, 8, 2))
    save('rgba.png', png(rows(rgba), w, h, 8, 6))
    save('gray.png', png(rows(gray), w, h, 8, 0))
    save('gray_alpha.png', png(rows(np.dstack([gray, alpha])), w, h, 8, 4))
    save('gray16.png', png(rows(deep), w, h, 16, 0))
    save('rgb16.png', png(rows(deep_rgb), w, h, 16, 2))
    save('gray1.png', png(pack(gray > 128, 1), w, h, 1, 0))
    save('gray2.png', png(pack(gray // 64, 2), w, h, 2, 0))
    save('gray4.png', png(pack(gray // 16, 4), w, h, 4, 0))
    save('palette8.png', png(rows(indices), w, h, 8, 3, [(b'PLTE', palette)]))
    save('palette4.png', png(pack(indices, 4), w, h, 4, 3, [(b'PLTE', palette)]))
    save('palette1.png', png(pack(indices > 3, 1), w, h, 1, 3, [(b'PLTE', palette[:6])]))
    save('palette_trns.png', png(rows(indices), w, h, 8, 3, [(b'PLTE', palette), (b'tRNS', bytes([0, 128, 255]))]))
    save('rgb_trns.png', png(rows(rgb), w, h, 8, 2, [(b'tRNS', struct.pack('>HHH', 220, 60, 30))]))
    save('gray_trns.png', png(rows(gray), w, h, 8, 0, [(b'tRNS', struct.pack('>H', 77))]))
    save('interlaced.png', png(interlaced(rgb), w, h, 8, 2, interlace=1))
    save('exif.png', png(rows(rgb), w, h, 8, 2, [(b'eXIf', exif(6)[6:])]))
    filtered = io.BytesIO()
    Image.fromarray(rgb).save(filtered, 'PNG', optimize=True)
    save('filtered.png', filtered.getvalue())
    save('cut.png', filtered.getvalue()[:len(filtered.getvalue()) // 2])
    for name, array in (('rgb.bmp', bgr), ('gray.bmp', gray), ('rgb.ppm', bgr), ('gray.pgm', gray)):
        save(name, cv2.imencode(os.path.splitext(name)[1], array)[1].tobytes())
    save('text.ppm', b'P3\n# small\n3 2\n255\n' + b' '.join(b'%d' % v for v in rgb[:2, :3].ravel()) + b'\n')
    save('large.png', cv2.imencode('.png', picture(61, 47), [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes())


CV2_FLAGS = dict(
    color=cv2.IMREAD_COLOR, grayscale=cv2.IMREAD_GRAYSCALE, unchanged=cv2.IMREAD_UNCHANGED,
    color_ignore_orientation=cv2.IMREAD_IGNORE_ORIENTATION | cv2.IMREAD_COLOR,
    grayscale_ignore_orientation=cv2.IMREAD_IGNORE_ORIENTATION | cv2.IMREAD_GRAYSCALE)


def with_cv2(data, mode):
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), CV2_FLAGS[mode])
    except cv2.error:
        return None


def with_pillow(data, mode):
    """mmcv's reading with imdecode_backend='pillow'."""
    try:
        image = Image.open(io.BytesIO(data))
        if mode == 'unchanged':
            array = np.array(image)
            if array.dtype == bool:
                array = array.astype(np.uint8)
            if array.ndim >= 3 and array.shape[2] >= 3:
                array[:, :, :3] = array[:, :, (2, 1, 0)]
            return array
        if mode in ('color', 'grayscale'):
            image = ImageOps.exif_transpose(image)
        if image.mode == 'LA':
            over = image.convert('RGBA')
            image = Image.new('RGB', over.size, (124, 117, 104))
            image.paste(over, mask=over.split()[3])
        image = image.convert('RGB')
        return np.array(image)[..., ::-1] if mode.startswith('color') else np.array(image.convert('L'))
    except Exception:
        return None


def reading():
    cases = []
    for name in sorted(os.listdir(HERE)):
        if name.endswith(('.py', '.json')):
            continue
        data = open(os.path.join(HERE, name), 'rb').read()
        for mode in CV2_FLAGS:
            for backend, read in (('cv2', with_cv2), ('pillow', with_pillow)):
                if name.endswith(('.bmp', '.ppm', '.pgm')) and backend == 'pillow':
                    continue
                cases.append(dict(file=name, mode=mode, backend=backend, result=result(read(data, mode))))
    return cases


def resizing(image):
    cases = []
    codes = dict(nearest=0, bilinear=1, bicubic=2, area=3, lanczos=4)
    filters = dict(nearest=0, lanczos=1, bilinear=2, bicubic=3, box=4, hamming=5)
    gray = np.ascontiguousarray(image[..., 1])
    four = np.dstack([image, gray])
    sizes = [(30, 20), (61, 23), (122, 94), (13, 11), (90, 31), (1, 1)]
    for channels, source in ((1, gray), (3, image), (4, four)):
        for size in sizes:
            for name, code in codes.items():
                made = cv2.resize(source, size, interpolation=code)
                if name == 'bicubic' and made.size > 1200:
                    continue
                cases.append(dict(channels=channels, size=size, interpolation=name, backend='cv2',
                                  result=result(made, exact=name != 'bicubic')))
            for name, code in filters.items():
                made = np.array(Image.fromarray(source).resize(size, code))
                cases.append(dict(channels=channels, size=size, interpolation=name, backend='pillow',
                                  result=result(made)))
    even = image[:46, :60]
    for channels, source in ((1, even[..., 1]), (3, even), (4, four[:46, :60])):
        for name in ('bilinear', 'area'):
            for size in ((30, 23), (20, 23), (15, 23)):
                made = cv2.resize(np.ascontiguousarray(source), size, interpolation=codes[name])
                cases.append(dict(channels=channels, crop=(60, 46), size=size, interpolation=name, backend='cv2',
                                  result=result(made)))
    for name, code in codes.items():
        for size in ((13, 11), (70, 3)):
            made = cv2.resize(image.astype(np.float32), size, interpolation=code)
            cases.append(dict(channels=3, float=True, size=size, interpolation=name, backend='cv2',
                              result=result(made, exact=False)))
    return cases


def padding(image):
    cases = []
    borders = dict(constant=cv2.BORDER_CONSTANT, edge=cv2.BORDER_REPLICATE, reflect=cv2.BORDER_REFLECT_101,
                   symmetric=cv2.BORDER_REFLECT)
    small = np.ascontiguousarray(image[:4, :5])
    for mode, border in borders.items():
        for source, name in ((image, 'whole'), (small, 'small')):
            for left, top, right, bottom in ((3, 1, 2, 4), (0, 0, 7, 9), (11, 12, 13, 14)):
                made = cv2.copyMakeBorder(source, top, bottom, left, right, border, value=(10, 200, 33))
                cases.append(dict(source=name, mode=mode, borders=[left, top, right, bottom], result=result(made)))
    return cases


def normalizing(image):
    cases = []
    for mean, std in (((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)), ((103.53, 116.28, 123.675), (1, 1, 1)),
                      ((0, 0, 0), (255, 255, 255)), ((127.5, 127.5, 127.5), (127.5, 127.5, 127.5))):
        for to_rgb in (True, False):
            for source in (image, image.astype(np.float32) * np.float32(0.37)):
                made = source.copy().astype(np.float32)
                if to_rgb:
                    cv2.cvtColor(made, cv2.COLOR_BGR2RGB, made)
                cv2.subtract(made, np.float64(np.array(mean).reshape(1, -1)), made)
                cv2.multiply(made, 1 / np.float64(np.array(std).reshape(1, -1)), made)
                cases.append(dict(mean=mean, std=std, to_rgb=to_rgb, scaled=source.dtype == np.float32,
                                  result=result(made)))
    return cases


def coloring(image):
    """Colour conversions, by the names of mmcv's functions."""
    cases = []
    codes = dict(bgr2gray=cv2.COLOR_BGR2GRAY, rgb2gray=cv2.COLOR_RGB2GRAY, bgr2hsv=cv2.COLOR_BGR2HSV,
                 rgb2hsv=cv2.COLOR_RGB2HSV, hsv2bgr=cv2.COLOR_HSV2BGR, hsv2rgb=cv2.COLOR_HSV2RGB)
    for name, code in codes.items():
        source = image.copy()
        floats = image[:9, :7].astype(np.float32)
        if name.startswith('hsv'):
            source[..., 0] = source[..., 0] % 180
            floats = floats * np.float32([1.4, 1 / 255.0, 1])
        cases.append(dict(name=name, float=False, result=result(cv2.cvtColor(source, code))))
        cases.append(dict(name=name, float=True, result=result(cv2.cvtColor(floats, code), exact=False)))
    return cases


def cut(image):
    return np.clip(image, 0, 255).astype(np.uint8)


def adjusting(image):
    """mmcv's photometric functions (cv2 backend)."""
    floats, cases = image.astype(np.float32), []

    def add(name, made, *args):
        cases.append(dict(name=name, args=list(args), result=result(made)))

    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    mean = round(np.sum(gray) / gray.size)
    smooth = cv2.filter2D(image, -1, np.array([[1., 1., 1.], [1., 5., 1.], [1., 1., 1.]]) / 13)
    for factor in (0.0, 0.31, 1.0, 1.7):
        add('brightness', cut(cv2.addWeighted(floats, factor, floats * 0, 1 - factor, 0)), factor)
        add('contrast', cut(cv2.addWeighted(floats, factor, np.full_like(floats, mean), 1 - factor, 0)), factor)
        add('color', cv2.addWeighted(image, factor, np.tile(gray[..., None], [1, 1, 3]), 1 - factor, 0), factor)
        add('sharpness', cut(cv2.addWeighted(floats, factor, smooth.astype(np.float32), 1 - factor, 0)), factor)
    for threshold in (0, 100, 256):
        add('solarize', np.where(image < threshold, image, 255 - image).astype(np.uint8), threshold)
    for bits in (1, 4, 8):
        add('posterize', np.left_shift(np.right_shift(image, 8 - bits), 8 - bits), bits)
    add('invert', 255 - image)
    equal = np.empty_like(image)
    for c in range(3):
        counts = np.histogram(image[..., c], 256, (0, 255))[0]
        step = (np.sum(counts) - counts[counts > 0][-1]) // 255
        table = np.concatenate([[0], ((np.cumsum(counts) + step // 2) // step)[:-1]]) if step else np.arange(256)
        equal[..., c] = np.minimum(table, 255)[image[..., c]]
    add('equalize', equal)
    dull = (image // 3 + 40).astype(np.uint8)
    for low, high in ((0, 0), (5, 10.5)):
        stretched = np.empty_like(dull)
        for c in range(3):
            counts = np.histogram(dull[..., c], 256, (0, 255))[0]
            total = np.cumsum(counts)
            first, last = total[-1] * low // 100, total[-1] - total[-1] * high // 100
            total = np.clip(total, first, last) - first
            kept = np.nonzero(np.concatenate([[total[0]], np.diff(total)]))[0]
            scale = 255.0 / (kept[-1] - kept[0])
            stretched[..., c] = np.clip(np.arange(256) * scale - kept[0] * scale, 0, 255)[dull[..., c]]
        add('auto_contrast', stretched, low, high)
    return cases


def warping(image):
    """mmcv's imrotate, imshear and imtranslate. Widths are multiples of 16: see docs/images.md."""
    cases = []
    part = np.ascontiguousarray(image[:40, :48])
    modes = dict(constant=cv2.BORDER_CONSTANT, edge=cv2.BORDER_REPLICATE, reflect=cv2.BORDER_REFLECT_101,
                 symmetric=cv2.BORDER_REFLECT)
    kinds = dict(bilinear=cv2.INTER_LINEAR, nearest=cv2.INTER_NEAREST)
    for interpolation, code in kinds.items():
        for mode, border in modes.items():
            for degrees, scale in ((33, 1.0), (-90, 1.3), (171.5, 0.4)):
                matrix = cv2.getRotationMatrix2D(((48 - 1) * 0.5, (40 - 1) * 0.5), -degrees, scale)
                made = cv2.warpAffine(part, matrix, (48, 40), flags=code, borderMode=border, borderValue=(9, 99, 199))
                cases.append(dict(name='rotate', interpolation=interpolation, mode=mode, args=[degrees, scale],
                                  result=result(made)))
        for amount in (0.3, -0.2):
            for name, matrix in (('shear_x', [[1, amount, 0], [0, 1, 0]]), ('shear_y', [[1, 0, 0], [amount, 1, 0]]),
                                 ('translate_x', [[1, 0, amount * 50], [0, 1, 0]]),
                                 ('translate_y', [[1, 0, 0], [0, 1, amount * 50]])):
                made = cv2.warpAffine(part, np.float32(matrix), (48, 40), borderValue=(9, 99, 199), flags=code)
                cases.append(dict(name=name, interpolation=interpolation, mode='constant', args=[amount],
                                  result=result(made)))
    return cases


def main():
    make_files()
    image = cv2.imread(os.path.join(HERE, 'large.png'))
    goldens = dict(
        versions=dict(cv2=cv2.__version__, pillow=Image.__version__),
        reading=reading(), resizing=resizing(image), padding=padding(image), normalizing=normalizing(image),
        coloring=coloring(image), adjusting=adjusting(image), warping=warping(image))
    with open(os.path.join(HERE, 'goldens.json'), 'w') as f:
        json.dump(goldens, f, indent=None, separators=(',', ':'))
        f.write('\n')


if __name__ == '__main__':
    main()
