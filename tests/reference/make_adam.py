"""Runs torch.optim.Adam on fixed gradients, for tests/fidelity.rs to compare with.

    python tests/reference/make_adam.py

Values and gradients are small integers divided by powers of two, so that both languages make exactly the
same f32 numbers from the formulas below; tests/fidelity.rs repeats them.
"""

import torch

import recipe_one as recipe

SHAPES = [[4, 3, 3, 3], [24], [3, 16], [1]]
STEPS = 100
KEPT_STEPS = [1, 10, STEPS]
VARIANTS = [
    {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    {"learning_rate": 1e-2, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-4},
    {"learning_rate": 5e-5, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7},
    {"learning_rate": 1e-3, "beta1": 0.0, "beta2": 0.5, "epsilon": 1e-3},
]


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


def run(variant: dict) -> dict:
    parameters = [torch.nn.Parameter(initial(shape)) for shape in SHAPES]
    optimizer = torch.optim.Adam(
        parameters,
        lr=variant["learning_rate"],
        betas=(variant["beta1"], variant["beta2"]),
        eps=variant["epsilon"],
    )
    kept = {}
    for step in range(1, STEPS + 1):
        for parameter, shape in zip(parameters, SHAPES):
            parameter.grad = gradient(shape, step)
        optimizer.step()
        if step in KEPT_STEPS:
            kept[str(step)] = [parameter.detach().flatten().tolist() for parameter in parameters]
    return variant | {"parameters_after": kept}


def main() -> None:
    content = {"made_by": "tests/reference/make_adam.py", "versions": recipe.versions(), "steps": STEPS, "shapes": SHAPES}
    content["variants"] = [run(variant) for variant in VARIANTS]
    recipe.write_json("adam.json", content)


if __name__ == "__main__":
    main()
