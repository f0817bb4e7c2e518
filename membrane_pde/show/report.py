"""What a person reads: tables below a sentence, in the units of `presets`, from a Result or summary."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from membrane_pde.input import titles, units
from membrane_pde.input.values import alike
from membrane_pde.physics.constants import AVOGADRO, GAS_CONSTANT
from membrane_pde.show import presets
from membrane_pde.show.figures import ROUND_OFF, duration, factor, number, quantity, time_unit
from membrane_pde.show.figures import length_unit as length_unit
from membrane_pde.show.sentences import AS_NOTHING, held_back, sentence, side_text, water_distance

if TYPE_CHECKING:
    from membrane_pde.results.result import Result

SIDES = ("left", "right")


def labels_of(case: Any) -> dict[str, str]:
    """What to call the two sides: their labels, or left and right."""
    return {side: getattr(case, side).label or side for side in SIDES}


def concentration_unit(case: Any, solutes: Iterable[str], largest: float) -> tuple[str, dict[str, float]]:
    """One unit for these solutes, and for each the factor from mol/m^3.

    Parameters
    ----------
    case : Case
    solutes : iterable of str
    largest : float
        The largest value to be shown, mol/m^3: what is very dilute gets a smaller unit.

    Returns
    -------
    unit : str
        g/L (or mg/L) where there is one solute of known molar mass, mmol/L otherwise (and in physiology), mol/m³ in a
        gas (and in SI), and a number per mL for what is so dilute that it must be particles.
    factors : dict
    """
    names = list(solutes)
    masses = [case.solutes[s].molar_mass for s in names]
    if case.phase == "gas" or presets.in_use() == "SI":
        return "mol/m³", dict.fromkeys(names, 1.0)
    if 0 < largest < 1e-6:
        return "1/mL", dict.fromkeys(names, AVOGADRO * 1e-6)
    if len(names) == 1 and masses[0] and presets.in_use() == "engineering":
        if 0 < largest * masses[0] < 0.05:
            return "mg/L", {names[0]: 1000 * masses[0]}
        return "g/L", {names[0]: masses[0]}
    return "mmol/L", dict.fromkeys(names, 1.0)


def stored(result: Result, key: str, solute: str | None = None) -> Any:
    """What `Result.arrays` holds over the stored times, of one solute where there is one a solute."""
    values = result.arrays[key]
    return values if solute is None else values[:, result.solutes.index(solute)]


def has_film(case: Any, side: str) -> bool:
    """A side is a reservoir behind an unstirred film."""
    compartment = getattr(case, side)
    return bool(compartment.boundary == "reservoir" and not compartment.stirred)


def standing(result: Result, quantity: str, side: str, solute: str | None = None) -> Any:
    """Concentration or osmotic pressure of a side over the stored times; of a reservoir what stands outside its film.

    Parameters
    ----------
    result : Result
    quantity : str
        "concentration_mol_per_m3" or "osmotic_pressure_Pa".
    side : str
    solute : str, optional
        Of a concentration.

    Returns
    -------
    ndarray, shape (time,)
        The mean of the side, a bath included. Of a reservoir its own value, which does not change (its mean, under the
        name of the series, is that of the film).
    """
    import numpy as np

    name, unit = quantity.replace("_mol", " mol").replace("_Pa", " Pa").split()
    values = stored(result, f"{name}_{side}_{unit}", solute)
    given = getattr(result.case, side).concentration
    if not has_film(result.case, side):
        return values
    if solute is None:
        uniform = all(isinstance(each, int | float) for each in given.values())
        return np.full_like(values, values[0]) if uniform else values
    far = given[solute]
    return np.full_like(values, far if isinstance(far, int | float) else far.value[-1])


def largest_pressure(result: Result) -> float:
    """Largest hydrostatic or osmotic pressure anywhere at any time, Pa."""
    return max(peak(values) for key, values in result.arrays.items() if key.endswith("_Pa"))


def flux_scale(result: Result) -> float:
    """Water flux that the largest pressure would drive, m/s: what a flux must be compared with to be called zero."""
    return float(result.case.membrane.water_permeability) * largest_pressure(result)


def peak(values: Any) -> float:
    """Largest magnitude, 0 where nothing applies (the osmotic pressure of a gas is NaN)."""
    import numpy as np

    return float(np.abs(np.nan_to_num(values)).max(initial=0.0))


def displaced(result: Result) -> float:
    """Displaced volume at the end, m; exactly 0 where it is below 1e-9 of the total length, as in `process`."""
    moved = float(stored(result, "displaced_volume_m")[-1])
    total = sum(float(stored(result, f"length_{side}_m")[0]) for side in SIDES)
    return 0.0 if abs(moved) < 1e-9 * total else moved


def pressing(result: Result) -> float:
    """What presses at the end, left minus right, Pa; exactly 0 where it is round-off.

    The applied pressure, without the head of a standpipe; the computed one on a side that is rigid or holds the flux.
    """
    sides, end = [], float(stored(result, "time")[-1])
    for name in SIDES:
        side = getattr(result.case, name)
        held = side.boundary == "rigid" or side.pressure.flux
        sides.append(float(stored(result, f"pressure_{name}_Pa")[-1]) if held else side.pressure.at(end))
    left, right = sides
    return 0.0 if alike(left, right) else left - right


def flux_text(result: Result, index: int) -> str:
    """Water flux at a stored time; 0 where it is round-off or has died away to 1e-7 of what it was."""
    flux, (_, per_si) = stored(result, "water_flux_m_per_s"), presets.unit("water flux")
    negligible = max(1e-9 * flux_scale(result), 1e-7 * peak(flux))
    return number(float(flux[index]) * per_si, scale=negligible * per_si / ROUND_OFF)


# --- tables ---

Row = tuple[str, ...]
MEMBRANE_HEADER = ("", "unit", "start", "end")
ACCURACY_HEADER = ("at the end, SI", "value", "± error", "%")


def sides_header(case: Any) -> Row:
    """The header of `sides_table`, with what the case calls its sides."""
    header = ["", "unit"]
    for side, label in labels_of(case).items():
        header += [f"{side}, start" if label == side else f"{side} ({label}), start", "end"]
    return tuple(header)


def sides_table(result: Result) -> list[Row]:
    """What stands on both sides at the start and at the end.

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
    add("length (volume per area)", *presets.unit("side"), "length_{side}_m")
    add("pressure", *pressure, "pressure_{side}_Pa")
    if case.phase != "gas":
        add("osmotic pressure", *pressure, "osmotic_pressure_Pa")
        if case.membrane.type != "none":
            add("  at the membrane", *pressure, "wall_osmotic_pressure_{side}_Pa")
        if presets.in_use() == "physiology":  # the ideal solution of the same pressure
            osmoles = "mOsm/L", 1.0 / (GAS_CONSTANT * case.temperature)
            add("osmolarity, π/(R T)", *osmoles, "osmotic_pressure_Pa")
    for solute in result.solutes:
        largest = _largest_mean(result, solute)
        unit, per_si = concentration_unit(case, [solute], largest)
        add(solute, unit, per_si[solute], "concentration_mol_per_m3", solute)
        if any(films := [has_film(case, side) for side in SIDES]):
            add("  mean of the film", unit, per_si[solute], "concentration_{side}_mol_per_m3", solute)
            *what, a, b, c, d = rows[-1]
            rows[-1] = (*what, *((a, b) if films[0] else ("–", "–")), *((c, d) if films[1] else ("–", "–")))
        add("  at the membrane", unit, per_si[solute], "wall_concentration_{side}_mol_per_m3", solute)
    return rows


def membrane_table(result: Result) -> list[Row]:
    """What went through the membrane, left to right.

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
    if (specific := summary["specific_energy_J_per_m3"]) is not None and (
        specific or summary["throttled_energy_J_per_m3"]
    ):
        rows.append((_energy_label([result]), energy, "", _energy(specific)))
        if _loses_energy(result):
            rows.append((WITHOUT_RECOVERY, energy, "", _energy(summary["throttled_energy_J_per_m3"])))
        if (least := summary["minimum_energy_J_per_m3"]) is not None:
            rows.append(("  thermodynamic minimum", energy, "", _energy(least)))
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
    """What passed of a solute, and what was held back: at the start, at the end, and of all that was collected."""
    rows: list[Row] = []
    moved, modulus = (
        [float(v) for v in stored(result, key, solute)[[0, -1]]]
        for key in ("amount_transferred_mol_per_m2", "polarization_modulus")
    )
    scale = total * float(abs(stored(result, "concentration_left_mol_per_m3", solute)).max())
    if math.isfinite(moved[1]) and abs(moved[1]) > ROUND_OFF * scale:
        rows.append((f"{solute} moved", "mol/m²", *(number(v, scale=scale) for v in moved)))
    rejection = [float(v) for v in stored(result, "rejection", solute)[[0, -1]]]
    whole_run = f"{solute} held back, whole run"
    if math.isfinite(rejection[1]) and flux_text(result, -1) != "0":
        rows.append((f"{solute} held back", "%", *(held_back(v) or "–" for v in rejection)))
        whole_run = "  over the whole run"
    if (collected := _collected(result, solute)) is not None:
        if (whole := result.summary["collected_rejection"][solute]) is not None:
            rows.append((whole_run, "%", "", held_back(whole)))
        if collected:
            unit, per_si = concentration_unit(result.case, [solute], collected)
            rows.append((f"{solute} collected", unit, "", number(collected * per_si[solute])))
    if math.isfinite(modulus[1]):
        rows.append((f"{solute}, wall over bulk", "", *(number(v, scale=scale) for v in modulus)))
    return rows


WITHOUT_RECOVERY = "  without energy recovery"


def _loses_energy(result: Result) -> bool:
    """Something leaves (or enters) under pressure, whose energy a valve would lose."""
    recovered, throttled = (result.summary[f"{kind}_energy_J_per_m3"] for kind in ("specific", "throttled"))
    return throttled is not None and throttled > recovered + 1e-9 * abs(throttled)


def _energy_label(results: Iterable[Result]) -> str:
    """Energy per volume, with the convention where another one gives another number."""
    endless = any(
        (r.summary["specific_energy_J_per_m3"] and r.summary["throttled_energy_J_per_m3"] is None) or _loses_energy(r)
        for r in results
    )
    return "energy per volume, pressure recovered" if endless else "energy per volume"


def _largest_mean(result: Result, solute: str) -> float:
    """Largest mean concentration of a solute on either side, mol/m^3."""
    return max(float(stored(result, f"concentration_{side}_mol_per_m3", solute).max()) for side in SIDES)


def _energy(joule_per_m3: float | None) -> str:
    """An energy per volume."""
    return number(None if joule_per_m3 is None else joule_per_m3 * presets.unit("energy")[1])


def comparison_table(results: Mapping[str, Result]) -> tuple[Row, list[Row]]:
    """The same questions asked of several cases.

    Parameters
    ----------
    results : mapping of str to Result
        By the name that heads its column.

    Returns
    -------
    header : tuple of str
        "", "unit", and the names.
    rows : list of tuple of str
        Differences are left minus right, flows left to right; "–" where a quantity does not apply.
    """
    (pressures, bar), (volume, mm) = presets.unit("pressure"), presets.unit("water moved")
    flux, energies = presets.unit("water flux")[0], presets.unit("energy")[0]

    def differences(result: Result, key: str, index: int) -> str:
        left, right = (float(stored(result, key.format(side=side))[index]) * bar for side in SIDES)
        return number(left - right, scale=1e3 * max(abs(left), abs(right)))

    def equilibrium(result: Result) -> str:
        end = (result.summary["equilibrium"] or {}).get("displaced_volume_m")
        return number(None if end is None else end * mm, digits=4)

    def efficiency(result: Result) -> str:
        share = result.summary["second_law_efficiency"]
        return number(None if share is None else 100 * share, digits=3)

    pressure, osmotic = "pressure_{side}_Pa", "osmotic_pressure_{side}_Pa"
    everything = results.values()
    rows: list[Row] = [
        ("process", "", *(str(r.summary["process"]) for r in everything)),
        ("status", "", *(str(r.summary["status"]) for r in everything)),
        ("end time", "", *(duration(r.summary["end_time_s"]) for r in everything)),
        ("pressure, left − right, end", pressures, *(differences(r, pressure, -1) for r in everything)),
        ("osmotic pressure, left − right, start", pressures, *(differences(r, osmotic, 0) for r in everything)),
        ("  at the membrane, end", pressures, *(differences(r, f"wall_{osmotic}", -1) for r in everything)),
        ("water flux, start", flux, *(flux_text(r, 0) for r in everything)),
        ("water flux, end", flux, *(flux_text(r, -1) for r in everything)),
        ("water moved, left to right", volume, *(number(displaced(r) * mm) for r in everything)),
        ("  at equilibrium", volume, *(equilibrium(r) for r in everything)),
        (
            _energy_label(everything),
            energies,
            *(_energy(r.summary["specific_energy_J_per_m3"]) for r in everything),
        ),
        *(
            [(WITHOUT_RECOVERY, energies, *(_energy(r.summary["throttled_energy_J_per_m3"]) for r in everything))]
            if any(map(_loses_energy, everything))
            else []
        ),
        ("  thermodynamic minimum", energies, *(_energy(r.summary["minimum_energy_J_per_m3"]) for r in everything)),
        ("  second-law efficiency", "%", *(efficiency(r) for r in everything)),
    ]
    for solute in dict.fromkeys(s for r in everything for s in r.solutes):
        having = [r for r in everything if solute in r.solutes]
        largest = max(_largest_mean(r, solute) for r in having)
        unit, per_si = concentration_unit(having[0].case, [solute], largest)
        for side in SIDES:
            cells = [
                number(float(standing(r, "concentration_mol_per_m3", side, solute)[-1]) * per_si[solute])
                if solute in r.solutes
                else "–"
                for r in everything
            ]
            rows.append((f"{solute}, {side}, end", unit, *cells))
        collected = [_collected(r, solute) for r in everything]
        if highest := max((each for each in collected if each), default=0.0):
            unit, per_si = concentration_unit(having[0].case, [solute], highest)
            cells = [number(None if each is None else each * per_si[solute]) for each in collected]
            rows.append((f"{solute} collected", unit, *cells))
    return ("", "unit", *results), rows


def _collected(result: Result, solute: str) -> float | None:
    """Concentration of what was pressed through the membrane, mol/m^3; None where nothing was."""
    if result.summary["process"] not in ("reverse osmosis", "filtration"):
        return None
    found = (result.summary["collected_concentration_mol_per_m3"] or {}).get(solute)
    return None if found is None else float(found)


def flat(summary: Mapping[str, Any]) -> dict[str, Any]:
    """A summary without nesting: a value of a solute becomes `rejection[NaCl]`; objects within it are left out."""
    plain: dict[str, Any] = {}
    for key, value in summary.items():
        if key in ("equilibrium", "error_estimate"):
            continue
        if isinstance(value, Mapping):
            plain |= {f"{key}[{solute}]": v for solute, v in value.items()}
        else:
            plain[key] = value
    return plain


def comparison_csv(results: Mapping[str, Result]) -> str:
    """The summaries as CSV: a row for each quantity by the name it has there, a column for each case, and the words."""
    import csv
    import io

    columns = [flat(r.summary) for r in results.values()]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["quantity", *results])
    for key in dict.fromkeys(key for column in columns for key in column):
        values = (column.get(key) for column in columns)
        writer.writerow([key, *("" if v is None else repr(v) if isinstance(v, float) else v for v in values)])
    writer.writerow(["in words", *(sentence(r.summary, labels_of(r.case)) for r in results.values())])
    return text.getvalue()


SI_UNITS = {
    "temperature": "K",
    "reference_temperature": "K",
    "molar_mass": "kg/mol",
    "diffusion_volume": "m³/mol",
    "diffusivity": "m²/s",
    "radius": "m",
    "length": "m",
    "pressure": "Pa",
    "concentration": "mol/m³",
    "backflow": "mol/m³",
    "modulus": "Pa",
    "volume": "m",
    "feed": "mol/m³",
    "flow": "m/s",
    "bleed": "m/s",
    "water_permeability": "m/s/Pa",
    "permeability": "m/s",
    "activation_energy": "J/mol",
    "pore_radius": "m",
    "porosity_over_thickness": "1/m",
    "duration": "s",
    "finest": "m",
    "left_widths": "m",
    "right_widths": "m",
}


def case_table(case: Any, mesh: Mapping[str, Any] | None = None) -> list[Row]:
    """A case as it is understood: key, value and SI unit, defaults filled in; with `mesh`, the cells that it leads to.

    Parameters
    ----------
    case : Case
    mesh : mapping, optional
        Arrays `left_widths` and `right_widths` (m), as `runs.mesh_of` gives them.
    """
    rows: list[Row] = []

    def add(path: str, value: Any) -> None:
        name = next((part for part in reversed(path.split(".")) if part in SI_UNITS), "")
        unit = SI_UNITS.get(name, "")
        if value is None:
            return
        if isinstance(value, Mapping):
            if "times" in value:
                held = value.get("flux", False)
                rows.append((f"{path}.flux" if held else path, _programme(value), "m/s" if held else unit))
            elif "distance" in value:
                points = (
                    f"{number(c)} at {number(x)} m" for x, c in zip(value["distance"], value["value"], strict=True)
                )
                rows.append((path, ", ".join(points), unit))
            else:
                for key, inner in value.items():
                    add(f"{path}.{key}" if path else str(key), inner)
        elif isinstance(value, bool):
            rows.append((path, str(value).lower(), ""))
        elif isinstance(value, int | float):
            rows.append((path, number(float(value), digits=6), unit))
        elif path.endswith(".solubility"):
            ends = value if len(value) < 3 else (value[0], value[-1])
            ends_text = " to ".join(f"{number(m)} at {number(kelvin, digits=5)} K" for kelvin, m in ends)
            rows.append((path, ends_text + (f" ({len(value)} values)" if len(value) > 2 else ""), "mol/kg"))
        elif isinstance(value, list | tuple):
            rows.append((path, "; ".join(map(str, value)), ""))
        else:
            rows.append((path, str(value), ""))

    add("", case_values(case))
    for side in SIDES:
        if mesh is not None and len(widths := mesh[f"{side}_widths"]):
            finest, widest = (number(float(w), digits=3) for w in (min(widths), max(widths)))
            rows.append((f"mesh.{side}", f"{len(widths)} cells, {finest} to {widest}", "m"))
    return rows


def case_values(case: Any) -> dict[str, Any]:
    """The fields of a case as plain nested dictionaries, in SI."""
    values = case.model_dump(mode="json")
    for side in (values.get(name, {}) for name in SIDES):
        if side.get("boundary") != "standpipe":  # the only one that has a tube
            side.pop("tube_area", None)
        if side.get("boundary") != "bath":  # the only one that is bled
            side.pop("bleed", None)
        if side.get("stirred") and side.get("boundary") in ("bath", "reservoir"):  # without a layer
            side.pop("length", None)
    return {k: v for k, v in values.items() if k not in ("name", "source", "warnings")}


def _programme(pressure: Mapping[str, Any]) -> str:
    """A pressure, or the flux that is held instead: a value, a schedule, or a mean with an oscillation."""
    values, shape = pressure["values"], pressure["shape"]
    mean = number(values[0], digits=6)
    if shape in ("sine", "pulse"):
        duty = f", high for {number(pressure['duty'])} of it" if shape == "pulse" else ""
        return f"{mean} ± {number(pressure['amplitude'])} every {number(pressure['period'])} s ({shape}{duty})"
    if len(values) == 1:
        return mean
    steps = (f"{number(p)} from {number(t)} s" for t, p in zip(pressure["times"], values, strict=True))
    return f"{', '.join(steps)} ({shape})"


# --- on a terminal or a pipe ---


def _say(console: Any, text: str = "", bold: str = "", wrap: bool = True) -> None:
    """Print a paragraph, its start in bold: wrapped on a terminal, one line on a pipe (which needs no rich)."""
    if not console.is_terminal:
        console.file.write(f"{bold}{text}\n")
        return
    from rich.text import Text

    console.print(Text.assemble((bold, "bold"), text), soft_wrap=not wrap)


def show_rows(console: Any, header: Row, rows: Iterable[Row], numeric_from: int = 2) -> None:
    """Print a table: ruled by rich on a terminal, plain aligned text on a pipe.

    Parameters
    ----------
    console : rich.console.Console
        Or, for a pipe, whatever has `is_terminal`, False, and a `file`.
    header : tuple of str
    rows : iterable of tuple of str
    numeric_from : int
        Columns from this one on are aligned to the right.
    """
    rows = list(rows)
    if not console.is_terminal:  # a pipe has no width: nothing is wrapped or cut
        everything = ([header] if any(header) else []) + rows
        widths = [max(len(row[i]) for row in everything) for i in range(len(header))]
        for row in everything:
            cells = (
                c.rjust(w) if i >= numeric_from else c.ljust(w)
                for i, (c, w) in enumerate(zip(row, widths, strict=True))
            )
            console.file.write("  ".join(cells).rstrip() + "\n")
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_header=any(header), pad_edge=False)
    for i, name in enumerate(header):
        table.add_column(Text(name), justify="right" if i >= numeric_from else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def show_result(console: Any, result: Result) -> None:
    """Print the sentence and the tables of a Result."""
    _say(console, bold=str(result.case.title), wrap=False)
    _say(console, sentence(result.summary, labels_of(result.case)))
    _say(console)
    show_rows(console, sides_header(result.case), sides_table(result))
    _say(console)
    show_rows(console, MEMBRANE_HEADER, membrane_table(result))
    if "error_estimate" in result.summary:
        _say(console)
        show_rows(console, ACCURACY_HEADER, accuracy_table(result.summary))


def accuracy_table(summary: Mapping[str, Any]) -> list[Row]:
    """The numbers of a summary with their estimated errors: name, value, error, that in % (`ACCURACY_HEADER`)."""
    values = flat(summary)
    rows: list[Row] = []
    for name, error in flat(summary["error_estimate"]).items():
        if error is not None:
            share = 100 * error / abs(values[name]) if values[name] else math.nan
            rows.append((name, number(values[name], digits=6), number(error, digits=2), number(share, digits=2)))
    return rows


def show_comparison(console: Any, results: Mapping[str, Result]) -> None:
    """Print the comparison of several Results: one table, and a line in words for each."""
    show_rows(console, *comparison_table(results))
    _say(console)
    for name, result in results.items():
        mark = titles.parts(result.case.title)[1]
        heading = f"{name} ({mark})" if mark else name
        _say(console, sentence(result.summary, labels_of(result.case)), bold=f"{heading}: ")


def equilibrium_table(case: Any, summary: Mapping[str, Any]) -> list[Row]:
    """The analytic end state: quantity, unit, left, right."""
    pressure = presets.unit("pressure")

    def sides(key: str, per_si: float, solute: str | None = None) -> list[str]:
        values = [summary.get(key.format(side=side)) for side in SIDES]
        if solute is not None:
            values = [None if v is None else v[solute] for v in values]
        scale = max((abs(v) for v in values if v is not None), default=0.0)
        return [number(None if v is None else v * per_si, scale=scale * per_si) for v in values]

    lengths = sides("length_{side}_m", presets.unit("side")[1])
    lengths = ["–" if getattr(case, side).without_end else each for side, each in zip(SIDES, lengths, strict=True)]
    rows: list[Row] = [
        ("length (volume per area)", presets.unit("side")[0], *lengths),
        ("pressure", pressure[0], *sides("pressure_{side}_Pa", pressure[1])),
    ]
    if case.phase != "gas":
        rows.append(("osmotic pressure", pressure[0], *sides("osmotic_pressure_{side}_Pa", pressure[1])))
    for solute in case.solutes:
        both = [(summary.get(f"concentration_{side}_mol_per_m3") or {}).get(solute) for side in SIDES]
        unit, per_si = concentration_unit(case, [solute], max((v for v in both if v is not None), default=0.0))
        rows.append((solute, unit, *sides("concentration_{side}_mol_per_m3", per_si[solute], solute)))
    return rows


def show_equilibrium(console: Any, case: Any, summary: Mapping[str, Any]) -> None:
    """Print the analytic end state, or why there is none."""
    labels = labels_of(case)
    _say(console, bold=str(case.title), wrap=False)
    moved = summary.get("displaced_volume_m")
    total = case.left.length + case.right.length
    words = str(summary.get("message") or "").strip()
    words = words and f"{words[0].upper()}{words[1:].rstrip('.')}."
    if moved is not None and abs(moved) > 1e-9 * total:
        origin, target = (side_text(side, labels) for side in (SIDES if moved > 0 else SIDES[::-1]))
        amount = quantity(abs(moved), "water moved", digits=4)
        words = f"At equilibrium {amount} of water has moved from {origin} to {target}. {words}".strip()
    elif moved is not None:
        words = f"At equilibrium no water has moved. {words}".strip()
    _say(console, words)
    if summary["status"] is None:  # there is none
        return
    _say(console)
    header = ("", "unit", *(side if labels[side] == side else f"{side} ({labels[side]})" for side in SIDES))
    show_rows(console, header, equilibrium_table(case, summary))


_MOST_RUNS = 40  # of a sweep that are printed


def sweep_table(
    columns: Mapping[str, Any], headings: Mapping[str, str], solutes: Iterable[str]
) -> tuple[Row, list[Row]]:
    """Where each run of a sweep ended; of many runs the first and the last.

    Parameters
    ----------
    columns : mapping of str to ndarray
        The varied keys and what was found, (run,) or (run, solute).
    headings : mapping of str to str
        What to write above each of the varied keys.
    solutes : iterable of str

    Returns
    -------
    header : tuple of str
        The varied keys, the status, and what any of the runs has and is not 0.
    rows : list of tuple of str
    """
    import numpy as np

    runs = len(columns["status"])
    shown = range(runs) if runs <= _MOST_RUNS else [*range(_MOST_RUNS // 2), *range(runs - _MOST_RUNS // 2, runs)]
    table = {heading: [_as_written(columns[key][i]) for i in shown] for key, heading in headings.items()}
    table |= {name: [str(columns[name][i]) for i in shown] for name in ("status", "process")}

    def add(name: str, unit: str, per_si: float, values: Any) -> None:
        if np.nan_to_num(values).any():
            heading = f"{name} [{unit}]" if unit else name
            table[heading] = [number(float(values[i]) * per_si, scale=peak(values) * per_si) for i in shown]

    ends = columns["end_time_s"]
    if len(np.unique(ends[np.isfinite(ends)])) > 1:
        add("end", *time_unit(peak(ends)), ends)
    add("water flux", *presets.unit("water flux"), columns["water_flux_m_per_s"])
    add("water moved", *presets.unit("water moved"), columns["displaced_volume_m"])
    for i, solute in enumerate(solutes):
        rejection, whole = (columns[key][:, i] for key in ("rejection", "collected_rejection"))
        share = np.clip(rejection, 0.0, 1.0)
        add(f"{solute} held back", "%", 100.0, np.where(np.abs(share - rejection) <= AS_NOTHING, share, np.nan))
        if np.nanmax(np.abs(whole - rejection), initial=0.0) > 5e-4:
            add(f"{solute} held back, whole run", "%", 100.0, whole)
    recovered, throttled = (columns[f"{kind}_energy_J_per_m3"] for kind in ("specific", "throttled"))
    add("energy per volume", *presets.unit("energy"), recovered)
    if (throttled > recovered + 1e-9 * np.abs(recovered)).any():
        add("without energy recovery", *presets.unit("energy"), throttled)
    add("distance to equilibrium", "%", 100.0, columns["distance_to_equilibrium"])
    rows = list(zip(*table.values(), strict=True))
    if len(rows) < runs:
        rows.insert(_MOST_RUNS // 2, ("…",) * len(table))
    return tuple(table), rows


def failures(columns: Mapping[str, Any], headings: Mapping[str, str]) -> str:
    """How many runs of a sweep failed, and why the first of them did; `columns` and `headings` as in `sweep_table`."""
    failed = (columns["status"] == "failed").nonzero()[0]
    values = ", ".join(f"{heading} = {_as_written(columns[key][failed[0]])}" for key, heading in headings.items())
    first = "" if len(failed) == 1 else "the first with "
    return f"{len(failed)} of {len(columns['status'])} runs failed; {first}{values}: {columns['message'][failed[0]]}"


def _as_written(value: Any) -> str:
    return value if isinstance(value, str) else number(float(value), digits=6)


def show_sweep(console: Any, columns: Mapping[str, Any], headings: Mapping[str, str], solutes: Iterable[str]) -> None:
    """Print where the runs of a sweep ended."""
    header, rows = sweep_table(columns, headings, solutes)
    show_rows(console, header, rows, numeric_from=len(headings) + 2)
    if len(rows) > _MOST_RUNS:
        _say(console, f"\n{len(columns['status'])} runs, {_MOST_RUNS} of them shown.")


# --- without a case ---


def osmotic_pressure_table(answer: Mapping[str, Any], model: str) -> tuple[Row, list[Row]]:
    """The answer of `mixture.osmotic_pressure` in the units that people use, beside that of an ideal solution.

    Parameters
    ----------
    answer : mapping
    model : str
        Its name, which heads the column.

    Returns
    -------
    header : tuple of str
        Quantity, unit, the model's value and the ideal one.
    rows : list of tuple of str
        "" where there is nothing to compare; "–" where a number is not known.
    """
    ideal = answer["ideal_osmotic_pressure_Pa"]
    rows: list[Row] = []
    for name, unit in zip(("osmotic pressure", "", "", ""), ("Pa", "bar", "atm", "mmHg"), strict=True):
        rows.append((name, unit, number(answer[f"osmotic_pressure_{unit}"]), number(ideal * factor(unit))))
    rows.append(("osmotic coefficient", "", number(answer["osmotic_coefficient"]), "1"))
    rows.append(("osmolarity (particles)", "mOsm/L", number(answer["osmolarity_mOsm_per_L"]), ""))
    rows.append(("osmolality (osmometer)", "mOsm/kg", number(answer["osmolality_mOsm_per_kg"]), ""))
    rows.append(("density", "kg/m³", number(answer["density_kg_per_m3"]), ""))
    molality = answer["molality_mol_per_kg"] or {}
    for solute, concentration in answer["concentration_mol_per_m3"].items():
        if concentration > 0:
            rows.append((solute, "mmol/L", number(concentration), ""))
            rows.append(("", "mmol/kg", number(1000 * molality[solute] if solute in molality else None), ""))
    if "effective_osmotic_pressure_Pa" in answer:
        effective = answer["effective_osmotic_pressure_Pa"]
        bar = None if effective is None else effective * factor("bar")
        rows.append(("effective osmotic pressure", "bar", number(bar), ""))
        rows.append(("effective osmolality", "mOsm/kg", number(answer["effective_osmolality_mOsm_per_kg"]), ""))
    if "tonicity" in answer:
        rows.append(("tonicity", "", answer["tonicity"] or "–", ""))
    return ("", "unit", model, "ideal"), rows


def show_osmotic_pressure(console: Any, answer: Mapping[str, Any], model: str) -> None:
    """Print the answer of `mixture.osmotic_pressure`."""
    header, rows = osmotic_pressure_table(answer, model)
    if model == "ideal":  # not the same column twice
        header, rows = header[:-1], [row[:-1] for row in rows]
    show_rows(console, header, rows)
    if answer["message"]:
        _say(console)
        _say(console, answer["message"])


def library_text(entries: Mapping[str, Any], head: str, width: int = 100) -> str:
    """Entries of the library with values, conditions and sources.

    Parameters
    ----------
    entries : mapping
        As `library.solutes` or `library.membranes` gives them.
    head : str
        What stands at the head of their file, which the sources refer to.
    width : int
        Lines are not longer, but for a word that is.

    Returns
    -------
    str
        A paragraph an entry: a line a value, its source indented below it; then the head.
    """
    import textwrap

    paragraphs = [
        "\n".join([f"{name}: {entry['name']}", *_library_lines(entry, width)]) for name, entry in entries.items()
    ]
    paragraphs += ["The head of the file", *("\n".join(textwrap.wrap(text, width)) for text in head.split("\n\n"))]
    return "\n\n".join(paragraphs)


def _library_lines(entry: Mapping[str, Any], width: int, within: str = "") -> list[str]:
    import textwrap

    lines = []
    for key, value in entry.items():
        if key == "name":
            continue
        if not isinstance(value, Mapping):
            lines.append(f"  {within}{key}: {value}")
        elif "source" in value:
            text = f"{within}{key}: {_library_value(value['value'])}"
            if "temperature" in value:
                text += f" at {value['temperature']}"
            if "temperature_range" in value:
                low, high = value["temperature_range"]
                text += f" at {low}" if low == high else f" from {low} to {high}"
            lines += textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="    ", break_long_words=False)
            lines += textwrap.wrap(
                value["source"], width, initial_indent=" " * 6, subsequent_indent=" " * 6, break_long_words=False,
                break_on_hyphens=False,
            )  # fmt: skip
        elif key == "solutes":
            for solute, numbers in value.items():
                lines += _library_lines(numbers, width, f"{solute}, ")
    return lines


def _library_value(value: Any) -> str:
    if isinstance(value, Mapping):
        return " + ".join(f"{count} {ion}" for ion, count in value.items())
    if isinstance(value, list):
        return ", ".join(f"{each:.6g}" if isinstance(each, float) else str(each) for each in value)
    return str(value)


FIT_HEADER = ("", "unit", "value", "standard error", "95 % from", "to", "started from")
FITTED_HEADER = ("measured", "unit", "points", "error", "", "residual, rms", "largest, in errors")


def unit_text(unit: str) -> str:
    """A unit as it is shown: L/m²/h for "L/m^2/hour"."""
    return unit.replace("^2", "²").replace("^3", "³").replace("hour", "h").replace("um", "µm")


def fit_table(found: Any) -> list[Row]:
    """The parameters of a `FitResult` in the units of the case: `FIT_HEADER`."""
    rows: list[Row] = []
    for each in found.parameters.values():
        numbers = (each.value, each.standard_error, each.low, each.high, each.start)
        shown = [None if n is None else units.to(n, each.shown_in) if each.unit else n for n in numbers]
        rows.append((each.key, unit_text(each.shown_in), *(number(n) for n in shown)))
    return rows


def fitted_table(found: Any) -> list[Row]:
    """The measured columns of a `FitResult` and how far the fit is from them: `FITTED_HEADER`."""
    rows: list[Row] = []
    for each in found.columns:
        low, high = float(each.error.min()), float(each.error.max())
        ends = [number(end, digits=3) for end in ([low] if high <= low * (1 + 1e-9) else [low, high])]
        largest = float(abs(each.residual / each.error).max()) if low > 0.0 else math.nan
        spread = math.sqrt(float((each.residual**2).mean()))
        rows.append(
            (
                each.name,
                unit_text(each.unit),
                str(len(each.measured)),
                " to ".join(ends),
                each.error_source,
                number(spread, scale=float(abs(each.measured).max()), digits=3),
                number(largest, digits=3),
            )
        )
    return rows


def show_fit(console: Any, found: Any) -> None:
    """Print the tables of a `FitResult`."""
    _say(console, bold=str(found.case.title), wrap=False)
    count, freedom = len(found.parameters), found.degrees_of_freedom
    words = (
        f"{count} unknown{'s' * (count > 1)} fitted to {found.points} measured number{'s' * (found.points > 1)}, which "
        f"leaves {freedom} degree{'s' * (freedom != 1)} of freedom."
    )
    if found.reduced_chi_square is not None:
        words += f" Reduced χ²: {number(found.reduced_chi_square, digits=3)}."
    _say(console, f"{words} {found.message}".rstrip())
    _say(console)
    show_rows(console, FIT_HEADER, fit_table(found))
    if count > 1:
        _say(console)
        cells = [[number(float(r), digits=3) for r in row] for row in found.correlation]
        keys = list(found.parameters)
        header = ("correlation", *(f"[{i + 1}]" for i in range(count)))
        rows = [(f"[{i + 1}] {key}", *row) for i, (key, row) in enumerate(zip(keys, cells, strict=True))]
        show_rows(console, header, rows, numeric_from=1)
    _say(console)
    show_rows(console, FITTED_HEADER, fitted_table(found))


CHECKS_HEADER = ("", "unit", "expected", "got", "error", "tolerance", "", "source")
GROUPS_HEADER = ("", "passed", "nearest to its tolerance", "error", "tolerance")


def _error(check: Any) -> str:
    """Relative where something was expected."""
    relative = bool(check.expected) and math.isfinite(check.error)
    return f"{number(100 * check.error, digits=2)} %" if relative else number(check.error, digits=2)


def _tolerance(check: Any) -> str:
    below, above = check.expected - check.low, check.high - check.expected
    if math.isnan(check.expected):
        return "–"
    if not check.expected:
        return f"≤ {number(check.high, digits=2)}" if below == 0 else f"{number(check.low)} to {number(check.high)}"
    if abs(below - above) <= 0.01 * above:
        return f"± {number(100 * above / abs(check.expected), digits=2)} %"
    return f"{number(check.low)} to {number(check.high)}"


def checks_table(checks: Iterable[Any]) -> tuple[list[Row], list[str]]:
    """Rows of checks, and the sources that their last column numbers.

    Parameters
    ----------
    checks : iterable of verify.Check

    Returns
    -------
    rows : list of tuple of str
        What, unit, expected and computed value, error (relative where something was expected), tolerance, "pass" or
        "FAIL", number of the source.
    sources : list of str
    """
    rows: list[Row] = []
    sources: list[str] = []
    for check in checks:
        if check.source not in sources:
            sources.append(check.source)
        verdict = "pass" if check.passed else "FAIL"
        values = number(check.expected), number(check.got), _error(check), _tolerance(check)
        rows.append((check.what, check.unit, *values, verdict, f"[{sources.index(check.source) + 1}]"))
    return rows, sources


def groups_table(findings: Iterable[Any]) -> list[Row]:
    """A row for each group of checks: how many of them passed, and the one nearest to its tolerance.

    Parameters
    ----------
    findings : iterable of verify.Findings

    Returns
    -------
    list of tuple of str
        As `GROUPS_HEADER` says.
    """
    rows: list[Row] = []
    for each in findings:
        check, passed = each.worst, sum(check.passed for check in each.checks)
        rows.append((each.group, f"{passed} of {len(each.checks)}", check.what, _error(check), _tolerance(check)))
    return rows


def verdict(findings: Iterable[Any]) -> str:
    """How many checks passed or failed, in words."""
    checks = [check for each in findings for check in each.checks]
    failed = sum(not check.passed for check in checks)
    return f"{failed} of {len(checks)} checks failed." if failed else f"All {len(checks)} checks passed."


def show_checks(console: Any, findings: Iterable[Any]) -> None:
    """Print each group's checks as a table with its sources, then a row for each group, and how many passed."""
    groups = list(findings)
    for each in groups:
        rows, sources = checks_table(each.checks)
        _say(console, f": {each.title}", bold=each.group)
        show_rows(console, CHECKS_HEADER, rows)
        for i, source in enumerate(sources, 1):
            _say(console, f"[{i}] {source}")
        _say(console)
    show_rows(console, GROUPS_HEADER, groups_table(groups), numeric_from=3)
    _say(console, f"\n{verdict(groups)}")
