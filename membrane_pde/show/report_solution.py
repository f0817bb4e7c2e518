"""The osmotic pressure of a solution as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from membrane_pde.show.formatting import factor, number
from membrane_pde.show.printing import Row, say, show_rows


def osmotic_pressure_table(answer: Mapping[str, Any], model: str) -> tuple[Row, list[Row]]:
    """Return the result of `mixture.osmotic_pressure` in common units, beside that of an ideal solution.

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
    """Print the result of `mixture.osmotic_pressure`."""
    header, rows = osmotic_pressure_table(answer, model)
    if model == "ideal":  # not the same column twice
        header, rows = header[:-1], [row[:-1] for row in rows]
    show_rows(console, header, rows)
    if answer["message"]:
        say(console)
        say(console, answer["message"])
