"""Recipe 1 in plain PyTorch: what Convscope is measured against. Used by the scripts beside it and by benches/."""

import json
import platform
import random
from pathlib import Path

import numpy as np
import PIL
import torch
from PIL import Image
from torch import nn

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CLASSES = ["circle", "square", "triangle"]
BATCH = 50
EPOCHS = 5
LEARNING_RATE = 1e-3


def network(dropout: bool = True) -> nn.Sequential:
    """Pooling before ReLU and the channel dropout before the last ReLU, as in the notebook."""
    layers = [
        ("conv1", nn.Conv2d(3, 12, 3, padding=1)),
        ("pool1", nn.MaxPool2d(2)),
        ("relu1", nn.ReLU()),
        ("conv2", nn.Conv2d(12, 12, 3, padding=1)),
        ("pool2", nn.MaxPool2d(2)),
        ("relu2", nn.ReLU()),
        ("conv3", nn.Conv2d(12, 24, 3, padding=1)),
        ("drop2d", nn.Dropout2d(0.2)),
        ("relu3", nn.ReLU()),
        ("drop", nn.Dropout(0.5)),
        ("flatten", nn.Flatten()),
        ("fc", nn.Linear(24 * 32 * 32, len(CLASSES))),
    ]
    model = nn.Sequential()
    for name, layer in layers:
        if dropout or not isinstance(layer, (nn.Dropout, nn.Dropout2d)):
            model.add_module(name, layer)
    return model


def seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def decode(paths: list[Path]) -> torch.Tensor:
    """u8 `[N, 3, H, W]`."""
    images = [np.asarray(Image.open(path).convert("RGB")) for path in paths]
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous()


def load_folder(folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """All images of a folder per class, u8 `[N, 3, H, W]`, and their labels."""
    images, labels = [], []
    for label, name in enumerate(CLASSES):
        paths = sorted((folder / name).iterdir())
        images.append(decode(paths))
        labels += [label] * len(paths)
    return torch.cat(images), torch.tensor(labels)


def normalise(images: torch.Tensor) -> torch.Tensor:
    """torchvision's `ToTensor` and `Normalize((0.5,)*3, (0.5,)*3)`, for a batch."""
    return images.to(torch.float32).div(255).sub_(0.5).div_(0.5)


def versions() -> dict[str, str]:
    return {
        "torch": torch.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pillow": PIL.__version__,
        "cpu": torch.backends.cpu.get_cpu_capability(),
    }


def write_json(name: str, content: dict) -> None:
    """One line per entry of the outermost level, so that differences can be read."""
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in content.items()]
    (HERE / name).write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"wrote {HERE / name}")
