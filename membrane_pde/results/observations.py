"""Read series (one value at each stored time) and profiles (one in each cell) off the states of solved runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from membrane_pde.input.case import Case
from membrane_pde.input.properties import (
    amount_scales,
    at_membrane,
    both_sides,
    concentration_scales,
)
from membrane_pde.results import separation

TRACE = 1e-10  # of the size of a solute's concentrations or amounts: less is round-off
Vector = np.ndarray[Any, np.dtype[np.float64]]


class Runs(NamedTuple):
    """Solved runs of cases of one model.

    Attributes
    ----------
    cases : sequence of Case
        Which.
    system : model.system.System
        The model of all of them.
    goal : runs.solving.Goal
        Where they end.
    times : ndarray, shape (times,)
        Stored times, s.
    states : ndarray, shape (runs, times, size)
        States.
    segments : list of list of Segment
        What is applied, (run, time).
    endings : list of (str, str, int)
        Status, reason of a failure, and steps of each.
    memory : ndarray, shape (runs, 3)
        What each has left in the memory of the model.
    several : ndarray, shape (runs,)
        A column of `memory`, not a copy: above 0 where there was more than one water flux to choose from.
    flux_thresholds : ndarray, shape (runs,)
        Water flux that counts as one, m/s.
    least_displaced : ndarray, shape (runs,)
        Displaced volume below which no water has moved, m.
    """

    cases: Sequence[Case]
    system: Any
    goal: Any
    times: Vector
    states: Vector
    segments: list[list[Any]]
    endings: list[tuple[str, str, int]]
    memory: Vector
    several: Vector
    flux_thresholds: Vector
    least_displaced: Vector

    @property
    def sides(self) -> tuple[separation.Side, separation.Side]:
        """What the two sides held, and what flowed in and out of them."""
        return separation.sides_of(self.cases[0], self.system, self.times, self.states)


def series_of(runs: Runs, ends: bool = False) -> dict[str, np.ndarray[Any, Any]]:
    """What has one value at every stored time: arrays (run, time), of solutes (run, time, solute).

    `ends`: nan between the first and the last time where a summary needs no more (what moved, and the balance).
    """
    case, system, states, goal = runs.cases[0], runs.system, runs.states, runs.goal
    walls = None
    if case.membrane.type != "none":  # at the very start nothing has piled up at the membrane yet
        walls = np.array(
            [[at_membrane(side.concentration[name]) for name in case.solutes] for side in both_sides(case)]
        )
    if system.still:
        states[..., system.x] = 0.0  # by definition; the linear solver leaves 1e-23
    displaced = states[..., system.x].copy()
    seen = system.observe(runs.times, states, runs.segments, runs.memory, walls, goal.concentration, ends)
    osmotic = seen.osmotic_left, seen.osmotic_right, seen.osmotic_wall_left, seen.osmotic_wall_right
    if case.phase == "gas":
        osmotic = (np.full(displaced.shape, np.nan),) * 4
    polarization, rejection = polarization_and_rejection(case, seen, runs.flux_thresholds)
    passed = states[..., system.passed].copy()
    collected = separation.collected(case, runs.sides, displaced, passed, runs.least_displaced)
    return {
        "water_flux_m_per_s": seen.water_flux,
        "displaced_volume_m": displaced,
        "solute_flux_mol_per_m2_s": seen.solute_flux,
        "amount_transferred_mol_per_m2": passed,
        "pressure_left_Pa": seen.pressure_left,
        "pressure_right_Pa": seen.pressure_right,
        "length_left_m": seen.length_left,
        "length_right_m": seen.length_right,
        "concentration_left_mol_per_m3": seen.mean_left,
        "concentration_right_mol_per_m3": seen.mean_right,
        "wall_concentration_left_mol_per_m3": seen.wall_left,
        "wall_concentration_right_mol_per_m3": seen.wall_right,
        "osmotic_pressure_left_Pa": osmotic[0],
        "osmotic_pressure_right_Pa": osmotic[1],
        "wall_osmotic_pressure_left_Pa": osmotic[2],
        "wall_osmotic_pressure_right_Pa": osmotic[3],
        "polarization_modulus": polarization,
        "rejection": rejection,
        "collected_concentration_mol_per_m3": collected[0],
        "collected_rejection": collected[1],
        "energy_J_per_m2": seen.energy,
        "amount_error": amount_error(system, states, seen.amount_left, seen.amount_right, amount_scales(case)),
        "distance_to_equilibrium": goal.distance(displaced, seen.spread),
    }


def profiles_of(system: Any, states: Vector) -> dict[str, np.ndarray[Any, Any]]:
    """What has a value in every cell at every stored time."""
    inside = system.inside
    m = system.membrane - inside.start
    width = system.widths(states)[:, inside]
    edges = np.zeros((len(width), width.shape[1] + 1))
    np.cumsum(width, axis=1, out=edges[:, 1:])
    edges -= edges[:, m, None].copy()
    amounts = states[:, : system.x].reshape(len(states), system.solutes, -1)[:, :, inside]
    return {
        "concentration": amounts / width[:, None, :],
        "position": 0.5 * (edges[:, :-1] + edges[:, 1:]),
        "width": width,
        "side": np.array(["left"] * m + ["right"] * (width.shape[1] - m), dtype=object),
    }


def polarization_and_rejection(case: Case, seen: Any, threshold: Vector) -> tuple[Vector, Vector]:
    """Wall over bulk on the side the water leaves, and ``1 − (J_s/J_v)/c_bulk``; NaN where they mean nothing."""
    polarization, rejection = np.full(seen.wall_left.shape, np.nan), np.full(seen.wall_left.shape, np.nan)
    if case.membrane.type == "none" or case.membrane.water_permeability == 0.0:
        return polarization, rejection
    flux = seen.water_flux[..., None]
    bulk = np.where(flux > 0.0, seen.bulk_left, seen.bulk_right)
    wall = np.where(flux > 0.0, seen.wall_left, seen.wall_right)
    some = (np.abs(flux) > threshold[:, None, None]) & (bulk > TRACE * concentration_scales(case))
    np.divide(wall, bulk, out=polarization, where=some)
    np.divide(seen.solute_flux, flux * bulk, out=rejection, where=some)
    return polarization, 1.0 - rejection


def amount_error(system: Any, states: Vector, left: Vector, right: Vector, scale: Vector) -> Vector:
    """Largest imbalance of any solute on either side so far, over the largest amount held plus fed.

    `scale` (solutes,) is the size of the amounts, mol/m^2. Of a solute that is nowhere, or stands only in a feed that
    does not flow, a solver may leave 1e-22: what is held and fed counts as a trace of the scale at the least.
    """
    passed, far_left, far_right = (states[..., part] for part in (system.passed, system.far_left, system.far_right))
    lost_left = left - left[:, :1] + (passed - far_left)
    lost_right = right - right[:, :1] + (far_right - passed)
    fed = np.maximum(far_left.max(axis=1), 0.0) + np.maximum(-far_right.min(axis=1), 0.0)
    held = np.maximum((left + right).max(axis=1) + fed, TRACE * scale)
    whole = np.abs(lost_left + lost_right)
    worst = np.maximum(np.maximum(np.abs(lost_left), np.abs(lost_right)), whole) / held[:, None]
    return np.asarray(np.maximum.accumulate(worst.max(axis=2), axis=1))
