"""A sweep as text and files: the values given by ``--vary``, and the folder of the results."""

from __future__ import annotations

import csv
import io
import math
import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from membrane_pde.input import tables, units
from membrane_pde.input.errors import CaseError
from membrane_pde.input.overrides import parse_override
from membrane_pde.input.wording import cut, show
from membrane_pde.results import netcdf
from membrane_pde.results.folders import write_folder
from membrane_pde.results.quantities import QUANTITIES, SUMMARY
from membrane_pde.results.result import STATUSES

if TYPE_CHECKING:
    import xarray

MAX_VALUES = 1_000_000  # largest number of values of one key of --vary
MAX_READ = 500_000_000  # largest number of values read from the file of a sweep

_SPREAD = re.compile(r"([^\s:]+)\s*:\s*([^\s:]+)\s*:\s*([0-9]+)(?![0-9.,:])\s*([^:]*)")
_HEADER = re.compile(r"([^\[\]]*[^\[\]\s])\s*(?:\[\s*([^\[\]]*[^\[\]\s])\s*\])?")
_ROWS = 10_000  # number of rows written at once
_SLASH = "∕"  # in place of "/", which no name in a netCDF file may have


# -- what goes in ---------------------------------------------------------------------------------------------------
def parse_values(text: str) -> tuple[str, list[str]]:
    """Split ``left.pressure=0:80:17 bar`` or ``membrane.type=SW30HR; BW30`` into path and values.

    Parameters
    ----------
    text : str
        The text given by ``--vary``: values separated by ";", each written as for ``--set``; start:stop:count and a
        unit means so many evenly spaced values, including both ends.

    Returns
    -------
    tuple of str and list of str
        The path of the key and the values, for `sweep`.

    Raises
    ------
    CaseError
        If the text has another form, or there are more values than `MAX_VALUES`.
    """
    path, values = parse_override(text, 'KEY=VALUES, for example left.pressure="0:80:17 bar"')
    if any(quote in values for quote in "\"'"):  # not around the whole, but around each
        values = text.partition("=")[2].strip()
    found: list[str] = []
    for part in values.split(";"):
        _, value = parse_override(f"{path}={part}")  # each may have quotes of its own
        if not value:
            raise CaseError(f'{cut(path)} = {show(values)}: a value is missing; expected for example "0 bar; 50 bar"')
        found += _spread(path, value) if ":" in value and re.match(r"[+-]?[0-9.,]", value) else [value]
        if len(found) > MAX_VALUES:
            raise CaseError(f"{cut(path)} = {show(values)}: too many values; at most {MAX_VALUES}")
    return path, found


def read_values(path: Path) -> dict[str, list[str]]:
    """Read a table of runs, with a column for each key and a row for each run.

    Parameters
    ----------
    path : Path
        A CSV file. A header is the path of a key and, in brackets, the unit of its numbers: "left.pressure [bar]";
        without one every cell is a value as for ``--set``: "60 bar".

    Returns
    -------
    dict of str and list of str
        The values of each key, for a `sweep` with ``zipped=True``.

    Raises
    ------
    CaseError
        If the table cannot be read, has two columns of one key, or an empty cell; the message names line and column.
    """
    columns, rows = tables.read_csv(path, MAX_VALUES)
    shown, found = cut(str(path), 120), dict[str, list[str]]()
    for header, cells in columns:
        match = _HEADER.fullmatch(header)
        if match is None:
            raise CaseError(
                f"{shown}: {show(header)}: expected the path of a key, and the unit of its numbers if it has one, for "
                'example "left.pressure [bar]"'
            )
        key, unit = match.groups()
        if key in found:
            raise CaseError(f"{shown}: two columns {cut(key)}")
        found[key] = [
            _cell(f"{shown}: {row}, {cut(header)}", cell, unit) for row, cell in zip(rows, cells, strict=True)
        ]
    if not rows:
        raise CaseError(f"{shown}: there are no rows; expected one for every run")
    return found


def _cell(where: str, cell: str, unit: str | None) -> str:
    """The value of a cell, with the unit of its header if there is one."""
    if not cell:
        raise CaseError(f"{where}: a value is missing")
    if unit is None:
        return cell
    try:
        units.number(cell)
    except ValueError:
        raise CaseError(f"{where} = {show(cell)}: expected a number, as its unit stands in the header") from None
    return f"{cell} {unit}"


def _spread(path: str, text: str) -> list[str]:
    """The values meant by start:stop:count and a unit, without round-off: 0.3, not 0.30000000000000004."""
    match = _SPREAD.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        first, last = (Fraction(repr(units.number(end))) for end in match.group(1, 2))
    except ValueError:  # also of "inf" and "nan", which are no fractions
        raise CaseError(
            f"{cut(path)} = {show(text)}: expected start:stop:count, three numbers with decimal points, and one unit, "
            'for example "0:80:17 bar"'
        ) from None
    steps, unit = int(match[3][:20]) - 1, match[4]
    if not 1 <= steps < MAX_VALUES:
        raise CaseError(f"{cut(path)} = {show(text)}: expected a count from 2, for both ends, to {MAX_VALUES}")
    whole = math.lcm(first.denominator, last.denominator)
    start, stop = int(first * whole), int(last * whole)
    numbers = ((start * (steps - i) + stop * i) / (whole * steps) for i in range(steps + 1))
    return [f"{repr(number).removesuffix('.0')} {unit}".rstrip() for number in numbers]


# -- what comes out -------------------------------------------------------------------------------------------------
def varied(swept: xarray.Dataset) -> list[str]:
    """The keys that a sweep varied, in their order."""
    return [str(name) for name in swept.coords if name != "solute"]


def heading(swept: xarray.Dataset, key: str) -> str:
    """A varied key with the unit of its numbers, for example "left.pressure [bar]"."""
    unit = swept[key].attrs.get("units")
    return f"{key} [{unit}]" if unit else key


def unfolded(swept: xarray.Dataset) -> dict[str, NDArray[Any]]:
    """Return the results of a sweep with a row for each run; the last key varies fastest.

    Parameters
    ----------
    swept : xarray.Dataset
        From `sweep`.

    Returns
    -------
    dict of ndarray
        First the varied keys, then the variables, each of shape (run,) or (run, solute).
    """
    runs = swept["status"]
    columns = {key: swept[key].broadcast_like(runs).transpose(*runs.dims).values.reshape(-1) for key in varied(swept)}
    for name, values in swept.data_vars.items():
        by_solute = [swept.sizes["solute"]] if "solute" in values.dims else []
        columns[str(name)] = values.values.reshape(runs.size, *by_solute)
    return columns


def save(swept: xarray.Dataset, folder: str | Path) -> Path:
    """Write ``sweep.csv``, ``sweep.nc`` and ``case.toml``, as `Result.save` writes a folder.

    Parameters
    ----------
    swept : xarray.Dataset
        From `sweep`.
    folder : path
        Where to write.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    CaseError
        If the folder holds files of others, or cannot be written.
    """

    def write(into: Path) -> None:
        (into / "case.toml").write_text(swept.attrs["case"], encoding="utf-8")
        _write_csv(swept, into / "sweep.csv")
        _write_netcdf(swept, into / "sweep.nc")

    return write_folder(folder, write, sweep=True)


def _write_netcdf(swept: xarray.Dataset, path: Path) -> None:
    """Write the file in one go: HDF5 would end the process if the disk became full while it writes."""
    import h5netcdf
    from xarray.backends import H5NetCDFStore

    whole = io.BytesIO()
    with h5netcdf.File(whole, "w") as file:
        _renamed(swept, "/", _SLASH).dump_to_store(H5NetCDFStore(file))
    path.write_bytes(whole.getbuffer())


def load(folder: str | Path) -> xarray.Dataset | None:
    """Read the dataset that `save` wrote.

    Parameters
    ----------
    folder : path
        Folder of a sweep.

    Returns
    -------
    xarray.Dataset or None
        Equal to the saved one to the last bit; None if there is none.

    Raises
    ------
    CaseError
        If the file is damaged, or something else.
    """
    import xarray
    from xarray.backends import H5NetCDFStore

    path = Path(folder) / "sweep.nc"
    if not path.is_file():
        return None
    try:
        with netcdf.opened(path, MAX_READ) as file:
            swept = _renamed(xarray.open_dataset(H5NetCDFStore(file), decode_times=False).load(), _SLASH, "/")
        words = {name: each.astype(object) for name, each in swept.variables.items() if each.dtype.kind == "U"}
        coordinates = {name: words.pop(name) for name in swept.coords if name in words}
        swept = swept.assign(words).assign_coords(coordinates)
        _check_whole(swept)
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError, MemoryError) as error:
        what = cut(str(error).splitlines()[0] if str(error) else type(error).__name__, 200)
        raise CaseError(
            f"{path}: not a sweep of membrane-pde, or damaged ({what}); remove it to start again"
        ) from error
    return swept


def _check_whole(swept: xarray.Dataset) -> None:
    """Raise ValueError unless all variables of a sweep are there, in the right shape."""
    known, keys = [each for each in QUANTITIES if each.unit != SUMMARY and each.name not in swept.coords], varied(swept)
    needed = {each.name for each in known if not each.added}
    if missing := needed - set(swept.data_vars) | set(swept.data_vars) - {each.name for each in known}:
        raise ValueError(f"not the numbers of a sweep: {', '.join(sorted(map(str, missing))[:3])}")
    if "solute" not in swept.coords or not keys:
        raise ValueError("no solutes, or no key that was varied")
    dims = swept["status"].dims
    for name, values in swept.data_vars.items():
        if values.dims not in (dims, (*dims, "solute")):
            raise ValueError(f"{name} has the wrong shape")
    if not set(np.unique(swept["status"].values.astype(str))) <= set(STATUSES):
        raise ValueError("a status that no run has")


def _renamed(swept: xarray.Dataset, old: str, new: str) -> xarray.Dataset:
    return swept.rename({name: str(name).replace(old, new) for name in swept.variables if old in str(name)})


def _write_csv(swept: xarray.Dataset, path: Path) -> None:
    keys, solutes = varied(swept), swept["solute"].values
    columns: dict[str, NDArray[Any]] = {}
    for name, values in unfolded(swept).items():
        if values.ndim == 2:
            columns |= {f"{name}[{solute}]": values[:, i] for i, solute in enumerate(solutes)}
        else:
            columns[heading(swept, name) if name in keys else name] = values
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for start in range(0, swept["status"].size, _ROWS):
            writer.writerows(zip(*(_cells(column[start : start + _ROWS]) for column in columns.values()), strict=True))


def _cells(column: NDArray[Any]) -> list[object]:
    """Values for csv: an empty cell for NaN, a float with all its digits otherwise."""
    values: list[object] = column.tolist()
    if column.dtype.kind == "f" and np.isnan(column).any():
        return [None if value != value else value for value in values]
    return values
