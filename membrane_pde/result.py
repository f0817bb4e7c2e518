"""What a run leaves: summary, series, profiles; saved and loaded without losing a bit."""

from __future__ import annotations

import csv
import errno
import hashlib
import json
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from membrane_pde import __version__
from membrane_pde.case import MAX_STORED, Case, CaseError
from membrane_pde.casefile import parse_case
from membrane_pde.units import cut

if TYPE_CHECKING:
    import xarray

# name -> (unit, what it is); the order is the order of the columns of series.csv
SERIES = {
    "water_flux_m_per_s": ("m/s", "water flux, left to right"),
    "displaced_volume_m": ("m", "displaced volume per membrane area, left to right"),
    "solute_flux_mol_per_m2_s": ("mol/m^2/s", "solute flux through the membrane, left to right"),
    "amount_transferred_mol_per_m2": ("mol/m^2", "amount that passed the membrane, left to right"),
    "pressure_left_Pa": ("Pa", "hydrostatic pressure on the left"),
    "pressure_right_Pa": ("Pa", "hydrostatic pressure on the right"),
    "length_left_m": ("m", "volume per membrane area, left"),
    "length_right_m": ("m", "volume per membrane area, right"),
    "concentration_left_mol_per_m3": ("mol/m^3", "mean concentration, left"),
    "concentration_right_mol_per_m3": ("mol/m^3", "mean concentration, right"),
    "wall_concentration_left_mol_per_m3": ("mol/m^3", "concentration at the membrane, left"),
    "wall_concentration_right_mol_per_m3": ("mol/m^3", "concentration at the membrane, right"),
    "osmotic_pressure_left_Pa": ("Pa", "osmotic pressure of the mean concentrations, left"),
    "osmotic_pressure_right_Pa": ("Pa", "osmotic pressure of the mean concentrations, right"),
    "wall_osmotic_pressure_left_Pa": ("Pa", "osmotic pressure at the membrane, left"),
    "wall_osmotic_pressure_right_Pa": ("Pa", "osmotic pressure at the membrane, right"),
    "polarization_modulus": ("1", "wall over bulk concentration on the side the water leaves"),
    "rejection": ("1", "observed rejection"),
    "collected_concentration_mol_per_m3": (
        "mol/m^3",
        "concentration of all that has passed the membrane so far, amount over volume",
    ),
    "collected_rejection": (
        "1",
        "1 - collected concentration over the mean one of all that the other side held at the start and was fed",
    ),
    "energy_J_per_m2": ("J/m^2", "work of the applied pressures"),
    "amount_error": ("1", "imbalance of the amounts"),
    "distance_to_equilibrium": ("1", "distance to the analytic equilibrium"),
}

# name -> (dimensions, unit, what it is)
PROFILES = {
    "concentration": (("time", "solute", "cell"), "mol/m^3", "concentration"),
    "position": (("time", "cell"), "m", "from the membrane"),
    "width": (("time", "cell"), "m", "width of the cell"),
}

SUMMARY_KEYS = (
    "title",
    "status",
    "message",
    "end_time_s",
    "process",
    "tonicity",
    *(name for name in SERIES if name not in ("energy_J_per_m2", "amount_error", "distance_to_equilibrium")),
    "amount_error",
    "energy_J_per_m2",
    "specific_energy_J_per_m3",
    "throttled_energy_J_per_m3",
    "minimum_energy_J_per_m3",
    "second_law_efficiency",
    "equilibrium",
    "distance_to_equilibrium",
    "cells",
    "steps",
    "solve_time_s",
    "version",
)

# what results saved by earlier versions do not have
_ADDED = ("collected_concentration_mol_per_m3", "collected_rejection", "throttled_energy_J_per_m3")

_COMPUTED_WITH = ("numpy", "scipy", "fipy", "scikit-sundae")
_SCRATCH = ".membrane-pde-"
_DAY = 86400.0  # s
_ATTEMPTS = 100  # to put a folder where other runs put theirs
_FILES = (
    "summary.json",
    "series.csv",
    "result.nc",
    "case.toml",
    "comparison.csv",
    "sweep.csv",
    "sweep.nc",
    "fit.json",
    "fit.csv",
)


@dataclass(eq=False)
class Result:
    """One run.

    Attributes
    ----------
    case : Case
        The case as run.
    summary : dict
        Final numbers; the names carry the SI unit, what does not apply is None.
    arrays : dict of ndarray
        ``time`` (s), every name of `SERIES` with shape (time,) or (time, solute), ``concentration`` (time, solute,
        cell), ``position`` (time, cell), ``width`` (time, cell), ``side`` (cell,).
    """

    case: Case
    summary: dict[str, Any]
    arrays: dict[str, NDArray[Any]]

    def __repr__(self) -> str:
        """One line: which case, how it ended and when, and what is stored."""
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
        """Everything that has one value a stored time, dimensions ``time`` and ``solute``."""
        import xarray

        known = self._variables()
        variables, coordinates = ({name: known[name] for name in names} for names in (SERIES, ("time", "solute")))
        return xarray.Dataset(variables, coordinates, self._attributes())

    @cached_property
    def profiles(self) -> xarray.Dataset:
        """Concentration in every cell at every stored time; positions count from the membrane, left is negative."""
        import xarray

        known = self._variables()
        coordinates = {name: known[name] for name in ("time", "solute", "position", "width", "side")}
        return xarray.Dataset({"concentration": known["concentration"]}, coordinates, self._attributes())

    def _variables(self) -> dict[str, tuple[tuple[str, ...], NDArray[Any], dict[str, str]]]:
        """Dimensions, values and attributes of every variable by its name."""
        variables: dict[str, tuple[tuple[str, ...], NDArray[Any], dict[str, str]]] = {
            "time": (("time",), self.arrays["time"], {"units": "s", "long_name": "time"}),
            "solute": (("solute",), np.array(self.solutes, dtype=object), {}),
        }
        for name, (dims, unit, long_name) in PROFILES.items():
            variables[name] = dims, self.arrays[name], {"units": unit, "long_name": long_name}
        variables["side"] = ("cell",), self.arrays["side"], {}
        for name, (unit, long_name) in SERIES.items():
            values = self.arrays[name]
            variables[name] = ("time", "solute")[: values.ndim], values, {"units": unit, "long_name": long_name}
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

        Everything is written beside the folder and moved there when whole; a folder that exists is replaced only if it
        holds a result of ours.

        Parameters
        ----------
        folder : path
            Where to.
        extra : callable, optional
            Writes further files (plots) into the folder it is given, before the move.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        CaseError
            If the folder is not ours to replace or cannot be written.
        """

        def write(into: Path) -> None:
            (into / "summary.json").write_text(to_json(self.summary), encoding="utf-8")
            (into / "case.toml").write_text(self.case.to_toml(), encoding="utf-8")
            self._write_csv(into / "series.csv")
            self._write_netcdf(into / "result.nc")
            if extra is not None:
                extra(into)

        return write_folder(folder, write)

    def _write_csv(self, path: Path) -> None:
        names, columns = ["time_s"], [self.arrays["time"]]
        for name in SERIES:
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
            # csv writes a float with all its digits, and None as nothing
            rows = np.array(columns, dtype=float).T.tolist()
            writer.writerows([None if value != value else value for value in row] for row in rows)

    def _write_netcdf(self, path: Path) -> None:
        """Write a netCDF-4 file as what it is, HDF5 with dimension scales.

        xarray and h5netcdf would write the same, but load and write for longer than a run takes. See "File Format
        Specifications" of the netCDF manual.
        """
        import h5py  # type: ignore[import-untyped]

        variables = self._variables()
        variables["concentration"][2]["coordinates"] = "position side width"
        with h5py.File(path, "w", track_order=True) as file:
            file.attrs.update(self._attributes() | {"summary": to_json(self.summary)})
            scales = {}
            for number, (name, size) in enumerate(
                zip(PROFILES["concentration"][0], self.arrays["concentration"].shape, strict=True)
            ):
                if name in variables:
                    scales[name], title = _put(file, name, *variables[name][1:]), name
                else:
                    scales[name] = file.create_dataset(name, (size,), ">f4", track_order=True)
                    title = f"This is a netCDF dimension but not a netCDF variable.{size:10}"
                scales[name].make_scale(title)
                scales[name].attrs["_Netcdf4Dimid"] = np.int32(number)
            for name, (dims, values, attributes) in variables.items():
                if name not in scales:
                    dataset = _put(file, name, values, attributes)
                    for axis, dim in enumerate(dims):
                        dataset.dims[axis].attach_scale(scales[dim])


def _put(file: Any, name: str, values: NDArray[Any], attributes: dict[str, str]) -> Any:
    """Put an array of numbers or words into a file, with NaN as what is missing."""
    import h5py

    if values.dtype == object:
        dataset = file.create_dataset(name, data=values, dtype=h5py.string_dtype(), track_order=True)
    else:
        dataset = file.create_dataset(name, data=values, fillvalue=np.nan, track_order=True)
        dataset.attrs["_FillValue"] = np.array([np.nan])
    dataset.attrs.update(attributes)
    return dataset


def load_result(folder: str | Path) -> Result:
    """Read what `Result.save` wrote.

    Parameters
    ----------
    folder : path
        Folder of a run.

    Returns
    -------
    Result
        Equal to the saved one to the last bit.

    Raises
    ------
    CaseError
        If the folder holds no result of ours.
    """
    path = Path(folder) / "result.nc"
    if not path.is_file():
        raise CaseError(f"{folder}: no result here (result.nc is missing); give the folder that `run --out` wrote")
    import h5py

    try:
        with h5py.File(path) as file:
            case = parse_case(file.attrs["case"], name=file.attrs["case_name"])
            summary = json.loads(file.attrs["summary"])
            names = [name for name in ("time", *SERIES, *PROFILES, "side") if name in file or name not in _ADDED]
            if any(file[name].size > MAX_STORED for name in names):
                raise ValueError("more numbers than a run stores")
            arrays = {name: file[name].asstr()[...] if name == "side" else file[name][...] for name in names}
        for name in _ADDED:
            if isinstance(summary, dict):
                summary.setdefault(name, None)
            if name in SERIES and name not in arrays:
                arrays[name] = np.full_like(arrays["rejection"], np.nan)
        _check_whole(case, summary, arrays)
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError, CaseError) as error:
        what = cut(str(error).splitlines()[0] if str(error) else type(error).__name__, 200)
        raise CaseError(f"{path}: not a result of membrane-pde, or damaged ({what})") from error
    return Result(case, summary, arrays)


def _check_whole(case: Case, summary: Any, arrays: dict[str, NDArray[Any]]) -> None:
    """Every number that a result has is there, and as many as belong together."""
    if not isinstance(summary, dict) or not set(SUMMARY_KEYS) <= summary.keys():
        raise ValueError("its summary is not whole")
    sizes = {"time": arrays["time"].size, "solute": len(case.solutes), "cell": arrays["side"].size}
    for name, values in arrays.items():
        if name in PROFILES:
            shapes = [tuple(sizes[dim] for dim in PROFILES[name][0])]
        elif name == "side":
            shapes = [(sizes["cell"],)]
        else:
            shapes = [(sizes["time"],), (sizes["time"], sizes["solute"])][: 1 if name == "time" else 2]
        if values.shape not in shapes or (name != "side" and values.dtype != float):
            raise ValueError(f"{name} has the wrong size or type")


def check_output(folder: str | Path) -> None:
    """Make sure, before anything is computed, that a result can be written to a folder.

    Parameters
    ----------
    folder : path
        Where to.

    Raises
    ------
    CaseError
        If it is a file, holds something that is not ours, or cannot be written.
    """
    target = Path(folder)
    try:
        if target.is_symlink() and not target.exists():
            raise CaseError(f"--out {target}: a link that leads nowhere; give another folder")
        with suppress(FileNotFoundError, NotADirectoryError):
            if not stat.S_ISDIR(target.stat().st_mode):
                raise CaseError(f"--out {target}: this is a file; give a folder")
        _refuse_foreign(target, target)
        check_parent(_resolved(target).parent)
    except OSError as error:
        raise CaseError(f"--out {target}: cannot be written ({error.strerror or error})") from error


def check_parent(folder: Path) -> None:
    """Raise an OSError if nothing can be written to a folder, or where it will be made; nothing is left."""
    while not os.path.lexists(folder):
        folder = folder.parent
    os.rmdir(tempfile.mkdtemp(prefix=_SCRATCH, dir=folder))


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A folder in another one, which is made if there is none, to write something that is then moved to its name.

    Those of processes that were killed while they wrote, which takes seconds, go after a day.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{_SCRATCH}*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _DAY:
                shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=folder) as made:
        yield Path(made)


def _refuse_foreign(folder: Path, shown: Path) -> None:
    """Refuse a folder that holds something that is not ours.

    If it was replaced by another run meanwhile, what was seen is of two folders: look again.
    """
    for _ in range(_ATTEMPTS):
        before = _identity(folder)
        if before is None:
            return
        try:
            held = sorted(entry.name for entry in folder.iterdir())
        except FileNotFoundError:
            return
        foreign = [name for name in held if not _may_be_ours(folder / name)]
        ours = any(_is_ours(folder / name) for name in ("summary.json", "fit.json")) or _is_sweep(folder / "sweep.nc")
        if not held or (ours and not foreign):
            return
        if _identity(folder) == before:
            break
    what = ", ".join((foreign or held)[:3])
    raise CaseError(
        f"--out {shown}: the folder holds something that is not a result of membrane-pde ({what}) "
        "and is left alone; give another folder, or empty this one"
    )


def _identity(folder: Path) -> tuple[int, int, int] | None:
    try:
        found = folder.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_ctime_ns  # a folder may get the number of one that has just gone


def _resolved(path: Path) -> Path:
    """The path without links."""
    try:
        return path.resolve()
    except RuntimeError as error:  # what Python before 3.13 says of links in a circle
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from error


@cache
def _version_of(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"


def _may_be_ours(path: Path) -> bool:
    return path.is_file() and (path.name in _FILES or (path.suffix == ".png" and not path.name.startswith(".")))


def _is_ours(path: Path) -> bool:
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not isinstance(summary, dict):
        return False
    run, fit = {"process", "amount_error", "version"}, {"parameters", "correlation", "version"}
    return "cases" in summary or run <= set(summary) or fit <= set(summary)


def _is_sweep(path: Path) -> bool:
    import h5py

    try:
        with h5py.File(path) as file:
            return "membrane_pde_version" in file.attrs
    except OSError:
        return False


def write_folder(folder: str | Path, write: Callable[[Path], None]) -> Path:
    """Let `write` fill a folder beside the final one, and move it there when it is whole.

    Parameters
    ----------
    folder : path
        The final folder; see `check_output` for what may be replaced.
    write : callable
        Gets the temporary folder.

    Returns
    -------
    Path
        The final folder.

    Raises
    ------
    CaseError
        If the folder is not ours to replace or cannot be written; nothing half-written is left.
    """
    check_output(folder)
    try:
        target = _resolved(Path(folder))
        with scratch(target.parent) as made:
            new, old = made / "new", made / "old"
            new.mkdir()
            write(new)
            _replace(target, new, old, Path(folder))
    except OSError as error:
        shown = Path(folder)
        raise CaseError(f"--out {shown}: cannot be written ({error.strerror or error}); nothing was left") from error
    return Path(folder)


def _replace(target: Path, new: Path, old: Path, shown: Path) -> None:
    """Move a folder to its final name; one that is there is moved aside, and comes back if that fails.

    Another run may do the same at the same moment: whichever comes last stays, whole.
    """
    for attempt in range(_ATTEMPTS):
        aside = old.with_name(f"{old.name}-{attempt}")
        with suppress(FileNotFoundError):
            target.rename(aside)
        try:
            _refuse_foreign(aside, shown)  # somebody may have put something there while this run was writing
            new.rename(target)
            return
        except BaseException as error:  # Ctrl-C, too
            taken = isinstance(error, OSError) and error.errno in (errno.ENOTEMPTY, errno.EEXIST)
            if not taken or attempt + 1 == _ATTEMPTS:
                if aside.exists() and not target.exists():
                    aside.rename(target)
                raise


def to_json(value: dict[str, Any]) -> str:
    """An object as the text of a file."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
