"""Weighted cross-entropy of a small example: loss and its gradient by the logits.

    python weighted_loss.py > weighted_loss.json
"""

import json

import torch
from torch.nn import functional

LOGITS = [[2.0, -1.0, 0.5], [0.1, 0.2, 0.3], [-3.0, 4.0, 1.0], [1.5, 1.5, -2.0], [0.0, -0.5, 2.5]]
LABELS = [0, 2, 1, 1, 0]
WEIGHTS = [0.5, 2.0, 1.25]

logits = torch.tensor(LOGITS, requires_grad=True)
loss = functional.cross_entropy(logits, torch.tensor(LABELS), weight=torch.tensor(WEIGHTS))
loss.backward()
print(
    json.dumps(
        {
            "versions": {"torch": torch.__version__},
            "script": "weighted_loss.py",
            "logits": LOGITS,
            "labels": LABELS,
            "weights": WEIGHTS,
            "loss": loss.item(),
            "gradient": logits.grad.tolist(),
        }
    )
)
