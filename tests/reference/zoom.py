"""Runs `apply_affine_transform` of Keras' `ImageDataGenerator`, for src/data/augment/tests.rs to compare with.

    python tests/reference/zoom.py

The image is made by the formula of `augment.py`, but square: Keras 3 takes half the height for the middle of the width.
Its order is rotation · shift · zoom, from a pixel (x, y) of the result to one of the image, about the centre; then it
flips the result. Shear is not ours.
"""

import json
import os
import pathlib
import platform

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import scipy
from keras.src.legacy.preprocessing.image import apply_affine_transform

WIDTH, HEIGHT = 12, 12
CASES = [
    {"name": "higher window", "zx": 1.0, "zy": 1.2},
    {"name": "each axis another way", "zx": 0.8, "zy": 1.15},
    {"name": "turned and stretched", "theta": 25.0, "zx": 1.2, "zy": 0.85},
    {"name": "shifted by pixels of the image", "tx": 2.0, "ty": -3.0, "zx": 0.8, "zy": 0.9},
    {"name": "everything", "theta": -30.0, "tx": 1.3, "ty": 2.1, "zx": 1.1, "zy": 0.8},
    {"name": "everything, then flipped", "theta": 20.0, "tx": -0.7, "ty": 1.6, "zx": 0.9, "zy": 1.2, "flip_h": True},
]


def image() -> np.ndarray:
    c, y, x = np.meshgrid(np.arange(3), np.arange(HEIGHT), np.arange(WIDTH), indexing="ij")
    return (((37 * c + 23 * y + 11 * x + 5 * x * y) % 256) / 255).astype(np.float32)


def main() -> None:
    cases = []
    for case in CASES:
        numbers = {key: value for key, value in case.items() if key in ("theta", "tx", "ty", "zx", "zy")}
        changed = apply_affine_transform(
            image(), row_axis=1, col_axis=2, channel_axis=0, fill_mode="nearest", order=1, **numbers
        )
        if case.get("flip_h"):
            changed = changed[:, :, ::-1]
        cases.append(case | {"values": [round(float(value), 6) for value in changed.ravel()]})
    content = {
        "made_by": "tests/reference/zoom.py",
        "versions": {"keras": keras.__version__, "scipy": scipy.__version__, "python": platform.python_version()},
        "width": WIDTH,
        "height": HEIGHT,
        "cases": cases,
    }
    path = pathlib.Path(__file__).with_name("zoom.json")
    path.write_text(json.dumps(content) + "\n")


if __name__ == "__main__":
    main()
