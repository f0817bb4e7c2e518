"""Selection of the data of every run on a page, from a few of the runs: times, positions, units, panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde.show import curves, presets, readings, sketch, timeline, vessels
from membrane_pde.show.readings import SIDES, stored

if TYPE_CHECKING:
    from membrane_pde.results.result import Result

MOST_SOLUTES = 6  # largest number of solutes with profiles
PLACES = 40  # number of positions along the profile of a side
FEWEST_TIMES, MOST_TIMES = 16, 121
ROOM = 1_500_000  # target size of the curves of all runs before they are encoded as text, bytes
FINE = 400  # number of points from which positions are chosen


@dataclass(frozen=True)
class Plan:
    """Selection of the data that are kept of every run.

    Attributes
    ----------
    units : str
        Name of the set of units in use (`presets`).
    times : tuple of float
        Which stored times: their places from 0 (the first) to 1 (the last).
    places : dict of str to tuple of float
        By side, where a profile is kept: the distance from the membrane over that of the far end.
    solutes : tuple of str
        With profiles.
    passing : tuple of str
        With an arrow through the membrane.
    concentration : dict of str to (str, float)
        Unit of a solute, and its number in one mol/m^3.
    solute_flux : (str, dict)
        Unit of all solute fluxes, and its number in one mol/m^2/s of each solute.
    levels : str
        What is drawn of the volumes: "depth", "ratio", "percent" (of cells), "rise" (cm, in tubes), "moved", "radius".
    water : bool
        Water passes the membrane in some run.
    """

    units: str
    times: tuple[float, ...]
    places: dict[str, tuple[float, ...]]
    solutes: tuple[str, ...]
    passing: tuple[str, ...]
    concentration: dict[str, tuple[str, float]]
    solute_flux: tuple[str, dict[str, float]]
    levels: str
    water: bool


def plan_of(results: Sequence[Result], runs: int, places: int = PLACES) -> Plan:
    """Select the data that are kept of every run of a grid.

    Parameters
    ----------
    results : sequence of Result
        Some of its runs: the one that the page starts with first, then those at the ends of the sliders.
    runs : int
        How many runs the page will hold.
    places : int
        Points along the profile of each side.
    """
    first = results[0]
    solutes = tuple(sketch.leading(first, MOST_SOLUTES))
    case = first.case
    largest = {name: max(sketch.largest(result, name) for result in results) for name in solutes}
    units = {name: readings.concentration_unit(case, [name], largest[name]) for name in solutes}
    count = times_for(runs, len(solutes), places)
    times = _times(results, count)
    return Plan(
        units=presets.in_use(),
        times=times,
        places={side: _places(results, solutes, side, times, places) for side in SIDES},
        solutes=solutes,
        passing=tuple(name for name in dict.fromkeys(name for result in results for name in sketch.passing(result)))[
            : sketch.SHOWN
        ],
        concentration={name: (unit, factors[name]) for name, (unit, factors) in units.items()},
        solute_flux=sketch.flux_unit(first),
        levels=_levels(results),
        water=any(timeline.water_moves(result) for result in results),
    )


def times_for(runs: int, solutes: int, places: int) -> int:
    """Number of stored times for which the size of a page is sufficient."""
    each = 2 * solutes * (places + 3) + 3 * (11 + 6 * solutes)
    return int(min(max(ROOM / (runs * each), FEWEST_TIMES), MOST_TIMES))


def size_before(case: Any, runs: int) -> int:
    """Bytes that so many runs of a case take on a page, at most: what is known before anything is run."""
    solutes = min(len(case.solutes), MOST_SOLUTES)
    times = times_for(runs, solutes, PLACES)
    profiles = 2 * solutes * times * (PLACES + 3)
    series = 3 * times * (11 + 6 * solutes)
    text = 500 + 120 * solutes
    return int(runs * ((profiles + series) * 4 / 3 + text))


def chosen(plan: Plan, stored_times: int) -> np.ndarray:
    """Indices of the stored times of a run that are kept; as many for every run."""
    return np.round(np.array(plan.times) * (stored_times - 1)).astype(int)


def _times(results: Sequence[Result], count: int) -> tuple[float, ...]:
    """Fractions of the stored times to keep, closer together where a quantity of one of the runs changes."""
    size = max(stored(result, "time").size for result in results)
    if size <= count:
        return tuple(np.linspace(0.0, 1.0, max(size, 2)))
    shares = np.linspace(0.0, 1.0, size)
    lines = []
    for result in results:
        at = np.linspace(0.0, 1.0, stored(result, "time").size)
        watched = [stored(result, f"length_{side}_m") for side in SIDES]
        watched += [stored(result, f"pressure_{side}_Pa") for side in SIDES]
        watched += [stored(result, "water_flux_m_per_s")]
        for name in result.solutes[:MOST_SOLUTES]:
            watched += [stored(result, f"wall_concentration_{side}_mol_per_m3", name) for side in SIDES]
            watched += [stored(result, f"concentration_{side}_mol_per_m3", name) for side in SIDES]
        for values in watched:
            reach = float(np.ptp(values))
            if reach > 1e-6 * readings.peak(values):
                lines.append(np.interp(shares, at, values) / reach)
        # in any case evenly in the square root of time, in which profiles move evenly
        lines.append(np.sqrt(np.interp(shares, at, stored(result, "time")) / (stored(result, "time")[-1] or 1.0)))
    kept = knots(shares, np.array(lines), count)
    return tuple(float(shares[i]) for i in kept)


def _places(
    results: Sequence[Result], solutes: Sequence[str], side: str, times: tuple[float, ...], count: int
) -> tuple[float, ...]:
    """Positions along the profiles, which are closer together where profiles are curved."""
    cells = [profile(result, side, solutes[0], 0)[0] for result in results[:1]]  # centres of cells: they move together
    fine = np.unique(
        np.concatenate(
            [np.sinh(4.0 * np.linspace(0.0, 1.0, FINE)) / np.sinh(4.0), *(x / x[-1] for x in cells if x[-1] > 0.0)]
        )
    )
    lines = []
    for result in results:
        size = stored(result, "time").size
        indices = np.unique(np.round(np.array(times) * (size - 1)).astype(int))
        for index in indices[:: max(1, len(indices) // 16)]:
            for name in solutes:
                distance, values = profile(result, side, name, int(index))
                peak = readings.peak(values)
                if peak > 0.0 and distance[-1] > 0.0:
                    lines.append(np.interp(fine * distance[-1], distance, values) / peak)
    if not lines:
        return tuple(np.linspace(0.0, 1.0, count))
    return tuple(float(fine[i]) for i in knots(fine, np.array(lines), count))


def knots(x: np.ndarray, lines: np.ndarray, count: int) -> np.ndarray:
    """Indices of points between which straight lines follow many curves at once.

    Parameters
    ----------
    x : ndarray of shape (points,)
    lines : ndarray of shape (curves, points)
        Each in its own scale.
    count : int
        How many points are kept, both ends included.

    Returns
    -------
    ndarray of int
        In increasing order. Each further point stands where the worst curve is farthest from its straight lines
        (Douglas and Peucker, for a family of curves).
    """
    kept, worst = [0, x.size - 1], np.zeros(x.size)
    straight = np.empty_like(lines)

    def measure(low: int, high: int) -> None:
        if high - low < 2:
            worst[low : high + 1] = 0.0
            return
        share = (x[low : high + 1] - x[low]) / (x[high] - x[low])
        here = lines[:, low][:, None] * (1.0 - share) + lines[:, high][:, None] * share
        straight[:, low : high + 1] = here
        worst[low : high + 1] = np.abs(lines[:, low : high + 1] - here).max(axis=0)

    measure(0, x.size - 1)
    while len(kept) < min(count, x.size):
        # between equal errors the middle of the widest gap: places that follow nothing are spread evenly
        point = int(np.argmax(worst))
        if worst[point] < 1e-9:
            gaps = np.diff(np.array(sorted(kept)))
            at = int(np.argmax(gaps))
            point = sorted(kept)[at] + int(gaps[at]) // 2
        kept = sorted({*kept, point})
        place = kept.index(point)
        measure(kept[place - 1], point)
        measure(point, kept[place + 1])
    return np.array(kept)


def profile(result: Result, side: str, name: str, index: int) -> tuple[np.ndarray, np.ndarray]:
    """One profile: distances from the membrane (m) and concentrations (mol/m^3), from the membrane to the far end."""
    arrays = result.arrays
    here = arrays["side"] == side
    x = np.abs(arrays["position"][index, here])
    order = np.argsort(x)
    values = sketch.cells(result, name)[index][here][order]
    end = float(arrays["width"][index, here].sum())
    wall = float(stored(result, f"wall_concentration_{side}_mol_per_m3", name)[index])
    far = curves.far_edge(result, side, name, index, float(values[-1]))
    return np.concatenate([[0.0], x[order], [end]]), np.concatenate([[wall], values, [far]])


def _levels(results: Sequence[Result]) -> str:
    """Quantity that shows the volumes, chosen as in `timeline`."""
    first = results[0]
    case = first.case
    kinds = [vessels.Moment(case, first, 0, {}, 1.0).kind(side) for side in SIDES]
    changes, apart = False, 1.0
    for result in results:
        volumes = [stored(result, f"length_{side}_m") for side in SIDES]
        total = sum(float(v[0]) for v in volumes)
        changes = changes or any(float(np.ptp(v)) > timeline.NO_CHANGE * total for v in volumes)
        sizes = sorted(float(v[0]) for v in volumes)
        apart = max(apart, sizes[1] / max(sizes[0], 1e-300))
    if not changes:
        return "moved"
    if "tube" in kinds:
        return "rise"
    if any(map(vessels.is_cell, kinds)):
        return "percent"
    if case.left.radius is not None:
        return "radius"
    return "ratio" if apart > 5.0 else "depth"


def levels_of(result: Any, levels: str) -> dict[str, np.ndarray]:
    """Curves of the volumes of one run, by side, in the unit of their panel."""
    both = {side: stored(result, f"length_{side}_m") for side in SIDES}
    if levels == "moved":
        total = sum(float(v[0]) for v in both.values())
        return {"moved": curves.clean(stored(result, "displaced_volume_m"), total) * presets.unit("water moved")[1]}
    if levels == "rise":
        moment = vessels.Moment(result.case, result, 0, {}, 1.0)
        return {s: 100.0 * vessels.rise(moment, s) for s in SIDES if moment.kind(s) == "tube"}
    if levels == "percent":
        moment = vessels.Moment(result.case, result, 0, {}, 1.0)
        return {s: 100.0 * (v / v[0] - 1.0) for s, v in both.items() if vessels.is_cell(moment.kind(s))}
    if levels == "radius":
        return {"left": both["left"] / both["left"][0], "area": stored(result, "membrane_area_ratio")}
    if levels == "ratio":
        return {side: v / v[0] for side, v in both.items()}
    return {side: v * presets.unit("side")[1] for side, v in both.items()}
