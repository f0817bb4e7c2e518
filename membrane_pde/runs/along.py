"""The steady state of a case with [module], with as many stations as its fluxes need."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde.input.case import Case
from membrane_pde.input.errors import CaseError
from membrane_pde.input.parts import SIDES
from membrane_pde.input.properties import LEAST, pressure_scale, solute_flux_scales
from membrane_pde.runs.no_steady_along import Reason, explanation, flow_in_case_units, transfer
from membrane_pde.runs.stations import station_system

if TYPE_CHECKING:
    from membrane_pde.model.station_readings import Readings
    from membrane_pde.model.station_system import StationSystem

log = logging.getLogger(__name__)

_ACCURACY = 2e-4  # accuracy target: relative change of the results when the number of stations is doubled
_MIN_STATIONS = 4  # smallest number of stations of an element
_MAX_STATIONS = 1024  # largest number of stations of all elements
_TRACE = 1e-3  # concentration ÷ its scale below which errors are relative to the scale
_SMALL = 1e-2  # mean flux ÷ largest one of all elements below which errors are relative to the largest
Vector = np.ndarray[Any, np.dtype[np.float64]]


_MAX_FIRST_STATIONS = 512  # largest number of stations of all elements in the first attempt
_FASTEST = 1.0  # largest P·area/flow of a station at which concentrations cannot fall below zero
_MAX_RETRIES = 2  # number of further attempts with twice the stations if no steady state was found


class NoSteadyStateAlong(Exception):
    """There is no steady state; the message gives the reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.message)
        self.reason = reason


@dataclass(frozen=True, eq=False)
class Along:
    """A steady state along the membrane.

    Attributes
    ----------
    system : StationSystem
        The model.
    state : ndarray
        The unknowns.
    readings : Readings
        Observations of the state.
    steps : int
        Number of Newton steps of all attempts.
    """

    system: StationSystem
    state: Vector
    readings: Readings
    steps: int


def steady_along(case: Case) -> Along:
    """Find the steady state of a case with [module].

    The number of stations of an element is that of the case; if the case gives none, it is doubled until no outlet
    concentration and no mean flux of an element changes by more than 0.02 % (small values: relative to a thousandth of
    the concentration scale, or to a hundredth of the largest flux). The first number is larger where the membrane
    removes a solute faster, so that a concentration does not fall to zero between two stations.

    Raises
    ------
    NoSteadyStateAlong
        If there is none.
    CaseError
        If an input changes with time.
    """
    check_constant(case)
    _check_possible(case)
    assert case.module is not None
    if case.module.stations is not None:
        return _solve(case, case.module.stations, None)
    stations, before, trials = _first_stations(case), None, 0
    while True:
        try:
            found = _solve(case, stations, before)
        except NoSteadyStateAlong as none:
            trials += 1
            more = max(2 * stations, none.reason.stations)
            last = trials > _MAX_RETRIES or more * _elements(case) > _MAX_STATIONS
            if none.reason.certain or (last and before is None):
                raise
            if last and before is not None:
                log.warning("%s: only with fewer than %d stations was a steady state found", case.name, stations)
                return before
            stations = more
            continue
        if before is not None and _relative_change(case, before, found) <= _ACCURACY:
            break
        if 2 * found.system.stations > _MAX_STATIONS:
            log.warning("%s: %d stations an element do not reach an accuracy of 0.02 %%", case.name, stations)
            break
        before, stations = found, 2 * stations
    return found


def _elements(case: Case) -> int:
    """Total number of elements of one vessel of each stage."""
    return sum(len(stage.elements) for stage in case.plant.stages)


def _first_stations(case: Case) -> int:
    """Number of stations of an element in the first attempt."""
    flows = {name: flow.at(0.0) for name, flow in case.plant.flow.items()}
    wanted = min(transfer(case, flows) / _FASTEST, _MAX_FIRST_STATIONS / _elements(case))
    return max(_MIN_STATIONS, 2 ** math.ceil(math.log2(wanted)) if wanted > 1.0 else 1)


def _check_possible(case: Case) -> None:
    """Raise if more permeate is requested than is fed."""
    plant = case.plant
    pressure = getattr(case, plant.feed).pressure
    if pressure.held not in ("permeate", "flux") or plant.recovery is not None:
        return
    permeate = pressure.values[0] * (plant.area if pressure.held == "flux" else 1.0)
    fed = plant.stages[0].vessels * plant.flow[plant.feed].at(0.0)
    if permeate >= fed:
        raise NoSteadyStateAlong(
            Reason(
                f"{plant.feed}.pressure.{pressure.held} asks for {flow_in_case_units(permeate)} of permeate, and "
                f"{flow_in_case_units(fed)} are fed; raise {plant.feed}.channel.flow or ask for less"
            )
        )


def _solve(case: Case, stations: int, before: Along | None) -> Along:
    """The steady state with a given number of stations per element; `before` supplies flow and pressure of the feed."""
    from membrane_pde.model.station_readings import read
    from membrane_pde.solvers.steady_stations import find_steady

    feed = SIDES.index(case.plant.feed)
    known = None if before is None else before.readings.entering[feed, 0]
    system = station_system(case, stations)
    found = find_steady(system, None if known is None else (float(known[0]), float(known[1])))
    steps = found.steps + (0 if before is None else before.steps)
    if not found.converged:
        raise NoSteadyStateAlong(explanation(case, system, found))
    return Along(system, found.state, read(system, found.state), steps)


def _relative_change(case: Case, coarse: Along, fine: Along) -> float:
    """Largest relative change of the outlet concentrations of the elements and of their mean fluxes."""
    from membrane_pde.model.stations import DRAWN

    numbers = fine.system.numbers
    scale, changes = numbers.scale, []
    for side in range(2):
        if numbers.role[side] == DRAWN:
            continue
        one, other = coarse.readings.leaving[side], fine.readings.leaving[side]
        size = np.maximum(np.abs(other[:, 2:]), _TRACE * scale)
        changes.append(np.abs(one[:, 2:] - other[:, 2:]) / size)
    means = [_mean_fluxes(each) for each in (coarse, fine)]
    least = LEAST * np.array([case.membrane.water_permeability * pressure_scale(case), *solute_flux_scales(case)])
    size = np.maximum(np.abs(means[1]), np.maximum(_SMALL * np.abs(means[1]).max(axis=0), least))
    changes.append(np.abs(means[0] - means[1]) / np.where(size > 0.0, size, 1.0))
    return max(float(each.max()) for each in changes)


def _mean_fluxes(found: Along) -> Vector:
    """Mean water and solute fluxes through each element (elements, 1 + solutes)."""
    seen = found.readings
    area = np.bincount(seen.element, weights=seen.area)
    fluxes = np.column_stack([seen.water_flux, seen.solute_flux])
    return np.array([np.bincount(seen.element, weights=seen.area * each) / area for each in fluxes.T]).T


def check_constant(case: Case) -> None:
    """Raise a CaseError if a pressure, an inlet flow or an inlet concentration changes with time."""
    for name in SIDES:
        side, plant = getattr(case, name), case.plant
        pressure = side.pressure
        if pressure.oscillates and pressure.amplitude != 0.0:
            raise CaseError(f"{name}.pressure oscillates: a steady state needs constant inputs; give one pressure")
        if len(set(pressure.values)) > 1:
            last = f"{pressure.values[-1] * 1e-5:.4g} bar"
            raise CaseError(
                f'{name}.pressure: a schedule has no steady state; give one value, for example --set {name}.pressure="'
                f'{last}", or run it in time with run.duration'
            )
        if name in plant.flow and not plant.flow[name].is_constant:
            last = f"{side.channel.flow.values[-1] * 3600:.4g} m^3/h"
            raise CaseError(
                f"{name}.channel.flow: a schedule has no steady state; give one value, for example --set "
                f'{name}.channel.flow="{last}"'
            )
        for solute, schedule in side.inlet.items():
            if not schedule.is_constant:
                raise CaseError(
                    f"{name}.inlet.{solute}: a schedule has no steady state; give one value, for example --set "
                    f'{name}.inlet.{solute}="{schedule.values[-1]:.4g} mol/m^3"'
                )
        if side.far_end.tank and side.channel is not None:
            raise CaseError(f"{name}.boundary: a tank changes with time; give run.duration to run the case in time")
