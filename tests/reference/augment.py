"""Runs torchvision's affine, crop, brightness and contrast, for src/data/augment/tests.rs to compare with.

    python tests/reference/augment.py

The image is made from whole numbers by the formula below, which the test repeats. Conventions:

- `affine` turns clockwise, scales about the centre, then shifts, as `Drawn` does; its shift is in pixels,
  ours a share of the side. Both take pixel centres at half pixels (align_corners=False).
- `affine` knows no flips: the image is flipped first, as `Drawn` does.
- `resized_crop` repeats the crop's own edge where a pixel of the result falls outside the crop; we take the
  image's next pixel. With a crop of half the sides only the outermost pixels differ: the test leaves them out.
- `affine`'s own `fill` weights pixels on the image's edge twice, once with 0 and once with the fill. Ours are
  weighted once: here the fill is taken off, 0 filled in without `fill`, and the fill added again.
"""

import json
import pathlib

import torch
import torchvision
import torchvision.transforms.functional as F

WIDTH, HEIGHT = 14, 10
CASES = [
    {"name": "rotation", "angle": 30.0},
    {"name": "rotation the other way", "angle": -100.0},
    {"name": "zoom in", "scale": 1.25},
    {"name": "zoom out", "scale": 0.7},
    {"name": "shift by whole pixels", "dx": 3 / WIDTH, "dy": -2 / HEIGHT},
    {"name": "shift by parts of pixels", "dx": 0.1, "dy": 0.33},
    {"name": "flip and turn", "flip_h": True, "angle": 25.0},
    {"name": "all of affine", "flip_v": True, "angle": -40.0, "scale": 0.8, "dx": -0.15, "dy": 0.2},
    {"name": "grey fill", "angle": 45.0, "scale": 0.9, "fill": 100},
    {"name": "brighter", "brightness": 1.4},
    {"name": "darker", "brightness": 0.5},
    {"name": "more contrast", "contrast": 1.8},
    {"name": "less contrast", "contrast": 0.3},
    {"name": "brightness, then contrast", "brightness": 1.5, "contrast": 0.6},
    {"name": "no brightness", "brightness": 0.0},
    {"name": "crop", "crop": 0.5, "crop_x": 3 / 7, "crop_y": 2 / 5},
    {"name": "turn a grey image", "angle": 15.0, "contrast": 1.5, "channels": 1},
]


def image(channels: int) -> torch.Tensor:
    """[channels, HEIGHT, WIDTH], whole bytes divided by 255."""
    at = [(c, y, x) for c in range(channels) for y in range(HEIGHT) for x in range(WIDTH)]
    values = [(37 * c + 23 * y + 11 * x + 5 * x * y) % 256 / 255 for c, y, x in at]
    return torch.tensor(values).view(channels, HEIGHT, WIDTH)


def augmented(case: dict) -> torch.Tensor:
    result = image(case.get("channels", 3))
    if "crop" in case:
        height, width = round(HEIGHT * case["crop"]), round(WIDTH * case["crop"])
        top, left = round((HEIGHT - height) * case["crop_y"]), round((WIDTH - width) * case["crop_x"])
        return F.resized_crop(result, top, left, height, width, [HEIGHT, WIDTH], antialias=False)
    if case.get("flip_h"):
        result = F.hflip(result)
    if case.get("flip_v"):
        result = F.vflip(result)
    if {"angle", "scale", "dx", "dy"} & case.keys():
        fill = case.get("fill", 0) / 255
        result = fill + F.affine(
            result - fill,
            angle=case.get("angle", 0.0),
            translate=[case.get("dx", 0.0) * WIDTH, case.get("dy", 0.0) * HEIGHT],
            scale=case.get("scale", 1.0),
            shear=[0.0],
            interpolation=F.InterpolationMode.BILINEAR,
        )
    if "brightness" in case:
        result = F.adjust_brightness(result, case["brightness"])
    if "contrast" in case:
        result = F.adjust_contrast(result, case["contrast"])
    return result


def main() -> None:
    cases = [case | {"values": [round(v, 6) for v in augmented(case).flatten().tolist()]} for case in CASES]
    reference = {
        "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
        "width": WIDTH,
        "height": HEIGHT,
        "cases": cases,
    }
    path = pathlib.Path(__file__).with_name("augment.json")
    path.write_text(json.dumps(reference) + "\n")


if __name__ == "__main__":
    main()
