"""The tables of a run: both sides, transfers through the membrane, and the estimated errors."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from membrane_pde.physics.constants import GAS_CONSTANT
from membrane_pde.show import presets
from membrane_pde.show.formatting import ROUND_OFF, number
from membrane_pde.show.printing import Row, say, show_rows
from membrane_pde.show.readings import (
    RADIUS,
    SIDES,
    collected_concentration,
    concentration_unit,
    depth_words,
    displaced,
    flat,
    flux_text,
    has_film,
    labels_of,
    largest_mean,
    peak,
    power_density,
    radius_at,
    standing,
    stored,
)
from membrane_pde.show.report_along import show_along
from membrane_pde.show.sentences import held_back, sentence, water_distance

if TYPE_CHECKING:
    from membrane_pde.results.result import Result

MEMBRANE_HEADER = ("", "unit", "start", "end")

ACCURACY_HEADER = ("at the end, SI", "value", "± error", "%")


def sides_header(case: Any) -> Row:
    """Return the header of `sides_table`, with the labels that the case gives to its sides."""
    header = ["", "unit"]
    for side, label in labels_of(case).items():
        header += [f"{side}, start" if label == side else f"{side} ({label}), start", "end"]
    return tuple(header)


def sides_table(result: Result) -> list[Row]:
    """Return depths, pressures and concentrations of both sides at the start and at the end.

    Returns
    -------
    list of tuple of str
        Quantity, unit, left at the start and the end, right at the start and the end (`sides_header`).
    """
    case, rows = result.case, []

    def add(quantity: str, unit: str, per_si: float, key: str, solute: str | None = None) -> None:
        values = []
        for side in SIDES:
            if "{side}" in key:
                values.append(stored(result, key.format(side=side), solute) * per_si)
            else:
                values.append(standing(result, key, side, solute) * per_si)
        scale = max(peak(v) for v in values)
        if key.endswith("_Pa"):  # a head that has levelled out beside the osmotic pressures that are left
            scale = max(scale, 1e4 * per_si * max(peak(stored(result, f"osmotic_pressure_{s}_Pa")) for s in SIDES))
        cells = [number(float(v[i]), scale=scale) for v in values for i in (0, -1)]
        if key.startswith("length"):
            cells = [
                "–" if getattr(case, side).without_end else cell
                for side, cell in zip(("left", "left", "right", "right"), cells, strict=True)
            ]
        rows.append((quantity, unit, *cells))

    pressure = presets.unit("pressure")
    if case.left.radius is not None:
        radii = radius_at(case, stored(result, "membrane_area_ratio")[[0, -1]]) * presets.unit("side")[1]
        rows.append((RADIUS, presets.unit("side")[0], *(number(float(each)) for each in radii), "–", "–"))
    add(depth_words(case), *presets.unit("side"), "length_{side}_m")
    add("pressure", *pressure, "pressure_{side}_Pa")
    if case.phase != "gas":
        add("osmotic pressure", *pressure, "osmotic_pressure_Pa")
        if case.membrane.type != "none":
            add("  at the membrane", *pressure, "wall_osmotic_pressure_{side}_Pa")
        if presets.in_use() == "physiology":  # the ideal solution of the same pressure
            osmoles = "mOsm/L", 1.0 / (GAS_CONSTANT * case.temperature)
            add("osmolarity, π/(R T)", *osmoles, "osmotic_pressure_Pa")
    for solute in result.solutes:
        largest = largest_mean(result, solute)
        unit, per_si = concentration_unit(case, [solute], largest)
        add(solute, unit, per_si[solute], "concentration_mol_per_m3", solute)
        if any(films := [has_film(case, side) for side in SIDES]):
            add("  mean of the film", unit, per_si[solute], "concentration_{side}_mol_per_m3", solute)
            *what, a, b, c, d = rows[-1]
            rows[-1] = (*what, *((a, b) if films[0] else ("–", "–")), *((c, d) if films[1] else ("–", "–")))
        where = "in the middle" if case.membrane.type == "none" else "at the membrane"
        add(f"  {where}", unit, per_si[solute], "wall_concentration_{side}_mol_per_m3", solute)
    return rows


def membrane_table(result: Result) -> list[Row]:
    """Return fluxes and amounts through the membrane (left to right is positive), energies, and how far the run came.

    Returns
    -------
    list of tuple of str
        Quantity, unit, value at the start, value at the end (`MEMBRANE_HEADER`); rows that do not apply are left out.
    """
    summary, (volume, mm) = result.summary, presets.unit("water moved")
    energy = presets.unit("energy")[0]
    total = sum(float(stored(result, f"length_{side}_m")[0]) for side in SIDES)
    rows: list[Row] = []
    if result.case.membrane.type != "none":
        rows.append(("water flux", presets.unit("water flux")[0], flux_text(result, 0), flux_text(result, -1)))
        rows.append(("water moved", volume, "0", number(displaced(result) * mm, scale=total * mm)))
    equilibrium = summary["equilibrium"] or {}
    if rows and (end := equilibrium.get("displaced_volume_m")) is not None:
        rows.append(("  at equilibrium", volume, "", number(end * mm, scale=total * mm)))
    for solute in result.solutes:
        rows += _passage_rows(result, solute, total)
    if (power := power_density(result)) is not None:
        scale = peak(power)
        at_ends = (number(float(power[i]), scale=scale, digits=3) for i in (0, -1))
        rows.append((POWER, "W/m²", *at_ends))
    if (specific := summary["specific_energy_J_per_m3"]) is not None and (
        specific or summary["throttled_energy_J_per_m3"]
    ):
        rows.append((energy_label([result]), energy, "", energy_text(specific)))
        if loses_energy(result):
            rows.append((WITHOUT_RECOVERY, energy, "", energy_text(summary["throttled_energy_J_per_m3"])))
        if (least := summary["minimum_energy_J_per_m3"]) is not None:
            rows.append(("  thermodynamic minimum", energy, "", energy_text(least)))
        if (efficiency := summary["second_law_efficiency"]) is not None:
            rows.append(("  second-law efficiency", "%", "", number(100 * efficiency, digits=3)))
    if (distance := summary["distance_to_equilibrium"]) is not None:
        water = water_distance(summary)  # the distance is the larger of that and the solutes'
        of = {"distance to equilibrium": distance}
        if water is not None and water < distance:
            of = {"distance to equilibrium, water": water, "  solutes": distance}
        rows += [(name, "%", "100", number(100 * each, scale=100.0, digits=3)) for name, each in of.items()]
    return rows


def _passage_rows(result: Result, solute: str, total: float) -> list[Row]:
    """Return the rows of one solute: amount transferred, rejection, collected concentration, polarization."""
    rows: list[Row] = []
    moved, modulus = (
        [float(v) for v in stored(result, key, solute)[[0, -1]]]
        for key in ("amount_transferred_mol_per_m2", "polarization_modulus")
    )
    scale = total * float(abs(stored(result, "concentration_left_mol_per_m3", solute)).max())
    if math.isfinite(moved[1]) and abs(moved[1]) > ROUND_OFF * scale:
        rows.append((f"{solute} moved", "mol/m²", *(number(v, scale=scale) for v in moved)))
    rejection = [float(v) for v in stored(result, "rejection", solute)[[0, -1]]]
    whole_run = f"{solute} rejection (held back by the membrane), whole run"
    if math.isfinite(rejection[1]) and flux_text(result, -1) != "0":
        rows.append((f"{solute} rejection (held back by the membrane)", "%", *(held_back(v) or "–" for v in rejection)))
        whole_run = "  over the whole run"
    if (collected := collected_concentration(result, solute)) is not None:
        if (whole := result.summary["collected_rejection"][solute]) is not None:
            rows.append((whole_run, "%", "", held_back(whole)))
        if collected:
            unit, per_si = concentration_unit(result.case, [solute], collected)
            rows.append((f"{solute} collected", unit, "", number(collected * per_si[solute])))
    if math.isfinite(modulus[1]):
        rows.append((f"{solute} at the membrane ÷ bulk", "", *(number(v, scale=scale) for v in modulus)))
    return rows


POWER = "power density (water flux × pressure)"
WITHOUT_RECOVERY = "  without energy recovery"


def loses_energy(result: Result) -> bool:
    """True if liquid leaves or enters under pressure: without energy recovery, a valve loses that energy."""
    recovered, throttled = (result.summary[f"{kind}_energy_J_per_m3"] for kind in ("specific", "throttled"))
    return throttled is not None and throttled > recovered + 1e-9 * abs(throttled)


def energy_label(results: Iterable[Result]) -> str:
    """Label of the row of energy; it names the convention if energy recovery makes a difference."""
    endless = any(
        (r.summary["specific_energy_J_per_m3"] and r.summary["throttled_energy_J_per_m3"] is None) or loses_energy(r)
        for r in results
    )
    return "energy per volume, with energy recovery" if endless else "energy per volume"


def energy_text(joule_per_m3: float | None) -> str:
    """Format an energy per volume, in the units in use."""
    return number(None if joule_per_m3 is None else joule_per_m3 * presets.unit("energy")[1])


def accuracy_table(summary: Mapping[str, Any]) -> list[Row]:
    """Return the numbers of a summary with their estimated errors, as `ACCURACY_HEADER` says."""
    values = flat(summary)
    rows: list[Row] = []
    for name, error in flat(summary["error_estimate"]).items():
        if error is not None:
            share = 100 * error / abs(values[name]) if values[name] else math.nan
            rows.append((name, number(values[name], digits=6), number(error, digits=2), number(share, digits=2)))
    return rows


def show_result(console: Any, result: Result) -> None:
    """Print title, sentence and tables of a result."""
    if result.case.module is not None:
        show_along(console, result.case, result.summary)
        return
    say(console, bold=str(result.case.title), wrap=False)
    say(console, sentence(result.summary, labels_of(result.case)))
    say(console)
    show_rows(console, sides_header(result.case), sides_table(result))
    say(console)
    show_rows(console, MEMBRANE_HEADER, membrane_table(result))
    if "error_estimate" in result.summary:
        say(console)
        show_rows(console, ACCURACY_HEADER, accuracy_table(result.summary))
