"""Seconds per epoch of recipe 1, Convscope against PyTorch eager on the same images, alternated in one run.

    python benches/epoch_vs_pytorch.py [--folder datasets/shapes] [--threads 2] [--epochs 3] [--rounds 3] [--without-dataloader]

Each round is a fresh process of Convscope (benches/epoch.rs), then one of PyTorch; the first epoch of each process
warms up and is left out. `pytorch` has the images decoded beforehand as one u8 tensor, normalised batch by batch,
as Convscope does; `pytorch_dataloader` is the usual ImageFolder and DataLoader, which decode in every epoch.
An epoch is the training part and the validation part. Dependencies are optimised in the dev profile, so
Convscope is built with that.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
from torch import nn

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/reference"))
import recipe_one as recipe  # noqa: E402

SEED = 42


def in_memory(folder: Path):
    """Batches of one decoded u8 tensor, in the shapes that an epoch asks for."""
    images, labels = recipe.load_folder(folder)
    order = torch.randperm(len(labels))
    training = int(0.7 * len(labels))

    def batches(indices):
        for batch in indices.split(recipe.BATCH):
            yield recipe.normalise(images[batch]), labels[batch]

    return lambda: batches(order[:training][torch.randperm(training)]), lambda: batches(order[training:])


def data_loader(folder: Path):
    """What tutorials do."""
    from torch.utils.data import DataLoader, random_split
    from torchvision import datasets, transforms

    to_input = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.5,) * 3)])
    dataset = datasets.ImageFolder(str(folder), transform=to_input)
    training = int(0.7 * len(dataset))
    parts = random_split(dataset, [training, len(dataset) - training])
    loaders = (DataLoader(parts[0], batch_size=recipe.BATCH, shuffle=True), DataLoader(parts[1], batch_size=recipe.BATCH))
    return lambda: loaders[0], lambda: loaders[1]


def pytorch(kind: str, folder: Path, threads: int, epochs: int) -> dict:
    torch.set_num_threads(threads)
    recipe.seed_everything(SEED)
    training, validation = (in_memory if kind == "pytorch" else data_loader)(folder)
    model = recipe.network()
    optimizer = torch.optim.Adam(model.parameters(), lr=recipe.LEARNING_RATE)
    loss_function = nn.CrossEntropyLoss()
    records = []
    for _ in range(epochs):
        start = time.perf_counter()
        model.train()
        for inputs, target in training():
            optimizer.zero_grad()
            loss = loss_function(model(inputs), target)
            loss.backward()
            optimizer.step()
            loss.item()
        train_secs = time.perf_counter() - start
        model.eval()
        right = seen = 0
        with torch.no_grad():
            for inputs, target in validation():
                right += (model(inputs).argmax(1) == target).sum().item()
                seen += len(target)
        records.append({"train_secs": train_secs, "epoch_secs": time.perf_counter() - start})
    return {"epochs": records, "last_val_accuracy": right / seen}


def last_json_line(command: list[str]) -> dict:
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout
    return json.loads(output.strip().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default=ROOT / "datasets/shapes")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-dataloader", action="store_true")
    parser.add_argument("--worker", help="run one side in this process")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    if arguments.worker:
        print(json.dumps(pytorch(arguments.worker, folder, arguments.threads, arguments.epochs)))
        return

    size = [str(folder), str(arguments.threads), str(arguments.epochs)]
    python = [sys.executable, __file__, "--folder", size[0], "--threads", size[1], "--epochs", size[2], "--worker"]
    commands = {
        "convscope": ["cargo", "bench", "--quiet", "--profile", "dev", "--bench", "epoch", "--"] + size,
        "pytorch": python + ["pytorch"],
    }
    if not arguments.without_dataloader:
        commands["pytorch_dataloader"] = python + ["pytorch_dataloader"]
    subprocess.run(["cargo", "bench", "--profile", "dev", "--bench", "epoch", "--no-run"], check=True, cwd=ROOT)
    seconds = {name: {"train_secs": [], "epoch_secs": []} for name in commands}
    for number in range(1, arguments.rounds + 1):
        for name, command in commands.items():
            result = last_json_line(command)
            for key, values in seconds[name].items():
                values += [epoch[key] for epoch in result["epochs"][1:]]
            shown = " ".join(f"{epoch['epoch_secs']:.2f}" for epoch in result["epochs"])
            print(f"round {number} {name}: {shown} s, validation accuracy {result['last_val_accuracy']:.3f}", flush=True)

    print(f"\n{recipe.versions()}, {arguments.threads} threads; median seconds per epoch (warm-up left out)")
    for key in ["train_secs", "epoch_secs"]:
        medians = {name: statistics.median(values[key]) for name, values in seconds.items()}
        best = {name: min(values[key]) for name, values in seconds.items()}
        for name, median in medians.items():
            print(
                f"{key:10} {name:18} median {median:.3f}  best {best[name]:.3f}  "
                f"times Convscope: median {median / medians['convscope']:.2f}, best {best[name] / best['convscope']:.2f}"
            )


if __name__ == "__main__":
    main()
