"""A table of measurements: columns by name and unit, checked, in SI units."""

from __future__ import annotations

import difflib
import logging
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from membrane_pde.input import spelling, tables, units
from membrane_pde.input.case import Case
from membrane_pde.input.errors import CaseError, UnitError
from membrane_pde.input.number_at import number_at
from membrane_pde.input.parts import Compartment, Membrane, Run
from membrane_pde.input.tables import MAX_ROWS
from membrane_pde.input.wording import cut, nearest, show
from membrane_pde.results.quantities import SERIES

log = logging.getLogger(__name__)

LARGEST = 1e30


def _short(series: str) -> str:
    """The name of a series without its unit: ``water_flux`` of ``water_flux_m_per_s``."""
    unit = SERIES[series].unit.replace("^", "").replace("/", "_per_", 1).replace("/", "_")
    return series.removesuffix(f"_{unit}")


_SERIES = {_short(name): name for name, each in SERIES.items() if each.measurable}


@dataclass(frozen=True, eq=False)
class Column:
    """Numbers as they stand in one column: a time, a key of the case, or a measured quantity.

    `name` is the header without its unit; `size` is the SI value of one `unit`, NaN for a key of the case, whose values
    only the case reads. `series` and `solute` say which measured quantity it is. `relative` is True for standard errors
    in per cent of the measured number.
    """

    name: str
    unit: str
    size: float
    numbers: NDArray[np.float64]
    series: str = ""
    solute: str = ""
    is_error: bool = False
    relative: bool = False

    @property
    def header(self) -> str:
        """Name and unit."""
        return f"{self.name} [{self.unit}]" if self.unit else self.name


@dataclass(frozen=True)
class Table:
    """Measured quantities at times of one run, or at settings of the case, one run for each setting.

    `rows` are the names of the rows in messages. `errors` are the standard errors, by name of the measured column, for
    the columns that have some.
    """

    rows: list[str]
    time: Column | None
    settings: list[Column]
    measured: list[Column]
    errors: dict[str, Column]

    def standard_error(self, column: Column) -> NDArray[np.float64] | None:
        """The standard errors of a measured column that the table gives, SI; None if it gives none."""
        given = self.errors.get(column.name)
        if given is None:
            return None
        share = given.numbers * given.size
        return share * np.abs(column.numbers * column.size) if given.relative else share

    def setting(self, row: int) -> dict[str, object]:
        """The values of the keys in a row, for `Case.with_values`."""
        at = {column.name: (float(column.numbers[row]), column.unit) for column in self.settings}
        return {key: f"{number!r} {unit}" if unit else number for key, (number, unit) in at.items()}


def read(case: Case, data: Any) -> Table:
    """Read a table of measurements.

    Parameters
    ----------
    case : Case
        The case to be fitted; it gives the solutes and their molar masses.
    data : path, mapping, or DataFrame
        A CSV file, or columns by their header.

    Returns
    -------
    Table

    Raises
    ------
    CaseError
        If the table cannot be read, has neither time nor settings, no measured quantity, a column of an unknown name or
        unit, or a cell that is no number; the message names the file, the column and the row.
    """
    if isinstance(data, str | Path):
        where, (cells, rows) = f"{cut(str(data), 120)}: ", tables.read_csv(Path(data))
        if len(cells) == 1:
            name = cut(cells[0][0])
            raise CaseError(f"{where}one column only, {name}; expected columns with commas, semicolons or tabs between")
    else:
        where, (cells, rows) = "data: ", _from_columns(data)
    try:
        return _table(rows, [_column(case, header, each, rows) for header, each in _used(case, cells, where)])
    except CaseError as error:
        raise CaseError(f"{where}{error}") from None


# -- cells ----------------------------------------------------------------------------------------------------------
def _from_columns(data: Any) -> tuple[list[tuple[str, list[Any]]], list[str]]:
    """Header and cells of each column of a mapping or a DataFrame, and the names of the rows."""
    if not isinstance(data, Mapping) and not (hasattr(data, "columns") and hasattr(data, "__getitem__")):
        raise CaseError(
            f"data = {show(data)}: expected the path of a CSV file, or columns by header, for example "
            '{"left.pressure [bar]": [20, 40], "water_flux [L/m^2/hour]": [21.5, 43.8]}'
        )
    columns = []
    for header in data if isinstance(data, Mapping) else data.columns:
        cells = data[header]
        if isinstance(cells, str | Mapping) or not isinstance(cells, Iterable):
            raise CaseError(f"data: {cut(str(header))} = {show(cells)}: expected a list of numbers")
        columns.append((str(header).strip(), list(cells)))
    lengths = {len(cells) for _, cells in columns}
    if len(lengths) > 1:
        counts = ", ".join(f"{len(cells)} in {cut(header)}" for header, cells in columns)
        raise CaseError(f"data: columns of different length: {counts}")
    count = lengths.pop() if lengths else 0
    if count > MAX_ROWS:
        raise CaseError(f"data: {count} rows; at most {MAX_ROWS}")
    return columns, [f"row {i + 1}" for i in range(count)]


def _number(cell: Any) -> float:
    """The finite number in a cell; else a ValueError with the reason."""
    if hasattr(cell, "item") and getattr(cell, "ndim", 0) == 0:
        cell = cell.item()
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        raise ValueError("the cell is empty; fill it in, or leave the row out")
    try:
        if isinstance(cell, bool) or not isinstance(cell, int | float | str):
            raise ValueError
        number = units.number(cell) if isinstance(cell, str) else float(cell)
    except (ValueError, OverflowError):
        readings = spelling.numbers_meant(cell) if isinstance(cell, str) and re.fullmatch(r"[\s\d.,'+-]+", cell) else []
        hint = f"write a decimal point: {' or '.join(readings)}" if readings else "expected a number"
        raise ValueError(f"{show(cell)}: {hint}") from None
    if not math.isfinite(number):
        raise ValueError(f"{show(number)} is not a finite number; correct it, or leave the row out")
    if abs(number) > LARGEST or 0.0 < abs(number) < 1.0 / LARGEST:
        raise ValueError(f"{number:g}: too {'large' if abs(number) > 1.0 else 'small'} a number; is the unit right?")
    return number


# -- columns --------------------------------------------------------------------------------------------------------
class _UnknownName(CaseError):
    """A header that is neither a key of the case nor a measured quantity."""


def _used(case: Case, columns: list[tuple[str, list[Any]]], where: str) -> list[tuple[str, list[Any]]]:
    """The columns without empty ones and those of text (names of samples, dates, remarks)."""
    used = []
    for header, cells in columns:
        try:
            _named(case, header)
        except _UnknownName:
            if not header or not cells or any(_holds_number(cell) for cell in cells):
                raise
            log.info("%sthe column %s holds no numbers and is not used", where, cut(header))
            continue
        used.append((header, cells))
    return used


def _holds_number(cell: Any) -> bool:
    try:
        _number(cell)
    except ValueError:
        return False
    return True


def _column(case: Case, header: str, cells: list[Any], rows: list[str]) -> Column:
    """The column that a header describes, with its numbers."""
    column = _named(case, header)
    numbers = np.empty(len(cells))
    for i, cell in enumerate(cells):
        try:
            numbers[i] = _number(cell)
            _check_range(column, float(numbers[i]))
        except ValueError as error:
            raise CaseError(f"{rows[i]}, {cut(header)}: {error}") from None
    return Column(**{**vars(column), "numbers": numbers})


def _named(case: Case, header: str) -> Column:
    """The column that a header describes, without numbers."""
    none = np.empty(0)
    words, brackets = _name_and_brackets(header)
    is_error, name = words.endswith("_error"), words.removesuffix("_error")
    if not words:
        raise CaseError(f"a column without a name ({show(header)}); expected for example water_flux [L/m^2/hour]")
    if "[" in words or "]" in words or len(brackets) > 2:
        raise CaseError(f"{cut(header)}: expected a name and a unit in brackets, for example water_flux [L/m^2/hour]")
    if name in ("time", "time_s"):
        unit, size = _unit_of(name, "time", "s", brackets, "min")
        return Column("time", unit, size, none)
    if name in _SERIES or name in _SERIES.values():
        short = name if name in _SERIES else _short(name)
        series, solute = _SERIES[short], ""
        if SERIES[series].by_solute:
            solute = _solute(case, header, name, brackets)
            brackets = brackets[1:]
        si = SERIES[series].unit
        if is_error and si != "1" and brackets == ["%"]:
            shown = f"{short}[{solute}]" if solute else short
            return Column(shown, "%", 0.01, none, series, solute, is_error, relative=True)
        unit, size = _unit_of(name, short, si, brackets, _EXAMPLES.get(si, si), case, solute)
        shown = f"{short}[{solute}]" if solute else short
        return Column(shown, unit, size, none, series, solute, is_error)
    if is_error and (name == "time" or "." in name):
        raise CaseError(f"{cut(header)}: only a measured quantity has a standard error, no time or setting")
    if "." in name or name in Case.model_fields:
        if len(brackets) > 1:
            raise CaseError(f"{cut(header)}: expected a key of the case and one unit, for example left.pressure [bar]")
        return Column(name, brackets[0] if brackets else "", math.nan, none)
    hint = _meant(case, name) or _near(case, name, brackets)
    raise _UnknownName(f"{cut(header)}: neither time, nor a key of the case such as left.pressure, nor a result{hint}")


def _name_and_brackets(header: str) -> tuple[str, list[str]]:
    """The name in a header, and the texts in brackets after it: a solute, a unit.

    ``time / s``, ``time (s)`` and ``time in s`` mean ``time [s]``; ``Water flux`` means ``water_flux``.
    """
    brackets = [each.strip() for each in re.findall(r"\[([^\[\]]*)\]", header)]
    words = " ".join(re.sub(r"\[[^\[\]]*\]", " ", header).split())
    behind = re.fullmatch(r"([^/(),]+?)(?: ?/ ?\((.+)\)| ?/ ?(.+)| ?\((.+)\)|, ?(.+)| in (.+))", words)
    if behind and len(brackets) < 2:
        words, unit = behind[1], next(each for each in behind.groups()[1:] if each)
        brackets.append(unit.strip())
    ending = " error" if words.lower().endswith((" error", "_error")) else ""
    plain = re.sub(r"[ _-]+", "_", words[: len(words) - len(ending)])
    known = {each.lower(): each for each in ("time", "time_s", "temperature", *_SERIES, *_SERIES.values())}
    return known.get(plain.lower(), words[: len(words) - len(ending)]) + ending.replace(" ", "_"), brackets


def _meant(case: Case, name: str) -> str:
    """Ask for the keys of the case that a name may stand for: "feed pressure" for left.pressure or right.pressure."""
    parts: dict[str, Any] = {"": Case, "left": Compartment, "right": Compartment, "membrane": Membrane, "run": Run}
    plain, by_solute = " ".join(re.split(r"[ _-]+", name.lower())), ("concentration", "diffusivity", "feed")
    keys = []
    for table, model in parts.items():
        for key in model.model_fields:
            words = key.replace("_", " ")
            if plain == f"{table} {words}" or (f" {plain}".endswith(f" {words}") and plain.split()[0] not in parts):
                path = f"{table}.{key}".lstrip(".")
                keys += [f"{path}.{solute}" for solute in case.solutes] if key in by_solute else [path]
    keys = [key for key in keys if _holds_one_number(case, key)]
    return f"; did you mean {' or '.join(map(show, keys))}, a key of the case?" if keys else ""


def _holds_one_number(case: Case, key: str) -> bool:
    try:
        number_at(case, key)
    except CaseError:
        return False
    return True


def _near(case: Case, name: str, brackets: list[str]) -> str:
    """Ask for the result that a name is near to, with its solute and a unit if it has none; or say what is expected."""
    near = difflib.get_close_matches(name[:100].lower(), ("time", *_SERIES), n=1)
    if not near:
        return (
            "; expected for example time [min] or water_flux [L/m^2/hour]; leave out a column that is not part of the "
            "fit"
        )
    found, series = near[0], _SERIES.get(near[0], "")
    if series and SERIES[series].by_solute:
        in_name = [solute for solute in case.solutes if solute.lower() in name.lower().split()]
        found += f"[{next(iter(in_name or case.solutes))}]"
    if not brackets:
        si = SERIES[series].unit if series else "s"
        unit = "min" if not series else "" if si == "1" else _EXAMPLES.get(si, si)
        found += f" [{unit}]" if unit else ""
    return f'; did you mean "{found}"?'


_EXAMPLES = {"m/s": "L/m^2/hour", "m": "mm", "Pa": "bar", "mol/m^3": "g/L", "mol/m^2/s": "mol/m^2/hour"}


def _solute(case: Case, header: str, name: str, brackets: list[str]) -> str:
    """The solute named in the first brackets."""
    if brackets and brackets[0] in case.solutes:
        return brackets[0]
    example = f"{name}[{next(iter(case.solutes))}]"
    if len(brackets) > 1:
        hint = nearest(brackets[0], case.solutes, always=True, substance=True)
        raise CaseError(f'{cut(header)}: no solute "{cut(brackets[0])}"{hint}')
    raise CaseError(f"{cut(header)}: the solute is missing; write for example {example}, and then the unit")


def _unit_of(
    name: str, short: str, si: str, brackets: list[str], example: str, case: Case | None = None, solute: str = ""
) -> tuple[str, float]:
    """Unit and its SI value: from the brackets after a short name, or SI for a name that contains its unit."""
    if len(brackets) > 1:
        raise CaseError(f"{name}: more than one unit, {' and '.join(map(cut, brackets))}")
    unit = brackets[0] if brackets else ""
    if si == "1" and unit in ("", "1"):
        return "", 1.0
    if name != short:
        if unit not in ("", si):
            raise CaseError(f"{name}: is in {si} by its name; leave out [{cut(unit)}], or write {short} [{cut(unit)}]")
        return si, 1.0
    if not unit:
        raise CaseError(f"{name}: the unit is missing; write for example {name} [{example}]")
    try:
        return unit, _size(unit, si, case, solute)
    except UnitError as error:
        message = str(error)
        if example != si and "did you mean" not in message:
            message = f"{message}, for example {example}"
        raise CaseError(f"{name} [{cut(unit)}]: {message}") from None


def _size(unit: str, si: str, case: Case | None, solute: str) -> float:
    """SI value of one unit; an amount may be given as a mass or as osmoles, too."""
    if case is None or not si.startswith("mol"):
        return units.size(unit, "" if si == "1" else si)
    given, refusals = case.solutes[solute], list[UnitError]()
    for kind, per_mole in (("mol", 1.0), ("kg", given.molar_mass), ("Osm", given.dissociation)):
        try:
            size = units.size(unit, si.replace("mol", kind, 1))
        except UnitError as error:
            refusals.append(error)
            continue
        if per_mole is None:
            raise UnitError(f"a mass needs solutes.{solute}.molar_mass in the case")
        return size / per_mole
    raise next((each for each in refusals if "did you mean" in str(each)), refusals[0])


def _check_range(column: Column, number: float) -> None:
    """Raise ValueError if a column cannot hold this number."""
    if column.name == "time" and number < 0.0:
        raise ValueError(f"{number:g}: the time is before the start of the run")
    if column.is_error and number <= 0.0:
        raise ValueError(f"{number:g}: a standard error must be more than zero")
    if column.series.endswith("rejection") and not column.is_error and number * column.size > 1.0:
        percent = f"; write {column.name} [%] if per cent are meant" if not column.unit else ""
        raise ValueError(f"{number:g}: a rejection cannot exceed {1.0 / column.size:g}{percent}")


def check_relative(relative: bool, column: Column, rows: list[str]) -> None:
    """Raise CaseError for a relative error of a number that is 0."""
    if relative and not column.numbers.all():
        row = rows[int(np.flatnonzero(column.numbers == 0.0)[0])]
        raise CaseError(
            f"{row}, {column.header}: 0 has no relative error; give the error in the unit of the column: "
            f"{column.name} error{f' [{column.unit}]' if column.unit else ''}"
        )


# -- the table ------------------------------------------------------------------------------------------------------
def _table(rows: list[str], columns: list[Column]) -> Table:
    """Sort the columns into a table; CaseError if they make no sense together."""
    seen: set[tuple[str, bool]] = set()
    for column in columns:
        if (column.name, column.is_error) in seen:
            raise CaseError(f"two columns {column.name}{' error' if column.is_error else ''}")
        seen.add((column.name, column.is_error))
    time = next((column for column in columns if column.name == "time"), None)
    settings = [column for column in columns if not column.series and column is not time]
    measured = [column for column in columns if column.series and not column.is_error]
    errors = {column.name: column for column in columns if column.is_error}
    for name, error in errors.items():
        if (name, False) not in seen:
            raise CaseError(f"{name} error: there is no column {name}")
        check_relative(error.relative, next(column for column in measured if column.name == name), rows)
    if not measured:
        raise CaseError(f"no column of a measured quantity; known: {', '.join(_SERIES)}")
    if time is None and not settings:
        raise CaseError(
            "the table does not say when or at which setting each row was measured: expected a column of time, for "
            "example time [min], or of a key of the case, for example left.pressure [bar]"
        )
    if time is not None and settings:
        raise CaseError(
            f"columns of time and of {settings[0].name} cannot be combined: rows at different times belong to one run; "
            "give what changes during it as a schedule in the case"
        )
    if not rows:
        raise CaseError("there are no rows; expected one for every measurement")
    for column in measured:
        if not column.numbers.any() and column.name not in errors:
            raise CaseError(
                f"{column.header}: every number is 0, as if nothing was measured: leave the column out, or give its "
                f"standard errors in a column {column.name} error{f' [{column.unit}]' if column.unit else ''}"
            )
    return Table(rows, time, settings, measured, errors)
