"""Makes stats.json: what numpy and scikit-learn say about pixels and labels made by formulas.

Run with a Python that has both: python tests/reference/stats.py
Pixels are whole numbers from a formula that src/data/stats.rs repeats. A mean or deviation here is rounded
a few times in float64, so the Rust test allows 1e-14.
"""

import json
import platform
from pathlib import Path

import numpy as np
import sklearn
from sklearn.utils.class_weight import compute_class_weight


def images(why, count, height, width, base, step, range_):
    i = np.arange(count * height * width * 3, dtype=np.int64)
    pixels = (base + (i * i // 7 + step * i + 40 * (i % 3)) % range_).astype(np.uint8)
    pixels = pixels.reshape(count, height, width, 3).astype(np.float64) / 255
    return {
        "why": why,
        "count": count,
        "height": height,
        "width": width,
        "base": base,
        "step": step,
        "range": range_,
        "mean": pixels.mean(axis=(0, 1, 2)).tolist(),
        "std": pixels.std(axis=(0, 1, 2)).tolist(),
    }


def weights(why, counts):
    """Classes that training has no images of are left to us: they weigh 1."""
    labels = [label for label, count in enumerate(counts) for _ in range(count)]
    present = np.unique(labels)
    known = dict(zip(present.tolist(), compute_class_weight("balanced", classes=present, y=labels).tolist()))
    return {"why": why, "counts": counts, "weights": [known.get(label, 1.0) for label in range(len(counts))]}


reference = {
    "made_by": "tests/reference/stats.py",
    "versions": {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
    },
    "images": [
        images("all values", 100, 9, 11, 0, 13, 256),
        images("one chunk", 3, 5, 4, 10, 5, 200),
        images("hardly any contrast far from zero", 70, 8, 8, 250, 3, 5),
        images("one pixel", 1, 1, 1, 0, 1, 256),
    ],
    "weights": [
        weights("even", [5, 5]),
        weights("uneven", [1214, 3494]),
        weights("many classes", [852, 2181, 1085, 2026, 849, 993, 2330, 1643]),
        weights("one class missing", [3, 0, 7]),
        weights("one class only", [0, 4]),
    ],
}
path = Path(__file__).with_name("stats.json")
path.write_text(json.dumps(reference, indent=1) + "\n")
