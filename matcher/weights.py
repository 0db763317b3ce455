"""The one table of weights, in bits. `python -m bench.matcher fit` writes it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

Weights = dict[str, dict[str, float]]


def read_weights(path: Path) -> Weights:
    """Read a table of weights: feature, then grade, then bits."""
    with path.open("rb") as file:
        table = tomllib.load(file)
    return {feature: {grade: float(bits) for grade, bits in grades.items()} for feature, grades in table.items()}


WEIGHTS: Final[Weights] = read_weights(Path(__file__).with_name("weights.toml"))
