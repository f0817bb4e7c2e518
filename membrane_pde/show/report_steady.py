"""The steady state of a case as tables and in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from membrane_pde.show import presets
from membrane_pde.show.formatting import number, quantity
from membrane_pde.show.printing import Row, say, show_rows
from membrane_pde.show.readings import SIDES, concentration_unit, labels_of
from membrane_pde.show.report import POWER
from membrane_pde.show.report_along import show_along
from membrane_pde.show.report_equilibrium import equilibrium_table, header_of_sides, message_as_sentence
from membrane_pde.show.sentences import held_back, no_steady_state, side_text


def steady_table(case: Any, summary: Mapping[str, Any]) -> list[Row]:
    """Rows of the contents of both sides: quantity, unit, left, right."""
    rows = [
        (f"{name}, mean" if name in case.solutes else name, *values)
        for name, *values in equilibrium_table(case, summary)
    ]
    if case.membrane.type == "none":
        return rows
    for solute in case.solutes:
        both = [summary[f"wall_concentration_{side}_mol_per_m3"][solute] for side in SIDES]
        unit, per_si = concentration_unit(case, [solute], max(both))
        scale = max(both) * per_si[solute]
        row = (number(each * per_si[solute], scale=scale) for each in both)
        rows.append((f"{solute} at the membrane", unit, *row))
    return rows


def fluxes_table(case: Any, summary: Mapping[str, Any]) -> list[Row]:
    """Rows of the fluxes, left to right: quantity, unit, value; no rows if nothing flows."""
    rows: list[Row] = []
    water = summary["water_flux_m_per_s"]
    passing = summary["solute_flux_mol_per_m2_s"]
    if not water and not any(passing.values()):
        return []
    if case.membrane.type != "none":
        unit, per_si = presets.unit("water flux")
        rows.append(("water flux", unit, number(water * per_si)))
        against = (summary["pressure_right_Pa"] or 0.0) - (summary["pressure_left_Pa"] or 0.0)
        if summary["process"] == "osmosis" and water * against > 0.0:
            rows.append((POWER, "W/m²", number(water * against, digits=3)))
    for solute, flux in passing.items():
        rows.append((f"{solute} flux", "mol/m²/s", number(flux)))
        for key, name, in_words in (
            ("rejection", f"{solute} rejection", lambda value: held_back(value) or "–"),
            ("polarization_modulus", f"{solute} at the membrane ÷ bulk", number),
        ):
            value = (summary[key] or {}).get(solute)
            if value is not None:
                rows.append((name, "%" if key == "rejection" else "", in_words(value)))
    return rows


def show_steady(console: Any, case: Any, summary: Mapping[str, Any]) -> None:
    """Print the steady state, or why there is none."""
    if case.module is not None:
        show_along(console, case, summary)
        return
    labels = labels_of(case)
    say(console, bold=str(case.title), wrap=False)
    if summary["status"] is None:
        say(console, no_steady_state(summary["message"]))
        return
    message = message_as_sentence(summary)
    water, flowing = summary["water_flux_m_per_s"], fluxes_table(case, summary)
    if summary["process"] is not None and case.membrane.type != "none":
        origin, target = (side_text(side, labels) for side in (SIDES if water > 0.0 else SIDES[::-1]))
        words = f"In the steady state {quantity(abs(water), 'water flux')} of water flows from {origin} to {target}."
    elif flowing and case.membrane.type == "none":
        words = "In the steady state solutes diffuse from one side to the other."
    elif flowing:
        words = "In the steady state no water flows, but solutes still cross the membrane."
    else:
        words = "In the steady state nothing flows."
    say(console, f"{words} {message}".strip())
    say(console)
    show_rows(console, header_of_sides(labels), steady_table(case, summary))
    if flowing:
        say(console)
        show_rows(console, ("left to right", "unit", "value"), flowing)
