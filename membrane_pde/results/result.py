"""The result of a run: summary, series, profiles; saved and loaded without loss."""

from __future__ import annotations

import csv
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from membrane_pde import __version__
from membrane_pde.input.case import Case
from membrane_pde.input.errors import CaseError
from membrane_pde.results import netcdf
from membrane_pde.results.folders import add_files, write_folder
from membrane_pde.results.quantities import (
    PROFILES,
    SERIES,
    Profile,
    Quantity,
    attributes_of,
)

if TYPE_CHECKING:
    import xarray

Arrays = dict[str, NDArray[Any]]

STATUSES = ("completed", "equilibrium", "steady", "failed")

MAX_STORED = 200_000_000  # largest number of values of a result: 1.6 GB, and as much again while they are computed

_ROWS = 10_000  # number of rows written at once
_COMPUTED_WITH = ("numpy", "scipy", "fipy", "scikit-sundae")


def check_size(case: Case, cells: int) -> None:
    """Refuse a run that would store more than `MAX_STORED` numbers.

    Parameters
    ----------
    case : Case
        Of the run.
    cells : int
        How many its mesh has, on both sides together.

    Raises
    ------
    CaseError
        With what to do about it.
    """
    times, solutes = case.run.outputs, len(case.solutes)
    stored = times * (cells * (solutes + len(PROFILES) - 1) + len(SERIES) * solutes + 1)
    if stored > MAX_STORED:
        raise CaseError(
            f"run.outputs = {times}: with {cells} cells and {solutes} solute{'s' if solutes > 1 else ''} that stores "
            f"{stored:.3g} numbers ({8e-9 * stored:.3g} GB); at most {MAX_STORED:.3g}: store fewer times, or use fewer "
            "cells"
        )


class Result:
    """The result of one run.

    Attributes
    ----------
    case : Case
        The case as run.
    summary : dict
        Final numbers; the names carry the SI unit, what does not apply is None.
    arrays : dict of ndarray
        ``time`` (s), every name of `SERIES` with shape (time,) or (time, solute), ``concentration`` (time, solute,
        cell), ``position``, ``width`` and ``volume`` (time, cell), ``side`` (cell,). They may be given as a function
        that makes them, which is called when they are first needed: who runs many cases for their summaries does not
        wait for the profiles.
    """

    profile_table: ClassVar[Mapping[str, Profile]] = PROFILES
    coordinates: ClassVar[tuple[str, ...]] = ("position", "width", "volume")

    def __init__(self, case: Case, summary: dict[str, Any], arrays: Arrays | Callable[[], Arrays]) -> None:
        self.case, self.summary = case, summary
        self._given = arrays

    @cached_property
    def arrays(self) -> Arrays:
        """Every array of the result by its name; see `Result`."""
        made = self._given() if callable(self._given) else self._given
        self._given = made  # what they were made from is no longer needed
        return made

    def __getstate__(self) -> dict[str, Any]:
        """State for `pickle` and `copy`: the arrays themselves, not the function that computes them."""
        self.arrays  # noqa: B018
        return self.__dict__

    @property
    def series_table(self) -> Mapping[str, Quantity]:
        """Table of the quantities with a value at every stored time."""
        return SERIES

    def __repr__(self) -> str:
        """One line: case, status and time at the end, and stored data."""
        return (
            f"<Result of {self.case.name}: {self.summary['status']} at {self.summary['end_time_s']:.6g} s, "
            f"{len(self.arrays['time'])} stored times, solutes {', '.join(self.solutes)}>"
        )

    @property
    def solutes(self) -> list[str]:
        """Names of the solutes, in the order of every solute axis."""
        return list(self.case.solutes)

    @cached_property
    def series(self) -> xarray.Dataset:
        """Quantities with one value at each stored time, dimensions ``time`` and ``solute``."""
        import xarray

        known = self._variables()
        variables, coordinates = (
            {name: known[name] for name in names} for names in (self.series_table, ("time", "solute"))
        )
        return xarray.Dataset(variables, coordinates, self._attributes())

    @cached_property
    def profiles(self) -> xarray.Dataset:
        """Concentration in every cell at every stored time; positions count from the membrane, negative on the left.

        Along a membrane fluxes, flows, pressures and concentrations at every station; positions count from the inlet.
        """
        import xarray

        known = self._variables()
        beside = ("time", "solute", *self.coordinates, *(("side",) if "side" in known else ()))
        there = [name for name in self.profile_table if name not in self.coordinates]
        variables, coordinates = ({name: known[name] for name in names} for names in (there, beside))
        return xarray.Dataset(variables, coordinates, self._attributes())

    def _variables(self) -> dict[str, tuple[tuple[str, ...], NDArray[Any], dict[str, str]]]:
        """Dimensions, values and attributes of every variable by its name."""
        variables: dict[str, tuple[tuple[str, ...], NDArray[Any], dict[str, str]]] = {
            "time": (("time",), self.arrays["time"], {"units": "s", "long_name": "time"}),
            "solute": (("solute",), np.array(self.solutes, dtype=object), {}),
        }
        for name, profile in self.profile_table.items():
            attributes = {"units": profile.unit, "long_name": profile.meaning}
            variables[name] = profile.dimensions, self.arrays[name], attributes
        if "side" in self.arrays:
            variables["side"] = ("cell",), self.arrays["side"], {}
        for name, each in self.series_table.items():
            values = self.arrays[name]
            variables[name] = ("time", "solute")[: values.ndim], values, attributes_of(each)
        return variables

    def _attributes(self) -> dict[str, str]:
        text = self.case.to_toml()
        return {
            "title": self.case.title,
            "case_name": self.case.name,
            "case": text,
            "case_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "membrane_pde_version": __version__,
            **{f"{name.replace('-', '_')}_version": _version_of(name) for name in _COMPUTED_WITH},
            "units": "SI: m, s, mol/m^3, Pa, K; amounts and volumes per membrane area",
        }

    def save(self, folder: str | Path, extra: Callable[[Path], None] | None = None) -> Path:
        """Write ``summary.json``, ``series.csv``, ``result.nc`` and ``case.toml``.

        Each is moved to its name when all are whole; a folder that exists stays, and is written to only if it is empty
        or holds a result of ours, whose files go.

        Parameters
        ----------
        folder : path
            Where to.
        extra : callable, optional
            Writes further files (plots) into the folder it is given, once the others are there. What it raises is
            raised, and they stay.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        CaseError
            If the folder is not ours to write or cannot be written.
        """

        def write(into: Path) -> None:
            (into / "summary.json").write_text(to_json(self.summary), encoding="utf-8")
            (into / "case.toml").write_text(self.case.to_toml(), encoding="utf-8")
            self._write_csv(into / "series.csv")
            self._write_more(into)
            self._write_netcdf(into / "result.nc")

        write_folder(folder, write)
        return Path(folder) if extra is None else add_files(folder, extra)

    def to_html(self, path: str | Path | None = None) -> str:
        """Make a page of the run that a browser opens without network or server; see `membrane_pde.page`.

        Parameters
        ----------
        path : path, optional
            File to write. Only such a page is replaced.

        Returns
        -------
        str
            The text of the page.

        Raises
        ------
        CaseError
            If it cannot be written.
        """
        import membrane_pde  # imported here, because pages belong to a higher package

        return membrane_pde.page(self, path)

    def _write_more(self, folder: Path) -> None:
        """Write the files that only some results have."""

    def _write_csv(self, path: Path) -> None:
        names, columns = ["time_s"], [self.arrays["time"]]
        for name in self.series_table:
            values = self.arrays[name]
            if values.ndim == 1:
                names.append(name)
                columns.append(values)
            else:
                names += [f"{name}[{solute}]" for solute in self.solutes]
                columns += list(values.T)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            for start in range(0, len(columns[0]), _ROWS):  # as Python's numbers they take four times the memory
                rows = np.array([column[start : start + _ROWS] for column in columns], dtype=float).T.tolist()
                # csv writes a float with all its digits, and None as nothing
                writer.writerows([None if value != value else value for value in row] for row in rows)

    def _write_netcdf(self, path: Path) -> None:
        variables = self._variables()
        if "side" in variables:
            variables["concentration"][2]["coordinates"] = "position side volume width"
        sizes: dict[str, int] = {}
        for name, profile in self.profile_table.items():
            sizes |= dict(zip(profile.dimensions, self.arrays[name].shape, strict=True))
        room = sum(values.nbytes for _, values, _ in variables.values())
        if shutil.disk_usage(path.parent).free < room:  # HDF5 may end the process where a disk is full
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        netcdf.write(path, sizes, variables, self._attributes() | {"summary": to_json(self.summary)})


@cache
def _version_of(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"


def to_json(value: dict[str, Any]) -> str:
    """An object as JSON text for a file."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
