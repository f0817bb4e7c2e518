"""Cases of one solute, in SI units of any magnitude, and functions that read their profiles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from membrane_pde import runs
from membrane_pde.input.build import build

Array = NDArray[np.float64]
RT = 8.31446261815324 * 298.15  # J/mol; written down here once more, so that a wrong one there is found


def side(length: float, concentration: float, **more: Any) -> dict[str, Any]:
    """A compartment as a case file has it: m, mol/m^3."""
    return {"length": f"{length!r} m", "concentration": {"S": f"{concentration!r} mol/m^3"}, **more}


def one_solute(
    left: dict[str, Any],
    right: dict[str, Any],
    *,
    water: float,
    law: str = "spiegler-kedem",
    permeability: float = 0.0,
    reflection: float = 1.0,
    partition: float = 1.0,
    diffusivity: float = 1.0,
    dissociation: int = 1,
    mesh: dict[str, Any] | None = None,
    **run: Any,
) -> dict[str, Any]:
    """A case of one solute S at 298.15 K, as tomllib reads its file.

    Tables without dimension are run as they are, in m and s, with ``L_p = a/(R T)``, so that an osmotic pressure of
    1 mol/m^3 drives a m/s.

    Parameters
    ----------
    left, right : dict
        Compartments, of `side`.
    water : float
        L_p, m/s/Pa.
    law, permeability, reflection, partition, diffusivity, dissociation
        Flux law, P (m/s), σ, K, D (m^2/s), ν.
    mesh, run
        Those tables; a number of `run` that is a time is in s.

    Returns
    -------
    dict
    """
    numbers = {"permeability": f"{permeability!r} m/s", "reflection": reflection, "partition": partition}
    if "duration" in run:
        run["duration"] = f"{float(run['duration'])!r} s"
    return {
        "title": "check",
        "temperature": "298.15 K",
        "solutes": {"S": {"diffusivity": f"{diffusivity!r} m^2/s", "dissociation": dissociation}},
        "left": left,
        "right": right,
        "membrane": {"flux_law": law, "water_permeability": f"{water!r} m/s/Pa", "solutes": {"S": numbers}},
        "mesh": mesh or {},
        "run": run,
    }


def solve(raw: dict[str, Any]) -> runs.Result:
    """Run a case given as tomllib reads it."""
    return runs.run(build(raw, "check"))


def at(result: runs.Result, time: float) -> int:
    """Index of a stored time."""
    times = result.arrays["time"]
    index = int(np.argmin(np.abs(times - time)))
    if abs(times[index] - time) > 1e-9 * times[-1]:
        raise ValueError(f"no state was stored at {time} s")
    return index


def profile(result: runs.Result, index: int, which: str) -> tuple[Array, Array]:
    """Edges (m, from the membrane outwards) and cell averages of a side."""
    chosen = result.arrays["side"] == which
    width, c = result.arrays["width"][index][chosen], result.arrays["concentration"][index, 0][chosen]
    if which == "left":
        width, c = width[::-1], c[::-1]
    return np.concatenate([[0.0], np.cumsum(width)]), c


def points(edges: Array, averages: Array, x: Any) -> Array:
    """Values at points: the derivative of a spline through the primitive, which cell averages give exactly.

    The profile is continued evenly beyond the last edge, which is an impermeable wall.
    """
    from scipy.interpolate import make_interp_spline

    wide = np.concatenate([edges, 2 * edges[-1] - edges[-2::-1]])
    primitive = np.concatenate([[0.0], np.cumsum(np.diff(wide) * np.concatenate([averages, averages[::-1]]))])
    return np.asarray(make_interp_spline(wide, primitive, k=5).derivative()(x), dtype=float)
