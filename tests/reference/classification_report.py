"""Makes classification_report.json: what scikit-learn (zero_division=0) and pandas say about fixed labels and
probabilities.

Run with a Python that has scikit-learn and pandas: python tests/reference/classification_report.py
"""

import json
import math
import platform
import random
from pathlib import Path

import pandas
import sklearn
from sklearn.metrics import (
    accuracy_score,
    classification_report,
    confusion_matrix,
    log_loss,
    precision_recall_fscore_support,
)


def score(values):
    precision, recall, f1, support = values
    return {"precision": float(precision), "recall": float(recall), "f1": float(f1), "support": int(support)}


def cross_table(names, actual, predicted):
    # Numbered names keep the order of the classes, which crosstab would sort.
    order = pandas.CategoricalDtype(names, ordered=True)
    columns = [pandas.Series([names[label] for label in labels], dtype=order) for labels in (actual, predicted)]
    table = pandas.crosstab(*columns, rownames=["True"], colnames=["Pred"], margins=True)
    return [line.rstrip() for line in table.to_string().splitlines()]


def case(why, names, actual, predicted, **more):
    labels = list(range(len(names)))
    options = {"labels": labels, "zero_division": 0}
    rows = precision_recall_fscore_support(actual, predicted, **options)
    averages = {}
    for name in ("macro", "weighted"):
        values = precision_recall_fscore_support(actual, predicted, average=name, **options)
        averages[name] = score((*values[:3], len(actual)))
    return {
        "why": why,
        "names": names,
        "actual": actual,
        "predicted": predicted,
        "confusion": confusion_matrix(actual, predicted, labels=labels).tolist(),
        "accuracy": float(accuracy_score(actual, predicted)),
        "per_class": [score(row) for row in zip(*rows)],
        "text": classification_report(actual, predicted, target_names=names, digits=4, **options),
        "cross_table": cross_table(names, actual, predicted),
        **averages,
        **more,
    }


def noisy(count, weights, share_right, seed):
    draw = random.Random(seed)
    actual = draw.choices(range(len(weights)), weights, k=count)
    predicted = [a if draw.random() < share_right else draw.randrange(len(weights)) for a in actual]
    return actual, predicted


def binary(count, seed):
    """Labels and probabilities of the second class that 32 bits hold exactly; some are equal to a threshold."""
    draw = random.Random(seed)
    actual = [draw.randrange(2) for _ in range(count)]
    drawn = [min(max(round(1024 * draw.gauss(0.3 + 0.4 * label, 0.25)), 1), 1023) / 1024 for label in actual]
    drawn[:4] = [0.5, 0.25, 0.75, 0.5]
    return actual, drawn


def threshold_case(threshold):
    actual, drawn = binary(80, 3)
    predicted = [int(probability >= threshold) for probability in drawn]
    more = {"threshold": threshold, "second_probabilities": drawn}
    return case(f"two classes, the second from {threshold} on", ["cat", "dog"], actual, predicted, **more)


def losses():
    """Mean log-loss of fixed logits: softmax of three, and sigmoid of one."""
    draw = random.Random(4)
    actual = [draw.randrange(3) for _ in range(12)]
    logits = [[draw.randrange(-64, 64) / 16 for _ in range(3)] for _ in actual]
    shares = [[math.exp(value) / sum(map(math.exp, row)) for value in row] for row in logits]
    softmax = {"actual": actual, "logits": logits, "loss": float(log_loss(actual, shares, labels=[0, 1, 2]))}
    actual = [draw.randrange(2) for _ in range(12)]
    logits = [[draw.randrange(-64, 64) / 16] for _ in actual]
    second = [1 / (1 + math.exp(-row[0])) for row in logits]
    sigmoid = {"actual": actual, "logits": logits, "loss": float(log_loss(actual, second, labels=[0, 1]))}
    return {"softmax": softmax, "sigmoid": sigmoid}


def named(count):
    return [f"class {number}" for number in range(count)]


missing = [0, 0, 1, 1, 3, 3, 3], [0, 2, 0, 3, 3, 3, 2]
cases = [
    case("three classes, unbalanced", ["circle", "square", "triangle"], *noisy(60, [6, 3, 1], 0.7, 1)),
    case("eight classes", named(8), *noisy(120, [1, 2, 3, 4, 5, 6, 7, 8], 0.8, 2)),
    case("class 2 never occurs, class 1 is never predicted", named(4), *missing),
    case("class 2 neither occurs nor is predicted", named(3), [0, 1, 1, 0], [0, 1, 0, 0]),
    case("a name longer than the averages", ["a", "an uncommonly long class name"], [0, 1, 1], [0, 0, 1]),
    case("counts wider than the names", ["a", "b"], [0] * 1234 + [1] * 7, [0] * 1229 + [1] * 12),
    *[threshold_case(threshold) for threshold in (0.5, 0.25, 0.75, 0.0, 1.0)],
]
made_by = {
    "python": platform.python_version(),
    "scikit-learn": sklearn.__version__,
    "pandas": pandas.__version__,
}
target = Path(__file__).with_suffix(".json")
target.write_text(json.dumps({"made_by": made_by, "cases": cases, "losses": losses()}) + "\n")
print(f"{target}: {len(cases)} cases by scikit-learn {sklearn.__version__} and pandas {pandas.__version__}")
