"""The table of a sweep, and a line about the runs that failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from membrane_pde.show import presets
from membrane_pde.show.formatting import number, time_unit
from membrane_pde.show.printing import Row, say, show_rows
from membrane_pde.show.readings import peak
from membrane_pde.show.report_along import flow_unit
from membrane_pde.show.sentences import AS_NOTHING

_MOST_RUNS = 40  # the largest number of runs that are printed


def sweep_table(
    columns: Mapping[str, Any], headings: Mapping[str, str], solutes: Iterable[str]
) -> tuple[Row, list[Row]]:
    """Return a row with the end of each run of a sweep; of a long sweep only the first and the last runs.

    Parameters
    ----------
    columns : mapping of str to ndarray
        The varied keys and the results, of shape (run,) or (run, solute).
    headings : mapping of str to str
        Column heading of each varied key.
    solutes : iterable of str

    Returns
    -------
    header : tuple of str
        The varied keys, the status, and each quantity that is known and not 0 in at least one run.
    rows : list of tuple of str
    """
    import numpy as np

    runs = len(columns["status"])
    shown = range(runs) if runs <= _MOST_RUNS else [*range(_MOST_RUNS // 2), *range(runs - _MOST_RUNS // 2, runs)]
    table = {heading: [_as_written(columns[key][i]) for i in shown] for key, heading in headings.items()}
    table |= {name: [str(columns[name][i]) for i in shown] for name in ("status", "process")}

    def add(name: str, unit: str, per_si: float, values: Any) -> None:
        if np.nan_to_num(values).any():
            heading = f"{name} [{unit}]" if unit else name
            table[heading] = [number(float(values[i]) * per_si, scale=peak(values) * per_si) for i in shown]

    ends = columns["end_time_s"]
    if len(np.unique(ends[np.isfinite(ends)])) > 1:
        add("end", *time_unit(peak(ends)), ends)
    add("water flux", *presets.unit("water flux"), columns["water_flux_m_per_s"])
    if np.isfinite(columns["area_m2"]).any():  # along a membrane
        for side in ("left", "right"):
            add(f"pressure, {side}", *presets.unit("pressure"), columns[f"pressure_{side}_Pa"])
        add("permeate", *flow_unit(peak(columns["permeate_flow_m3_per_s"])), columns["permeate_flow_m3_per_s"])
        add("recovery", "%", 100.0, columns["recovery"])
        add("energy of the pumps", *presets.unit("energy"), columns["pump_energy_J_per_m3"])
    add("water moved", *presets.unit("water moved"), columns["displaced_volume_m"])
    for i, solute in enumerate(solutes):
        rejection, whole = (columns[key][:, i] for key in ("rejection", "collected_rejection"))
        share = np.clip(rejection, 0.0, 1.0)
        add(f"{solute} rejection", "%", 100.0, np.where(np.abs(share - rejection) <= AS_NOTHING, share, np.nan))
        cleared = columns["clearance_m3_per_s"][:, i]
        if (rejection < -AS_NOTHING).any() and np.isfinite(cleared).any():  # a dialyser: more than the water carries
            add(f"{solute} clearance", *flow_unit(peak(cleared)), cleared)
        if np.nanmax(np.abs(whole - rejection), initial=0.0) > 5e-4:
            add(f"{solute} rejection, whole run", "%", 100.0, whole)
    recovered, throttled = (columns[f"{kind}_energy_J_per_m3"] for kind in ("specific", "throttled"))
    add("energy per volume", *presets.unit("energy"), recovered)
    if (throttled > recovered + 1e-9 * np.abs(recovered)).any():
        add("without energy recovery", *presets.unit("energy"), throttled)
    add("distance to equilibrium", "%", 100.0, columns["distance_to_equilibrium"])
    rows = list(zip(*table.values(), strict=True))
    if len(rows) < runs:
        rows.insert(_MOST_RUNS // 2, ("…",) * len(table))
    return tuple(table), rows


def failures(columns: Mapping[str, Any], headings: Mapping[str, str]) -> str:
    """Say how many runs failed, and why the first of them did. Arguments as in `sweep_table`."""
    failed = (columns["status"] == "failed").nonzero()[0]
    values = ", ".join(f"{heading} = {_as_written(columns[key][failed[0]])}" for key, heading in headings.items())
    first = "" if len(failed) == 1 else "the first with "
    return f"{len(failed)} of {len(columns['status'])} runs failed; {first}{values}: {columns['message'][failed[0]]}"


def _as_written(value: Any) -> str:
    return value if isinstance(value, str) else number(float(value), digits=6)


def show_sweep(console: Any, columns: Mapping[str, Any], headings: Mapping[str, str], solutes: Iterable[str]) -> None:
    """Print the table of a sweep."""
    header, rows = sweep_table(columns, headings, solutes)
    show_rows(console, header, rows, numeric_from=len(headings) + 2)
    if len(rows) > _MOST_RUNS:
        say(console, f"\n{len(columns['status'])} runs, {_MOST_RUNS} of them shown.")
