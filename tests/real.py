"""Real solutions of named solutes, as a case would have them."""

from __future__ import annotations

from typing import Any

from membrane_pde.input.build import build
from membrane_pde.input.mixture import solution
from membrane_pde.physics.osmotic import Solution


def solution_of(
    names: list[str], model: str = "pitzer", temperature: str = "25 degC", **own: dict[str, Any]
) -> Solution:
    """The model of solutes of the library, or of those described as in a case file."""
    side = {"length": "1 mm", "concentration": dict.fromkeys(names, "0 mol/L")}
    return solution(
        build(
            {
                "temperature": temperature,
                "osmotic_model": model,
                "solutes": {name: own.get(name, {}) for name in names},
                "left": side,
                "right": side,
                "membrane": {"type": "ideal"},
                "run": {"duration": "1 s"},
            },
            "test",
        )
    )
