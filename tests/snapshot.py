"""A snapshot of the shipped cases' summaries: every number and its scale, as text.

``python -m tests.snapshot`` writes it anew, with the package that it imports.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

import membrane_pde as mp
from tests.places import DATA
from tests.shipped import NAMES, ran

SNAPSHOT = DATA / "shipped_summaries.txt"
LEFT_OUT = ("title", "message", "equilibrium", "cells", "steps", "solve_time_s", "version", "amount_error")


class Number(NamedTuple):
    """A number of a summary and its scale."""

    value: float
    scale: float


def facts(result: mp.Result) -> dict[str, Number | str]:
    """All that a summary says, by ``key``, ``key[solute]``, ``equilibrium.key`` and so on; "none" for what is None."""
    given = {key: value for key, value in result.summary.items() if key not in LEFT_OUT}
    for key, value in (result.summary["equilibrium"] or {}).items():
        if key not in LEFT_OUT:
            given[f"equilibrium.{key}"] = value
    found: dict[str, Number | str] = {}
    for key, value in given.items():
        for solute, one in value.items() if isinstance(value, dict) else [("", value)]:
            full = f"{key}[{solute}]" if solute else key
            if one is None or isinstance(one, str):
                found[full] = one or "none"
            else:
                found[full] = Number(float(one), max(abs(one), scale(result, key.removeprefix("equilibrium."), solute)))
    return found


def scale(result: mp.Result, key: str, solute: str) -> float:
    """The largest magnitude that a number had during the run, and at least a millionth of what could be."""

    def seen(*names: str) -> float:
        highest = 0.0
        for name in names:
            values = np.asarray(result.arrays.get(name, 0.0), dtype=float)
            if solute and values.ndim == 2:
                values = values[:, result.solutes.index(solute)]
            highest = max(highest, float(np.abs(values[np.isfinite(values)]).max(initial=0.0)))
        return highest

    concentrations = [name for name in result.arrays if re.search("concentration_(left|right)_mol_per_m3", name)]
    pressures = [name for name in result.arrays if re.search("pressure_(left|right)_Pa", name)]
    concentration, pressure = seen(*concentrations), seen(*pressures)
    length, permeability = seen("length_left_m", "length_right_m"), result.case.membrane.water_permeability
    if key in concentrations:
        return concentration
    could_be = {
        "water_flux_m_per_s": permeability * pressure,
        "displaced_volume_m": length,
        "amount_transferred_mol_per_m2": concentration * length,
        "solute_flux_mol_per_m2_s": concentration * permeability * pressure,
        "collected_concentration_mol_per_m3": concentration,
        "energy_J_per_m2": pressure * length,
        **dict.fromkeys([*pressures, "specific_energy_J_per_m3", "throttled_energy_J_per_m3"], pressure),
    }
    return max(seen(key), 1e-6 * could_be.get(key, 0.0))


def written() -> str:
    """The snapshot: a line for each number, with its scale."""
    lines = [
        "# Summaries of the shipped cases: each number, and its scale (its largest magnitude during the run).",
        "# Written by `python -m tests.snapshot` with the package at commit 2a30d51.",
    ]
    for name in NAMES:
        lines += ["", f"[{name}]"]
        for key, fact in sorted(facts(ran(name)).items()):
            text = f"{fact.value:.12g}  scale {fact.scale:.3g}" if isinstance(fact, Number) else fact
            lines.append(f"{key} = {text}")
    return "\n".join(lines) + "\n"


def stored() -> dict[str, dict[str, Number | str]]:
    """The snapshot as it is stored."""
    found: dict[str, dict[str, Number | str]] = {}
    for line in SNAPSHOT.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            found[line.strip("[]")] = {}
        elif line and not line.startswith("#"):
            key, _, text = line.partition(" = ")
            value, _, size = text.partition("  scale ")
            found[[*found][-1]][key] = Number(float(value), float(size)) if size else text
    return found


if __name__ == "__main__":
    SNAPSHOT.write_text(written(), encoding="utf-8")
