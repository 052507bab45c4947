"""Learning rates of torch's schedulers, step by step, and what Keras' callbacks do to sequences of figures.

    KERAS_BACKEND=torch python tests/reference/make_schedules.py

src/train/schedule.rs and src/train/early_stopping.rs compare with schedules.json and early_stopping.json. What stands
under "schedule" and "stopping" is what Convscope reads from an experiment. null is a figure that is not a number.
"""

import math
import warnings

import keras
import torch
from torch.optim import lr_scheduler as schedulers

import recipe_one as recipe

RATE = 0.01
EPOCHS = 6
STEPS_PER_EPOCH = 5
STEPS = EPOCHS * STEPS_PER_EPOCH


def rates(make, every: int) -> list[float]:
    """Rate of every step; the scheduler steps after `every` of them."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE)
    scheduler = make(optimizer)
    found = []
    for step in range(STEPS):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if (step + 1) % every == 0 and step + 1 < STEPS:
            scheduler.step()
    return found


def warmed_up(steps: int, after):
    """From the first step's share to the full rate in `steps` steps, then `after`."""

    def make(optimizer):
        rise = schedulers.LinearLR(optimizer, start_factor=1 / steps, end_factor=1.0, total_iters=steps - 1)
        return schedulers.SequentialLR(optimizer, [rise, after(optimizer)], milestones=[steps])

    return make


def torch_schedules() -> list[dict]:
    constant = lambda o: schedulers.ConstantLR(o, factor=1.0)
    one_cycle = lambda divisor, rise: lambda o: schedulers.OneCycleLR(
        o, max_lr=RATE, total_steps=STEPS, pct_start=rise, div_factor=divisor, cycle_momentum=False
    )
    cases = [
        ("constant", {"kind": "Constant"}, constant, 1),
        ("step", {"kind": {"Step": {"epochs": 2, "factor": 0.5}}}, lambda o: schedulers.StepLR(o, 2, 0.5), STEPS_PER_EPOCH),
        ("step, every epoch", {"kind": {"Step": {"epochs": 1, "factor": 0.9}}}, lambda o: schedulers.StepLR(o, 1, 0.9), STEPS_PER_EPOCH),
        ("cosine to 0", {"kind": {"Cosine": {"minimum": 0.0}}}, lambda o: schedulers.CosineAnnealingLR(o, STEPS), 1),
        (
            "cosine to a tenth",
            {"kind": {"Cosine": {"minimum": 0.1}}},
            lambda o: schedulers.CosineAnnealingLR(o, STEPS, eta_min=0.1 * RATE),
            1,
        ),
        ("warm-up of two epochs", {"kind": "Constant", "warmup_epochs": 2.0}, warmed_up(10, constant), 1),
        ("warm-up of 1.4 epochs", {"kind": "Constant", "warmup_epochs": 1.4}, warmed_up(7, constant), 1),
        (
            "warm-up, then cosine",
            {"kind": {"Cosine": {"minimum": 0.0}}, "warmup_epochs": 1.0},
            warmed_up(5, lambda o: schedulers.CosineAnnealingLR(o, STEPS - 5)),
            1,
        ),
        ("one cycle, defaults", {"kind": {"OneCycle": {"divisor": 25.0, "rise": 0.3}}}, one_cycle(25, 0.3), 1),
        ("one cycle, half and half", {"kind": {"OneCycle": {"divisor": 10.0, "rise": 0.5}}}, one_cycle(10, 0.5), 1),
        ("one cycle, no rise", {"kind": {"OneCycle": {"divisor": 10.0, "rise": 0.0}}}, one_cycle(10, 0.0), 1),
        ("one cycle, rise only", {"kind": {"OneCycle": {"divisor": 10.0, "rise": 1.0}}}, one_cycle(10, 1.0), 1),
    ]
    return [{"name": name, "schedule": schedule, "rates": rates(make, every)} for name, schedule, make, every in cases]


LOSSES = {
    "falling": [1.0, 0.9, 0.8, 0.7, 0.6],
    "flat": [1.0] * 10,
    "stuck, then better": [1.0, 0.9, 0.95, 0.95, 0.95, 0.5, 0.6, 0.6, 0.6],
    "hardly better": [1.0, 0.999, 0.998, 0.997, 0.996, 0.995],
    "rising": [0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1],
    "not a number in between": [1.0, math.nan, 0.9, math.nan, math.nan, 0.8, 0.85],
}


def plateau_rates(losses: list[float], factor: float, patience: int, min_delta: float, minimum: float) -> list[float]:
    """Rate of every epoch, and after the last one."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(RATE), loss="mse")
    callback = keras.callbacks.ReduceLROnPlateau(
        factor=factor, patience=patience, min_delta=min_delta, min_lr=minimum * RATE, mode="min"
    )
    callback.set_model(model)
    callback.on_train_begin()
    found = []
    for epoch, loss in enumerate(losses):
        found.append(float(model.optimizer.learning_rate))
        callback.on_epoch_end(epoch, {"val_loss": loss})
    keras_rates = found + [float(model.optimizer.learning_rate)]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE)
    scheduler = schedulers.ReduceLROnPlateau(
        optimizer, factor=factor, patience=patience - 1, threshold=min_delta, threshold_mode="abs", min_lr=minimum * RATE, eps=0
    )
    torch_rates = [RATE]
    for loss in losses:
        scheduler.step(loss)
        torch_rates.append(optimizer.param_groups[0]["lr"])
    # PyTorch's patience counts one less.
    assert all(abs(a - b) < 1e-8 for a, b in zip(keras_rates, torch_rates)), (keras_rates, torch_rates)
    return torch_rates


def plateaus() -> list[dict]:
    cases = []
    for name, losses in LOSSES.items():
        for factor, patience, min_delta, minimum in [(0.5, 2, 0.0, 0.0), (0.1, 1, 0.0, 0.05), (0.5, 3, 0.01, 0.3)]:
            schedule = {"ReduceOnPlateau": {"factor": factor, "patience": patience, "min_delta": min_delta, "minimum": minimum}}
            found = plateau_rates(losses, factor, patience, min_delta, minimum)
            cases.append({"name": name, "schedule": {"kind": schedule}, "losses": plain(losses), "rates": found})
    return cases


def plain(figures: list[float]) -> list:
    return [None if math.isnan(figure) else figure for figure in figures]


FIGURES = LOSSES | {
    "accuracy rising": [0.5, 0.6, 0.7, 0.8],
    "accuracy peaks": [0.5, 0.7, 0.9, 0.8, 0.85, 0.7, 0.95],
    "equal is no improvement": [0.9, 0.9, 0.9, 0.9],
    "down and up again": [1.0, 0.5, 0.6, 0.4, 0.5, 0.3, 0.5, 0.5, 0.5],
    "ends with its best": [1.0, 1.1, 0.9],
}


class Weights:
    """A model whose weights are the number of epochs that it was trained for."""

    stop_training = False
    epoch = 0
    restored = None

    def get_weights(self):
        return self.epoch

    def set_weights(self, weights):
        self.restored = weights


def stopping(figures: list[float], monitor: str, mode: str, patience: int, min_delta: float) -> dict:
    model = Weights()
    callback = keras.callbacks.EarlyStopping(
        monitor=monitor, mode=mode, patience=patience, min_delta=min_delta, restore_best_weights=True
    )
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, figure in enumerate(figures):
        model.epoch = epoch + 1
        callback.on_epoch_end(epoch, {monitor: figure})
        if model.stop_training:
            break
    callback.on_train_end()
    return {"epochs": model.epoch, "stopped": model.stop_training, "restored": model.restored}


def stoppings() -> list[dict]:
    cases = []
    for name, figures in FIGURES.items():
        for monitor, mode, patience, min_delta in [
            ("val_loss", "min", 2, 0.0),
            ("val_loss", "min", 1, 0.05),
            ("val_loss", "min", 3, 0.002),
            ("val_accuracy", "max", 2, 0.0),
            ("val_accuracy", "max", 1, 0.08),
            ("loss", "min", 4, 0.0),
            ("accuracy", "max", 3, 0.0),
        ]:
            cases.append(
                {
                    "name": name,
                    "figures": plain(figures),
                    "monitor": monitor,
                    "mode": mode,
                    "patience": patience,
                    "min_delta": min_delta,
                }
                | stopping(figures, monitor, mode, patience, min_delta)
            )
    return cases


def main() -> None:
    warnings.simplefilter("ignore")
    versions = recipe.versions() | {"keras": keras.__version__}
    about = {"made_by": "tests/reference/make_schedules.py", "versions": versions}
    moments = {"rate": RATE, "epochs": EPOCHS, "steps_per_epoch": STEPS_PER_EPOCH}
    recipe.write_json("schedules.json", about | moments | {"schedules": torch_schedules(), "plateaus": plateaus()})
    recipe.write_json("early_stopping.json", about | {"cases": stoppings()})


if __name__ == "__main__":
    main()
