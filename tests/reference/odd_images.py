"""What Pillow says of every file of odd-images.tar; writes odd_images.json beside this script.

    python tests/reference/odd_images.py $CONVSCOPE_REAL_DATA/odd-images.tar

For each file: its name in the archive (bytes outside printable ASCII and "%" as %XX), the format Pillow
found in the content, the mode, the size after ImageOps.exif_transpose, and the mean and standard
deviation of red, green and blue after .convert("RGB") of the first frame; or the error. No pixels.
"""
import hashlib
import io
import json
import sys
import tarfile
import warnings
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageOps


def escaped(name):
    return "".join(chr(b) if 0x20 <= b < 0x7F and b != 0x25 else f"%{b:02X}" for b in name)


def verdict(data):
    row = {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            image = Image.open(io.BytesIO(data))
            row |= {"format": image.format, "mode": image.mode, "frames": getattr(image, "n_frames", 1)}
            image.seek(0)
            upright = ImageOps.exif_transpose(image)
            rgb = np.asarray(upright.convert("RGB"), dtype=np.float64)
            row["size"] = list(upright.size)
            row["mean"] = [round(float(v), 3) for v in rgb.mean((0, 1))]
            row["std"] = [round(float(v), 3) for v in rgb.std((0, 1))]
        except Exception as error:
            row["error"] = f"{type(error).__name__}: {error}".replace(repr(error), "")[:120]
    if any(issubclass(w.category, Image.DecompressionBombWarning) for w in caught):
        row["bomb_warning"] = True
    return row


rows = {}
with tarfile.open(sys.argv[1], encoding="utf-8", errors="surrogateescape") as archive:
    for member in archive:
        if not member.isfile():
            continue
        data = archive.extractfile(member).read()
        name = escaped(member.name.encode("utf-8", "surrogateescape").removeprefix(b"./"))
        assert name not in rows
        row = verdict(data)
        if "error" in row and "0x" in row["error"]:
            row["error"] = row["error"].split("<")[0].strip()
        rows[name] = row

out = Path(__file__).with_suffix(".json")
lines = ",\n".join(f"  {json.dumps(k)}: {json.dumps(rows[k])}" for k in sorted(rows))
out.write_text(f'{{\n "made_by": "odd_images.py, Pillow {PIL.__version__}",\n "files": {{\n{lines}\n }}\n}}\n')
print(len(rows), "files")
