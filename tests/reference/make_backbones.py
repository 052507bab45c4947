"""Numbers about the backbones for tests/library/backbones.rs: logits of torchvision's networks with weights made by a
formula, names of torchvision's and timm's tensors, Keras' layers, and two small files saved by PyTorch.

    KERAS_BACKEND=torch python tests/reference/make_backbones.py

Weights and images come from integer arithmetic that tests/library/backbones.rs repeats, so that both sides have
exactly the same f32 values without keeping them.
"""

import json
import pathlib

import keras
import numpy
import timm
import torch
import torchvision

HERE = pathlib.Path(__file__).parent
# VGG16's top fits no other size.
SIDES = {"mobilenet_v2": 96, "efficientnet_b0": 96, "vgg16": 224, "resnet18": 96}
IMAGES = 2
EVERY = 10
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
TIMM = {"mobilenet_v2": "mobilenetv2_100", "efficientnet_b0": "efficientnet_b0"}
KERAS = {"MobileNetV2": 160, "EfficientNetB0": 224, "VGG16": 150}


def units(name: str, count: int) -> numpy.ndarray:
    """Multiples of 2^-24 in [0, 1): FNV-1a of the name, then a mixing of it with each position."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x01000193) % 2**32
    with numpy.errstate(over="ignore"):
        h = numpy.arange(count, dtype=numpy.uint32) * numpy.uint32(0x9E3779B1) + numpy.uint32(seed)
        h = (h ^ (h >> 16)) * numpy.uint32(0x7FEB352D)
        h = (h ^ (h >> 15)) * numpy.uint32(0x846CA68B)
        h = h ^ (h >> 16)
    return (h >> 8).astype(numpy.float64) / 2.0**24


def values(name: str, shape: list[int]) -> numpy.ndarray:
    """Weights of He's size, batch normalisation around its neutral values, small biases."""
    u = units(name, int(numpy.prod(shape)))
    if len(shape) > 1:
        fan_in = int(numpy.prod(shape[1:]))
        v = (2.0 * u - 1.0) * numpy.sqrt(6.0 / fan_in)
    elif name.endswith(("running_var", ".weight")):
        v = 0.5 + u
    else:
        v = (2.0 * u - 1.0) * 0.1
    return v.astype(numpy.float32).reshape(shape)


def images(side: int) -> torch.Tensor:
    """[N, 3, H, W], bytes made by the formula and normalised as for ImageNet."""
    rgb = (units("image", IMAGES * side * side * 3) * 256.0).astype(numpy.uint8)
    rgb = torch.from_numpy(rgb.reshape(IMAGES, side, side, 3)).permute(0, 3, 1, 2).float() / 255.0
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (MEAN, STD))
    return (rgb - mean) / std


def without_counters(state: dict) -> dict:
    return {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}


def network(name: str, side: int) -> dict:
    model = getattr(torchvision.models, name)(weights=None).eval()
    state = without_counters(model.state_dict())
    for key, tensor in state.items():
        tensor.copy_(torch.from_numpy(values(key, list(tensor.shape))))
    with torch.no_grad():
        logits = model(images(side))
    print(name, "logits have a standard deviation of", float(logits.std()))
    arrays = [[key, list(tensor.shape)] for key, tensor in state.items()]
    return {"side": side, "arrays": arrays, "logits": logits[:, ::EVERY].tolist()}


def timm_names(name: str) -> list:
    of_timm = without_counters(timm.create_model(TIMM[name]).state_dict())
    ours = without_counters(getattr(torchvision.models, name)().state_dict())
    assert [v.shape for v in of_timm.values()] == [v.shape for v in ours.values()]
    return [list(pair) for pair in zip(of_timm, ours)]


def keras_layers(name: str, side: int) -> list:
    make = getattr(keras.applications, name)
    model = make(include_top=False, weights=None, input_shape=(side, side, 3))
    return [[layer.name, type(layer).__name__] for layer in model.layers]


def small_files() -> list:
    """Every kind of values, a view with gaps, a parameter, shared values; in both containers."""
    base = torch.arange(24, dtype=torch.float32).view(2, 3, 4) / 8
    state = {
        "plain": base,
        "turned": base.permute(2, 0, 1),
        "part": base[1, 1:, ::2],
        "parameter": torch.nn.Parameter(torch.tensor([1.5, -2.0])),
        "half": torch.tensor([0.5, -65504.0, 6e-8], dtype=torch.float16),
        "bfloat": torch.tensor([1.0, -3.0e38], dtype=torch.bfloat16),
        "double": torch.tensor([0.1, -1e-3], dtype=torch.float64),
        "long": torch.tensor(7),
        "bytes": torch.tensor([0, 255], dtype=torch.uint8),
        "flags": torch.tensor([True, False]),
        "nothing": torch.zeros(0, 3),
    }
    torch.save(state, HERE / "small_zip.pth")
    torch.save(state, HERE / "small_legacy.pth", _use_new_zipfile_serialization=False)
    return [[k, list(v.shape), v.detach().float().flatten().tolist()] for k, v in state.items()]


def main() -> None:
    modules = (keras, timm, torch, torchvision)
    out = {
        "versions": {module.__name__: module.__version__ for module in modules},
        "networks": {name: network(name, side) for name, side in SIDES.items()},
        "timm": {name: timm_names(name) for name in TIMM},
        "keras": {name: keras_layers(name, side) for name, side in KERAS.items()},
        "small": small_files(),
    }
    (HERE / "backbones.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
