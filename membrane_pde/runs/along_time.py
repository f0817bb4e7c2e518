"""Transient runs of a case with [module]: schedules of the inlets, tanks, cycles of a closed circuit."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde.input.case import Case
from membrane_pde.input.errors import CaseError
from membrane_pde.input.parts import SIDES
from membrane_pde.input.values import Pressure, Schedule
from membrane_pde.runs.stations import station_system

if TYPE_CHECKING:
    from membrane_pde.model.equations import Interval
    from membrane_pde.model.ports import BathNumbers
    from membrane_pde.model.station_readings import Readings
    from membrane_pde.model.stations_in_time import Inlets, StationsInTime
    from membrane_pde.solvers.transient import Course

_STATIONS, _MIN_STATIONS = 20, 8  # default number of stations of all elements; smallest number of each element
_SETTLED = 1e-2  # relative change of the concentrations in a residence time ÷ rtol below which a run is steady
Vector = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class AlongInTime:
    """A run along the membrane.

    Attributes
    ----------
    course : Course
        Stored states, events, and the status at the end.
    readings : list of Readings
        Observations of each stored state.
    totals : Totals
        Transferred and contained amounts at each stored time.
    """

    course: Course
    readings: list[Readings]
    totals: Totals


@dataclass(frozen=True, eq=False)
class Totals:
    """Sums over all vessels at each stored time (time, ...), SI.

    Attributes
    ----------
    passed_volume : ndarray, shape (time,)
        Volume that has passed the membrane, left to right, m^3.
    passed_amount : ndarray, shape (time, solutes)
        Amounts that have passed the membrane, left to right, mol.
    amount_error : ndarray, shape (time,)
        Largest imbalance of a solute ÷ (initial + fed amount).
    tank : ndarray, shape (2, time, 1 + solutes)
        Volume (m^3) and concentrations of the tanks; nan where there is none.
    work : ndarray, shape (time,)
        Work of the pressures on the volume that has passed, J.
    """

    passed_volume: Vector
    passed_amount: Vector
    amount_error: Vector
    tank: Vector
    work: Vector


def run_in_time(case: Case, progress: Callable[[float], None] | None = None) -> AlongInTime:
    """Run a case with [module] over its duration.

    Raises
    ------
    CaseError
        If the case has a setting that is only available in a steady state.
    """
    from membrane_pde.model.stations_in_time import StationsInTime, outside_of
    from membrane_pde.solvers.station_runs import Cycle, StationPlan, run_stations

    _check(case)
    assert case.module is not None
    elements = sum(len(stage.elements) for stage in case.plant.stages)
    stations = case.module.stations or max(_MIN_STATIONS, math.ceil(_STATIONS / elements))
    system = station_system(case, stations, in_time=True)
    tanks = [_tank(case, name) for name in SIDES]
    feeds = np.zeros((2, len(case.solutes)))
    for i, name in enumerate(SIDES):
        if (feed := getattr(case, name).feed) is not None:
            feeds[i] = [feed.concentration[solute] for solute in case.solutes]
    lines = inlet_lines(case)
    outside = outside_of(system, (tanks[0], tanks[1]), feeds)
    cycle = None if case.module.cycle is None else Cycle(case.module.cycle.until, case.module.cycle.flush)
    plan = StationPlan(system, lines, outside, cycle)
    held = np.array([[float(getattr(case, name).concentration[s]) for s in case.solutes] for name in SIDES])
    solver = {"rosenbrock": "rosenbrock", "cvode": "ida"}[case.run.solver]
    first = StationsInTime(system, lines[0], outside)
    stop = _stop(case, first, lines[-1].start) if case.run.until == "steady" else None
    course = run_stations(plan, held, case.run.rtol, case.run.outputs, solver=solver, stop=stop, progress=progress)
    return AlongInTime(course, _readings(course), _totals(case, course))


def _check(case: Case) -> None:
    """Raise for settings that are not available in transient runs along a membrane."""
    for name in SIDES:
        side = getattr(case, name)
        if side.pressure.held != "pressure" and len(set(side.pressure.values)) > 1:
            raise CaseError(f"{name}.pressure.{side.pressure.held}: a module takes one number here, no schedule")
        if side.backflow == "last":
            raise CaseError(
                f'{name}.backflow = "last": not available with [module]; expected "collected", or a concentration for '
                "each solute"
            )


def _tank(case: Case, name: str) -> BathNumbers:
    """The tank of a channel, for all vessels together."""
    from membrane_pde.model.ports import FED, MADE_UP, NO_FEED, BathNumbers

    side, area = getattr(case, name), case.plant.area
    if not side.far_end.tank or side.channel is None:
        return BathNumbers()
    mode = NO_FEED if side.feed is None else MADE_UP if side.feed.flow is None else FED
    flow = 0.0 if side.feed is None or side.feed.flow is None else side.feed.flow * area
    return BathNumbers(True, side.volume * area, mode, flow, side.bleed * area)


def inlet_lines(case: Case) -> list[Inlets]:
    """Inlet values that are linear in time between the kinks of all schedules, up to the end of the run.

    A pulse is a schedule of steps. A sine wave is added to the linear pressure; an interval contains at most half a
    period of it, so that no integrator step is longer than that.
    """
    from membrane_pde.model.applied import Wave
    from membrane_pde.model.stations_in_time import Inlets

    duration = float(case.run.duration)
    plant, times = case.plant, {0.0, duration}
    for side, flow in ((getattr(case, name), plant.flow.get(name)) for name in SIDES):
        for schedule in (side.pressure, *side.inlet.values(), *([] if flow is None else [flow])):
            if len(schedule.values) > 1:
                times |= {t for t in schedule.times if 0.0 < t < duration}
        times |= _turns(side.pressure, duration)
    waves = [
        Wave(each.amplitude, each.period) if each.shape == "sine" else Wave()
        for each in (case.left.pressure, case.right.pressure)
    ]
    lines = []
    for start, end in itertools.pairwise(sorted(times)):
        ends = np.zeros((2, 2, 2 + len(case.solutes)))
        for i, name in enumerate(SIDES):
            side = getattr(case, name)
            if name in plant.flowing:
                ends[:, i, 0] = _line(plant.flow[name], start, end) if name in plant.flow else math.nan
            ends[:, i, 1] = _line(side.pressure, start, end) if side.pressure.held == "pressure" else 0.0
            for s, solute in enumerate(case.solutes):
                if solute in side.inlet:
                    ends[:, i, 2 + s] = _line(side.inlet[solute], start, end)
        lines.append(Inlets(start, end, ends[0], ends[1], (waves[0], waves[1])))
    return lines


def _turns(pressure: Pressure, duration: float) -> set[float]:
    """Times within a run at which a pulse jumps or a sine wave crosses its mean."""
    if not pressure.oscillates or pressure.amplitude == 0.0:
        return set()
    share = pressure.duty if pressure.shape == "pulse" else 0.5
    periods = np.arange(math.ceil(duration / pressure.period)) * pressure.period
    found = np.concatenate([periods, periods + share * pressure.period])
    return set(found[(found > 0.0) & (found < duration)].tolist())


def _line(schedule: Schedule | Pressure, start: float, end: float) -> tuple[float, float]:
    """Values of a schedule at the start and at the end of an interval without a kink in it."""
    if schedule.shape == "ramp":
        return schedule.at(start), schedule.at(end)
    if schedule.shape == "sine":  # its mean
        return schedule.values[0], schedule.values[0]
    level = schedule.at(0.5 * (start + end))
    return level, level


def _stop(case: Case, first: StationsInTime, last_kink: float) -> Callable[[float, Vector, Interval], str | None]:
    """Stop rule that ends the run when the concentrations are steady."""
    system = first.system
    places = np.concatenate([system.concentration_indices(side).ravel() for side in range(2)])
    places = places[first.mass[places] > 0.0]
    flow = float(system.scales[system.flow_indices(system.numbers.feed)[0]]) * system.vessels_first
    residence = max(first.hold_up(side) for side in range(2)) / flow

    def stop(t: float, y: Vector, interval: Interval) -> str | None:
        if t < last_kink or t < residence:
            return None
        changes = np.abs(interval.equations.rates(t, y)[places]) * residence / first.scales[places]
        return "steady" if float(changes.max()) < _SETTLED * case.run.rtol else None

    return stop


def _readings(course: Course) -> list[Readings]:
    """Observations of each stored state."""
    from membrane_pde.model.station_readings import read
    from membrane_pde.model.station_system import StationSystem

    found = []
    for t, y, interval in zip(course.times, course.states, course.intervals, strict=True):
        equations: Any = interval.equations
        system = StationSystem(equations.numbers, equations.inlets.at(float(t)))
        found.append(read(system, y[: system.size].copy()))
    return found


def _totals(case: Case, course: Course) -> Totals:
    """Volumes and amounts that have passed the membrane, and the error of the balance."""
    equations: Any = course.intervals[0].equations
    states, feed = course.states, SIDES.index(case.plant.feed)
    towards, solutes = 1.0 if feed == 0 else -1.0, len(case.solutes)
    into, out = equations.volume_indices(feed)
    brought, carried = equations.amount_indices(feed)
    tank = np.full((2, len(states), 1 + solutes), math.nan)
    held = np.array([equations.held(y) for y in states])
    for side in range(2):
        if equations.outside.tank[side].present:
            volume, amounts = equations.tank_indices(side)
            tank[side, :, 0] = states[:, volume]
            tank[side, :, 1:] = states[:, amounts] / states[:, volume, None]
    gained = np.nan_to_num(tank[feed, :, 0] - tank[feed, 0, 0])
    volume_passed = states[:, into] - states[:, out] - gained
    amount_passed = states[:, brought] - states[:, carried] - (held[:, feed] - held[0, feed])
    net, fed = np.zeros((len(states), solutes)), held[0].sum(axis=0) * np.ones((len(states), 1))
    for side in range(2):
        come, gone = equations.amount_indices(side)
        net += states[:, come] - states[:, gone]
        fed = fed + states[:, come]
    error = np.abs(held.sum(axis=1) - held[0].sum(axis=0) - net) / np.where(fed > 0.0, fed, 1.0)
    return Totals(
        towards * volume_passed, towards * amount_passed, error.max(axis=1), tank, states[:, equations.work_index]
    )
