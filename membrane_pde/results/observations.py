"""Read series (one value at each stored time) and profiles (one in each cell) off the states of solved runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from membrane_pde.input.case import Case
from membrane_pde.input.properties import (
    amount_scales,
    at_membrane,
    both_sides,
    concentration_scales,
)
from membrane_pde.results import separation
from membrane_pde.results.quantities import SERIES

TRACE = 1e-10  # concentration or amount of a solute ÷ its scale below which it is round-off
Vector = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(eq=False)
class Runs:
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

    @cached_property
    def sides(self) -> tuple[separation.Side, separation.Side]:
        """Volumes and amounts of both sides, and their inflows and outflows."""
        return separation.sides_of(self.cases[0], self.system, self.times, self.states)

    @cached_property
    def turned(self) -> NDArray[np.bool_]:
        """True where the water has flowed back so far (run, time); see `separation.turned`."""
        return separation.turned(self.states[..., self.system.x], self.least_displaced)


class StateReading:
    """Values that the table of `quantities` takes from states, independent of the history of the run.

    Parameters
    ----------
    case : Case
        The case, or one of those of one model.
    seen : model.observing.Observations
        Of the states.
    flux_thresholds : ndarray, shape (runs,)
        Water flux that counts as one, m/s.
    """

    def __init__(self, case: Case, seen: Any, flux_thresholds: Vector) -> None:
        self.case, self.seen, self.flux_thresholds = case, seen, flux_thresholds

    @property
    def polarization(self) -> Vector:
        """Concentration at the membrane ÷ bulk, on the side that the water leaves."""
        return self._polarization_and_rejection[0]

    @property
    def rejection(self) -> Vector:
        """Observed rejection, ``1 − (J_s/J_v)/c_bulk``."""
        return self._polarization_and_rejection[1]

    @cached_property
    def _polarization_and_rejection(self) -> tuple[Vector, Vector]:
        return _polarization_and_rejection(self.case, self.seen, self.flux_thresholds)

    def osmotic(self, pressure: Vector) -> Vector:
        """An osmotic pressure; nan in a gas."""
        return np.full(pressure.shape, np.nan) if self.case.phase == "gas" else pressure


class Reading(StateReading):
    """Values that the table of `quantities` takes from solved runs, computed when they are first needed.

    Parameters
    ----------
    runs : Runs
        The runs.
    ends : bool
        Between the first and the last time only the values that a summary needs (transfers and balance); others are
        nan.
    """

    def __init__(self, runs: Runs, ends: bool = False) -> None:
        self.runs: Runs = runs
        case, walls = runs.cases[0], None
        if runs.system.still:
            runs.states[..., runs.system.x] = 0.0  # by definition; the linear solver leaves 1e-23
        if case.membrane.type != "none":  # initially there is no polarization
            starts = [side.concentration for side in both_sides(case)]
            walls = np.array([[at_membrane(start[name]) for name in case.solutes] for start in starts])
        goal = runs.goal.concentration
        seen = runs.system.observe(runs.times, runs.states, runs.segments, runs.memory, walls, goal, ends)
        super().__init__(case, seen, runs.flux_thresholds)

    @cached_property
    def displaced(self) -> Vector:
        """Volume that has passed the membrane, m."""
        return np.array(self.runs.states[..., self.runs.system.x])

    @cached_property
    def passed(self) -> Vector:
        """Amounts that have passed the membrane, mol/m^2."""
        return np.array(self.runs.states[..., self.runs.system.passed])

    @cached_property
    def collected(self) -> tuple[Vector, Vector]:
        """Concentration of the collected permeate, and its rejection."""
        runs = self.runs
        moved = np.abs(self.displaced) > runs.least_displaced[:, None]
        kept = moved & ~runs.turned
        return separation.collected(runs.cases[0], runs.sides, self.displaced, self.passed, kept)

    @property
    def amount_error(self) -> Vector:
        """Imbalance of the amounts."""
        runs, seen = self.runs, self.seen
        return amount_error(runs.system, runs.states, seen.amount_left, seen.amount_right, amount_scales(runs.cases[0]))

    @property
    def distance(self) -> Vector:
        """Distance to the analytic equilibrium."""
        return np.asarray(self.runs.goal.distance(self.displaced, self.seen.spread))


def series_of(runs: Runs, ends: bool = False) -> dict[str, np.ndarray[Any, Any]]:
    """Quantities with one value at every stored time: arrays (run, time), of solutes (run, time, solute).

    `ends`: between the first and the last time only transfers and balance are computed; other values are nan.
    """
    states = Reading(runs, ends)
    return {name: each.read(states) for name, each in SERIES.items() if each.read is not None}


def profiles_of(system: Any, states: Vector) -> dict[str, np.ndarray[Any, Any]]:
    """Quantities with a value in every cell at every stored time."""
    inside = system.inside
    m = system.membrane - inside.start
    volume = system.widths(states)[:, inside]
    edges = system.edges(volume)
    width = np.diff(edges, axis=1)
    amounts = states[:, : system.x].reshape(len(states), system.solutes, -1)[:, :, inside]
    return {
        "concentration": amounts / volume[:, None, :],
        "position": 0.5 * (edges[:, :-1] + edges[:, 1:]),
        "width": width,
        "volume": volume,
        "side": np.array(["left"] * m + ["right"] * (volume.shape[1] - m), dtype=object),
    }


def _polarization_and_rejection(case: Case, seen: Any, threshold: Vector) -> tuple[Vector, Vector]:
    """Concentration at the membrane ÷ bulk where the water leaves, and ``1 − (J_s/J_v)/c_bulk``; NaN if undefined."""
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
    """Largest imbalance of any solute on either side so far ÷ largest contained plus fed amount.

    `scale` (solutes,) is the scale of the amounts, mol/m^2. For absent solutes a solver may leave round-off of about
    1e-22; the reference amount is therefore at least TRACE times the scale.
    """
    from_left = to_right = states[..., system.passed]
    held = (left + right).max(axis=1)
    if not all(port.moves for port in system.ports):  # something passes a far end
        far_left, far_right = states[..., system.far_left], states[..., system.far_right]
        from_left, to_right = from_left - far_left, to_right - far_right
        held += np.maximum(far_left.max(axis=1), 0.0) + np.maximum(-far_right.min(axis=1), 0.0)
    lost_left, lost_right = left - left[:, :1] + from_left, right - right[:, :1] - to_right
    worst = np.maximum(np.maximum(np.abs(lost_left), np.abs(lost_right)), np.abs(lost_left + lost_right))
    worst /= np.maximum(held, TRACE * scale)[:, None]
    return np.asarray(np.maximum.accumulate(worst.max(axis=2), axis=1))
