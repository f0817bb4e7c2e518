"""The steady state of a case with [module], at as many stations as its fluxes take."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde.input.case import Case
from membrane_pde.input.errors import CaseError
from membrane_pde.input.parts import SIDES
from membrane_pde.input.properties import solution_of
from membrane_pde.runs.stations import inlets, station_system

if TYPE_CHECKING:
    from membrane_pde.model.station_readings import Readings
    from membrane_pde.model.station_system import StationSystem

log = logging.getLogger(__name__)

_ACCURACY = 2e-4  # by which the numbers of the default stations may differ from those of half as many
_FEWEST = 4  # stations of an element
_MOST = 1024  # stations of all elements
_SMALL = 1e-2  # of the largest mean flux through an element: smaller ones need not be as exact as themselves
_NEARLY_ALL = 0.97  # of the feed: a channel that has lost so much in a march runs dry
Vector = np.ndarray[Any, np.dtype[np.float64]]


class NoSteadyStateAlong(Exception):
    """There is no steady state; the message gives the reason."""


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
        What is read off it.
    steps : int
        Steps of Newton's method, of all trials.
    """

    system: StationSystem
    state: Vector
    readings: Readings
    steps: int


def steady_along(case: Case) -> Along:
    """Find the steady state of a case with [module].

    The number of stations of an element is that of the case, or is doubled until no flow, flux or concentration of what
    enters and leaves an element changes by more than 0.02 %.

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
    stations, before = _FEWEST, None
    while True:
        found = _solve(case, stations, before)
        if before is not None and _difference(before, found) <= _ACCURACY:
            break
        if 2 * found.system.stations > _MOST:
            log.warning("%s: %d stations an element do not reach an accuracy of 0.02 %%", case.name, stations)
            break
        before, stations = found, 2 * stations
    return found


def _check_possible(case: Case) -> None:
    """Refuse more permeate than is fed."""
    plant = case.plant
    pressure = getattr(case, plant.feed).pressure
    if pressure.held not in ("permeate", "flux") or plant.recovery is not None:
        return
    permeate = pressure.values[0] * (plant.area if pressure.held == "flux" else 1.0)
    fed = plant.stages[0].vessels * plant.flow[plant.feed].at(0.0)
    if permeate >= fed:
        raise NoSteadyStateAlong(
            f"{plant.feed}.pressure.{pressure.held} asks for {permeate * 3600:.4g} m^3/h of permeate, and "
            f"{fed * 3600:.4g} m^3/h are fed; raise {plant.feed}.channel.flow or ask for less"
        )


def _solve(case: Case, stations: int, before: Along | None) -> Along:
    """The steady state with a number of stations an element; a coarser one tells the pressure to start from."""
    from membrane_pde.model.station_readings import read
    from membrane_pde.solvers.steady_stations import find_steady

    feed = SIDES.index(case.plant.feed)
    known = None if before is None else before.readings.entering[feed, 0]
    system = station_system(case, stations)
    found = find_steady(system, None if known is None else (float(known[0]), float(known[1])))
    steps = found.steps + (0 if before is None else before.steps)
    if not found.converged:
        raise NoSteadyStateAlong(_explanation(case, system, found.state))
    return Along(system, found.state, read(system, found.state), steps)


def _difference(coarse: Along, fine: Along) -> float:
    """The largest relative change of what enters and leaves an element, and of the mean fluxes through it."""
    from membrane_pde.model.stations import DRAWN

    numbers = fine.system.numbers
    scale, changes = numbers.scale, []
    for side in range(2):
        if numbers.role[side] == DRAWN:
            continue
        one, other = coarse.readings.leaving[side], fine.readings.leaving[side]
        size = np.maximum(np.abs(other[:, 2:]), 1e-9 * scale)
        changes.append(np.abs(one[:, 2:] - other[:, 2:]) / size)
    means = [_means(each) for each in (coarse, fine)]
    size = np.maximum(np.abs(means[1]), _SMALL * np.abs(means[1]).max(axis=0))
    changes.append(np.abs(means[0] - means[1]) / np.where(size > 0.0, size, 1.0))
    return max(float(each.max()) for each in changes)


def _means(found: Along) -> Vector:
    """Mean water and solute fluxes through each element (elements, 1 + solutes)."""
    seen = found.readings
    area = np.bincount(seen.element, weights=seen.area)
    fluxes = np.column_stack([seen.water_flux, seen.solute_flux])
    return np.array([np.bincount(seen.element, weights=seen.area * each) / area for each in fluxes.T]).T


def check_constant(case: Case) -> None:
    """Raise a CaseError if a pressure, a flow or a concentration that enters changes with time."""
    for name in SIDES:
        side, plant = getattr(case, name), case.plant
        pressure = side.pressure
        if pressure.oscillates and pressure.amplitude != 0.0:
            raise CaseError(f"{name}.pressure oscillates: there is a steady state of constant inputs only")
        if len(set(pressure.values)) > 1:
            last = f"{pressure.values[-1] * 1e-5:.4g} bar"
            raise CaseError(
                f'{name}.pressure: a schedule has no steady state; give one value, for example --set {name}.pressure="'
                f'{last}", or run it in time with run.duration'
            )
        if name in plant.flow and not plant.flow[name].is_constant:
            last = f"{plant.flow[name].values[-1] * 3600:.4g} m^3/h"
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
        if side.boundary == "bath" and side.channel is not None:
            raise CaseError(f"{name}.boundary: a tank changes with time; give run.duration to run it")


# -- why there is none ----------------------------------------------------------------------------------------------
def _explanation(case: Case, system: StationSystem, state: Vector) -> str:
    """Why no steady state was found, in numbers."""
    feed, plant = SIDES.index(case.plant.feed), case.plant
    side = getattr(case, plant.feed)
    fed = inlets(case, 0.0)[feed]
    wanted = plant.recovery
    if side.pressure.held == "recovery":
        wanted = side.pressure.values[0]
    if side.pressure.held in ("permeate", "flux"):
        permeate = side.pressure.values[0] * (plant.area if side.pressure.held == "flux" else 1.0)
        wanted = permeate / (plant.stages[0].vessels * float(fed[0]))
    if wanted is not None:
        brine = solution_of(case).shares(fed[2:] / max(1.0 - wanted, 1e-6)).sum()
        limit = min(element.limits.pressure for _, element in plant.elements)
        told = f"at {100 * wanted:.4g} % recovery the concentrate's osmotic pressure is up to {brine * 1e-5:.3g} bar"
        if plant.recovery is not None:
            return (
                f"{told}, and {plant.feed}.pressure is {side.pressure.values[0] * 1e-5:.4g} bar, the same for every "
                f"flow: raise {plant.feed}.pressure or ask for less recovery"
            )
        boosts = max(stage.boost for stage in plant.stages)
        if boosts > 0.0 and system.recovery(system.start(0.0, float(fed[0]))) > wanted:
            return (
                f"with no pressure at the feed the boost of {boosts * 1e-5:.4g} bar alone makes more permeate than "
                f"{100 * wanted:.4g} % of the feed: give less boost (module.stage), or ask for more recovery"
            )
        if brine < limit < np.inf:
            return (
                f"{told}, less than the {limit * 1e-5:.3g} bar that the element allows, but no pressure was found that "
                f"drives it: try a smaller {plant.feed}.channel.flow, more recovery, or more stations (module.stations)"
            )
        if np.isfinite(limit):
            told += f"; the element allows {limit * 1e-5:.3g} bar"
        return f"{told}: ask for less recovery, or a larger flow along the membrane"
    march = system.start(float(fed[1]), float(fed[0]))
    flows = [system.vessels * each[system.flow_places(feed)] for each in (state, march)]
    least = min(float(each.min()) for each in flows)
    if least < (1.0 - _NEARLY_ALL) * plant.stages[0].vessels * float(fed[0]):
        vessels = plant.stages[0].vessels
        return (
            f"the channel on the {plant.feed} runs dry: at {float(fed[1]) * 1e-5:.4g} bar the membrane would take all "
            f"of the {vessels * float(fed[0]) * 3600:.4g} m^3/h that enter; lower {plant.feed}.pressure, or raise "
            f"{plant.feed}.channel.flow"
        )
    return (
        "none was found: Newton's iteration did not converge; try another pressure or flow, or more stations "
        "(module.stations)"
    )
