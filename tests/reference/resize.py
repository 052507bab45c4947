"""Pillow's bilinear resizing. Writes resize.json beside this script:

    python tests/reference/resize.py $CONVSCOPE_REAL_DATA

`made`: images drawn from formulas (draw below; tests/library/pixels/scaling.rs has the same), resized by Pillow, as
base64. `photos`: of real photos only statistics of the resized image: mean and standard deviation of the
channels and the grey means of 4 x 4 blocks.

With --live JOBS (a JSON list of [path, height, width, mode]) the resized photos go to standard output as bytes.
"""
import base64
import json
import sys
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageOps

BILINEAR = Image.Resampling.BILINEAR
MODES = {
    "stretch": lambda image, size: image.resize(size, BILINEAR),
    "fit": lambda image, size: ImageOps.pad(image, size, BILINEAR, color=(0, 0, 0)),
    "crop": lambda image, size: ImageOps.fit(image, size, BILINEAR),
}
# Width and height, from and to: down, hardly, up, wide, thin.
SIZES = [((64, 48), (17, 23)), ((33, 47), (32, 32)), ((12, 15), (31, 25)), ((200, 100), (24, 24)),
         ((1, 50), (7, 7)), ((100, 3), (10, 12)), ((25, 50), (15, 15))]
PHOTOS = ["flowers-small/*", "catdog-small/train/*"]
PHOTO_SIZES = [(180, 180), (32, 32), (600, 500)]


def draw(kind, width, height):
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    if kind == "gradient":
        return np.stack([x * 255 // max(width - 1, 1), y * 255 // max(height - 1, 1), (3 * x + 5 * y) % 256], -1)
    if kind == "noise":
        return np.stack([(((x * 73856093) ^ (y * 19349663) ^ (c * 83492791)) >> 7) % 256 for c in range(3)], -1)
    inside = (2 * x - width) ** 2 + (2 * y - height) ** 2 < (min(width, height) ** 2) // 2
    checker = (x // 3 + y // 3) % 2
    return np.stack([inside * 255, checker * 200 + 20, (x > y) * 255], -1)


def upright(path):
    return ImageOps.exif_transpose(Image.open(path)).convert("RGB")


def live(jobs):
    for path, height, width, mode in json.loads(jobs):
        sys.stdout.buffer.write(MODES[mode](upright(path), (width, height)).tobytes())


def statistics(image):
    pixels = np.asarray(image, dtype=np.float64)
    blocks = [np.array_split(row, 4, axis=1) for row in np.array_split(pixels.mean(-1), 4, axis=0)]
    return {
        "mean": [round(v, 3) for v in pixels.mean((0, 1))],
        "std": [round(v, 3) for v in pixels.std((0, 1))],
        "blocks": [round(block.mean(), 2) for row in blocks for block in row],
    }


def write(data):
    made = []
    for kind in ["gradient", "noise", "shapes"]:
        for start, end in SIZES:
            image = Image.fromarray(draw(kind, *start).astype(np.uint8))
            for mode, resize in MODES.items():
                pixels = base64.b64encode(resize(image, end).tobytes()).decode()
                made.append({"kind": kind, "from": start, "to": end, "mode": mode, "rgb": pixels})
    photos = []
    for pattern in PHOTOS:
        for folder in sorted(Path(data).glob(pattern)):
            for path in sorted(folder.glob("*.jpg"))[:2]:
                for size in PHOTO_SIZES:
                    for mode, resize in MODES.items():
                        photos.append({"path": str(path.relative_to(data)), "to": size, "mode": mode,
                                       **statistics(resize(upright(path), size))})
    lines = {name: ",\n".join("  " + json.dumps(row) for row in rows) for name, rows in [("made", made), ("photos", photos)]}
    out = Path(__file__).with_suffix(".json")
    out.write_text(f'{{\n "made_by": "resize.py, Pillow {PIL.__version__}",\n "made": [\n{lines["made"]}\n ],\n'
                   f' "photos": [\n{lines["photos"]}\n ]\n}}\n')
    print(len(made), "made,", len(photos), "of photos,", out.stat().st_size, "bytes")


if sys.argv[1] == "--live":
    live(sys.argv[2])
else:
    write(sys.argv[1])
