"""Several results side by side: a table, and their summaries as CSV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from membrane_pde.input import titles
from membrane_pde.show import presets
from membrane_pde.show.formatting import duration, number
from membrane_pde.show.printing import Row, say, show_rows
from membrane_pde.show.readings import (
    SIDES,
    collected_concentration,
    concentration_unit,
    displaced,
    flat,
    flux_text,
    largest_mean,
    standing,
    stored,
)
from membrane_pde.show.report import WITHOUT_RECOVERY, energy_label, energy_text, loses_energy
from membrane_pde.show.words import in_words

if TYPE_CHECKING:
    from membrane_pde.results.result import Result


def comparison_table(results: Mapping[str, Result]) -> tuple[Row, list[Row]]:
    """Return a table with a column for each result.

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
            energy_label(everything),
            energies,
            *(energy_text(r.summary["specific_energy_J_per_m3"]) for r in everything),
        ),
        *(
            [(WITHOUT_RECOVERY, energies, *(energy_text(r.summary["throttled_energy_J_per_m3"]) for r in everything))]
            if any(map(loses_energy, everything))
            else []
        ),
        ("  thermodynamic minimum", energies, *(energy_text(r.summary["minimum_energy_J_per_m3"]) for r in everything)),
        ("  second-law efficiency", "%", *(efficiency(r) for r in everything)),
    ]
    rows += _along_rows(results)
    for solute in dict.fromkeys(s for r in everything for s in r.solutes):
        having = [r for r in everything if solute in r.solutes]
        largest = max(largest_mean(r, solute) for r in having)
        unit, per_si = concentration_unit(having[0].case, [solute], largest)
        for side in SIDES:
            cells = [
                number(float(standing(r, "concentration_mol_per_m3", side, solute)[-1]) * per_si[solute])
                if solute in r.solutes
                else "–"
                for r in everything
            ]
            rows.append((f"{solute}, {side}, end", unit, *cells))
        collected = [collected_concentration(r, solute) for r in everything]
        if highest := max((each for each in collected if each), default=0.0):
            unit, per_si = concentration_unit(having[0].case, [solute], highest)
            cells = [number(None if each is None else each * per_si[solute]) for each in collected]
            rows.append((f"{solute} collected", unit, *cells))
    return ("", "unit", *results), rows


def _along_rows(results: Mapping[str, Result]) -> list[Row]:
    """Rows of what only cases with [module] have; none where there is no such case."""
    if all(result.case.module is None for result in results.values()):
        return []
    pressure, energy = presets.unit("pressure"), presets.unit("energy")
    rows: list[Row] = []
    for name, unit, per_si, key in (
        ("membrane area", "m²", 1.0, "area_m2"),
        ("feed flow", "m³/h", 3600.0, "feed_flow_m3_per_s"),
        ("permeate flow", "m³/h", 3600.0, "permeate_flow_m3_per_s"),
        ("recovery", "%", 100.0, "recovery"),
        ("pressure, left", pressure[0], pressure[1], "pressure_left_Pa"),
        ("energy of the pumps", energy[0], energy[1], "pump_energy_J_per_m3"),
        ("power density", "W/m²", 1.0, "power_density_W_per_m2"),
    ):
        values = [result.summary[key] for result in results.values()]
        if any(value is not None for value in values):
            rows.append((name, unit, *(number(None if v is None else v * per_si) for v in values)))
    return rows


def comparison_csv(results: Mapping[str, Result]) -> str:
    """Return the summaries as CSV: a row for each key, a column for each case, and a last row with the sentences."""
    import csv
    import io

    columns = [flat(r.summary) for r in results.values()]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["quantity", *results])
    for key in dict.fromkeys(key for column in columns for key in column):
        values = (column.get(key) for column in columns)
        writer.writerow([key, *("" if v is None else repr(v) if isinstance(v, float) else v for v in values)])
    writer.writerow(["in words", *(in_words(r) for r in results.values())])
    return text.getvalue()


def show_comparison(console: Any, results: Mapping[str, Result]) -> None:
    """Print the table of several results, and a sentence for each."""
    show_rows(console, *comparison_table(results))
    say(console)
    for name, result in results.items():
        mark = titles.parts(result.case.title)[1]
        heading = f"{name} ({mark})" if mark else name
        say(console, in_words(result), bold=f"{heading}: ")
