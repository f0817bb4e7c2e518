"""Spheres and cylinders against their exact solutions, with the order in space."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from membrane_pde import analytic
from membrane_pde.verify.cases import RT, one_solute, side, solve
from membrane_pde.verify.checks import Check, Panel, Series, near, worst
from membrane_pde.verify.exact import LOOSE, of
from membrane_pde.verify.order import slope_of

CLOSED_FORM = "closed form: analytic.swelling"
SERIES = "Crank's series: analytic.behind_membrane"
SHAPES: tuple[Literal["cylindrical", "spherical"], ...] = ("cylindrical", "spherical")
RADIUS, INSIDE, OUTSIDE, PERMEABILITY = 1.0, 2.0, 0.5, 1.5  # D = 1


def curved(quick: bool) -> Iterator[Check | Panel]:
    """Swelling spheres and cylinders, and diffusion out of them behind a membrane, against closed form and series."""
    swollen: list[Series] = []
    for shape in SHAPES:
        result = solve(_case(shape, {"stirred": True}, water=0.3 / RT, duration=3.0, outputs=31, rtol=1e-8))
        times, volume = result.arrays["time"], of(result, "length_left_m") / of(result, "length_left_m", 0)
        exact = analytic.swelling(times, geometry=shape, radius=RADIUS, inside=INSIDE, outside=OUTSIDE, rate=0.3)
        yield worst(f"{shape}, stirred: volume over that at the start", "", exact, volume, 1e-6, CLOSED_FORM)
        swollen += [Series(f"{shape}, exact", times, exact), Series(shape, times, volume, ours=True)]
    yield Panel("Volume of a stirred cell", "time, s", "over that at the start", swollen)
    for shape in SHAPES:
        yield from _cranks_series(shape, (10, 20, 40) if quick else (20, 40, 80))


def _case(shape: str, inside: dict[str, Any], *, water: float = 0.0, permeability: float = 0.0, **run: Any) -> Any:
    """A cell beside a stirred reservoir."""
    left = side(RADIUS, INSIDE) | inside
    left["radius"] = left.pop("length")
    around = side(RADIUS, OUTSIDE, boundary="reservoir", stirred=True)
    mesh = {"cells": run.pop("cells"), "finest": run.pop("finest")} if "cells" in run else None
    return one_solute(left, around, water=water, permeability=permeability, mesh=mesh, **run) | {"geometry": shape}


def _cranks_series(shape: Literal["cylindrical", "spherical"], counts: tuple[int, ...]) -> Iterator[Check | Panel]:
    """A cell from which a solute diffuses through the membrane: errors and their order."""
    end = 0.05
    wall = float(analytic.behind_membrane(RADIUS, end, **_numbers(shape)))
    mean = float(analytic.behind_membrane_mean(0.0, RADIUS, end, **_numbers(shape)))
    errors: dict[str, list[float]] = {"wall concentration": [], "mean concentration": []}
    got = {}
    for cells in counts:
        mesh: dict[str, Any] = {"cells": cells, "finest": f"{RADIUS / cells!r} m"}
        result = solve(_case(shape, {}, permeability=PERMEABILITY, duration=end, outputs=2, rtol=1e-9, **mesh))
        got["wall concentration"] = float(of(result, "wall_concentration_left_mol_per_m3", -1))
        got["mean concentration"] = float(of(result, "concentration_left_mol_per_m3", -1))
        for what, exact in zip(errors, (wall, mean), strict=True):
            errors[what].append(abs(got[what] - exact))
    for what, exact in zip(errors, (wall, mean), strict=True):
        off = LOOSE * INSIDE * (80 / counts[-1]) ** 2
        yield near(f"{shape}: {what}, {counts[-1]} cells", "mol/m³", exact, got[what], off, SERIES)
        found = slope_of(1.0 / np.array(counts), errors[what])
        yield Check(f"{shape}: order in space, {what}", "", 2.0, found, 1.9, 2.1, SERIES)
    curves = [Series(what, counts, each, ours=True) for what, each in errors.items()]
    top = max(each[0] for each in errors.values())
    curves.append(Series("second order", counts, [top * (counts[0] / n) ** 2 for n in counts]))
    yield Panel(f"Error in space, {shape}", "cells", "mol/m³", curves, "xy")


def _numbers(shape: Literal["cylindrical", "spherical"]) -> Any:
    """Parameters of both exact solutions."""
    numbers = {"radius": RADIUS, "diffusivity": 1.0, "permeability": PERMEABILITY}
    return {"geometry": shape, **numbers, "inside": INSIDE, "outside": OUTSIDE}
