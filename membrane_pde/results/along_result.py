"""The result of a case with [module], which has profiles over the stations and a list of elements in addition."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from membrane_pde.input.case import Case
from membrane_pde.results.quantities import ALONG, SERIES, SUMMARY_KEYS, Profile, Quantity
from membrane_pde.results.result import Result

PROFILES_ALONG = {
    "position": Profile(("station",), "m", "distance from the feed's inlet along all elements"),
    "element": Profile(("station",), "1", "number of the element, from 1 in the order of the feed"),
    "area": Profile(("station",), "m^2", "membrane area of the station in all vessels"),
    "water_flux": Profile(("time", "station"), "m/s", "water flux, left to right"),
    "solute_flux": Profile(("time", "solute", "station"), "mol/m^2/s", "solute flux, left to right"),
}
for _side in ("left", "right"):
    PROFILES_ALONG |= {
        f"flow_{_side}": Profile(("time", "station"), "m^3/s", f"flow out of the station of one vessel on the {_side}"),
        f"pressure_{_side}": Profile(("time", "station"), "Pa", f"pressure on the {_side}"),
        f"concentration_{_side}": Profile(("time", "solute", "station"), "mol/m^3", f"concentration on the {_side}"),
        f"wall_concentration_{_side}": Profile(
            ("time", "solute", "station"), "mol/m^3", f"concentration at the membrane on the {_side}"
        ),
    }


def series_along() -> dict[str, Quantity]:
    """Table of the quantities with a value at every stored time."""
    return SERIES | ALONG


class AlongResult(Result):
    """One run of a case with [module].

    ``arrays`` has ``time``, every name of `SERIES` and of `ALONG`, and every name of `PROFILES_ALONG`.
    """

    profile_table = PROFILES_ALONG
    coordinates = ("position", "element", "area")

    @property
    def series_table(self) -> dict[str, Quantity]:
        """Table of the quantities with a value at every stored time."""
        return series_along()

    @property
    def elements(self) -> list[dict[str, Any]]:
        """The elements of one vessel of each stage, at the end."""
        return list(self.summary["elements"] or [])

    def _write_more(self, folder: Path) -> None:
        rows = [_flat(each) for each in self.elements]
        with (folder / "elements.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(rows[0])
            writer.writerows(row.values() for row in rows)


def _flat(element: dict[str, Any]) -> dict[str, Any]:
    """An element with a column for each solute."""
    plain: dict[str, Any] = {}
    for key, value in element.items():
        if isinstance(value, dict):
            plain |= {f"{key}[{solute}]": one for solute, one in value.items()}
        else:
            plain[key] = value
    return plain


def load_along(case: Case, summary: Any, file: Any) -> AlongResult:
    """Load a result of a case with [module] that `Result.save` wrote.

    Raises
    ------
    ValueError
        If it is not whole.
    """
    arrays = {name: np.asarray(file[name][...]) for name in ("time", *series_along(), *PROFILES_ALONG)}
    if not isinstance(summary, dict) or not SUMMARY_KEYS.keys() <= summary.keys():
        raise ValueError("its summary is not whole")
    sizes = {"time": len(arrays["time"]), "solute": len(case.solutes), "station": len(arrays["position"])}
    for name, profile in PROFILES_ALONG.items():
        if arrays[name].shape != tuple(sizes[each] for each in profile.dimensions):
            raise ValueError(f"{name} has the wrong size")
    for name, each in series_along().items():
        if arrays[name].shape != (sizes["time"], sizes["solute"])[: 2 if each.by_solute else 1]:
            raise ValueError(f"{name} has the wrong size")
    return AlongResult(case, summary, arrays)


def steady_arrays(case: Case, summary: dict[str, Any], seen: Any) -> dict[str, NDArray[Any]]:
    """The arrays of a steady state: one stored time."""
    arrays: dict[str, NDArray[Any]] = {"time": np.zeros(1)}
    for name, each in series_along().items():
        value = summary[name]
        if each.by_solute:
            row = [(value or {}).get(solute) for solute in case.solutes]
            arrays[name] = np.array([[np.nan if v is None else v for v in row]], dtype=float)
        else:
            arrays[name] = np.array([np.nan if value is None else value], dtype=float)
    return arrays | profiles_along([seen])


def profiles_along(states: list[Any]) -> dict[str, NDArray[Any]]:
    """Profiles over the stations of states at the stored times."""
    first = states[0]

    def stacked(pick: Any) -> NDArray[Any]:
        return np.moveaxis(np.array([pick(each) for each in states], dtype=float), 1, -1)

    arrays: dict[str, NDArray[Any]] = {
        "position": first.position,
        "element": first.element + 1.0,
        "area": first.area,
        "water_flux": stacked(lambda seen: seen.water_flux),
        "solute_flux": stacked(lambda seen: seen.solute_flux),
    }
    for side, name in enumerate(("left", "right")):
        arrays |= {
            f"flow_{name}": stacked(lambda seen, i=side: seen.flow[i]),
            f"pressure_{name}": stacked(lambda seen, i=side: seen.pressure[i]),
            f"concentration_{name}": stacked(lambda seen, i=side: seen.concentration[i]),
            f"wall_concentration_{name}": stacked(lambda seen, i=side: seen.wall[i]),
        }
    return arrays
