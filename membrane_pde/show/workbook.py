"""A sweep as a workbook for spreadsheet programs, in the units in use."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde.input.errors import CaseError
from membrane_pde.results.quantities import QUANTITIES, Quantity
from membrane_pde.show import presets
from membrane_pde.show.formatting import factor, length_unit, time_unit, unit_text
from membrane_pde.show.readings import concentration_unit, peak
from membrane_pde.show.report_along import flow_unit

if TYPE_CHECKING:
    from membrane_pde.input.case import Case

MOST_RUNS = 1_048_575  # a sheet has 1,048,576 rows, of which one is the header
_SHARES = (  # pure numbers that are shown in %
    "rejection",
    "collected_rejection",
    "recovery",
    "backflow_area_share",
    "second_law_efficiency",
    "distance_to_equilibrium",
)
_IN_USE = {"Pa": "pressure", "m/s": "water flux", "J/m^3": "energy"}  # SI unit -> quantity of `presets`


def check_size(runs: int) -> None:
    """Raise a CaseError if a sweep has more runs than a sheet has rows."""
    if runs > MOST_RUNS:
        raise CaseError(
            f"--xlsx: {runs:,} runs are more than the {MOST_RUNS:,} rows of a sheet; leave it out: sweep.csv has all"
        )


def save_sweep(
    columns: Mapping[str, Any], headings: Mapping[str, str], about: Mapping[str, Any], case: Case, path: Path
) -> None:
    """Write a workbook with a row for each run of a sweep.

    The sheet "runs" has the varied keys as they were given and the results in the units in use; each header ends in the
    unit of its column. The sheet "columns" says what each column is, the sheet "case" has the case file. Columns that
    are empty in all runs are left out.

    Parameters
    ----------
    columns : mapping of str to ndarray
        The varied keys and the results, of shape (run,) or (run, solute).
    headings : mapping of str to str
        Column heading of each varied key.
    about : mapping
        Attributes of the sweep: ``title``, ``case`` and ``membrane_pde_version``.
    case : Case
        The case that was varied.
    path : Path
        File to write.

    Raises
    ------
    CaseError
        If there are more runs than a sheet has rows.
    OSError
        If the file cannot be written.
    """
    from openpyxl import Workbook

    check_size(len(columns["status"]))
    sheet = list(_columns(columns, headings, case))
    book = Workbook(write_only=True)
    runs, meanings, source = (book.create_sheet(name) for name in ("runs", "columns", "case"))
    runs.freeze_panes = "A2"
    for i, (header, _, values) in enumerate(sheet):
        words = max(
            len(header), 12 if values.dtype.kind == "f" else max((len(str(v)) for v in values[:100]), default=0)
        )
        runs.column_dimensions[_letters(i)].width = min(words + 2, 48)
    runs.append([_cell(runs, header, bold=True) for header, _, _ in sheet])
    for row in zip(*(values.tolist() for _, _, values in sheet), strict=True):
        runs.append([_cell(runs, value) for value in row])
    meanings.column_dimensions["A"].width, meanings.column_dimensions["B"].width = 44, 100
    meanings.append([_cell(meanings, words, bold=True) for words in ("column", "meaning")])
    for header, meaning, _ in sheet:
        meanings.append([_cell(meanings, header), _cell(meanings, meaning)])
    source.column_dimensions["A"].width = 100
    units = f"units: {presets.in_use()} (sweep.csv and sweep.nc are in SI units)"
    version = f"membrane-pde {about['membrane_pde_version']}"
    for line in (str(about["title"]), version, units, "", *str(about["case"]).splitlines()):
        source.append([_cell(source, line)])
    book.save(path)


def _columns(columns: Mapping[str, Any], headings: Mapping[str, str], case: Case) -> Iterator[tuple[str, str, Any]]:
    """Header, meaning and values of each column that is not empty."""
    known = {each.name: each for each in QUANTITIES}
    solutes = list(case.solutes)
    for name, values in columns.items():
        if name in headings:
            yield headings[name], "varied", values
            continue
        one = known[name]
        meaning = one.meaning.replace("`", "")
        for i, solute in enumerate(solutes if one.by_solute else [""]):
            column = values[:, i] if one.by_solute else values
            if column.dtype.kind == "f":
                unit, per_si = _unit(one, solute, column, case)
                column = column * per_si
                empty = not np.isfinite(column).any()
            else:
                unit, empty = "", not any(str(value) for value in column)
            if not empty:
                yield (
                    " ".join(filter(None, (_words(one), solute, f"({unit})" if unit else ""))),
                    f"{meaning}; {solute}" if solute else meaning,
                    column,
                )


def _words(quantity: Quantity) -> str:
    """The name of a quantity without its unit: "water flux" for water_flux_m_per_s."""
    ending = "_" + quantity.unit.replace("/", "_per_", 1).replace("/", "_").replace("^", "")
    return quantity.name.removesuffix(ending).replace("_", " ")


def _unit(quantity: Quantity, solute: str, values: Any, case: Case) -> tuple[str, float]:
    """Unit in which a column is shown, and the factor from SI."""
    largest = peak(values)
    if quantity.name in _SHARES:
        return "%", 100.0
    if quantity.name == "displaced_volume_m":
        return presets.unit("water moved")
    if quantity.unit in _IN_USE:
        return presets.unit(_IN_USE[quantity.unit])
    if quantity.unit == "mol/m^3":
        unit, factors = concentration_unit(case, [solute], largest)
        return unit, factors[solute]
    if quantity.unit == "m^3/s":
        return flow_unit(largest)
    if quantity.unit == "m":
        unit = length_unit(largest)
        return unit_text(unit), factor(unit)
    if quantity.unit == "s":
        return ("s", 1.0) if quantity.of == "computation" else time_unit(largest)
    return ("" if quantity.unit in ("1", "text") else unit_text(quantity.unit)), 1.0


def _cell(sheet: Any, value: Any, bold: bool = False) -> Any:
    """A cell; a text is kept as a text, also if it begins like a formula, and NaN is empty."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Font

    if not isinstance(value, str):
        return float(f"{value:.12g}") if math.isfinite(value) else None  # without the round-off of the units' factors
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub(" ", value)[:32_000])
    cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)
    return cell


def _letters(index: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(index + 1))
