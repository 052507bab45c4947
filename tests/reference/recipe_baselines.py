"""Trains recipes 4, 6 and 7 in PyTorch on the real data, to compare Convscope's accuracy with.

    python tests/reference/recipe_baselines.py REAL_DATA [blood] [catdog] [flowers]

writes recipe_baselines.json: per recipe and seed the accuracies on validation (best and last) and test images, and the
epochs trained. Only the numbers are kept, not the images. Networks, optimizers, early stopping and augmentation are the
notebooks' (Keras' initial weights, Adam's epsilon 1e-7, RMSprop's decay 0.9), written in PyTorch.
"""

import copy
import json
import sys
from pathlib import Path

import numpy as np
import torch
import torchvision
from PIL import Image
from torch import nn
from torch.nn import functional as F

SEEDS = [1, 2, 3]
OUT = Path(__file__).with_suffix(".json")


def folder(path: Path, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    images, labels = [], []
    for label, name in enumerate(sorted(p.name for p in path.iterdir())):
        for file in sorted((path / name).iterdir()):
            image = Image.open(file).convert("RGB").resize((size, size), Image.BILINEAR)
            images.append(np.asarray(image, dtype=np.float32) / 255)
            labels.append(label)
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous(), torch.tensor(labels)


def warp(images, degrees=0.0, zoom=0.0, shift=0.0, horizontal=False, vertical=False, fill="border"):
    """Flips, turns, zooms and shifts a batch, each image its own way."""
    n = len(images)
    uniform = lambda most: (torch.rand(n) * 2 - 1) * most
    flip = lambda on: torch.where(torch.rand(n) < 0.5, -1.0, 1.0) if on else torch.ones(n)
    angle, scale = torch.deg2rad(uniform(degrees)), 1 / (1 + uniform(zoom))
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    x, y = flip(horizontal), flip(vertical)
    rows = [torch.stack([x * cos, -sin, 2 * uniform(shift)], 1), torch.stack([sin, y * cos, 2 * uniform(shift)], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), images.shape, align_corners=False)
    return F.grid_sample(images, grid, padding_mode=fill, align_corners=False)


class KerasRMSprop(torch.optim.Optimizer):
    """Keras 3's: its epsilon stands within the root, which slows small gradients; PyTorch's stands outside."""

    def __init__(self, parameters, lr, rho=0.9, epsilon=1e-7):
        super().__init__(parameters, {"lr": lr, "rho": rho, "epsilon": epsilon})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                velocity = self.state[parameter].setdefault("velocity", torch.zeros_like(parameter))
                velocity.mul_(group["rho"]).addcmul_(parameter.grad, parameter.grad, value=1 - group["rho"])
                parameter.sub_(group["lr"] * parameter.grad / (velocity + group["epsilon"]).sqrt())


def keras_init(module: nn.Module) -> nn.Module:
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return module


def conv_net(first_padding: int, flat: int, outputs: int) -> nn.Module:
    block = lambda a, b, p: [nn.Conv2d(a, b, 3, padding=p), nn.ReLU(), nn.MaxPool2d(2)]
    layers = [*block(3, 32, first_padding), *block(32, 64, 0), *block(64, 64, 0), nn.Flatten()]
    net = nn.Sequential(*layers, nn.Linear(flat, 256), nn.ReLU(), nn.Linear(256, outputs))
    return keras_init(net).to(memory_format=torch.channels_last)


def judge(logits: torch.Tensor, labels: torch.Tensor) -> tuple[float, float]:
    """Mean loss and accuracy."""
    if logits.shape[1] == 1:
        loss = F.binary_cross_entropy_with_logits(logits[:, 0], labels.float())
        return loss.item(), ((logits[:, 0] >= 0).long() == labels).float().mean().item()
    return F.cross_entropy(logits, labels).item(), (logits.argmax(1) == labels).float().mean().item()


def run(seed, net, optimizer, parts, augment, epochs, batch, patience, restore) -> dict:
    (x, y), validation, test = parts
    best_loss, waited, kept, accuracies = float("inf"), 0, None, []
    answer = lambda images: torch.cat([net(part) for part in images.split(100)])
    for epoch in range(epochs):
        net.train()
        for rows in torch.randperm(len(y)).split(batch):
            optimizer.zero_grad()
            logits = net(augment(x[rows]).contiguous(memory_format=torch.channels_last))
            if logits.shape[1] == 1:
                loss = F.binary_cross_entropy_with_logits(logits[:, 0], y[rows].float())
            else:
                loss = F.cross_entropy(logits, y[rows])
            loss.backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            val_loss, accuracy = judge(answer(validation[0]), validation[1])
        accuracies.append(accuracy)
        if val_loss < best_loss:
            best_loss, waited, kept = val_loss, 0, copy.deepcopy(net.state_dict())
        else:
            waited += 1
        if waited >= patience:
            break
    if restore:
        net.load_state_dict(kept)
    with torch.no_grad():
        test_accuracy = judge(answer(test[0]), test[1])[1]
    result = {
        "seed": seed,
        "epochs": len(accuracies),
        "best_val_accuracy": max(accuracies),
        "last_val_accuracy": accuracies[-1],
        "test_accuracy": test_accuracy,
    }
    print(result, flush=True)
    return result


def blood(data: Path) -> list[dict]:
    arrays = np.load(data / "blood-small.npz")
    tensor = lambda part: torch.from_numpy(arrays[f"{part}_images"]).permute(0, 3, 1, 2).float() / 255
    label = lambda part: torch.from_numpy(arrays[f"{part}_labels"].ravel().astype(np.int64))
    parts = [(tensor(part), label(part)) for part in ("train", "val", "test")]
    augment = lambda images: warp(images, degrees=10, horizontal=True, vertical=True)
    results = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        net = conv_net(1, 64 * 2 * 2, 8)
        optimizer = torch.optim.Adam(net.parameters(), lr=5e-5, eps=1e-7)
        results.append(run(seed, net, optimizer, parts, augment, 100, 32, 20, True))
    return results


def catdog(data: Path) -> list[dict]:
    parts = [folder(data / "catdog-small" / part, 150) for part in ("train", "validation", "test")]
    augment = lambda images: warp(images, degrees=30, zoom=0.2, shift=0.2, horizontal=True)
    results = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        net = conv_net(0, 64 * 17 * 17, 1)
        optimizer = torch.optim.RMSprop(net.parameters(), lr=1e-3, alpha=0.9, eps=1e-7)
        results.append(run(seed, net, optimizer, parts, augment, 25, 50, 2, False))
    return results


def flowers(data: Path) -> list[dict]:
    images, labels = folder(data / "flowers-small", 180)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    images = (images - mean[:, None, None]) / std[:, None, None]
    weights = torch.load(data / "weights" / "mobilenet_v2_ptq.pth", weights_only=True)
    augment = lambda x: warp(x, degrees=36, zoom=0.1, horizontal=True, fill="reflection")
    results = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        order = torch.randperm(len(labels))
        validation, training = order[: len(order) // 5], order[len(order) // 5 :]
        base = torchvision.models.mobilenet_v2()
        base.load_state_dict(weights)
        features = base.features.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        head = keras_init(nn.Linear(1280, 5))
        logits = lambda x, train: head(F.dropout(features(x).mean((2, 3)), 0.2, train))
        accuracies = []
        for phase in (1, 2):
            if phase == 1:
                optimizer = torch.optim.Adam(head.parameters(), lr=1e-4, eps=1e-7)
            else:
                # From Keras' 100th layer on: the depthwise convolution of block 11.
                upper = [p for part in [*features[12].conv[1:], *features[13:]] for p in part.parameters()]
                for parameter in upper:
                    parameter.requires_grad_(True)
                optimizer = KerasRMSprop([*upper, *head.parameters()], lr=1e-5)
            for _ in range(10):
                for rows in training[torch.randperm(len(training))].split(32):
                    optimizer.zero_grad()
                    batch = augment(images[rows]).contiguous(memory_format=torch.channels_last)
                    F.cross_entropy(logits(batch, True), labels[rows]).backward()
                    optimizer.step()
                with torch.no_grad():
                    accuracies.append(judge(logits(images[validation], False), labels[validation])[1])
        results.append(
            {
                "seed": seed,
                "epochs": 20,
                "val_accuracy_after_extraction": accuracies[9],
                "best_val_accuracy": max(accuracies),
                "last_val_accuracy": accuracies[-1],
                    }
        )
        print(results[-1], flush=True)
    return results


def main() -> None:
    data = Path(sys.argv[1])
    wanted = sys.argv[2:] or ["blood", "catdog", "flowers"]
    known = json.loads(OUT.read_text()) if OUT.exists() else {}
    known["versions"] = {"torch": torch.__version__, "torchvision": torchvision.__version__, "numpy": np.__version__}
    for name in wanted:
        known[name] = {"blood": blood, "catdog": catdog, "flowers": flowers}[name](data)
        OUT.write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    main()
