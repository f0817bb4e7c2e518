"""Parallel chains to try the equations on: small ones of different membranes under one pressure; tolerances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from membrane_pde.model.applied import Segment
from membrane_pde.model.parallel_chains import HeldFlux, ParallelChains
from membrane_pde.model.system import System
from membrane_pde.solvers.tolerance import Tolerance
from tests.systems import system

Array = NDArray[np.float64]
AREAS = np.array([2.0, 0.5, 1.25])
WATER = (1e-12, 3e-12, 0.4e-12)  # hydraulic permeabilities, m/s/Pa


def several(water: Sequence[float] = WATER, **setting: Any) -> list[System]:
    """One chain for each hydraulic permeability."""
    return [system(water=each, **setting) for each in water]


def held(segment: Segment, flow: tuple[float, float], water: Sequence[float] = WATER, **setting: Any) -> ParallelChains:
    systems = several(water, **setting)
    return ParallelChains(systems, segment, HeldFlux(AREAS[: len(systems)], flow))


def start_of(stations: ParallelChains, left: float = 300.0, right: float = 60.0, pressure: float = 1e6) -> Array:
    """Uniform concentrations on both sides; salt on the left at first more than on the right."""
    parts = []
    for one in stations.systems:
        mesh = one.problem.mesh
        c = np.where(np.arange(mesh.cells) < mesh.membrane, left, right)
        parts.append(one.initial_state(np.array([c, 0.2 * c])))
    return np.concatenate([*parts, [pressure]] if stations.held is not None else parts)


def measures(stations: ParallelChains) -> Array:
    """Sizes of the unknowns: amounts, lengths, work, pressure."""
    size = np.empty(stations.size)
    for own, one in zip(stations.own, stations.systems, strict=True):
        part = size[own]
        one.amounts(part)[:] = 200.0 * one.width
        part[one.x :] = 1e-3
        part[one.passed] = part[one.far_left] = part[one.far_right] = 0.2
        part[one.work] = 1e3
    if stations.held is not None:
        size[-1] = 1e6
    return size


def tolerance(stations: ParallelChains, rtol: float) -> Tolerance:
    return Tolerance(rtol, rtol * measures(stations), stations.individual)
