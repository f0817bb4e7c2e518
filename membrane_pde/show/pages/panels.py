"""Curves and axes of a page, and the data for its drawing of the two vessels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from membrane_pde.show import drawing, dyes, formatting, presets, readings, sketch, timeline, vessels
from membrane_pde.show.drawing import SIDE_COLOURS
from membrane_pde.show.pages.plan import Plan
from membrane_pde.show.pages.record import Record, domain
from membrane_pde.show.readings import SIDES, labels_of

BLACK, GREEN, GREY = "#111111", "#00704F", "#444444"
DASHES = {"solid": [], "dashed": [6, 4], "dotted": [2, 3]}
LEADING = 3


def line(series: str, label: str, colour: str, dash: str = "solid", mark: str = "") -> dict[str, Any]:
    """A curve of a panel."""
    return {"series": series, "label": label, "colour": colour, "dash": DASHES[dash], "mark": mark}


def legend_of(labels: dict[str, str], kinds: dict[str, str]) -> list[dict[str, Any]]:
    """A legend with the colours of the sides and the line styles of the quantities."""
    sides = [{"label": labels[side], "colour": SIDE_COLOURS[side]} for side in SIDES]
    return [*sides, *({"label": words, "dash": DASHES[kind]} for kind, words in kinds.items())]


def panels_of(plan: Plan, results: Sequence[Any], records: Sequence[Record]) -> list[dict[str, Any]]:
    """The panels over time, each with its lines and the limits of its axis, the same for every run."""
    case = results[0].case
    found: list[dict[str, Any]] = []
    labels = labels_of(case)
    if plan.water:
        unit = presets.unit("water flux")[0]
        words = f"Water flux ({unit}); above 0 from left to right"
        found.append({"title": words, "lines": [line("water", "water flux", BLACK)], "legend": [], "zero": True})
    elif plan.passing:
        unit = plan.solute_flux[0].removesuffix("/h")
        marks = ("", "circle", "square", "triangle-up")
        drawn = [line(f"crossed_{i}", name, BLACK, mark=marks[i]) for i, name in enumerate(plan.passing)]
        legend = [
            {"label": name, "colour": BLACK, "dash": [], "mark": mark}
            for name, mark in zip(plan.passing, marks, strict=False)
        ]
        found.append(
            {"title": f"Solutes passed, left to right ({unit})", "lines": drawn, "legend": legend, "zero": True}
        )
    if plan.water:
        found.append(_levels(plan, case, labels, records))
    found.append(_concentrations(plan, case, labels))
    if any(_has_pressures(result) for result in results):
        unit = presets.unit("pressure")[0]
        drawn = []
        for side in SIDES:
            colour = SIDE_COLOURS[side]
            drawn.append(line(f"osmotic_{side}", f"osmotic, at the membrane, {labels[side]}", colour))
            drawn.append(line(f"pressure_{side}", f"hydrostatic, {labels[side]}", colour, "dashed"))
        legend = legend_of(labels, {"solid": "osmotic, at the membrane", "dashed": "hydrostatic"})
        found.append({"title": f"Pressure ({unit})", "lines": drawn, "legend": legend, "zero": True})
    for each in found:
        values = [
            record.series[curve["series"]]
            for record in records
            for curve in each["lines"]
            if curve["series"] in record.series
        ]
        each["domain"] = domain(np.concatenate(values) if values else np.zeros(1), each.pop("zero"))
    return found


def _has_pressures(result: Any) -> bool:
    case = result.case
    return case.phase != "gas" and case.membrane.type != "none" and bool(timeline.pressure_curves(result))


def _levels(plan: Plan, case: Any, labels: dict[str, str], records: Sequence[Record]) -> dict[str, Any]:
    names = {
        "moved": f"Water moved, left to right ({presets.unit('water moved')[0]})",
        "rise": "Level above the start (cm)",
        "percent": "Change of the water volume of the cell (%)",
        "radius": "Relative to the start",
        "ratio": "Depth of liquid ÷ depth at the start",
        "depth": f"Depth of liquid ({presets.unit('side')[0]})",
    }
    there = {key for record in records for key in record.series if key.startswith("level_")}
    drawn = []
    for key, words, colour in (
        ("left", labels["left"], SIDE_COLOURS["left"]),
        ("right", labels["right"], SIDE_COLOURS["right"]),
        ("area", "area of the membrane", BLACK),
        ("moved", "water moved", BLACK),
    ):
        if f"level_{key}" in there:
            caption = f"volume, {words}" if plan.levels == "radius" and key == "left" else words
            drawn.append(line(f"level_{key}", caption, colour, "dashed" if key == "area" else "solid"))
    legend = [{"label": each["label"], "colour": each["colour"], "dash": each["dash"]} for each in drawn]
    return {
        "title": names[plan.levels],
        "lines": drawn,
        "legend": legend,
        "zero": plan.levels in ("moved", "rise", "percent"),
    }


def _concentrations(plan: Plan, case: Any, labels: dict[str, str]) -> dict[str, Any]:
    """The leading solutes that share a unit, at the membrane and in the mean."""
    unit = plan.concentration[plan.solutes[0]][0]
    shown = [name for name in plan.solutes if plan.concentration[name][0] == unit][:LEADING]
    marks, drawn = ("", "circle", "square"), []
    where = "at the membrane" if case.membrane.type != "none" else "in the middle"
    for name, mark in zip(shown, marks, strict=False):
        i = plan.solutes.index(name)
        solute = f"{name}, " if len(shown) > 1 else ""
        for side in SIDES:
            colour = SIDE_COLOURS[side]
            drawn.append(line(f"wall_{side}_{i}", f"{solute}{labels[side]}, {where}", colour, "solid", mark))
            drawn.append(line(f"mean_{side}_{i}", f"{solute}{labels[side]}, average", colour, "dashed", mark))
    what = shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
    legend = legend_of(labels, {"solid": where, "dashed": "average"})
    if len(shown) > 1:
        legend += [
            {"label": name, "mark": mark} if mark else {"label": f"{name} (no marks)", "dash": []}
            for name, mark in zip(shown, marks, strict=False)
        ]
    return {"title": f"{what} ({unit})", "lines": drawn, "legend": legend, "zero": True}


def time_axis(results: Sequence[Any], records: Sequence[Record]) -> dict[str, Any]:
    """The axis of time of all panels: unit, factor, end, and where its linear beginning ends (0: all is linear)."""
    end = max(float(record.series["time"].max()) for record in records if not record.failed)
    unit, factor = formatting.time_unit(end)
    found = timeline.linear_until(results[0], results[0].arrays["time"] * factor)
    return {"unit": unit, "factor": factor, "end": end, "linear": found or 0.0}


def profile_axes(plan: Plan, results: Sequence[Any], records: Sequence[Record]) -> dict[str, Any]:
    """The axis of position, and for each solute the largest concentration."""
    case, known = results[0].case, [record for record in records if not record.failed]
    reach = {side: max(float(record.series[f"reach_{side}"].max()) for record in known) for side in SIDES}
    per_metre = presets.unit("side")[1]
    longest, shortest = max(reach.values()), min(reach.values())
    curved = case.left.radius is not None
    uneven = longest > 5.0 * shortest and not curved
    unit = formatting.length_unit((shortest if uneven else longest) / per_metre)
    axes: dict[str, Any] = {
        "unit": unit.replace("um", "µm"),
        "factor": formatting.factor(unit) / per_metre,
        "reach": reach,
        "uneven": uneven,
        "curved": curved,
        "tops": [],
    }
    if curved:
        radius = max(float(record.series["radius"].max()) for record in known)
        axes["outer"] = radius + reach["right"] if case.right.has_length else 1.3 * radius
        axes["around"] = bool(case.right.has_length)
    for i in range(len(plan.solutes)):
        top = max(float(record.profiles[i].max()) for record in known if record.profiles is not None)
        axes["tops"].append(domain(np.array([0.0, top]), zero=True)[1])
    return axes


def vessel_data(plan: Plan, results: Sequence[Any], records: Sequence[Record]) -> dict[str, Any]:
    """Data for the drawing of the vessels that are not in a curve."""
    first, known = results[0], [record for record in records if not record.failed]
    case = first.case
    common = sketch.scales(results)
    water = max((readings.peak(record.series["water"]) for record in known if "water" in record.series), default=0.0)
    moment = vessels.Moment(case, first, 0, common.dyes, common.largest)
    sides: dict[str, Any] = {}
    start = {side: vessels.volume_at_start(case, side) for side in SIDES}
    over = {
        side: max(
            float((record.series[f"volume_{side}"] / record.series[f"volume_{side}"][0]).max()) for record in known
        )
        for side in SIDES
    }
    base = {side: vessels.FULL * max((size / max(start.values())) ** 0.5, 0.6) for side, size in start.items()}
    fit = min(1.0, 0.92 / max(base[side] * over[side] for side in SIDES))
    rises = [readings.peak(record.series.get(f"level_{side}", np.zeros(1))) for record in known for side in SIDES]
    full = dyes.round_up(max(rises)) if plan.levels == "rise" and max(rises) > 0.0 else 0.0
    for side in SIDES:
        compartment = getattr(case, side)
        sides[side] = {
            "kind": moment.kind(side),
            "far": vessels.far_end_of(compartment)._asdict() | {"closed": not compartment.far_end.layer},
            "stirred": bool(compartment.stirred),
            "caption": compartment.far_end.caption,
            "base": fit * base[side],
            "support": 0.0 if compartment.support is None else compartment.support.thickness * presets.unit("side")[1],
            "largest": over[side],
            "endless": bool(compartment.without_end),
        }
    dyed = [
        {
            "solute": plan.solutes.index(name),
            "name": name,
            "colour": dye.colour,
            "arrow": dye.arrow,
            "reference": dye.reference * plan.concentration[name][1],
            "strength": dye.strength,
        }
        for name, dye in common.dyes.items()
        if name in plan.solutes
    ]
    solute = max(
        (
            max(float(np.quantile(np.abs(v), 0.9)), 0.1 * readings.peak(v))
            for record in known
            for key, v in record.series.items()
            if key.startswith("flux_")
        ),
        default=0.0,
    )
    held = [name for name in case.solutes if name not in plan.passing] if plan.water or plan.passing else []
    return {
        "gas": case.phase == "gas",
        "partition": case.membrane.type != "none",
        "curved": case.geometry if case.left.radius is not None else "",
        "sides": sides,
        "dyes": dyed,
        "water": water,
        "solute": solute,
        "solute_unit": plan.solute_flux[0],
        "passing": list(plan.passing),
        "held": held,
        "full": full,
        "leaks": sketch.leaks(first),
        "area_scale": fit,
    }


def phase_map(keys: list[dict[str, Any]], water: np.ndarray, failed: np.ndarray) -> dict[str, Any] | None:
    """Mean water flux over two sliders of numbers, with the line where nothing flows; None without two.

    Parameters
    ----------
    keys : list of dict
        The sliders; the first goes to the right, the second up.
    water : ndarray of shape (first, second)
    failed : ndarray of bool
    """
    if len(keys) != 2 or any(key["numbers"] is None for key in keys) or not np.isfinite(water).any():
        return None
    x, y = (np.array(key["numbers"], dtype=float) for key in keys)
    if x.size < 2 or y.size < 2 or (np.diff(x) <= 0).any() or (np.diff(y) <= 0).any():
        return None
    values = np.where(failed, np.nan, water)
    lines = []
    if np.nanmin(values) < 0.0 < np.nanmax(values):
        from contourpy import contour_generator

        masked = np.ma.masked_invalid(values.T)
        drawn: Any = contour_generator(x, y, masked).lines(0.0)
        lines = [np.round(each, 6).tolist() for each in drawn]
    shown = [None if not math.isfinite(each) else float(f"{each:.4g}") for each in values.ravel()]
    return {
        "values": shown,
        "lines": lines,
        "largest": readings.peak(values),
        "unit": presets.unit("water flux")[0],
        "colours": [drawing.RIGHT, "#FFFFFF", drawing.LEFT],
    }
