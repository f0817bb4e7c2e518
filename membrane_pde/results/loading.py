"""Read a saved result, and refuse files that are damaged or of another program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from membrane_pde.input.case import Case
from membrane_pde.input.casefile import parse_case
from membrane_pde.input.errors import CaseError
from membrane_pde.input.wording import cut
from membrane_pde.results import netcdf
from membrane_pde.results.along_result import load_along
from membrane_pde.results.quantities import PROFILES, QUANTITIES, SERIES, SUMMARY_KEYS
from membrane_pde.results.result import MAX_STORED, Result

_ADDED = [each.name for each in QUANTITIES if each.added]
_ADDED_PROFILES = [name for name, each in PROFILES.items() if each.added]


def load_result(folder: str | Path) -> Result:
    """Load a result that `Result.save` wrote.

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
    try:
        with netcdf.opened(path, MAX_STORED + 10**6) as file:  # with names, and what only counts
            case = parse_case(file.attrs["case"], name=file.attrs["case_name"])
            summary = json.loads(file.attrs["summary"])
            if case.module is not None:
                return load_along(case, summary, file)
            present = {*file.variables}.union({*SERIES, *PROFILES}.difference(_ADDED, _ADDED_PROFILES))
            names = [name for name in ("time", *SERIES, *PROFILES) if name in present]
            arrays = {name: np.asarray(file[name][...]) for name in names}
            sides = np.asarray(file["side"][...]).tolist()
        for name in _ADDED:
            if isinstance(summary, dict):
                summary.setdefault(name, None)
            if name in SERIES and name not in arrays:
                like = arrays["rejection" if SERIES[name].by_solute else "time"]
                arrays[name] = np.full_like(like, np.nan)
        arrays.setdefault("volume", arrays["width"])  # without it all results were planar
        _check_whole(case, summary, arrays)
        arrays["side"] = np.where(arrays["position"][0] < 0.0, "left", "right").astype(object)
        if sides != arrays["side"].tolist():
            raise ValueError("side is not that of the positions")
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError, MemoryError, CaseError) as error:
        what = cut(str(error).splitlines()[0] if str(error) else type(error).__name__, 200)
        raise CaseError(f"{path}: not a result of membrane-pde, or damaged ({what})") from error
    return Result(case, summary, arrays)


def _check_whole(case: Case, summary: Any, arrays: dict[str, NDArray[Any]]) -> None:
    """Check that all arrays of a result are there, with sizes that fit together."""
    if not isinstance(summary, dict) or not SUMMARY_KEYS.keys() <= summary.keys():
        raise ValueError("its summary is not whole")
    times, cells = arrays["position"].shape if arrays["position"].ndim == 2 else (0, 0)
    sizes = {"time": times, "solute": len(case.solutes), "cell": cells}
    for name, values in arrays.items():
        if name in PROFILES:
            shapes = [tuple(sizes[dim] for dim in PROFILES[name].dimensions)]
        else:
            shapes = [(sizes["time"],), (sizes["time"], sizes["solute"])][: 1 if name == "time" else 2]
        if values.shape not in shapes or values.dtype != float:
            raise ValueError(f"{name} has the wrong size or type")
    if not times or not np.isfinite(arrays["position"]).all():
        raise ValueError("no position of a cell")
