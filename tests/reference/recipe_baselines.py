"""Trains recipes 6 and 7 in Keras and recipe 4 in PyTorch on the real data, to compare Convscope's accuracy with.

    KERAS_BACKEND=torch python tests/reference/recipe_baselines.py REAL_DATA [blood] [catdog] [flowers]

writes recipe_baselines.json: per recipe and seed the best validation accuracy, the test accuracy of the weights the
recipe keeps, and the epochs trained. Only the numbers are kept, not the images. Keras' augmentation layers stand for
the generators of the older notebooks: the same ranges, bilinear, filled with the nearest pixel.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import torch
import torchvision
from keras import layers
from PIL import Image
from torch import nn

SEEDS = [1, 2, 3]
OUT = Path(__file__).with_suffix(".json")


def folder(path: Path, size: int) -> tuple[np.ndarray, np.ndarray]:
    images, labels = [], []
    for label, name in enumerate(sorted(p.name for p in path.iterdir())):
        for file in sorted((path / name).iterdir()):
            image = Image.open(file).convert("RGB").resize((size, size), Image.BILINEAR)
            images.append(np.asarray(image, dtype=np.float32))
            labels.append(label)
    return np.stack(images), np.array(labels)


def conv_net(size: int, first: str, head: list) -> list:
    return [
        layers.Conv2D(32, 3, padding=first, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(256, activation="relu"),
        *head,
    ]


def run(model, parts, epochs, batch, stopping, seed) -> dict:
    (x, y), validation, test = parts
    start = time.perf_counter()
    history = model.fit(
        x, y, batch_size=batch, epochs=epochs, validation_data=validation, callbacks=[stopping], verbose=0
    ).history
    result = {
        "seed": seed,
        "epochs": len(history["loss"]),
        "best_val_accuracy": max(history["val_accuracy"]),
        "last_val_accuracy": history["val_accuracy"][-1],
        "test_accuracy": model.evaluate(*test, verbose=0)[1],
        "seconds": time.perf_counter() - start,
    }
    print(result, flush=True)
    return result


def blood(data: Path) -> list[dict]:
    arrays = np.load(data / "blood-small.npz")
    parts = [(arrays[f"{p}_images"].astype(np.float32), arrays[f"{p}_labels"].ravel()) for p in ("train", "val", "test")]
    results = []
    for seed in SEEDS:
        keras.utils.set_random_seed(seed)
        augment = [
            layers.RandomFlip("horizontal_and_vertical"),
            layers.RandomRotation(10 / 360, fill_mode="nearest"),
            layers.Rescaling(1 / 255),
        ]
        head = [layers.Dense(8, activation="softmax")]
        model = keras.Sequential([keras.Input((28, 28, 3)), *augment, *conv_net(28, "same", head)])
        model.compile(keras.optimizers.Adam(5e-5), "sparse_categorical_crossentropy", metrics=["accuracy"])
        stopping = keras.callbacks.EarlyStopping("val_loss", mode="min", patience=20, restore_best_weights=True)
        results.append(run(model, parts, 100, 32, stopping, seed))
    return results


def catdog(data: Path) -> list[dict]:
    parts = [folder(data / "catdog-small" / part, 150) for part in ("train", "validation", "test")]
    results = []
    for seed in SEEDS:
        keras.utils.set_random_seed(seed)
        fill = {"fill_mode": "nearest"}
        augment = [
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(30 / 360, **fill),
            layers.RandomTranslation(0.2, 0.2, **fill),
            layers.RandomZoom(0.2, **fill),
            layers.Rescaling(1 / 255),
        ]
        head = [layers.Dense(1, activation="sigmoid")]
        model = keras.Sequential([keras.Input((150, 150, 3)), *augment, *conv_net(150, "valid", head)])
        model.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
        stopping = keras.callbacks.EarlyStopping("val_loss", patience=2)
        results.append(run(model, parts, 25, 50, stopping, seed))
    return results


def warp(images: torch.Tensor) -> torch.Tensor:
    """Horizontal flip, rotation within a tenth of a turn, zoom within a tenth, filled by reflection."""
    n = len(images)
    angle = (torch.rand(n) * 2 - 1) * 0.1 * 2 * torch.pi
    zoom = 1 / (1 + (torch.rand(n) * 2 - 1) * 0.1)
    flip = torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    theta = torch.stack([torch.stack([flip * cos, -sin], 1), torch.stack([flip * sin, cos], 1)], 1)
    theta = torch.cat([theta, torch.zeros(n, 2, 1)], 2)
    grid = nn.functional.affine_grid(theta, images.shape, align_corners=False)
    return nn.functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)


def flowers(data: Path) -> list[dict]:
    images, labels = folder(data / "flowers-small", 180)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    images = (torch.from_numpy(images) / 255 - mean) / std
    images, labels = images.permute(0, 3, 1, 2).contiguous(), torch.from_numpy(labels).long()
    weights = torch.load(data / "weights" / "mobilenet_v2_ptq.pth", weights_only=True)
    results = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        order = torch.randperm(len(labels))
        validation, training = order[: len(order) // 5], order[len(order) // 5 :]
        base = torchvision.models.mobilenet_v2()
        base.load_state_dict(weights)
        features, head = base.features.eval(), nn.Linear(1280, 5)
        nn.init.xavier_uniform_(head.weight)
        nn.init.zeros_(head.bias)
        for parameter in features.parameters():
            parameter.requires_grad_(False)

        def logits(x, train):
            return head(nn.functional.dropout(features(x).mean((2, 3)), 0.2, train))

        def accuracy():
            with torch.no_grad():
                return (logits(images[validation], False).argmax(1) == labels[validation]).float().mean().item()

        start, accuracies = time.perf_counter(), []
        for phase in (1, 2):
            if phase == 1:
                optimizer = torch.optim.Adam(head.parameters(), lr=1e-4, eps=1e-7)
            else:
                # From Keras' 100th layer on: the depthwise convolution of block 11.
                upper = [*features[12].conv[1:], *features[13:]]
                upper = [p for module in upper for p in module.parameters()]
                for parameter in upper:
                    parameter.requires_grad_(True)
                optimizer = torch.optim.RMSprop([*upper, *head.parameters()], lr=1e-5, alpha=0.9, eps=1e-7)
            for _ in range(10):
                for batch in training[torch.randperm(len(training))].split(32):
                    optimizer.zero_grad()
                    nn.functional.cross_entropy(logits(warp(images[batch]), True), labels[batch]).backward()
                    optimizer.step()
                accuracies.append(accuracy())
        results.append(
            {
                "seed": seed,
                "epochs": 20,
                "val_accuracy_after_extraction": accuracies[9],
                "best_val_accuracy": max(accuracies),
                "last_val_accuracy": accuracies[-1],
                "seconds": time.perf_counter() - start,
            }
        )
        print(results[-1], flush=True)
    return results


def main() -> None:
    data = Path(sys.argv[1])
    wanted = sys.argv[2:] or ["blood", "catdog", "flowers"]
    torch.set_num_threads(2)
    known = json.loads(OUT.read_text()) if OUT.exists() else {}
    for name in wanted:
        known[name] = {"blood": blood, "catdog": catdog, "flowers": flowers}[name](data)
        known["versions"] = {
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
        }
        OUT.write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    main()
