"""Losses, penalties, clipped gradients and batch normalisation of small examples, for tests/library/losses.rs.

    python tests/reference/make_losses.py

Weighted binary cross-entropy is Convscope's: each image counts as much as its class weighs, divided by the sum of
those weights, as PyTorch does for more classes. Smoothed binary targets are Keras', whose loss is compared below.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import torch
from torch import nn
from torch.nn import functional

import recipe_one as recipe

LOGITS = [[2.0, -1.0, 0.5], [0.1, 0.2, 0.3], [-3.0, 4.0, 1.0], [1.5, 1.5, -2.0], [0.0, -0.5, 2.5]]
LABELS = [0, 2, 1, 1, 0]
WEIGHTS = [0.5, 2.0, 1.25]
BINARY_LOGITS = [[2.0], [-1.5], [0.25], [-40.0], [30.0], [0.0]]
BINARY_LABELS = [1, 0, 0, 1, 1, 0]
BINARY_WEIGHTS = [0.75, 3.0]


def with_gradient(logits: list, loss) -> dict:
    tensor = torch.tensor(logits, requires_grad=True)
    value = loss(tensor)
    value.backward()
    return {"logits": logits, "loss": value.item(), "gradient": tensor.grad.tolist()}


def cross_entropies() -> list[dict]:
    cases = []
    for weights in [None, WEIGHTS]:
        for smoothing in [0.0, 0.1, 0.5]:
            tensor = None if weights is None else torch.tensor(weights)
            loss = lambda logits: functional.cross_entropy(
                logits, torch.tensor(LABELS), weight=tensor, label_smoothing=smoothing
            )
            cases.append({"labels": LABELS, "weights": weights, "smoothing": smoothing} | with_gradient(LOGITS, loss))
    return cases


def binary_cross_entropies() -> list[dict]:
    cases = []
    labels = torch.tensor(BINARY_LABELS, dtype=torch.float32)
    for weights in [None, BINARY_WEIGHTS]:
        for smoothing in [0.0, 0.1, 0.5]:
            wanted = labels * (1 - smoothing) + smoothing / 2
            each = torch.ones(len(labels)) if weights is None else torch.tensor(weights)[torch.tensor(BINARY_LABELS)]
            loss = lambda logits: functional.binary_cross_entropy_with_logits(
                logits[:, 0], wanted, weight=each, reduction="sum"
            ) / each.sum()
            case = with_gradient(BINARY_LOGITS, loss)
            if weights is None:
                of_keras = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=smoothing)
                found = float(of_keras(labels.reshape(-1, 1), torch.tensor(BINARY_LOGITS)))
                assert abs(found - case["loss"]) < 1e-6, (found, case["loss"])
            cases.append({"labels": BINARY_LABELS, "weights": weights, "smoothing": smoothing} | case)
    return cases


def picture(number: int, side: int) -> list[int]:
    """`bytes` of tests/library/losses.rs."""
    return [(37 * i + 101 * number) % 251 for i in range(side * side * 3)]


def batch(numbers: list[int], side: int) -> torch.Tensor:
    """f32 `[N, 3, side, side]` of 0..1."""
    images = torch.tensor([picture(number, side) for number in numbers], dtype=torch.float32) / 255
    return images.view(len(numbers), side, side, 3).permute(0, 3, 1, 2).contiguous()


def arrays(model: nn.Module) -> dict:
    """Everything but the counter of batches, which Convscope has no use for."""
    state = {name: value for name, value in model.state_dict().items() if not name.endswith("num_batches_tracked")}
    return {name: {"shape": list(value.shape), "values": value.flatten().tolist()} for name, value in state.items()}


def dense() -> nn.Sequential:
    model = nn.Sequential()
    model.add_module("flatten", nn.Flatten())
    model.add_module("fc1", nn.Linear(3 * 4 * 4, 6))
    model.add_module("relu", nn.ReLU())
    model.add_module("fc2", nn.Linear(6, 3))
    return model


def gradients(model: nn.Module) -> dict:
    return {name: value.grad.flatten().tolist() for name, value in model.named_parameters()}


def penalties_and_clipping() -> dict:
    """Keras' `l2`: factor times the sum of squares, added to the loss; then PyTorch's `clip_grad_norm_`."""
    torch.manual_seed(1)
    model = dense()
    images, labels = batch([0, 1, 2, 3], 4), torch.tensor([0, 1, 2, 1])
    content = {"arrays": arrays(model), "images": 4, "labels": labels.tolist(), "l2": {"fc1": [0.01, 0.0], "fc2": [0.5, 0.25]}}
    loss = functional.cross_entropy(model(images), labels)
    for layer, factors in content["l2"].items():
        of = getattr(model, layer)
        loss = loss + keras.regularizers.L2(factors[0])(of.weight) + keras.regularizers.L2(factors[1])(of.bias)
    loss.backward()
    content |= {"loss": loss.item(), "gradients": gradients(model), "clipped": []}
    whole = {name: value.grad.clone() for name, value in model.named_parameters()}
    for norm in [1e-3, 0.5, 1.0, 1e6]:
        for name, value in model.named_parameters():
            value.grad = whole[name].clone()
        before = nn.utils.clip_grad_norm_(model.parameters(), norm)
        content["clipped"].append({"norm": norm, "norm_before": before.item(), "gradients": gradients(model)})
    return content


def reported_loss(example: dict) -> dict:
    """What Keras reports as `loss` and `val_loss` of the penalised example, before any step: cross-entropy of smoothed
    labels and the penalty, in both. Class weights stand in `loss` alone there; weighted as PyTorch weighs (mean by the
    weights' sum) they are added here."""
    smoothing = 0.1
    values = {name: torch.tensor(array["values"]).view(array["shape"]) for name, array in example["arrays"].items()}

    def layer(name: str, units: int, activation: str | None) -> keras.layers.Dense:
        weight, bias = example["l2"][name]
        return keras.layers.Dense(
            units,
            activation=activation,
            kernel_regularizer=keras.regularizers.L2(weight),
            bias_regularizer=keras.regularizers.L2(bias),
        )

    model = keras.Sequential([keras.Input((48,)), layer("fc1", 6, "relu"), layer("fc2", 3, None)])
    for of, name in zip(model.layers, ["fc1", "fc2"]):
        of.set_weights([values[f"{name}.weight"].T.numpy(), values[f"{name}.bias"].numpy()])
    rows = batch(list(range(example["images"])), 4).flatten(1)
    labels = torch.tensor(example["labels"])
    targets = functional.one_hot(labels, 3).float()
    model.compile(
        optimizer=keras.optimizers.SGD(0.0),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing),
    )
    rows, targets = rows.numpy(), targets.numpy()
    fitted = model.fit(rows, targets, batch_size=4, epochs=1, validation_data=(rows, targets), verbose=0).history
    penalty = float(sum(model.losses).detach())
    logits = torch.tensor(model.predict(rows, verbose=0))
    weighted = functional.cross_entropy(logits, labels, torch.tensor(WEIGHTS), label_smoothing=smoothing).item()
    return {
        "smoothing": smoothing,
        "loss": fitted["loss"][0],
        "val_loss": fitted["val_loss"][0],
        "penalty": penalty,
        "weights": WEIGHTS,
        "weighted_val_loss": weighted + penalty,
    }


def batch_normalisation(momentum: float, epsilon: float) -> dict:
    """Five steps of SGD through a batch normalisation; the logits while training, then while evaluating."""
    torch.manual_seed(2)
    model = nn.Sequential()
    model.add_module("conv", nn.Conv2d(3, 4, 3, padding=1))
    model.add_module("bn", nn.BatchNorm2d(4, momentum=momentum, eps=epsilon))
    model.add_module("relu", nn.ReLU())
    model.add_module("flatten", nn.Flatten())
    model.add_module("fc", nn.Linear(4 * 6 * 6, 3))
    with torch.no_grad():
        model.bn.weight.copy_(torch.tensor([1.0, 0.5, 2.0, -1.0]))
        model.bn.bias.copy_(torch.tensor([0.0, 0.25, -0.5, 1.0]))
    content = {"momentum": momentum, "epsilon": epsilon, "before": arrays(model), "learning_rate": 0.05, "steps": []}
    optimizer = torch.optim.SGD(model.parameters(), lr=content["learning_rate"])
    for step in range(5):
        numbers = [(5 * step + i) % 13 for i in range(5)]
        labels = [number % 3 for number in numbers]
        optimizer.zero_grad()
        logits = model(batch(numbers, 6))
        loss = functional.cross_entropy(logits, torch.tensor(labels))
        loss.backward()
        optimizer.step()
        content["steps"].append({"images": numbers, "labels": labels, "loss": loss.item(), "logits": logits.tolist()})
    model.eval()
    content["after"] = arrays(model)
    content["evaluated"] = {"images": [20, 21], "logits": model(batch([20, 21], 6)).tolist()}
    return content


def main() -> None:
    penalised = penalties_and_clipping()
    recipe.write_json(
        "losses.json",
        {
            "made_by": "tests/reference/make_losses.py",
            "versions": recipe.versions() | {"keras": keras.__version__},
            "cross_entropy": cross_entropies(),
            "binary_cross_entropy": binary_cross_entropies(),
            "penalties": penalised,
            "reported": reported_loss(penalised),
            "batch_norm": [batch_normalisation(0.1, 1e-5), batch_normalisation(0.01, 1e-3)],
        },
    )


if __name__ == "__main__":
    main()
