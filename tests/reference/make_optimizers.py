"""Runs the optimizers of torch and Keras on fixed gradients, for tests/library/optimizers.rs to compare with.

    KERAS_BACKEND=torch python tests/reference/make_optimizers.py

Values and gradients are small integers divided by powers of two, so that both languages make exactly the
same f32 numbers from the formulas below; tests/library/optimizers.rs repeats them. What stands under "optimizer" is what
Convscope reads from an experiment: settings that are left out are its defaults, which are PyTorch's.
"""

import keras
import torch

import recipe_one as recipe

SHAPES = [[4, 3, 3, 3], [24], [3, 16], [1]]
STEPS = 100
KEPT_STEPS = [1, 50, STEPS]


def initial(shape: list[int]) -> torch.Tensor:
    """Multiples of 1/16 between -11/16 and 11/16."""
    count = torch.Size(shape).numel()
    return torch.tensor([((7 * i) % 23 - 11) / 16 for i in range(count)]).view(shape)


def gradient(shape: list[int], step: int) -> torch.Tensor:
    """From 50 down to 2^-22, zeros and changing signs included."""
    count = torch.Size(shape).numel()
    return torch.tensor(
        [((31 * i + 17 * step) % 101 - 50) / 2 ** (4 * (i % 6) + 2) for i in range(count)]
    ).view(shape)


def torch_run(make) -> dict:
    parameters = [torch.nn.Parameter(initial(shape)) for shape in SHAPES]
    optimizer = make(parameters)

    def step(number: int) -> list:
        for parameter, shape in zip(parameters, SHAPES):
            parameter.grad = gradient(shape, number)
        optimizer.step()
        return [parameter.detach().flatten().tolist() for parameter in parameters]

    return follow(step)


def keras_run(optimizer) -> dict:
    variables = [keras.Variable(initial(shape)) for shape in SHAPES]

    def step(number: int) -> list:
        optimizer.apply([gradient(shape, number) for shape in SHAPES], variables)
        return [variable.value.detach().flatten().tolist() for variable in variables]

    return follow(step)


def follow(step) -> dict:
    kept = {}
    for number in range(1, STEPS + 1):
        values = step(number)
        if number in KEPT_STEPS:
            kept[str(number)] = values
    return kept


def main() -> None:
    optim, keras_optim = torch.optim, keras.optimizers
    adam = lambda rate, beta1, beta2, epsilon: (
        {"Adam": {"learning_rate": rate, "beta1": beta1, "beta2": beta2, "epsilon": epsilon}},
        lambda p: optim.Adam(p, lr=rate, betas=(beta1, beta2), eps=epsilon),
    )
    in_torch = [
        ("plain", {"Sgd": {"learning_rate": 1e-2}}, lambda p: optim.SGD(p, lr=1e-2)),
        ("momentum", {"Sgd": {"learning_rate": 1e-3, "momentum": 0.9}}, lambda p: optim.SGD(p, lr=1e-3, momentum=0.9)),
        (
            "Nesterov",
            {"Sgd": {"learning_rate": 1e-3, "momentum": 0.8, "nesterov": True}},
            lambda p: optim.SGD(p, lr=1e-3, momentum=0.8, nesterov=True),
        ),
        ("defaults", {"RmsProp": {"learning_rate": 1e-3}}, lambda p: optim.RMSprop(p, lr=1e-3)),
        (
            "momentum",
            {"RmsProp": {"learning_rate": 1e-4, "alpha": 0.9, "momentum": 0.7, "epsilon": 1e-6}},
            lambda p: optim.RMSprop(p, lr=1e-4, alpha=0.9, momentum=0.7, eps=1e-6),
        ),
        ("defaults", {"Adam": {"learning_rate": 1e-3}}, lambda p: optim.Adam(p, lr=1e-3)),
        ("large epsilon", *adam(1e-2, 0.8, 0.99, 1e-4)),
        ("recipe 6's rate", *adam(5e-5, 0.9, 0.999, 1e-7)),
        ("no mean", *adam(1e-3, 0.0, 0.5, 1e-3)),
        ("defaults", {"AdamW": {"learning_rate": 1e-3}}, lambda p: optim.AdamW(p, lr=1e-3)),
        (
            "strong decay",
            {"AdamW": {"learning_rate": 1e-2, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-6, "weight_decay": 0.3}},
            lambda p: optim.AdamW(p, lr=1e-2, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.3),
        ),
    ]
    in_keras = [
        (
            "defaults",
            {"RmsProp": {"learning_rate": 1e-3, "alpha": 0.9, "epsilon": 1e-7, "epsilon_inside_root": True}},
            keras_optim.RMSprop(),
        ),
        (
            "momentum",
            {"RmsProp": {"learning_rate": 1e-4, "alpha": 0.9, "momentum": 0.7, "epsilon": 1e-7, "epsilon_inside_root": True}},
            keras_optim.RMSprop(learning_rate=1e-4, momentum=0.7),
        ),
        ("defaults", {"Adam": {"learning_rate": 1e-3, "epsilon": 1e-7, "epsilon_hat": True}}, keras_optim.Adam()),
        (
            "large epsilon",
            {"Adam": {"learning_rate": 1e-2, "epsilon": 1e-3, "epsilon_hat": True}},
            keras_optim.Adam(learning_rate=1e-2, epsilon=1e-3),
        ),
        ("SGD with momentum", {"Sgd": {"learning_rate": 1e-3, "momentum": 0.9}}, keras_optim.SGD(1e-3, momentum=0.9)),
    ]
    variants = [
        {"name": f"torch: {name}", "optimizer": rule, "parameters_after": torch_run(make)} for name, rule, make in in_torch
    ] + [
        {"name": f"keras: {name}", "optimizer": rule, "parameters_after": keras_run(make)} for name, rule, make in in_keras
    ]
    content = {
        "made_by": "tests/reference/make_optimizers.py",
        "versions": recipe.versions() | {"keras": keras.__version__, "keras_backend": keras.backend.backend()},
        "steps": STEPS,
        "shapes": SHAPES,
        "variants": variants,
    }
    recipe.write_json("optimizers.json", content)


if __name__ == "__main__":
    main()
