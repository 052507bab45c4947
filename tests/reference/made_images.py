"""Writes made_images.json beside this script: small images drawn from formulas, saved by Pillow in every
format and mode, and the RGB pixels that Pillow reads back.

    python tests/reference/made_images.py

`file` and `rgb` are base64; `rgb` is ImageOps.exif_transpose(image).convert("RGB") of the first frame, row by
row. No real data.
"""
import base64
import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageOps

W, H = 13, 9
y, x = np.mgrid[0:H, 0:W]
rgb = np.stack([x * 255 // (W - 1), y * 255 // (H - 1), (x * 37 + y * 101) % 256], -1).astype(np.uint8)
alpha = ((x * 91 + y * 53) % 256).astype(np.uint8)
alpha[0] = 0
grey16 = ((x * 5000 + y * 613) % 65536).astype(np.uint16)
COLOUR = Image.fromarray(rgb)
SMOOTH = Image.fromarray(np.stack([x * 19, y * 28, x * 9 + y * 14], -1).astype(np.uint8))
GREY = Image.fromarray(rgb[..., 2])
RGBA = Image.fromarray(np.dstack([rgb, alpha]))
LA = Image.merge("LA", [GREY, Image.fromarray(alpha)])
PALETTE = COLOUR.quantize(16)
BITS = GREY.convert("1")
GREY16 = Image.fromarray(grey16)
CMYK = Image.fromarray(np.dstack([rgb, alpha]), "CMYK")


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png(colour, bits, rows, *extra):
    """A PNG file by hand, for what Pillow cannot write; `rows` hold 16-bit numbers."""
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    header = struct.pack(">IIBBBBB", W, H, bits, colour, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row.astype(">u2").tobytes() for row in rows))
    chunks = [(b"IHDR", header), *extra, (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in chunks)


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def xmp(orientation):
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><d tiff:Orientation="{orientation}"/></x:xmpmeta>'.encode()


big16 = np.stack([grey16, grey16[::-1], grey16[:, ::-1]], -1).astype(">u2")
big16a = np.dstack([big16, grey16]).astype(">u2")
big16la = np.dstack([grey16, grey16[::-1]]).astype(">u2")
files = {
    "png 1": saved(BITS, "PNG"),
    "png L": saved(GREY, "PNG"),
    "png L with a transparent value": saved(GREY, "PNG", transparency=255),
    "png LA": saved(LA, "PNG"),
    "png P": saved(PALETTE, "PNG"),
    "png P with transparency": saved(PALETTE, "PNG", transparency=bytes(range(0, 160, 10))),
    "png P, 4 bits": saved(PALETTE, "PNG", bits=4),
    "png RGB": saved(COLOUR, "PNG"),
    "png RGB with a transparent colour": saved(COLOUR, "PNG", transparency=(0, 0, 0)),
    "png RGBA": saved(RGBA, "PNG"),
    "png I;16": saved(GREY16, "PNG"),
    "png I;16 with a transparent value": png(0, 16, grey16.astype(">u2"), (b"tRNS", b"\0\7")),
    "png LA, 16 bits": png(4, 16, big16la),
    "png RGB, 16 bits": png(2, 16, big16),
    "png RGBA, 16 bits": png(6, 16, big16a),
    "png of two frames": saved(COLOUR, "PNG", save_all=True, append_images=[SMOOTH]),
    "jpeg L": saved(GREY, "JPEG", quality=95),
    "jpeg RGB, 4:4:4": saved(SMOOTH, "JPEG", quality=95, subsampling=0),
    "jpeg RGB, 4:2:2": saved(SMOOTH, "JPEG", quality=95, subsampling=1),
    "jpeg RGB, 4:2:0": saved(SMOOTH, "JPEG", quality=95, subsampling=2),
    "jpeg RGB, progressive": saved(SMOOTH, "JPEG", quality=95, progressive=True),
    "jpeg RGB, restarts": saved(SMOOTH, "JPEG", quality=95, restart_marker_rows=1),
    "jpeg RGB, kept as RGB": saved(SMOOTH, "JPEG", quality=95, keep_rgb=True),
    "jpeg CMYK": saved(CMYK, "JPEG", quality=95),
    "jpeg, turned by XMP": saved(SMOOTH, "JPEG", quality=95, xmp=xmp(6)),
    "gif P": saved(PALETTE, "GIF"),
    "gif P, interlaced": saved(PALETTE, "GIF", interlace=1),
    "gif P with transparency": saved(PALETTE, "GIF", transparency=3),
    "gif L": saved(GREY, "GIF"),
    "gif of two frames": saved(PALETTE, "GIF", save_all=True, append_images=[GREY.convert("P")]),
    "webp RGB, lossless": saved(COLOUR, "WEBP", lossless=True),
    "webp RGBA, lossless": saved(RGBA, "WEBP", lossless=True, exact=True),
    "webp RGB, lossy": saved(SMOOTH, "WEBP", quality=90),
    "webp RGBA, lossy": saved(Image.merge("RGBA", [*SMOOTH.split(), Image.fromarray(alpha)]), "WEBP", quality=90),
    "webp of two frames": saved(RGBA, "WEBP", save_all=True, append_images=[COLOUR.convert("RGBA")], lossless=True, exact=True),
    "bmp 1": saved(BITS, "BMP"),
    "bmp L": saved(GREY, "BMP"),
    "bmp P": saved(PALETTE, "BMP"),
    "bmp RGB": saved(COLOUR, "BMP"),
    "bmp RGBA": saved(RGBA, "BMP"),
    "tiff 1": saved(BITS, "TIFF"),
    "tiff L": saved(GREY, "TIFF"),
    "tiff LA": saved(LA, "TIFF"),
    "tiff P": saved(PALETTE, "TIFF"),
    "tiff RGB": saved(COLOUR, "TIFF"),
    "tiff RGBA": saved(RGBA, "TIFF"),
    "tiff CMYK": saved(CMYK, "TIFF"),
    "tiff I;16": saved(GREY16, "TIFF"),
    "tiff F": saved(GREY.convert("F"), "TIFF"),
    "tiff RGB, LZW": saved(COLOUR, "TIFF", compression="tiff_lzw"),
    "tiff RGB, deflate": saved(COLOUR, "TIFF", compression="tiff_adobe_deflate"),
    "tiff RGB, packbits": saved(COLOUR, "TIFF", compression="packbits"),
    "tiff RGB, JPEG": saved(SMOOTH, "TIFF", compression="jpeg", quality=95),
    "tiff of two pages": saved(COLOUR, "TIFF", save_all=True, append_images=[SMOOTH]),
}
for turn in range(1, 9):
    files[f"png, orientation {turn}"] = saved(COLOUR, "PNG", exif=exif(turn))
    files[f"jpeg, orientation {turn}"] = saved(SMOOTH, "JPEG", quality=95, exif=exif(turn))
    files[f"webp, orientation {turn}"] = saved(COLOUR, "WEBP", lossless=True, exif=exif(turn))
    files[f"tiff, orientation {turn}"] = saved(COLOUR, "TIFF", tiffinfo={0x0112: turn})

rows = {}
for name, data in files.items():
    image = Image.open(io.BytesIO(data))
    frames = getattr(image, "n_frames", 1)
    mode = image.mode
    image.seek(0)
    upright = ImageOps.exif_transpose(image)
    rows[name] = {
        "format": image.format,
        "mode": mode,
        "frames": frames,
        "size": upright.size,
        "file": base64.b64encode(data).decode(),
        "rgb": base64.b64encode(upright.convert("RGB").tobytes()).decode(),
    }
lines = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in rows.items())
out = Path(__file__).with_suffix(".json")
out.write_text(f'{{\n "made_by": "made_images.py, Pillow {PIL.__version__}",\n "files": {{\n{lines}\n }}\n}}\n')
print(len(rows), "images,", out.stat().st_size, "bytes")
