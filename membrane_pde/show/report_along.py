"""A state along a membrane in sentences and tables: totals of the module, and each of its elements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from membrane_pde.input.properties import LEAST
from membrane_pde.results.remarks import CHANGED_DIRECTION
from membrane_pde.show import presets
from membrane_pde.show.formatting import duration, number, quantity
from membrane_pde.show.printing import Row, say, show_rows
from membrane_pde.show.readings import SIDES, concentration_unit, flat, labels_of
from membrane_pde.show.sentences import held_back, no_steady_state

if TYPE_CHECKING:
    from membrane_pde.input.case import Case

_DAY, _HOUR = 86400.0, 3600.0
_MOST_SOLUTES = 2  # largest number of solutes with separate columns in the table of elements
_NOTHING_PASSES = "No water passes the membrane."
HEADER = ("", "unit", "value")


def flow_unit(flow: float) -> tuple[str, float]:
    """Unit that suits a flow, and its number in one m^3/s."""
    size = abs(flow)
    if presets.in_use() == "SI":
        return "m³/s", 1.0
    if size * _HOUR >= 0.05:
        return "m³/h", _HOUR
    return "mL/min", 6e7


def flow_text(flow: float) -> str:
    """A flow of permeate: in m³/d of a plant, in mL/min of a small module."""
    if presets.in_use() != "SI" and abs(flow) * _DAY >= 1.0:
        return f"{number(flow * _DAY, digits=4)} m³/d"
    unit, per_si = flow_unit(flow)
    return f"{number(flow * per_si, digits=4)} {unit}"


def along_sentence(case: Case, summary: Mapping[str, Any]) -> str:
    """One or two sentences on the output of the module, and its message."""
    plant, message = case.plant, str(summary["message"] or "").strip()
    if summary["end_time_s"]:
        return _course_in_words(case, summary)
    water = summary["permeate_flow_m3_per_s"]
    flux = abs(summary["water_flux_m_per_s"])
    if len(plant.flowing) > 1:
        parts = _two_flows(case, summary)
    elif water == 0.0:
        parts = [_NOTHING_PASSES]
    elif water < 0.0:
        parts = [
            f"There is no permeate: {flow_text(-water)} of water flows back into the {plant.feed} side at "
            f"{quantity(summary[f'pressure_{plant.feed}_Pa'], 'pressure')}."
        ]
    else:
        kwh = summary["pump_energy_J_per_m3"]
        made = (
            f"{_name(plant)} {flow_text(water)} of permeate at {number(100 * summary['recovery'], digits=3)} % "
            f"recovery from {quantity(summary[f'pressure_{plant.feed}_Pa'], 'pressure')}"
        )
        last = summary["elements"][-1]
        if len(summary["elements"]) > 1:
            ends = quantity(abs(last["water_flux_m_per_s"]), "water flux")
            parts = [f"{made}. The mean water flux is {quantity(flux, 'water flux')}, that of the last element {ends}."]
        else:
            parts = [f"{made}, with a water flux of {quantity(flux, 'water flux')}."]
        if kwh:
            parts.append(f"The pumps use {quantity(kwh, 'energy')} of permeate.")
    return " ".join([*parts, message]).strip()


def _course_in_words(case: Case, summary: Mapping[str, Any]) -> str:
    """Sentences on a run in time."""
    area, moved = summary["area_m2"], summary["displaced_volume_m"]
    away = moved if case.plant.feed == "left" else -moved
    volume = abs(moved) * area
    amount = f"{number(volume, digits=3)} m³" if volume >= 0.1 else f"{number(1e3 * volume, digits=3)} L"
    what = "of permeate was made" if away >= 0.0 else "of water came back"
    if len(case.plant.flowing) > 1:
        what = "of water passed the membrane"
    parts = [f"In {duration(summary['end_time_s'])} {amount} {what}."]
    if summary["status"] == "steady":
        parts.append("A steady state was reached.")
    turned = CHANGED_DIRECTION in str(summary["message"])
    if summary["specific_energy_J_per_m3"] and away > 0.0 and len(case.plant.flowing) == 1 and not turned:
        work = quantity(summary["specific_energy_J_per_m3"], "energy")
        parts.append(f"The applied pressures did {work} of work.")
    parts.append(
        f"At the end the water flux is {quantity(summary['water_flux_m_per_s'], 'water flux')} at "
        f"{quantity(summary[f'pressure_{case.plant.feed}_Pa'], 'pressure')}."
    )
    return " ".join([*parts, str(summary["message"] or "").strip()]).strip()


def _name(plant: Any) -> str:
    """The module as the subject of a sentence, with its verb: "The vessel makes"."""
    vessels = sum(stage.vessels for stage in plant.stages)
    elements = sum(len(stage.elements) for stage in plant.stages)
    if len(plant.stages) > 1:
        return f"The {len(plant.stages)} stages make"
    if vessels > 1:
        return f"The {vessels} vessels make"
    return "The vessel makes" if elements > 1 else "The element makes"


def _two_flows(case: Any, summary: Mapping[str, Any]) -> list[str]:
    labels = labels_of(case)
    water, parts = summary["water_flux_m_per_s"], []
    if summary["process"] != "no flow":
        origin, target = ("left", "right") if water > 0.0 else ("right", "left")
        verb = "Osmosis takes" if summary["process"] == "osmosis" else "The pressure drives"
        parts.append(
            f"{verb} {flow_text(abs(summary['permeate_flow_m3_per_s']))} of water from the {labels[origin]} to the "
            f"{labels[target]}, {quantity(abs(water), 'water flux')} on average."
        )
    else:
        parts.append(_NOTHING_PASSES)
    if (power := summary["power_density_W_per_m2"]) is not None:
        parts.append(f"The power density is {number(power, digits=3)} W/m².")
    clearances: list[str] = []
    for solute, cleared in summary["clearance_m3_per_s"].items():
        if cleared is not None and cleared > 1e-3 * summary["feed_flow_m3_per_s"]:
            share = f"{number(100 * cleared / summary['feed_flow_m3_per_s'], digits=3)} % of the feed flow"
            clearances.append(f"of {solute} {'' if clearances else 'is '}{flow_text(cleared)} ({share})")
    if clearances:
        parts.append(f"The clearance {', '.join(clearances)}.")
    return parts


def totals_table(case: Any, summary: Mapping[str, Any]) -> list[Row]:
    """Rows of totals of all vessels and stages: quantity, unit, value."""
    rows: list[Row] = []

    def add(name: str, unit: str, value: float | None, per_si: float = 1.0, digits: int = 4) -> None:
        if value is not None:
            rows.append((name, unit, number(value * per_si, digits=digits)))

    unit, per_si = flow_unit(summary["feed_flow_m3_per_s"])
    pressure, per_pa = presets.unit("pressure")
    plant = case.plant
    add("membrane area", "m²", summary["area_m2"])
    add("feed flow", unit, summary["feed_flow_m3_per_s"], per_si)
    name = "permeate flow" if len(plant.flowing) == 1 else "water through the membrane"
    add(name, unit, summary["permeate_flow_m3_per_s"], per_si)
    add("recovery", "%", summary["recovery"], 100.0)
    add("mean water flux", presets.unit("water flux")[0], summary["water_flux_m_per_s"], presets.unit("water flux")[1])
    labels = labels_of(case)
    beside = summary["elements"][0 if plant.counter_current else -1]["other_side_flow_m3_per_s"]
    if beside is not None:
        add(
            f"outflow of the {labels[plant.other]}",
            unit,
            beside * plant.last_stage(plant.other).vessels,
            per_si,
        )
    for side in ("left", "right"):
        add(f"pressure, {labels[side]}", pressure, summary[f"pressure_{side}_Pa"], per_pa)
        add("  pressure drop", pressure, summary[f"pressure_drop_{side}_Pa"], per_pa, 3)
    for solute in case.solutes:
        rows += _solute_rows(case, summary, solute)
    energy, per_joule = presets.unit("energy")
    add("energy of the pumps", energy, summary["pump_energy_J_per_m3"], per_joule)
    least = summary["minimum_energy_J_per_m3"]
    if least is not None and least < 0.0:
        add("work that mixing could deliver", energy, -least, per_joule)
    else:
        add("  thermodynamic minimum", energy, least, per_joule)
    add("  second-law efficiency", "%", summary["second_law_efficiency"], 100.0, 3)
    add("power density", "W/m²", summary["power_density_W_per_m2"], 1.0, 3)
    if summary["backflow_area_share"]:
        add("fraction of area with backflow", "%", summary["backflow_area_share"], 100.0, 3)
    return rows


def _solute_rows(case: Any, summary: Mapping[str, Any], solute: str) -> list[Row]:
    fed = summary["elements"][0]["feed_concentration_mol_per_m3"][solute] or 0.0
    mixed = summary["permeate_concentration_mol_per_m3"][solute]
    left = summary["concentrate_concentration_mol_per_m3"][solute]
    rows: list[Row] = []
    both_flow = len(case.plant.flowing) > 1
    out = f"in the outflow of the {labels_of(case)[case.plant.feed]}" if both_flow else "in the concentrate"
    for name, value in (("in the feed", fed), (out, left), ("in the permeate", mixed)):
        if value is not None and not (name == "in the permeate" and both_flow):
            unit, per_si = concentration_unit(case, [solute], value)
            rows.append((f"{solute} {name}", unit, number(value * per_si[solute])))
    if (rejection := summary["rejection"][solute]) is not None and not both_flow:
        rows.append(("  rejection", "%", held_back(rejection) or "–"))
    if (modulus := summary["polarization_modulus"][solute]) is not None:
        rows.append(("  at the membrane ÷ bulk", "", number(modulus)))
    last = summary["elements"][0 if case.plant.counter_current else -1]
    beside = last["other_side_concentration_mol_per_m3"][solute]
    if beside is not None:
        other, (unit, per_si) = labels_of(case)[case.plant.other], concentration_unit(case, [solute], beside)
        rows.append((f"{solute} in the outflow of the {other}", unit, number(beside * per_si[solute])))
    cleared = summary["clearance_m3_per_s"][solute]
    if cleared is not None and cleared > LEAST * summary["feed_flow_m3_per_s"] and both_flow:
        flow, per_flow = flow_unit(cleared)
        rows.append(("  clearance", flow, number(cleared * per_flow)))
    return rows


def elements_table(case: Any, elements: list[dict[str, Any]]) -> tuple[Row, list[Row]]:
    """Header and rows of the elements of one vessel of each stage."""
    several = len({each["stage"] for each in elements}) > 1
    pressure, per_pa = presets.unit("pressure")
    flux, per_flux = presets.unit("water flux")
    unit, per_flow = flow_unit(elements[0]["feed_flow_m3_per_s"])
    small, per_small = flow_unit(elements[-1]["permeate_flow_m3_per_s"])
    solutes = list(case.solutes)[:_MOST_SOLUTES]
    into = {s: concentration_unit(case, [s], elements[0]["feed_concentration_mol_per_m3"][s] or 0.0) for s in solutes}
    key, made, prefix = made_by(case)
    out = {s: concentration_unit(case, [s], max([each[key][s] or 0.0 for each in elements])) for s in solutes}
    names = ["stage", "element"] if several else ["element"]
    header = [*names, f"feed {unit}", *(f"{s} {into[s][0]}" for s in solutes), pressure, f"flux {flux}"]
    header += [f"{made} {small}", *(f"{prefix}{s} {out[s][0]}" for s in solutes)]
    header += [f"{s} wall ÷ bulk" for s in solutes]
    rows = []
    for each in elements:
        row = [str(each[key]) for key in names]
        row.append(number(each["feed_flow_m3_per_s"] * per_flow))
        row += [_scaled(each["feed_concentration_mol_per_m3"][s], into[s][1][s]) for s in solutes]
        row += [number(each["feed_pressure_Pa"] * per_pa), number(each["water_flux_m_per_s"] * per_flux, digits=3)]
        row.append(number(each["permeate_flow_m3_per_s"] * per_small, digits=3))
        row += [_scaled(each[key][s], out[s][1][s]) for s in solutes]
        row += [number(each["polarization_modulus"][s]) for s in solutes]
        rows.append(tuple(row))
    return tuple(header), rows


def made_by(case: Any) -> tuple[str, str, str]:
    """Product of an element: key of its concentrations, name of the flow, and heading of the concentrations.

    Of reverse osmosis the permeate; where the other side flows, too, its liquid as it leaves the element.
    """
    if len(case.plant.flowing) == 1:
        return "permeate_concentration_mol_per_m3", "permeate", ""
    return "other_side_concentration_mol_per_m3", "water", f"{labels_of(case)[case.plant.other]} out: "


def _scaled(value: float | None, factor: float) -> str:
    return number(None if value is None else value * factor)


def warnings_of(elements: list[dict[str, Any]]) -> list[str]:
    """One line for each element that passes a limit of its maker."""
    several = len({each["stage"] for each in elements}) > 1
    return [
        (f"stage {each['stage']}, " if several else "") + f"element {each['element']}: {each['warning']}"
        for each in elements
        if each["warning"]
    ]


def show_along(console: Any, case: Any, summary: Mapping[str, Any]) -> None:
    """Print title, sentence and tables of a state along a membrane, or why there is none."""
    say(console, bold=str(case.title), wrap=False)
    if summary["status"] in (None, "failed"):
        message = str(summary["message"]).strip()
        say(console, f"The run failed: {message}" if summary["end_time_s"] else no_steady_state(message))
        return
    say(console, along_sentence(case, summary))
    say(console)
    show_rows(console, HEADER, totals_table(case, summary))
    elements = summary["elements"]
    if len(elements) > 1:
        say(console)
        makes = "what it makes" if len(case.plant.flowing) == 1 else "what passes and leaves"
        say(console, f"The elements of one vessel in the order of the feed: what enters each of them, and {makes}.")
        header, rows = elements_table(case, elements)
        show_rows(console, header, rows, numeric_from=0)
    if (errors := summary.get("error_estimate")) is not None:
        say(console)
        values, known = flat(summary), {name: each for name, each in flat(errors).items() if each is not None}
        rows = [(name, number(values[name], digits=6), number(each, digits=2)) for name, each in known.items()]
        show_rows(console, ("at the end, SI", "value", "± error"), rows, numeric_from=1)
    for line in warnings_of(elements):
        say(console, f"warning: {line}")
    say(console)
    say(console, known_limits(case))


def known_limits(case: Any) -> str:
    """A sentence on effects that the model does not include."""
    parts = ["fouling (except by membrane.flow_factor and membrane.salt_passage_factor)"]
    if getattr(case, case.plant.other).channel is None:
        receiving = labels_of(case)[case.plant.other]
        receiving = f"{receiving} side" if receiving == case.plant.other else receiving
        parts.append(
            f"the pressure drop of the {receiving} on its way out (unless [{case.plant.other}.channel] is given)"
        )
    for side in SIDES:
        support = getattr(case, side).support
        if support is not None and not case.steady_only:
            slowest = min(getattr(case, side).diffusivity.get(name, s.diffusivity) for name, s in case.solutes.items())
            time = duration(support.thickness**2 * support.tortuosity / slowest)
            parts.append(
                f"the time that the profile in the pores of {side}.support takes to follow (about thickness² · "
                f"tortuosity ÷ D, {time})"
            )
    return f"The model does not include {' or '.join(parts)}."
