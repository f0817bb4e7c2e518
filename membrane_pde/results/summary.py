"""The summary of a run: its last values, and numbers that follow from its series."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from membrane_pde import __version__, analytic
from membrane_pde.input import mixture
from membrane_pde.input.case import Case
from membrane_pde.input.parts import SIDES
from membrane_pde.input.properties import (
    LEAST,
    both_sides,
    effective_osmotic_at_start,
    is_closed,
    liquids_per_area,
    osmotic_pressures,
    solute_flux_scales,
    solution_of,
    volumes_per_area,
)
from membrane_pde.physics import curvature, energy
from membrane_pde.physics.osmotic import IDEAL
from membrane_pde.results import separation
from membrane_pde.results.messages import beyond_limits, has_range, in_supports, messages_of
from membrane_pde.results.observations import Runs, StateReading
from membrane_pde.results.quantities import QUANTITIES, SUMMARY_KEYS, Quantity

Vector = np.ndarray[Any, np.dtype[np.float64]]


class Outcome:
    """Solved runs at their end: the values of a summary that are not last values of a series.

    Parameters
    ----------
    runs : Runs
        The runs.
    series : dict of ndarray
        Of `observations.series_of`.
    """

    def __init__(self, runs: Runs, series: dict[str, np.ndarray[Any, Any]]) -> None:
        self.runs: Runs = runs
        self.series = series
        self.case: Case = runs.cases[0]
        self.displaced = series["displaced_volume_m"][:, -1]
        self.moved = np.abs(self.displaced) > runs.least_displaced

    def for_each(self, value: Any) -> list[Any]:
        """The same value for each run."""
        return [value] * len(self.runs.cases)

    def last(self, quantity: Quantity) -> list[Any]:
        """The last value of a series in each run."""
        return _last(quantity, self.series[quantity.name], self.case)

    def per_volume(self, work: Vector) -> list[float | None]:
        """Work over the volume of water that has passed; None where none has or the work is not known."""
        ends = zip(work.tolist(), self.displaced.tolist(), self.moved.tolist(), strict=True)
        return [w / abs(x) if moved and w == w else None for w, x, moved in ends]

    @property
    def work(self) -> Vector:
        """Work of the applied pressures, J/m^2."""
        return self.series["energy_J_per_m2"][:, -1]

    @property
    def throttled(self) -> Vector:
        """Work lost in valves instead of ideal energy recovery, J/m^2."""
        runs, series = self.runs, self.series
        displaced, work = series["displaced_volume_m"], series["energy_J_per_m2"]
        return np.asarray(separation.lost_by_throttling(runs.cases, runs.sides, runs.times, displaced, work))

    @cached_property
    def least_work(self) -> Vector:
        """Least work of the same separation, J/m^2."""
        passed, pressure = self.series["amount_transferred_mol_per_m2"][:, -1], osmotic_pressures(self.case)
        osmotic = None if mixture.osmotic_model(self.case) == IDEAL else lambda c: pressure(c).sum(axis=-1)
        sides = self.runs.sides
        return np.asarray(separation.least_works(self.case, sides, self.displaced, passed, self.moved, osmotic))

    @property
    def efficiencies(self) -> list[float | None]:
        """Minimum work ÷ actual work."""
        both = zip(self.per_volume(self.work), self.per_volume(self.least_work), strict=True)
        return [None if w is None or least is None else energy.second_law_efficiency(w, least) for w, least in both]

    @property
    def processes(self) -> list[str]:
        """The process of each run."""
        ends = zip(self.displaced.tolist(), self.moved.tolist(), strict=True)
        return [process_of(self.case, *each) for each in ends]

    @property
    def tonicity(self) -> str | None:
        """Tonicity of the left side compared with the right one, from the solutes that cannot pass."""
        return _tonicity(self.case, self.series)

    @property
    def messages(self) -> list[str]:
        """The message of each run."""
        runs, away = self.runs, self.case.away_from_source
        turned = runs.turned[:, -1].tolist()
        return [
            " ".join([*messages_of(runs, r, self.series, *each), *away])
            for r, each in enumerate(zip(turned, runs.several.tolist(), runs.goal.ends, strict=True))
        ]


def summaries_of(runs: Runs, series: dict[str, np.ndarray[Any, Any]]) -> list[dict[str, Any]]:
    """The summary of each run, without ``equilibrium`` and the solve time."""
    at_end = Outcome(runs, series)
    columns: dict[str, Sequence[Any]] = {}
    for each in QUANTITIES:
        if each.applies is not None and not each.applies(at_end.case):
            columns[each.name] = at_end.for_each(None)
        elif each.read is not None:
            columns[each.name] = at_end.last(each)
        else:
            columns[each.name] = at_end.for_each(None) if each.value is None else each.value(at_end)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _last(quantity: Quantity, values: np.ndarray[Any, Any], case: Case) -> list[Any]:
    """The last value of an array (run, time) or (run, time, solute) for each run; of solutes by name; None for nan."""
    last = values[:, -1].tolist()
    if not quantity.by_solute:
        return [None if value != value else value for value in last]
    names = list(case.solutes)
    return [dict(zip(names, [None if value != value else value for value in each], strict=True)) for each in last]


def process_of(case: Case, displaced: float, moved: bool) -> str:
    """The process, from the net displacement of water and the initial ``Σσ_sΔπ_s`` at the membrane."""
    if case.membrane.type == "none":
        return "diffusion"
    if not moved:
        return "no flow"
    left, right = effective_osmotic_at_start(case)
    if abs(left - right) <= 1e-6 * max(left, right):
        return "filtration"
    towards_higher = (displaced > 0.0) == (right > left)
    return "osmosis" if towards_higher else "reverse osmosis"


def _tonicity(case: Case, arrays: dict[str, np.ndarray[Any, Any]]) -> str | None:
    """Tonicity of the left side compared with the right one, from initial means of the solutes that cannot pass."""
    if case.membrane.type == "none":
        return None
    held = [n.reflection if n.permeability == 0.0 else 0.0 for n in case.membrane.solutes.values()]
    if not any(held):
        return None
    pressure = osmotic_pressures(case)
    left, right = (float(pressure(arrays[f"concentration_{side}_mol_per_m3"][0, 0]) @ held) for side in SIDES)
    if abs(left - right) <= 1e-3 * max(left, right):
        return "isotonic"
    return "hypotonic" if left < right else "hypertonic"


def goal_summary(runs: Runs) -> dict[str, Any] | None:
    """The analytic end state of the one run."""
    (case,), (end,), system = runs.cases, runs.goal.ends, runs.system
    return None if end is None else equilibrium_summary(case, end, system.amounts_of_sides(runs.states[0, 0]))


def equilibrium_summary(case: Case, end: analytic.Equilibrium, amounts: tuple[Vector, Vector]) -> dict[str, Any]:
    """The analytic end state under the summary's keys."""
    summary: dict[str, Any] = dict.fromkeys(SUMMARY_KEYS)
    names, pressure = list(case.solutes), osmotic_pressures(case)
    summary["title"], summary["version"] = case.title, __version__
    summary["status"], summary["message"] = "equilibrium", end.reason
    summary["pressure_left_Pa"], summary["pressure_right_Pa"] = end.pressure_left, end.pressure_right
    if end.concentration_left is None and end.displaced_volume is None:
        summary["status"] = None
        return summary
    summary["water_flux_m_per_s"] = 0.0
    displaced = end.displaced_volume
    if displaced is not None:
        summary["displaced_volume_m"] = displaced
        summary["membrane_area_ratio"], lengths = area_and_lengths(case, displaced)
        summary |= {f"length_{name}_m": length for name, length in zip(SIDES, lengths, strict=True)}
    for side, values in (("left", end.concentration_left), ("right", end.concentration_right)):
        if values is None:
            continue
        by_name = {name: float(value) for name, value in zip(names, values, strict=True)}
        summary[f"concentration_{side}_mol_per_m3"] = summary[f"wall_concentration_{side}_mol_per_m3"] = by_name
        if case.phase != "gas":
            total = float(pressure(values).sum())
            summary[f"osmotic_pressure_{side}_Pa"] = summary[f"wall_osmotic_pressure_{side}_Pa"] = total
    summary["solute_flux_mol_per_m2_s"] = dict.fromkeys(names, 0.0)
    if displaced is not None and end.concentration_left is not None and end.concentration_right is not None:
        if is_closed(case.left):
            gone = amounts[0] - np.asarray(end.concentration_left) * (liquids_per_area(case)[0] - displaced)
        else:
            gone = np.asarray(end.concentration_right) * (liquids_per_area(case)[1] + displaced) - amounts[1]
        moved = {name: float(value) for name, value in zip(names, gone, strict=True)}
        summary["amount_transferred_mol_per_m2"] = moved
    summary["distance_to_equilibrium"] = 0.0
    if case.phase == "liquid" and end.concentration_left is not None and end.concentration_right is not None:
        ends = np.array([[end.concentration_left], [end.concentration_right]])
        summary["message"] = " ".join([*([end.reason] if end.reason else []), *beyond_limits(case, ends)])
    return summary


def area_and_lengths(case: Case, displaced: float) -> tuple[float, tuple[float, float]]:
    """Membrane area ÷ area at the start, and volumes of both sides, after a volume has passed the membrane.

    Parameters
    ----------
    case : Case
        Without an outflow.
    displaced : float
        X, m.

    Returns
    -------
    tuple
        ``A/A_0``; volumes on the left and on the right per membrane area at the start, m. A closed side gains ``−X`` or
        ``X``. The layer before a reservoir keeps its thickness: around a membrane that grows it grows, too.
    """
    left, right = volumes_per_area(case)
    if is_closed(case.left):
        left -= displaced
    ratio = curvature.area_ratio(left / volumes_per_area(case)[0], case.geometry)
    if is_closed(case.right):
        right += displaced
    elif case.left.radius is not None and not case.right.without_end:
        radius = case.left.radius * curvature.radius_ratio(left / volumes_per_area(case)[0], case.geometry)
        right = ratio * curvature.shell_volume(radius, case.right.length, case.geometry)
    return ratio, (left, right)


def no_steady_summary(case: Case, reason: str) -> dict[str, Any]:
    """The summary's keys where a case has no steady state."""
    return dict.fromkeys(SUMMARY_KEYS) | {"title": case.title, "version": __version__, "message": reason}


def steady_summary(
    case: Case, seen: Any, least_flux: float, *, cells: int, steps: int, any_volume: str
) -> dict[str, Any]:
    """A steady state with the keys of the summary; quantities that depend on the course of a run are None.

    Parameters
    ----------
    case : Case
        The case.
    seen : Observations
        Observations of one run, whose first state is the start and whose last one is the steady state.
    least_flux : float
        Water flux that is not round-off, m/s.
    cells, steps : int
        Number of cells of the mesh; number of steps of the iteration.
    any_volume : str
        Reason why the displaced volume is arbitrary; "" if it is unique.
    """
    summary: dict[str, Any] = dict.fromkeys(SUMMARY_KEYS)
    summary |= {"title": case.title, "version": __version__, "status": "steady", "cells": cells, "steps": steps}
    states = StateReading(case, seen, np.array([least_flux]))
    for each in QUANTITIES:
        if each.of == "state" and each.read is not None and (each.applies is None or each.applies(case)):
            (summary[each.name],) = _last(each, each.read(states), case)
    if any(
        is_closed(side) for side in both_sides(case)
    ):  # exact values by the balances, without the round-off of the fluxes
        none, nothing = dict.fromkeys(case.solutes), dict.fromkeys(case.solutes, 0.0)
        summary |= {"water_flux_m_per_s": 0.0, "solute_flux_mol_per_m2_s": nothing}
        if case.membrane.type != "none":
            summary |= {"polarization_modulus": none, "rejection": none}
    else:
        _leave_out_round_off(case, summary, least_flux)
    if any_volume:
        summary |= dict.fromkeys([*(f"length_{side}_m" for side in SIDES), "membrane_area_ratio"])
    flux = summary["water_flux_m_per_s"]
    if case.membrane.type == "none" or abs(flux) > least_flux:
        summary["process"] = process_of(case, flux, True)
    means = {"concentration_left_mol_per_m3": seen.mean_left, "concentration_right_mol_per_m3": seen.mean_right}
    summary["tonicity"] = _tonicity(case, means)
    parts = [any_volume] if any_volume else []
    if case.phase == "liquid":
        found = np.array([each[0, 1:] for each in (seen.wall_left, seen.wall_right, seen.mean_left, seen.mean_right)])
        walls, mean_values = [each[-1] for each in found[:2]], [each[-1] for each in found[2:]]
        parts += in_supports(case, mean_values, walls)
        if has_range(case):
            parts += mixture.out_of_range(case, solution_of(case), found.reshape(-1, found.shape[-1]).tolist())
        parts += beyond_limits(case, found)
    summary["message"] = " ".join([*parts, *case.away_from_source])
    return summary


def _leave_out_round_off(case: Case, summary: dict[str, Any], least_flux: float) -> None:
    """Set fluxes of a steady state to 0 that are no larger than the round-off of their scales."""
    if abs(summary["water_flux_m_per_s"]) <= least_flux:
        summary["water_flux_m_per_s"] = 0.0
    least = dict(zip(case.solutes, (LEAST * solute_flux_scales(case)).tolist(), strict=True))
    fluxes, rejection = dict(summary["solute_flux_mol_per_m2_s"]), dict(summary["rejection"] or {})
    for solute, flux in fluxes.items():
        if abs(flux) <= least[solute]:
            fluxes[solute] = 0.0
            if rejection.get(solute) is not None:
                rejection[solute] = 1.0
    summary |= {"solute_flux_mol_per_m2_s": fluxes, "rejection": rejection or None}
