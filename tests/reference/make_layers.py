"""Layers as PyTorch computes them: outputs and gradients of every array and of the input.

    /opt/py/bin/python tests/reference/make_layers.py

writes a file for each kind into tests/reference/layers/. The loss is the sum of the output times a fixed array of the
same shape. Every number is drawn here and written down, so that nothing has to be drawn alike.

Where Keras computes something else the case says so; Keras' definition is written out with PyTorch's functions.
"""

import json
import pathlib

import torch
from torch import nn
from torch.nn import functional as F

FOLDER = pathlib.Path(__file__).parent / "layers"


def numbers(tensor):
    return [round(float(value), 8) for value in tensor.detach().flatten()]


def array(tensor):
    return {"shape": list(tensor.shape), "values": numbers(tensor)}


def case(why, kind, arrays, compute, shape=(2, 3, 7, 6), training=True):
    """`arrays` are leaves by name; `compute(x)` uses them."""
    x = torch.randn(shape).round(decimals=4).requires_grad_()
    output = compute(x)
    cotangent = torch.randn(output.shape).round(decimals=4)
    learned = [a for a in arrays.values() if a.requires_grad]
    grads = torch.autograd.grad((output * cotangent).sum(), [x, *learned])
    gradients = dict(zip([n for n, a in arrays.items() if a.requires_grad], grads[1:]))
    return {
        "why": why,
        "kind": kind,
        "training": training,
        "input": array(x),
        "arrays": {name: array(a) for name, a in arrays.items()},
        "output": array(output),
        "cotangent": numbers(cotangent),
        "input_gradient": numbers(grads[0]),
        "gradients": {name: numbers(g) for name, g in gradients.items()},
    }


def leaf(*shape, scale=0.5, learned=True):
    values = (torch.randn(shape) * scale).round(decimals=4)
    return values.requires_grad_(learned)


def activations():
    slope = {"Activation": {"LeakyRelu": {"negative_slope": 0.3}}}
    yield case("leaky ReLU, Keras' slope", slope, {}, nn.LeakyReLU(0.3))
    yield case("leaky ReLU, PyTorch's", {"Activation": {"LeakyRelu": {}}}, {}, nn.LeakyReLU())
    yield case("hard-swish", {"Activation": "HardSwish"}, {}, nn.Hardswish())
    w, b = leaf(4, 3, 3, 3), leaf(4)
    kind = {"Conv2d": {"filters": 4, "kernel": 3, "activation": {"LeakyRelu": {"negative_slope": 0.1}}}}
    arrays = {"layer.weight": w, "layer.bias": b}
    yield case("behind a convolution", kind, arrays, lambda x: F.leaky_relu(F.conv2d(x, w, b), 0.1))


def global_max_pool2d():
    yield case("the largest of each map", "GlobalMaxPool2d", {}, lambda x: torch.amax(x, (2, 3)))


def layer_norm2d():
    w, b = leaf(3), leaf(3)
    arrays = {"layer.weight": w, "layer.bias": b}

    def per_pixel(epsilon):
        def compute(x):
            return F.layer_norm(x.permute(0, 2, 3, 1), [3], w, b, epsilon).permute(0, 3, 1, 2)

        return compute

    kind = {"LayerNorm2d": {"epsilon": 1e-5}}
    yield case("torchvision's LayerNorm2d", kind, arrays, per_pixel(1e-5))
    keras = {"LayerNorm2d": {"epsilon": 1e-3}}
    yield case("Keras' LayerNormalization() on channels-last maps", keras, arrays, per_pixel(1e-3))


def conv2d():
    w, b = leaf(4, 3, 3, 5), leaf(4)
    arrays = {"layer.weight": w, "layer.bias": b}
    kind = {"Conv2d": {"filters": 4, "kernel": [3, 5], "stride": [2, 1], "padding": {"Pixels": [1, 2]}}}
    yield case("sides of their own", kind, arrays, lambda x: F.conv2d(x, w, b, (2, 1), (1, 2)))
    kind = {"Conv2d": {"filters": 4, "kernel": [3, 5], "padding": "Same", "activation": "Relu"}}
    yield case("the same size", kind, arrays, lambda x: F.relu(F.conv2d(x, w, b, padding="same")))
    v = leaf(2, 3, 3, 3)
    arrays = {"layer.weight": v, "layer.bias": (c := leaf(2))}
    kind = {"Conv2d": {"filters": 2, "kernel": 3, "dilation": 2, "padding": "Same"}}
    yield case("dilated", kind, arrays, lambda x: F.conv2d(x, v, c, padding="same", dilation=2))
    kind = {"Conv2d": {"filters": 2, "kernel": 3, "dilation": [1, 2], "padding": {"Pixels": [0, 1]}}}
    yield case("dilated along one side", kind, arrays, lambda x: F.conv2d(x, v, c, 1, (0, 1), (1, 2)))


def depthwise_conv2d():
    for multiplier in (1, 2):
        w, b = leaf(3 * multiplier, 1, 3, 3), leaf(3 * multiplier)
        kind = {"DepthwiseConv2d": {"kernel": 3, "padding": "Same", "multiplier": multiplier}}
        arrays = {"layer.weight": w, "layer.bias": b}
        why = f"{multiplier} maps of each channel"
        yield case(why, kind, arrays, lambda x: F.conv2d(x, w, b, 1, 1, 1, 3))


def separable_conv2d():
    d, p, b = leaf(6, 1, 3, 3), leaf(5, 6, 1, 1), leaf(5)
    arrays = {"layer.depthwise.weight": d, "layer.pointwise.weight": p, "layer.pointwise.bias": b}
    kind = {"SeparableConv2d": {"filters": 5, "kernel": 3, "stride": 2, "padding": {"Pixels": 1}, "multiplier": 2, "activation": "Relu"}}

    def compute(x):
        return F.relu(F.conv2d(F.conv2d(x, d, None, 2, 1, 1, 3), p, b))

    yield case("as Keras' SeparableConv2D: one bias, one activation, at the end", kind, arrays, compute)


def residual():
    w, b = leaf(3, 3, 3, 3), leaf(3)
    conv = {"name": "conv1", "kind": {"Conv2d": {"filters": 3, "kernel": 3, "padding": "Same"}}}
    kind = {"Residual": {"layers": [conv], "activation": "Relu"}}
    arrays = {"layer.conv1.weight": w, "layer.conv1.bias": b}
    yield case("the input is added", kind, arrays, lambda x: F.relu(F.conv2d(x, w, b, 1, 1) + x))
    v, g, h, p = leaf(5, 3, 3, 3), leaf(5), leaf(5), leaf(5, 3, 1, 1)
    c = leaf(5)
    mean, var = leaf(5, learned=False), (leaf(5, learned=False).abs() + 0.5)
    pg, ph = leaf(5), leaf(5)
    pm, pv = leaf(5, learned=False), (leaf(5, learned=False).abs() + 0.5)
    conv = {"name": "conv1", "kind": {"Conv2d": {"filters": 5, "kernel": 3, "stride": 2, "padding": {"Pixels": 1}}}}
    norm = {"name": "norm1", "kind": {"BatchNorm2d": {}}}
    kind = {"Residual": {"layers": [conv, norm], "activation": "Relu", "normalise_shortcut": True}}
    arrays = {
        "layer.conv1.weight": v,
        "layer.conv1.bias": c,
        "layer.norm1.weight": g,
        "layer.norm1.bias": h,
        "layer.norm1.running_mean": mean,
        "layer.norm1.running_var": var,
        "layer.shortcut.weight": p,
        "layer.shortcut_norm.weight": pg,
        "layer.shortcut_norm.bias": ph,
        "layer.shortcut_norm.running_mean": pm,
        "layer.shortcut_norm.running_var": pv,
    }

    def compute(training):
        def compute(x):
            norm = lambda x, m, s, w, b: F.batch_norm(x, m.clone(), s.clone(), w, b, training, 0.1, 1e-5)
            inner = norm(F.conv2d(x, v, c, 2, 1), mean, var, g, h)
            return F.relu(inner + norm(F.conv2d(x, p, None, 2), pm, pv, pg, ph))

        return compute

    for training in (True, False):
        why = "ResNet's basic block, " + ("training" if training else "evaluating")
        yield case(why, kind, arrays, compute(training), training=training)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for number, make in enumerate(
        (activations, global_max_pool2d, layer_norm2d, conv2d, depthwise_conv2d, separable_conv2d, residual)
    ):
        torch.manual_seed(number)
        cases = {"made_by": f"make_layers.py, torch {torch.__version__}", "cases": list(make())}
        (FOLDER / f"{make.__name__}.json").write_text(json.dumps(cases) + "\n")
