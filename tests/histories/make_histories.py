"""Trains small networks and writes what they say after every epoch, for src/train/health/replay_tests.rs.

    python tests/histories/make_histories.py DATA [NAME …]

DATA is a folder with two files of MedMNIST's kind, blood-small.npz and pneumonia.npz; the cells are the bundled ones.
The columns are those of `history.csv`. Made with torch 2.13.0 on one thread.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DATA = Path(sys.argv[1])


def images(file: Path, train: int, validation: int, noise: float, seed: int):
    """The first images of a file's parts; `noise` is the share of training labels that are drawn anew."""
    arrays = np.load(file)
    rng = np.random.default_rng(seed)
    parts = []
    for part, count in [("train", train), ("val", validation)]:
        x = torch.tensor(arrays[f"{part}_images"][:count], dtype=torch.float32) / 255
        x = x.unsqueeze(1) if x.dim() == 3 else x.permute(0, 3, 1, 2)
        parts.append((x.contiguous(), torch.tensor(arrays[f"{part}_labels"][:count].astype(np.int64).ravel())))
    classes = int(parts[0][1].max()) + 1
    wrong = torch.tensor(rng.random(len(parts[0][1])) < noise)
    parts[0][1][wrong] = torch.tensor(rng.integers(0, classes, int(wrong.sum())))
    return parts, classes


def network(kind: str, channels: int, classes: int, width: int, dropout: float) -> nn.Module:
    if kind == "dense":
        layers = [nn.Flatten(), nn.Linear(channels * 784, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, classes)]
        return nn.Sequential(*layers)
    norm = nn.BatchNorm2d(width) if kind == "norm" else nn.Identity()
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, stride=2), norm, nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(width, 2 * width, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Dropout(dropout), nn.Linear(2 * width * 4, classes),
    )  # fmt: skip


def record(
    name, file, train=300, validation=200, noise=0.0, seed=1, kind="conv", width=16, dropout=0.0, rule="adam", rate=1e-3,
    epochs=40, batch=32, decay=0.0, schedule=None, flips=False,
):  # fmt: skip
    """Schedules: ("step", epoch, factor) or "cosine"."""
    torch.manual_seed(seed)
    ((x, y), (vx, vy)), classes = images(file, train, validation, noise, seed)
    model = network(kind, x.shape[1], classes, width, dropout)
    if rule == "adam":
        optimizer = torch.optim.AdamW(model.parameters(), rate, weight_decay=decay)
    else:
        optimizer = torch.optim.SGD(model.parameters(), rate, momentum=0.9, weight_decay=decay)
    rows = []
    for epoch in range(1, epochs + 1):
        now = rate
        if schedule == "cosine":
            now = rate * 0.5 * (1 + np.cos(np.pi * (epoch - 1) / epochs))
        elif schedule and epoch > schedule[1]:
            now = rate * schedule[2]
        for group in optimizer.param_groups:
            group["lr"] = now
        model.train()
        total, right = 0.0, 0
        for numbers in torch.randperm(len(x)).split(batch):
            pictures = x[numbers]
            if flips and torch.rand(()) < 0.5:
                pictures = pictures.flip(3)
            logits = model(pictures)
            loss = functional.cross_entropy(logits, y[numbers])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(numbers)
            right += int((logits.argmax(1) == y[numbers]).sum())
        model.eval()
        with torch.no_grad():
            logits = model(vx)
        val_loss = functional.cross_entropy(logits, vy).item()
        val_accuracy = (logits.argmax(1) == vy).float().mean().item()
        rows.append([epoch, 1, total / len(x), right / len(x), val_loss, val_accuracy, now, 1.0, 1.0])
    columns = "epoch,phase,train_loss,train_accuracy,val_loss,val_accuracy,learning_rate,images_per_sec,seconds"
    lines = [columns] + [",".join(f"{value:.6g}" for value in row) for row in rows]
    (HERE / f"{name}.csv").write_text("\n".join(lines) + "\n")


def main() -> None:
    torch.set_num_threads(1)
    blood, chest, cells = DATA / "blood-small.npz", DATA / "pneumonia.npz", ROOT / "datasets" / "cells.npz"
    runs = {
        "norm-overfit": lambda n: record(n, blood, kind="norm", noise=0.3, train=200, width=24, batch=16),
        "norm-overfit-clean": lambda n: record(n, blood, kind="norm", train=100, width=24, rate=2e-3, batch=16),
        "norm-overfit-chest": lambda n: record(n, chest, kind="norm", noise=0.25, train=150, width=24, batch=16),
        "norm-overfit-cells": lambda n: record(n, cells, kind="norm", noise=0.3, train=200, width=24, batch=16),
        "norm-overfit-dropout": lambda n: record(n, blood, kind="norm", noise=0.4, train=250, width=24, dropout=0.3, batch=16),
        "dense-wrong-labels": lambda n: record(n, blood, noise=0.4, train=150, kind="dense", width=64, rate=2e-3, batch=8, epochs=60),
        "chest-wrong-labels": lambda n: record(n, chest, noise=0.3, train=150, kind="dense", width=64, rate=2e-3, batch=8, epochs=50),
        "cells-dense-wrong-labels": lambda n: record(n, cells, noise=0.3, train=200, kind="dense", width=64, rate=1e-3, batch=8, epochs=50),
        "chest-dropout-wrong-labels": lambda n: record(
            n, chest, noise=0.3, train=200, kind="dense", width=128, dropout=0.5, rate=1e-3, batch=8, epochs=60
        ),
        "conv-overfit": lambda n: record(n, blood, train=200, width=48, rate=3e-3, batch=8, epochs=50),
        "conv-overfit-wrong-labels": lambda n: record(n, blood, noise=0.3, width=48, rate=2e-3, batch=8, epochs=40),
        "dense-overfit": lambda n: record(n, blood, train=200, kind="dense", width=256, rate=3e-3, epochs=60),
        "dense-overfit-long": lambda n: record(n, blood, train=200, kind="dense", width=256, rate=1e-3, batch=8, epochs=60),
        "chest-overfit": lambda n: record(n, chest, train=100, width=48, rate=3e-3, batch=4, epochs=50),
        "cells-overfit": lambda n: record(n, cells, noise=0.3, width=48, train=250, rate=3e-3, batch=8, epochs=50),
        "dense-few-images": lambda n: record(n, blood, train=150, kind="dense", width=128, epochs=60),
        "dense-dropout": lambda n: record(n, blood, train=300, kind="dense", width=128, dropout=0.5, epochs=60),
        "dense-slow": lambda n: record(n, blood, kind="dense", width=64, rate=2e-5, epochs=40),
        "conv-wrong-labels": lambda n: record(n, blood, noise=0.4, width=32, epochs=60),
        "conv-tiny-validation": lambda n: record(n, blood, validation=24, epochs=50),
        "conv-high-then-low": lambda n: record(n, blood, rate=1.5e-2, schedule=("step", 30, 0.05), epochs=45, width=24),
        "conv-cosine": lambda n: record(n, blood, rate=1e-2, schedule="cosine", epochs=40, width=24),
        "conv-momentum": lambda n: record(n, blood, rule="sgd", rate=0.1, epochs=50),
        "conv-decay": lambda n: record(n, blood, decay=0.3, epochs=60, width=32),
        "norm-noisy": lambda n: record(n, blood, kind="norm", rate=5e-3, batch=8, epochs=40),
        "norm-steps": lambda n: record(n, blood, kind="norm", rate=2e-2, schedule=("step", 25, 0.1), epochs=40, train=500),
        "chest-few-images": lambda n: record(n, chest, train=120, epochs=60, width=32),
        "chest-dropout": lambda n: record(n, chest, train=400, dropout=0.6, epochs=40),
        "chest-high-then-low": lambda n: record(n, chest, train=300, rate=2e-2, schedule=("step", 20, 0.05), epochs=35),
        "cells-momentum-flips": lambda n: record(n, cells, rule="sgd", rate=0.02, flips=True, epochs=50),
        "cells-wrong-labels": lambda n: record(n, cells, noise=0.5, width=32, train=200, epochs=60),
        "cells-long": lambda n: record(n, cells, train=200, epochs=80, width=8, rate=5e-4),
    }
    for name, run in runs.items():
        if not sys.argv[2:] or name in sys.argv[2:]:
            run(name)
            print(name, flush=True)


if __name__ == "__main__":
    main()
