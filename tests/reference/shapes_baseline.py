"""Trains recipe 1 in PyTorch on the real images, for tests/library/real_data.rs to compare with.

    python tests/reference/shapes_baseline.py FOLDER     (the folder that holds circle/ square/ triangle/)

writes shapes_baseline.json: per seed the validation accuracy after the last epoch and the best one. Each
seed draws its own split, initial weights, order and dropout. Only the numbers are kept, not the images.
"""

import sys
import time
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

import recipe_one as recipe

SEEDS = [1, 2, 3]


def train(images: torch.Tensor, labels: torch.Tensor, seed: int) -> dict:
    recipe.seed_everything(seed)
    training = int(0.7 * len(labels))
    # Normalised beforehand: the numbers are the same, and only accuracies are wanted here.
    dataset = TensorDataset(recipe.normalise(images), labels)
    parts = random_split(dataset, [training, len(labels) - training])
    train_loader = DataLoader(parts[0], batch_size=recipe.BATCH, shuffle=True)
    validation_loader = DataLoader(parts[1], batch_size=recipe.BATCH)
    model = recipe.network()
    optimizer = torch.optim.Adam(model.parameters(), lr=recipe.LEARNING_RATE)
    loss_function = nn.CrossEntropyLoss()
    accuracies = []
    for epoch in range(1, recipe.EPOCHS + 1):
        start = time.perf_counter()
        model.train()
        for step, (batch, target) in enumerate(train_loader, 1):
            optimizer.zero_grad()
            loss = loss_function(model(batch), target)
            loss.backward()
            optimizer.step()
            if step % 10 == 0:
                print(f"seed {seed} epoch {epoch} step {step} loss {loss.item():.4f}")
        model.eval()
        with torch.no_grad():
            right = sum((model(batch).argmax(1) == target).sum().item() for batch, target in validation_loader)
        accuracies.append(right / len(parts[1]))
        seconds = time.perf_counter() - start
        print(f"seed {seed} epoch {epoch} validation accuracy {accuracies[-1]:.4f}, {seconds:.2f} s")
    return {
        "seed": seed,
        "last_val_accuracy": accuracies[-1],
        "best_val_accuracy": max(accuracies),
        "val_accuracies": accuracies,
    }


def main() -> None:
    folder = Path(sys.argv[1])
    images, labels = recipe.load_folder(folder)
    runs = [train(images, labels, seed) for seed in SEEDS]
    content = {
        "made_by": "tests/reference/shapes_baseline.py",
        "versions": recipe.versions() | {"threads": torch.get_num_threads()},
        "images": len(labels),
        "mean_last_val_accuracy": sum(run["last_val_accuracy"] for run in runs) / len(runs),
        "mean_best_val_accuracy": sum(run["best_val_accuracy"] for run in runs) / len(runs),
    }
    recipe.write_json("shapes_baseline.json", content | {f"seed_{run['seed']}": run for run in runs})


if __name__ == "__main__":
    main()
