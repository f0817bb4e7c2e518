"""Random cases of every kind: each boundary and flux law, 1 to 3 solutes, 10 µm to 10 mm, 1 s to 10 d."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from membrane_pde.input.build import build
from membrane_pde.input.case import Case
from membrane_pde.input.errors import CaseError

DAY = 86400.0
BOUNDARIES = ("piston", "standpipe", "elastic", "rigid", "reservoir", "bath", "outflow")
BARE = ("piston", "rigid", "reservoir", "bath")  # those that are possible without a membrane
LAWS = ("solution-diffusion", "kedem-katchalsky", "spiegler-kedem")


def cases(seed: int = 0) -> Iterator[Case]:
    """Cases without end, the same ones for the same seed."""
    rng = np.random.default_rng(seed)
    while True:
        raw = _raw(rng)
        try:
            yield build(raw, "sampled")
        except CaseError:
            continue  # a combination that DESIGN §3a excludes


def _decades(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _si(value: float, unit: str) -> str:
    return f"{value:.6g} {unit}"


def _raw(rng: np.random.Generator) -> dict[str, Any]:
    names = ["A", "B", "C"][: rng.integers(1, 4)]
    bare = rng.random() < 0.12
    law = str(rng.choice(LAWS))
    solutes, numbers = {}, {}
    for name in names:
        solutes[name] = {
            "diffusivity": _si(_decades(rng, 1e-11, 3e-9), "m^2/s"),
            "dissociation": int(rng.integers(1, 3)),
        }
        passes = rng.random() < 0.7
        numbers[name] = {
            "permeability": _si(_decades(rng, 1e-9, 1e-5) if passes else 0.0, "m/s"),
            "reflection": 1.0 if law == "solution-diffusion" or rng.random() < 0.2 else round(float(rng.random()), 3),
        }
    membrane: dict[str, Any] = {"type": "none"}
    if not bare:
        permeability = 0.0 if rng.random() < 0.05 else _decades(rng, 0.03, 10.0)
        membrane = {
            "flux_law": law,
            "water_permeability": _si(permeability, "L/m^2/hour/bar"),
            "solutes": numbers,
        }
    duration = _decades(rng, 1.0, 10 * DAY)
    raw = {"solutes": solutes, "membrane": membrane, "run": {"duration": _si(duration, "s")}}
    stirred = (rng.random() < 0.25, rng.random() < 0.25)
    for name, mixed in zip(("left", "right"), stirred, strict=True):
        raw[name] = _side(rng, names, str(rng.choice(BARE if bare else BOUNDARIES)), bool(mixed and not bare))
    _apply(rng, raw, duration, bare)
    return raw


def _side(rng: np.random.Generator, names: list[str], boundary: str, mixed: bool) -> dict[str, Any]:
    def solution() -> dict[str, str]:
        return {s: _si(0.0 if rng.random() < 0.15 else _decades(rng, 1e-2, 1e3), "mol/m^3") for s in names}

    side: dict[str, Any] = {
        "boundary": boundary,
        "length": _si(_decades(rng, 1e-5, 1e-2), "m"),
        "concentration": solution(),
    }
    if mixed:
        side["stirred"] = True
    if boundary == "standpipe":
        side["tube_area"] = _decades(rng, 1e-3, 1.0)
    elif boundary == "elastic":
        side["modulus"] = _si(_decades(rng, 1.0, 100.0), "bar")
    elif boundary == "bath":
        side["volume"] = _si(_decades(rng, 1e-3, 1e-1), "m")
        if rng.random() < 0.5:
            side["feed"] = solution()
        if rng.random() < 0.5:
            side["bleed"] = _si(_decades(rng, 1e-9, 1e-5), "m/s")
    elif boundary == "outflow":
        side["backflow"] = solution()
    return side


def _apply(rng: np.random.Generator, raw: dict[str, Any], duration: float, bare: bool) -> None:
    """Give the sides what is applied to them: nothing, a pressure, a step, a ramp, an oscillation, a held flux."""
    if bare:
        return
    held = str(rng.choice(["left", "right"])) if rng.random() < 0.15 else ""
    for name in ("left", "right"):
        kind = str(rng.choice(["none", "none", "constant", "constant", "step", "ramp", "sine"]))
        level = _si(_decades(rng, 0.1, 60.0), "bar")
        schedule = [["0 s", level], [_si(rng.uniform(0.1, 0.9) * duration, "s"), _si(_decades(rng, 0.1, 60.0), "bar")]]
        given: Any = {
            "none": None,
            "constant": level,
            "step": {"schedule": schedule, "shape": "step"},
            "ramp": {"schedule": schedule, "shape": "ramp"},
            "sine": {"mean": level, "amplitude": "1 bar", "period": _si(duration / rng.uniform(1.0, 4.0), "s")},
        }[kind]
        flux = _si(float(rng.choice([-1.0, 1.0])) * _decades(rng, 1e-8, 1e-5), "m/s")
        if raw[name]["boundary"] == "rigid":
            continue
        if name == held:
            given = {"flux": flux}
        if given is not None:
            raw[name]["pressure"] = given
