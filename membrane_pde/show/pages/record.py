"""One run, reduced to the data of a page: curves over time, profiles, tables and sentences."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde.show import curves, presets, readings, report, report_equilibrium, sketch
from membrane_pde.show.pages.plan import Plan, chosen, levels_of, profile
from membrane_pde.show.readings import SIDES, labels_of, stored
from membrane_pde.show.sentences import sentence

if TYPE_CHECKING:
    from membrane_pde.results.result import Result


@dataclass
class Record:
    """Data of one run that a page keeps.

    Attributes
    ----------
    failed : str
        Why the run failed, or "".
    series : dict of ndarray
        Each of shape (time,), in the units of the page.
    profiles : ndarray of shape (solute, side, time, place), or None
        Concentrations in the units of the page, from the membrane to the far end.
    error : float
        Largest distance of the kept profiles, with straight lines between their places, from those of the run, over
        the largest concentration of each.
    text : str
        Sentence and tables as JSON.
    water : float
        Mean water flux of the run, in the unit in use; NaN where there is none.
    """

    failed: str
    series: dict[str, np.ndarray] = field(default_factory=dict)
    profiles: np.ndarray | None = None
    error: float = 0.0
    text: str = ""
    water: float = float("nan")


def table(name: str, header: Sequence[str], rows: Sequence[Sequence[str]], numeric_from: int = 2) -> dict[str, Any]:
    """A table of a page; columns from `numeric_from` on hold numbers."""
    return {"name": name, "head": list(header), "rows": [list(row) for row in rows], "numbers": numeric_from}


def failed_record(why: str) -> Record:
    """The record of a run that has no result."""
    return Record(why, text=as_text(f"This run failed: {why}", []))


def as_text(words: str, tables: Sequence[dict[str, Any]]) -> str:
    """Sentence and tables as JSON."""
    return json.dumps([words, list(tables)], ensure_ascii=False, separators=(",", ":"))


def record(result: Result | None, failure: str, *, plan: Plan) -> Record:
    """Reduce a run of two compartments.

    Parameters
    ----------
    result : Result or None
        As far as it came.
    failure : str
        Why the run failed, or "".
    plan : Plan
        What is kept.
    """
    presets.use_units(plan.units)  # this may be a process of its own
    if result is None or failure:
        return failed_record(failure)
    times = chosen(plan, stored(result, "time").size)
    profiles, error = _profiles(result, plan, times)
    series = {name: np.asarray(values, dtype=float)[times] for name, values in _series(result, plan).items()}
    end = float(stored(result, "time")[-1])
    flux = presets.unit("water flux")[1]
    return Record(
        "",
        series=series,
        profiles=profiles,
        error=error,
        text=as_text(sentence(result.summary, labels_of(result.case)), tables_of(result)),
        water=readings.displaced(result) / end * flux if end > 0.0 and plan.water else float("nan"),
    )


def tables_of(result: Result) -> list[dict[str, Any]]:
    """Both sides, the membrane, and the equilibrium."""
    case, summary = result.case, result.summary
    found = [
        table("Both sides", report.sides_header(case), report.sides_table(result)),
        table("Through the membrane", report.MEMBRANE_HEADER, report.membrane_table(result)),
    ]
    end = summary["equilibrium"]
    if end is not None and end["concentration_left_mol_per_m3"] is not None:
        rows = report_equilibrium.equilibrium_table(case, end)
        found.append(table("At equilibrium", report_equilibrium.header_of_sides(labels_of(case)), rows))
    return found


def _profiles(result: Result, plan: Plan, times: np.ndarray) -> tuple[np.ndarray, float]:
    """Profiles at the places of the plan, and how far straight lines between them are from those of the run."""
    count = len(next(iter(plan.places.values())))
    kept, worst = np.empty((len(plan.solutes), len(SIDES), times.size, count)), 0.0
    for i, name in enumerate(plan.solutes):
        factor = plan.concentration[name][1]
        for j, side in enumerate(SIDES):
            shares = np.array(plan.places[side])
            for k, index in enumerate(times):
                distance, values = profile(result, side, name, int(index))
                end, values = distance[-1], values * factor
                kept[i, j, k] = np.interp(shares * end, distance, values)
                peak = readings.peak(values)
                if peak > 0.0:
                    straight = np.interp(distance, shares * end, kept[i, j, k])
                    worst = max(worst, float(np.abs(straight - values).max()) / peak)
    return kept, worst


def _series(result: Any, plan: Plan) -> dict[str, np.ndarray]:
    """Curves over all stored times, in the units of the page."""
    case = result.case
    pressure, flux = presets.unit("pressure")[1], presets.unit("water flux")[1]
    series: dict[str, np.ndarray] = {"time": stored(result, "time")}

    def clean(key: str, scale: float) -> np.ndarray:
        return curves.clean(stored(result, key), scale)

    if plan.water:
        values = stored(result, "water_flux_m_per_s")
        negligible = max(1e-9 * readings.flux_scale(result), 1e-7 * readings.peak(values))  # as in the tables
        series["water"] = np.where(np.abs(values) <= negligible, 0.0, values) * flux
    for side in SIDES:
        series[f"volume_{side}"] = stored(result, f"length_{side}_m") * presets.unit("side")[1]
        here = result.arrays["side"] == side
        series[f"reach_{side}"] = result.arrays["width"][:, here].sum(axis=1) * presets.unit("side")[1]
    series |= {f"level_{name}": values for name, values in levels_of(result, plan.levels).items()}
    if case.left.radius is not None:
        ratio = stored(result, "membrane_area_ratio")
        series["radius"] = np.asarray(readings.radius_at(case, ratio)) * presets.unit("side")[1]
        series["area"] = ratio
    if case.phase != "gas" and case.membrane.type != "none":
        scale = readings.largest_pressure(result)
        for side in SIDES:
            series[f"pressure_{side}"] = clean(f"pressure_{side}_Pa", scale) * pressure
            series[f"osmotic_{side}"] = curves.clean(sketch.effective_osmotic_pressure(result, side), scale) * pressure
    for i, name in enumerate(plan.solutes):
        factor = plan.concentration[name][1]
        for side in SIDES:
            series[f"mean_{side}_{i}"] = readings.standing(result, "concentration_mol_per_m3", side, name) * factor
            walls = stored(result, f"wall_concentration_{side}_mol_per_m3", name)
            series[f"wall_{side}_{i}"] = walls * factor
    factors = plan.solute_flux[1]
    for i, name in enumerate(plan.passing):
        if name in result.solutes:
            values = stored(result, "solute_flux_mol_per_m2_s", name)
            noise = sketch.NOTHING * readings.peak(values)
            series[f"flux_{i}"] = np.where(np.abs(values) <= noise, 0.0, values) * factors[name]
            if not plan.water:
                moved = stored(result, "amount_transferred_mol_per_m2", name)
                series[f"crossed_{i}"] = moved * factors[name] / 3600.0
    return series


def domain(values: np.ndarray, zero: bool = False) -> tuple[float, float]:
    """Limits of an axis for these values; a constant is not magnified."""
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    largest = max(abs(low), abs(high))
    if high - low <= 1e-6 * largest or largest == 0.0:
        low, high = (0.0, 1.3 * high) if high > 0.0 else (1.3 * low, 0.0) if low < 0.0 else (0.0, 1.0)
    return low, high
