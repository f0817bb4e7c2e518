"""A run along a membrane: its series, and the summary of its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from membrane_pde import __version__
from membrane_pde.input.case import Case
from membrane_pde.input.parts import SIDES
from membrane_pde.results.along import Streams, elements_of, remarks, state_values
from membrane_pde.results.along_result import profiles_along, series_along
from membrane_pde.results.quantities import SUMMARY_KEYS
from membrane_pde.results.remarks import CHANGED_DIRECTION
from membrane_pde.results.summary import process_of

Vector = np.ndarray[Any, np.dtype[np.float64]]

_LITTLE = 1e-9  # volume ÷ hold-up below which the volume counts as zero
_TURNED = 0.05  # returned volume ÷ largest displaced volume above which a reversal of the flow is mentioned


def series_in_time(case: Case, readings: Sequence[Any], totals: Any, times: Vector) -> dict[str, NDArray[Any]]:
    """The series of a run along a membrane.

    Parameters
    ----------
    case : Case
        A case with [module].
    readings : sequence of Readings
        Observations of the stored states; see `membrane_pde.model.station_readings`.
    totals : Totals
        See `membrane_pde.runs.along_time`.
    times : ndarray, shape (time,)
        s.

    Returns
    -------
    dict of ndarray
        Every name of `series_along`, shape (time,) or (time, solutes); nan where it does not apply.
    """
    states = [state_values(Streams(case, seen)) for seen in readings]
    area = case.plant.area
    moved = totals.passed_volume / area
    known: dict[str, NDArray[Any]] = {
        "displaced_volume_m": moved,
        "amount_transferred_mol_per_m2": totals.passed_amount / area,
        "amount_error": totals.amount_error,
        "energy_J_per_m2": totals.work / area,
        "collected_concentration_mol_per_m3": _collected(case, totals),
    }
    arrays: dict[str, NDArray[Any]] = {}
    for name, each in series_along().items():
        if name in known:
            arrays[name] = known[name]
            continue
        shape = (len(times), len(case.solutes))[: 2 if each.by_solute else 1]
        values = np.full(shape, np.nan)
        for i, state in enumerate(states):
            value = state.get(name)
            if value is None:
                continue
            row = [value[solute] for solute in case.solutes] if each.by_solute else value
            values[i] = np.array(row, dtype=float)
        arrays[name] = values
    for i, name in enumerate(SIDES):
        side = getattr(case, name)
        arrays[f"length_{name}_m"] = np.full(len(times), side.length) + np.nan_to_num(totals.tank[i, :, 0]) / area
    return arrays


def _collected(case: Case, totals: Any) -> Vector:
    """Concentration of the collected permeate; nan if there is almost none, or if a solute moved against the water."""
    volume, held = totals.passed_volume[:, None], sum(getattr(case, side).length for side in SIDES) * case.plant.area
    there = np.abs(volume) > _LITTLE * held
    mixed = totals.passed_amount / np.where(there, volume, 1.0)
    return np.where(there & (mixed >= 0.0), mixed, np.nan)


def summary_in_time(
    case: Case, readings: Sequence[Any], series: dict[str, NDArray[Any]], course: Any
) -> dict[str, Any]:
    """The summary of a run along a membrane.

    Parameters
    ----------
    case, readings
        As in `series_in_time`.
    series : dict of ndarray
        Of `series_in_time`.
    course : Course
        How it ended; see `membrane_pde.solvers.transient`.

    Returns
    -------
    dict
        The keys of a summary.
    """
    totals = Streams(case, readings[-1])
    summary: dict[str, Any] = dict.fromkeys(SUMMARY_KEYS)
    for name, each in series_along().items():
        last = series[name][-1]
        if each.by_solute:
            summary[name] = {s: None if v != v else float(v) for s, v in zip(case.solutes, last, strict=True)}
        else:
            summary[name] = None if last != last else float(last)
    moved = summary["displaced_volume_m"]
    passed = abs(moved) > _LITTLE * sum(getattr(case, side).length for side in SIDES)
    summary |= {"title": case.title, "version": __version__, "status": course.status, "steps": course.steps}
    summary["end_time_s"] = float(course.times[-1])
    summary["process"] = process_of(case, moved, passed)
    summary["specific_energy_J_per_m3"] = summary["energy_J_per_m2"] / abs(moved) if passed else None
    summary["elements"] = elements_of(totals)
    summary["cells"] = 2 * len(readings[-1].area)
    summary["message"] = " ".join([*_course_of(series, course), *remarks(totals, summary), *case.away_from_source])
    return summary


def _course_of(series: dict[str, NDArray[Any]], course: Any) -> list[str]:
    """Sentences on what happened during the run: a failure, flushes, a water flux that changed direction."""
    parts = []
    if course.status == "failed":
        parts.append(f"The run failed: {course.reason}.")
    flushes = sum(name == "permeate" for _, name in course.events)
    if flushes:
        parts.append(f"The circuit was flushed {flushes} time{'s' * (flushes > 1)}.")
    flux, moved = series["water_flux_m_per_s"], series["displaced_volume_m"]
    direction = 1.0 if moved[np.argmax(np.abs(moved))] >= 0.0 else -1.0
    back = float((np.maximum.accumulate(direction * moved) - direction * moved).max())
    if back > _TURNED * float(np.abs(moved).max()) and back > 0.0:
        parts.append(
            f"The water flux {CHANGED_DIRECTION} during the run: water flowed back at up to "
            f"{float((-direction * flux).max()) * 3.6e6:.3g} L/m²/h."
        )
    return parts


def arrays_in_time(readings: Sequence[Any], series: dict[str, NDArray[Any]], times: Vector) -> dict[str, NDArray[Any]]:
    """The arrays of a result."""
    return {"time": times, **series, **profiles_along(list(readings))}
