"""The tables of a fit: parameters, their correlation, and the residuals."""

from __future__ import annotations

import math
from typing import Any

from membrane_pde.input import units
from membrane_pde.show.formatting import number, unit_text
from membrane_pde.show.printing import Row, say, show_rows

FIT_HEADER = ("", "unit", "value", "standard error", "95 % interval from", "to", "started from")

FITTED_HEADER = ("measured", "unit", "points", "error", "", "rms residual", "largest residual ÷ error")


def fit_table(found: Any) -> list[Row]:
    """Return a row for each fitted parameter, in the units of the case, as `FIT_HEADER` says."""
    rows: list[Row] = []
    for each in found.parameters.values():
        numbers = (each.value, each.standard_error, each.low, each.high, each.start)
        shown = [None if n is None else units.to(n, each.shown_in) if each.unit else n for n in numbers]
        rows.append((each.key, unit_text(each.shown_in), *(number(n) for n in shown)))
    return rows


def fitted_table(found: Any) -> list[Row]:
    """Return a row for each measured column with its residuals, as `FITTED_HEADER` says."""
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
    """Print the tables of a `FitResult`: parameters, correlation, residuals."""
    say(console, bold=str(found.case.title), wrap=False)
    count, freedom = len(found.parameters), found.degrees_of_freedom
    words = (
        f"{count} unknown{'s were' if count > 1 else ' was'} fitted to {found.points} measured "
        f"number{'s' * (found.points > 1)}, which leaves {freedom} degree{'s' * (freedom != 1)} of freedom."
    )
    if found.reduced_chi_square is not None:
        words += f" Reduced χ²: {number(found.reduced_chi_square, digits=3)}."
    say(console, f"{words} {found.message}".rstrip())
    say(console)
    show_rows(console, FIT_HEADER, fit_table(found))
    if count > 1:
        say(console)
        cells = [[number(float(r), digits=3) for r in row] for row in found.correlation]
        keys = list(found.parameters)
        header = ("correlation", *(f"[{i + 1}]" for i in range(count)))
        rows = [(f"[{i + 1}] {key}", *row) for i, (key, row) in enumerate(zip(keys, cells, strict=True))]
        show_rows(console, header, rows, numeric_from=1)
    say(console)
    show_rows(console, FITTED_HEADER, fitted_table(found))
