"""The shipped cases, run once a session, and the numbers of their summaries."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

import membrane_pde as mp

# These two end only after days; in the file they stop when there is something to see.
TO_THE_END = {"osmosis": "5 d", "reverse_osmosis": "5 d"}
NAMES = [*sorted(path.stem for path in (Path(__file__).parents[1] / "cases").glob("*.toml"))]
NAMES += [f"{name}, to the end" for name in TO_THE_END]

# How a run went, not what it found.
ABOUT_THE_RUN = ("cells", "steps", "solve_time_s", "version", "amount_error")
# Words that may be put otherwise as long as they say the same.
WORDING = ("title", "message")


class Number(NamedTuple):
    """A number of a summary, and what it is to be compared with: the largest that it was during the run."""

    value: float
    scale: float


@cache
def ran(name: str) -> mp.Result:
    """The result of a shipped case, or of one of those above taken to its end."""
    stem, _, to_the_end = name.partition(", ")
    case = mp.load_case(stem)
    if to_the_end:
        case = case.with_values({"run.until": "equilibrium", "run.duration": TO_THE_END[stem]})
    return mp.run(case)


def facts(result: mp.Result) -> dict[str, Number | str | None]:
    """All that a summary says, by its key, ``key[solute]``, or ``equilibrium.key[solute]``."""
    summary = result.summary
    given = {key: value for key, value in summary.items() if key not in ABOUT_THE_RUN + WORDING + ("equilibrium",)}
    for key, value in (summary["equilibrium"] or {}).items():
        if key not in ABOUT_THE_RUN + WORDING:
            given[f"equilibrium.{key}"] = value
    found: dict[str, Number | str | None] = {}
    for key, value in given.items():
        for solute, one in value.items() if isinstance(value, dict) else [("", value)]:
            full = f"{key}[{solute}]" if solute else key
            found[full] = Number(one, scale(result, key, solute, one)) if isinstance(one, int | float) else one
    return found


def scale(result: mp.Result, key: str, solute: str, value: float) -> float:
    """The largest magnitude of a number during the run, and at least a millionth of what it could have been."""
    name = key.removeprefix("equilibrium.")
    # one solute's concentrations, of the left and of the right, at the membrane and in the mean, share a scale
    alike = [name]
    if name.endswith("concentration_left_mol_per_m3") or name.endswith("concentration_right_mol_per_m3"):
        alike = [one for one in result.arrays if one.endswith(("ation_left_mol_per_m3", "ation_right_mol_per_m3"))]
    seen = [abs(value)]
    for one in alike:
        values = np.asarray(result.arrays.get(one, 0.0), dtype=float)
        if values.ndim == 2:
            values = values[:, result.solutes.index(solute)]
        seen.append(float(np.abs(values[np.isfinite(values)]).max(initial=0.0)))
    return max(seen)
