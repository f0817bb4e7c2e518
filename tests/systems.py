"""Small systems of every kind to try the equations on: boundaries, laws, stirred sides, baths; and states of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from membrane_pde.model.applied import Segment
from membrane_pde.model.interface import Membrane
from membrane_pde.model.mesh import build, graded_widths
from membrane_pde.model.ports import Bath, ElasticWall, Outflow, Port, Reservoir, Rigid
from membrane_pde.model.problem import Problem
from membrane_pde.model.regions import Pores
from membrane_pde.model.system import System
from membrane_pde.physics.osmotic import IDEAL, Solution
from tests.real import solution_of

Array = NDArray[np.float64]
RT = 8.31446261815324 * 298.15
CLOSED, RESERVOIR, OUTFLOW, BATH = "closed", "reservoir", "outflow", "bath"
LAWS = ["solution-diffusion", "kedem-katchalsky", "spiegler-kedem"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Closed(Port):
    """A closed end of any stiffness."""

    spring: float = 0.0

    name = "closed"

    @property
    def stiffness(self) -> float:
        return self.spring


def port(
    boundary: str, known: Array | None, stiffness: float, rigid: bool, wall: bool, bath: str, **common: bool
) -> Port:
    """A port of one of the four kinds that the kernels tell apart."""
    if boundary == RESERVOIR:
        assert known is not None
        return Reservoir(concentration=known, **common)
    if boundary == OUTFLOW:
        return Outflow(drawn_in=known, **common)
    if boundary == BATH:
        assert known is not None
        return Bath(concentration=known, volume=BATH_VOLUME, **BATHS[bath], **common)
    if wall:
        return ElasticWall(modulus=stiffness, depth=1.0, **common)
    return Rigid(**common) if rigid else Closed(spring=stiffness, **common)


def system(
    boundary: tuple[str, str] = (CLOSED, CLOSED),
    *,
    stirred: tuple[bool, bool] = (False, False),
    law: str = "spiegler-kedem",
    sigma: tuple[float, float] = (0.8, 1.0),
    permeability: tuple[float, float] = (2e-6, 1e-7),
    partition: tuple[float, float] = (1.0, 1.0),
    present: bool = True,
    water: float = 1e-11,
    outside: tuple[Array | None, Array | None] | None = None,
    stiffness: tuple[float, float] = (0.0, 0.0),
    rigid: str = "",
    pumped: str = "",
    bath: str = "alone",
    cells: int = 4,
    real: bool = False,
    wall: tuple[bool, bool] = (False, False),
    trace: float = 0.0,
    pores: tuple[bool, bool] = (False, False),
    geometry: str = "planar",
) -> System:
    if law == "solution-diffusion":
        sigma = (1.0, 1.0)
    widths = [
        graded_widths(length, 1 if still else cells, 0.3 * length / cells)
        for length, still in zip((1e-3, 2e-3), stirred, strict=True)
    ]
    for side in (0, 1):
        if boundary[side] == BATH and stirred[side]:  # its cell is the bath
            widths[side] = np.array([BATH_VOLUME])
    model = solution_of(["NaCl", "sucrose"]) if real else Solution(IDEAL, 298.15, (2.0, 2.0))
    if outside is None:
        outside = (np.array([300.0, 20.0]), np.array([150.0, 60.0]))
    ports = [
        port(
            boundary[side],
            outside[side],
            stiffness[side],
            rigid == name,
            wall[side],
            bath,
            stirred=stirred[side],
            holds_flux=pumped == name,
        )
        for side, name in enumerate(("left", "right"))
    ]
    return System(
        Problem(
            build(widths[0], widths[1], tuple(PORES if each else None for each in pores), geometry),  # type: ignore[arg-type]
            Membrane(present, water if present else 0.0, law, permeability, sigma, partition),
            model.numbers,
            np.array([[1e-9, 2e-9], [1.5e-9, 0.7e-9]]),
            (ports[0], ports[1]),
            np.array([trace, 0.5 * trace]),
        )
    )


PORES = Pores(np.array([1e-5, 2e-5, 3e-5]), 0.4, 2.0)

# what flows in and out, against the 6e-5 m/s that 6 MPa press through: each branch of the make-up is met
FEED = np.array([500.0, 40.0])
BATH_VOLUME = 3e-3
BATHS: dict[str, dict[str, Any]] = {
    "alone": {},
    "bleeding": {"bleed": 2e-5},
    "made up": {"feed": FEED, "bleed": 2e-5},
    "made up, no bleed": {"feed": FEED},
    "made up, bled faster than it overflows": {"feed": FEED, "bleed": 9e-5},
    "fed": {"feed": FEED, "flow": 4e-5, "bleed": 2e-5},
}


def some_state(one: System, seed: int = 0, displaced: float = 2e-4) -> Array:
    rng = np.random.default_rng(seed)
    y = one.initial_state(rng.uniform(50, 400, (one.solutes, one.problem.mesh.cells)))
    rng = np.random.default_rng(seed + 1000)
    y[one.x] = displaced
    for side in (0, 1):
        y[one.volume[side]] *= 0.7  # 0 where there is no bath
    one.amounts(y)[:] = rng.uniform(50, 400, (one.solutes, one.cells)) * one.widths(y)
    return y


def rhs(one: System, y: Array, segment: Segment, t: float = 0.5) -> Array:
    out = np.empty(one.size)
    one.rhs(t, y, out, segment)
    return out


def dense_jacobian(one: System, y: Array, segment: Segment) -> Array:
    pattern = one.pattern
    values = one.jacobian(0.5, y, segment)
    return np.asarray(csc_array((values, pattern.indices, pattern.indptr), shape=pattern.shape).toarray())


def pressing(difference: float) -> Segment:
    """A pressure difference; where the flux is held, what water permeability would make of it."""
    return Segment(0.0, 1.0, (difference, difference), (0.0, 0.0), (1e-11 * difference, 1e-11 * difference))


def settings() -> Iterator[dict[str, Any]]:
    """Boundary, stirring, law, direction of flow, with and without a membrane."""
    for boundary in itertools.product((CLOSED, RESERVOIR, OUTFLOW), repeat=2):
        if boundary == (OUTFLOW, OUTFLOW):
            continue
        for stirred in itertools.product((False, True), repeat=2):
            for law, pressure in itertools.product(LAWS, (6e6, -6e6)):
                yield {"boundary": boundary, "stirred": stirred, "law": law, "pressure": pressure}
                if not any(stirred) or boundary == (CLOSED, CLOSED):  # salt and sugar by Pitzer, σ of each
                    yield {"boundary": boundary, "stirred": stirred, "law": law, "pressure": pressure, "real": True}
                if OUTFLOW in boundary and law == "spiegler-kedem":  # nothing is known of what would flow in
                    yield {
                        "boundary": boundary,
                        "stirred": stirred,
                        "law": law,
                        "pressure": pressure,
                        "outside": tuple(None if b == OUTFLOW else np.array([300.0, 20.0]) for b in boundary),
                    }
            if OUTFLOW not in boundary and not all(stirred):
                yield {"boundary": boundary, "stirred": stirred, "pressure": 0.0, "present": False}
    # baths: every way of feeding one, with and without a layer, on either side and on both
    for other, bath, pressure in itertools.product((CLOSED, RESERVOIR, OUTFLOW, BATH), BATHS, (6e6, -6e6)):
        for stirred in itertools.product((False, True), repeat=2):
            some = {"stirred": stirred, "bath": bath, "pressure": pressure}
            yield {"boundary": (BATH, other), **some}
            if other != BATH:
                yield {"boundary": (other, BATH), **some}
    for law in LAWS:
        yield {"boundary": (BATH, CLOSED), "stirred": (True, False), "law": law, "pressure": 6e6, "cells": 1}
        yield {"boundary": (BATH, BATH), "stirred": (False, False), "law": law, "pressure": -6e6, "cells": 1}
    for stirred in ((False, True), (False, False)):
        yield {"boundary": (BATH, BATH), "stirred": stirred, "bath": "fed", "pressure": 0.0, "present": False}
    # the water flux is given
    for boundary in ((CLOSED, CLOSED), (RESERVOIR, OUTFLOW), (BATH, CLOSED), (OUTFLOW, BATH)):
        for pumped, law in itertools.product(("left", "right"), LAWS):
            for stirred in ((False, False), (True, False)):
                yield {"boundary": boundary, "stirred": stirred, "law": law, "pressure": 6e6, "pumped": pumped}


SETTINGS = list(settings())


def settings_of_regions() -> Iterator[dict[str, Any]]:
    """Support layers beside every boundary, and curved chains."""
    for pores, stirred in itertools.product(
        ((True, False), (False, True), (True, True)), ((False, False), (True, True))
    ):
        for boundary in (
            (CLOSED, CLOSED),
            (RESERVOIR, RESERVOIR),
            (BATH, OUTFLOW),
            (OUTFLOW, BATH),
            (CLOSED, RESERVOIR),
        ):
            for pressure in (6e6, -6e6):
                made = {"boundary": boundary, "stirred": stirred, "pressure": pressure, "pores": pores, "bath": "fed"}
                yield made | ({} if RESERVOIR in boundary and stirred[0] else {"law": "kedem-katchalsky"})
    for geometry, stirred in itertools.product(
        ("cylindrical", "spherical"), itertools.product((False, True), repeat=2)
    ):
        for right, bath in ((CLOSED, "alone"), (RESERVOIR, "alone"), (BATH, "fed"), (BATH, "made up")):
            for pressure in (6e6, -6e6):
                made = {"boundary": (CLOSED, right), "stirred": stirred, "pressure": pressure, "bath": bath}
                yield made | {"geometry": geometry}
        yield {
            "boundary": (CLOSED, RESERVOIR),
            "stirred": stirred,
            "pressure": 1.0,
            "geometry": geometry,
            "pumped": "left",
        }


REGIONS = list(settings_of_regions())


def label(setting: dict[str, Any]) -> str:
    stirred = "".join("s" if s else "u" for s in setting["stirred"])
    words = [*setting["boundary"], stirred, setting.get("law", "none"), f"{setting['pressure']:+.0e}"]
    words += [setting[key] for key in ("bath", "pumped") if key in setting]
    words += [
        f"{side} pores" for side, there in zip(("left", "right"), setting.get("pores", ()), strict=False) if there
    ]
    words += [setting["geometry"]] if "geometry" in setting else []
    words += [word for word, key in (("unknown", "outside"), ("real", "real")) if key in setting]
    return "-".join(words)
