"""The equilibrium of a case as a table and in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from membrane_pde.input.properties import total_length
from membrane_pde.show import presets
from membrane_pde.show.formatting import number, quantity
from membrane_pde.show.printing import Row, say, show_rows
from membrane_pde.show.readings import RADIUS, SIDES, concentration_unit, depth_words, labels_of, radius_at
from membrane_pde.show.sentences import side_text


def equilibrium_table(case: Any, summary: Mapping[str, Any]) -> list[Row]:
    """Return the rows of the equilibrium: quantity, unit, left, right."""
    pressure = presets.unit("pressure")

    def sides(key: str, per_si: float, solute: str | None = None) -> list[str]:
        values = [summary.get(key.format(side=side)) for side in SIDES]
        if solute is not None:
            values = [None if v is None else v[solute] for v in values]
        scale = max((abs(v) for v in values if v is not None), default=0.0)
        if key.endswith("_Pa"):  # a head that is round-off beside the osmotic pressures
            osmotic = (summary.get(f"osmotic_pressure_{side}_Pa") or 0.0 for side in SIDES)
            scale = max(scale, 1e4 * max(osmotic))
        return [number(None if v is None else v * per_si, scale=scale * per_si) for v in values]

    lengths = sides("length_{side}_m", presets.unit("side")[1])
    lengths = ["–" if getattr(case, side).without_end else each for side, each in zip(SIDES, lengths, strict=True)]
    rows: list[Row] = []
    if case.left.radius is not None:
        ratio = summary["membrane_area_ratio"]
        size = None if ratio is None else presets.unit("side")[1] * radius_at(case, ratio)
        rows.append((RADIUS, presets.unit("side")[0], number(size), "–"))
    rows += [
        (depth_words(case), presets.unit("side")[0], *lengths),
        ("pressure", pressure[0], *sides("pressure_{side}_Pa", pressure[1])),
    ]
    if case.phase != "gas":
        rows.append(("osmotic pressure", pressure[0], *sides("osmotic_pressure_{side}_Pa", pressure[1])))
    for solute in case.solutes:
        both = [(summary.get(f"concentration_{side}_mol_per_m3") or {}).get(solute) for side in SIDES]
        unit, per_si = concentration_unit(case, [solute], max((v for v in both if v is not None), default=0.0))
        rows.append((solute, unit, *sides("concentration_{side}_mol_per_m3", per_si[solute], solute)))
    return rows


def header_of_sides(labels: Mapping[str, str]) -> tuple[str, ...]:
    """Return the header of a table with a column for each side, with its label."""
    return ("", "unit", *(side if labels[side] == side else f"{side} ({labels[side]})" for side in SIDES))


def message_as_sentence(summary: Mapping[str, Any]) -> str:
    """Return the message of a summary with a capital and a full stop; "" if there is none."""
    words = str(summary.get("message") or "").strip()
    return words and f"{words[0].upper()}{words[1:].rstrip('.')}."


def show_equilibrium(console: Any, case: Any, summary: Mapping[str, Any]) -> None:
    """Print the equilibrium, or the reason why there is none."""
    labels = labels_of(case)
    say(console, bold=str(case.title), wrap=False)
    moved = summary.get("displaced_volume_m")
    total = total_length(case)
    words = message_as_sentence(summary)
    if moved is not None and abs(moved) > 1e-9 * total:
        origin, target = (side_text(side, labels) for side in (SIDES if moved > 0 else SIDES[::-1]))
        amount = quantity(abs(moved), "water moved", digits=4)
        words = f"At equilibrium {amount} of water has moved from {origin} to {target}. {words}".strip()
    elif moved is not None:
        rest = "both sides have the same composition" if case.membrane.type == "none" else "no water has moved"
        words = f"At equilibrium {rest}. {words}".strip()
    if summary["status"] is None:
        say(console, f"There is no equilibrium: {words[0].lower()}{words[1:]}" if words else "There is no equilibrium.")
        return
    say(console, words)
    say(console)
    show_rows(console, header_of_sides(labels), equilibrium_table(case, summary))
