"""Makes classification_report.json: what scikit-learn says about fixed labels (zero_division=0).

Run with a Python that has scikit-learn: python tests/reference/classification_report.py
"""

import json
import platform
import random
from pathlib import Path

import sklearn
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support


def score(values):
    precision, recall, f1, support = values
    return {"precision": float(precision), "recall": float(recall), "f1": float(f1), "support": int(support)}


def case(why, classes, actual, predicted):
    labels = list(range(classes))
    options = {"labels": labels, "zero_division": 0}
    rows = precision_recall_fscore_support(actual, predicted, **options)
    averages = {}
    for name in ("macro", "weighted"):
        values = precision_recall_fscore_support(actual, predicted, average=name, **options)
        averages[name] = score((*values[:3], len(actual)))
    return {
        "why": why,
        "classes": classes,
        "actual": actual,
        "predicted": predicted,
        "confusion": confusion_matrix(actual, predicted, labels=labels).tolist(),
        "accuracy": float(accuracy_score(actual, predicted)),
        "per_class": [score(row) for row in zip(*rows)],
        **averages,
    }


def noisy(count, weights, share_right, seed):
    draw = random.Random(seed)
    actual = draw.choices(range(len(weights)), weights, k=count)
    predicted = [a if draw.random() < share_right else draw.randrange(len(weights)) for a in actual]
    return actual, predicted


cases = [
    case("three classes, unbalanced", 3, *noisy(60, [6, 3, 1], 0.7, 1)),
    case("eight classes", 8, *noisy(120, [1, 2, 3, 4, 5, 6, 7, 8], 0.8, 2)),
    case("class 2 never occurs, class 1 is never predicted", 4, [0, 0, 1, 1, 3, 3, 3], [0, 2, 0, 3, 3, 3, 2]),
    case("class 2 neither occurs nor is predicted", 3, [0, 1, 1, 0], [0, 1, 0, 0]),
]
made_by = {"python": platform.python_version(), "scikit-learn": sklearn.__version__}
target = Path(__file__).with_suffix(".json")
target.write_text(json.dumps({"made_by": made_by, "cases": cases}) + "\n")
print(f"{target}: {len(cases)} cases by scikit-learn {sklearn.__version__}")
