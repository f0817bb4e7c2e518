"""One run of a case with [module], reduced to the data of a page: pictures along the membrane, and over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from membrane_pde.show import formatting, presets, readings, report_along
from membrane_pde.show.drawing import SIDE_COLOURS
from membrane_pde.show.pages.panels import BLACK, line
from membrane_pde.show.pages.record import Record, as_text, domain, failed_record, table
from membrane_pde.show.readings import SIDES, labels_of

PLACES = 121  # number of positions along the membrane
MOST_TIMES, ROOM = 61, 3_600_000
MOST_SOLUTES = 3


@dataclass(frozen=True)
class Plan:
    """Selection of the data that are kept of every run.

    Attributes
    ----------
    units : str
        Name of the set of units in use.
    times : int
        Stored times, evenly spaced; 1 of a steady state.
    solutes : tuple of str
        With panels of their own.
    concentration : dict of (str, str) to (str, float)
        Unit of a solute on a side, and its number in one mol/m^3.
    flow : (str, float)
        Unit of flows, and its number in one m^3/s.
    """

    units: str
    times: int
    solutes: tuple[str, ...]
    concentration: dict[tuple[str, str], tuple[str, float]]
    flow: tuple[str, float]


def plan_of(results: Sequence[Any], runs: int, places: int = PLACES) -> Plan:
    """Select the data that are kept of every run of a grid; `places` is the same for every page."""
    first = results[0]
    solutes = tuple(list(first.case.solutes)[:MOST_SOLUTES])
    units = {}
    for name in solutes:
        s = first.solutes.index(name)
        for side in SIDES:
            largest = max(readings.peak(result.arrays[f"wall_concentration_{side}"][:, s]) for result in results)
            unit, factors = readings.concentration_unit(first.case, [name], largest)
            units[name, side] = unit, factors[name]
    size = max(result.arrays["time"].size for result in results)
    return Plan(
        units=presets.in_use(),
        times=min(size, times_for(runs, len(solutes))) if size > 1 else 1,
        solutes=solutes,
        concentration=units,
        flow=report_along.flow_unit(first.summary["feed_flow_m3_per_s"]),
    )


def times_for(runs: int, solutes: int) -> int:
    """Number of stored times for which the size of a page is sufficient."""
    return int(min(max(ROOM / (runs * 3 * PLACES * (3 + 4 * solutes)), 16), MOST_TIMES))


def size_before(case: Any, runs: int) -> int:
    """Bytes that so many runs of a case take on a page, at most."""
    solutes = min(len(case.solutes), MOST_SOLUTES)
    times = 1 if case.steady_only else times_for(runs, solutes)
    return int(runs * (4 * times * PLACES * (4 + 4 * solutes) + 1500))


def record(result: Any, failure: str, *, plan: Plan) -> Record:
    """Reduce a run along a membrane; see `record.record`."""
    presets.use_units(plan.units)
    if result is None or failure:
        return failed_record(failure)
    case, summary, arrays = result.case, result.summary, result.arrays
    times = np.round(np.linspace(0, arrays["time"].size - 1, plan.times)).astype(int)
    length = sum(element.length for _, element in case.plant.elements)
    x = np.linspace(0.0, length, PLACES)

    def along(key: str, factor: float, solute: int | None = None) -> np.ndarray:
        values = arrays[key][times] if solute is None else arrays[key][times, solute]
        return np.array([np.interp(x, arrays["position"], row * factor) for row in values]).ravel()

    flux, pressure = presets.unit("water flux")[1], presets.unit("pressure")[1]
    series: dict[str, np.ndarray] = {
        "time": arrays["time"][times],
        "length": np.array([length]),
        "x_water": along("water_flux", flux),
    }
    for side in SIDES:
        series[f"x_pressure_{side}"] = along(f"pressure_{side}", pressure)
        for i, name in enumerate(plan.solutes):
            factor, s = plan.concentration[name, side][1], result.solutes.index(name)
            series[f"x_bulk_{side}_{i}"] = along(f"concentration_{side}", factor, s)
            series[f"x_wall_{side}_{i}"] = along(f"wall_concentration_{side}", factor, s)
    series["water"] = arrays["water_flux_m_per_s"][times] * flux
    for side in SIDES:
        series[f"pressure_{side}"] = arrays[f"pressure_{side}_Pa"][times] * pressure
    for key in ("feed", "permeate", "concentrate"):
        series[f"flow_{key}"] = arrays[f"{key}_flow_m3_per_s"][times] * plan.flow[1]
    for i, name in enumerate(plan.solutes):
        s, feed = result.solutes.index(name), plan.concentration[name, case.plant.feed][1]
        series[f"leaving_{i}"] = arrays["concentrate_concentration_mol_per_m3"][times, s] * feed
    edges = np.cumsum([0.0, *(element.length for _, element in case.plant.elements)])[1:-1]
    series["edges"] = np.concatenate([edges, np.full(max(24 - edges.size, 0), np.nan)])[:24]
    return Record("", series=series, text=as_text(_words(result), tables_of(case, summary)), water=_mean(summary, flux))


def _mean(summary: Any, factor: float) -> float:
    return float(summary["water_flux_m_per_s"]) * factor


def _words(result: Any) -> str:
    words = report_along.along_sentence(result.case, result.summary)
    warnings = report_along.warnings_of(result.summary["elements"])
    return " ".join([words, *(f"Warning: {each}." for each in warnings)])


def tables_of(case: Any, summary: Any) -> list[dict[str, Any]]:
    """The totals, and the elements."""
    header, rows = report_along.elements_table(case, summary["elements"])
    return [
        table("All vessels together", report_along.HEADER, report_along.totals_table(case, summary)),
        table("The elements of one vessel: what enters each, and what it makes", header, rows, numeric_from=0),
    ]


def page_data(plan: Plan, results: Sequence[Any], records: Sequence[Record]) -> dict[str, Any]:
    """Axes, panels and names, which the scripts of the page need in addition to the records."""
    known, case = [each for each in records if not each.failed], results[0].case
    labels, found = labels_of(case), []
    unit = presets.unit("water flux")[0]
    found.append(_panel(f"Water flux ({unit})", [line("x_water", "water flux", BLACK)], known))
    for i, name in enumerate(plan.solutes):
        for side in (case.plant.feed, case.plant.other):
            colour = SIDE_COLOURS[side]
            drawn = [
                line(f"x_bulk_{side}_{i}", labels[side], colour),
                line(f"x_wall_{side}_{i}", f"{labels[side]}, at the membrane", colour, "dashed"),
            ]
            found.append(_panel(f"{name}, {labels[side]} ({plan.concentration[name, side][0]})", drawn, known))
    unit = presets.unit("pressure")[0]
    drawn = [line(f"x_pressure_{side}", labels[side], SIDE_COLOURS[side]) for side in SIDES]
    found.append(_panel(f"Pressure ({unit})", drawn, known))
    in_time = []
    if plan.times > 1:
        unit = presets.unit("water flux")[0]
        in_time.append(_panel(f"Mean water flux ({unit})", [line("water", "mean water flux", BLACK)], known))
        unit = presets.unit("pressure")[0]
        drawn = [line(f"pressure_{side}", labels[side], SIDE_COLOURS[side]) for side in SIDES]
        in_time.append(_panel(f"Pressure ({unit})", drawn, known))
        for i, name in enumerate(plan.solutes):
            feed = case.plant.feed
            drawn = [line(f"leaving_{i}", f"{labels[feed]}, leaving", SIDE_COLOURS[feed])]
            words = f"{name} in the outflow of the {labels[feed]} ({plan.concentration[name, feed][0]})"
            in_time.append(_panel(words, drawn, known))
    end = max(float(each.series["time"].max()) for each in known)
    time_unit, factor = formatting.time_unit(end)
    return {
        "kind": "along",
        "places": PLACES,
        "feed": case.plant.feed,
        "other": case.plant.other,
        "flowing": len(case.plant.flowing),
        "counter": bool(case.plant.counter_current),
        "flow_unit": plan.flow[0],
        "time_axis": {"unit": time_unit, "factor": factor, "end": end, "linear": 0.0},
        "length": max(float(each.series["length"][0]) for each in known),
        "water": max(readings.peak(each.series["x_water"]) for each in known),
        "panels": found,
        "panels_in_time": in_time,
        "profiles": None,
    }


def _panel(title: str, lines: list[dict[str, Any]], known: Sequence[Record]) -> dict[str, Any]:
    values = [each.series[curve["series"]] for each in known for curve in lines]
    legend = [{key: each[key] for key in ("label", "colour", "dash")} for each in lines] if len(lines) > 1 else []
    return {"title": title, "lines": lines, "legend": legend, "domain": domain(np.concatenate(values), zero=True)}
