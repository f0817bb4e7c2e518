"""Runs of a module in time: residence times, balances across jumps, backwash, tanks, cycles of a closed circuit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from membrane_pde.model import stations as st
from membrane_pde.model.ports import FED, MADE_UP, NO_FEED, BathNumbers
from membrane_pde.model.station_system import StationSystem
from membrane_pde.model.stations_in_time import Inlets, StationsInTime, outside_of
from membrane_pde.physics import crossflow
from membrane_pde.solvers.station_runs import Cycle, StationPlan, run_stations
from membrane_pde.solvers.steady_stations import find_steady
from membrane_pde.solvers.transient import Course
from tests.stations import element_in_time

Array = NDArray[np.float64]
NO_TANK = BathNumbers()
NO_FILM = (crossflow.NO_FILM, 0.0, 0.0, 0.0, 0.0)
NO_DROP = (crossflow.NO_DROP, 0.0, 0.0, 0.0)
AREA, HOLD_UP = 37.0, 37.0 / 2.0 * 0.7e-3 * 0.85


def during(start: float, end: float, first: Any, last: Any = None) -> Inlets:
    """Inlets that stay as they are, or go from one to another along a straight line."""
    return Inlets(start, end, np.array(first, dtype=float), np.array(first if last is None else last, dtype=float))


def feed(flow: float = 2e-3, pressure: float = 55e5, concentration: float = 550.0) -> list[list[float]]:
    return [[flow, pressure, concentration], [0.0, 0.0, 0.0]]


def equations_of(course: Course) -> StationsInTime:
    found = course.intervals[-1].equations
    assert isinstance(found, StationsInTime)
    return found


def imbalances(course: Course) -> tuple[float, float]:
    """What is missing of solute and of volume over a run, beside what came in and was there."""
    one, start, end = equations_of(course), course.states[0], course.states[-1]
    salt = one.held(end).sum(axis=0) - one.held(start).sum(axis=0)
    passed = one.held(start).sum(axis=0)
    volume, moved = 0.0, 0.0
    for side in range(2):
        (into, out), (amounts_in, amounts_out) = one.volume_indices(side), one.amount_indices(side)
        salt -= end[amounts_in] - end[amounts_out]
        passed += end[amounts_in]
        tank = one.tank_indices(side)[0]
        volume += end[into] - end[out] - (end[tank] - start[tank])
        moved += abs(end[into]) + abs(end[out])
    return float(np.abs(salt / passed).max()), abs(volume) / moved


# -- residence time -------------------------------------------------------------------------------------------------
def washed(stations: int, dispersion: float, outputs: int = 2, rtol: float = 1e-8) -> Course:
    """Tracer displaces what the channel of an inert membrane held, for twenty residence times."""
    system = element_in_time(stations, water=0.0, solute=0.0, film=NO_FILM, drop=NO_DROP, dispersion=dispersion)
    plan = StationPlan(system, [during(0.0, 20.0 * HOLD_UP / 2e-3, feed(concentration=300.0))], outside_of(system))
    return run_stations(plan, np.array([[100.0], [0.0]]), rtol, outputs)


@pytest.mark.parametrize("dispersion", [0.0, 0.02])
def test_mean_residence_time_is_hold_up_over_flow(dispersion: float) -> None:
    """``∫ (1 − F) dt = V/Q`` of the step response F, from what came in and what left."""
    course = washed(20, dispersion)
    one, end = equations_of(course), course.states[-1]
    into, out = one.amount_indices(0)
    mean = (end[into] - end[out])[0] / (2e-3 * (300.0 - 100.0))
    assert mean == pytest.approx(HOLD_UP / 2e-3, rel=1e-6)
    assert one.system.outflow(end, 0)[0] == pytest.approx(300.0, rel=1e-6)


def test_spread_of_residence_times_is_that_of_a_closed_vessel() -> None:
    """Variance ``2/Pe − 2/Pe² (1 − e^(−Pe))`` between closed ends (Danckwerts 1953); second order in stations."""
    peclet = 10.0
    dispersion = (2e-3 / (37.0 / 2.0 * 0.7e-3 * 0.85)) / peclet
    exact = 2.0 / peclet - 2.0 / peclet**2 * (1.0 - math.exp(-peclet))
    errors = []
    for stations in (10, 20, 40):
        course = washed(stations, dispersion, 2001, 1e-6)
        one, time = equations_of(course), course.times * 2e-3 / HOLD_UP
        bounded = StationSystem(one.numbers, one.inlets.first)  # the outflow of which the amounts that left are made
        left = np.array([(300.0 - float(bounded.outflow(y, 0)[0])) / 200.0 for y in course.states])
        mean, second = np.trapezoid(left, time), 2.0 * np.trapezoid(left * time, time)
        errors.append(abs((second - mean**2) / exact - 1.0))
    print("variance, relative errors", errors)
    assert errors[-1] < 5e-3
    assert math.log2(errors[0] / errors[1]) > 1.5


# -- balances, jumps, ends ------------------------------------------------------------------------------------------
def test_start_up_ends_in_the_steady_state() -> None:
    system = element_in_time(20)
    plan = StationPlan(
        system, [during(0.0, 10.0, feed(pressure=1e5), feed()), during(10.0, 400.0, feed())], outside_of(system)
    )
    course = run_stations(plan, np.array([[550.0], [0.0]]), 1e-7, 50)
    assert course.status == "completed"
    bounded = StationSystem(system.numbers._replace(limited=True), np.array(feed()))
    steady, end = find_steady(bounded), course.states[-1]
    assert steady.converged
    for places in (system.flux_indices, system.flow_indices(0), system.concentration_indices(0)[:, 0]):
        assert end[places] == pytest.approx(steady.state[places], rel=1e-6)
    assert end[system.concentration_indices(1)] == pytest.approx(
        steady.state[system.concentration_indices(1)], rel=1e-5
    )
    unbounded = find_steady(StationSystem(system.numbers, np.array(feed()))).state[system.flux_indices]
    assert end[system.flux_indices].mean() == pytest.approx(unbounded.mean(), rel=5e-4)
    assert max(imbalances(course)) < 1e-12


def test_balances_hold_across_jumps() -> None:
    """Inlet concentration, flow and pressure jump; the feed stops, and starts again."""
    system = element_in_time(10)
    states = [feed(), feed(concentration=700.0), feed(flow=1e-3, pressure=60e5), feed(flow=0.0, pressure=0.0), feed()]
    inlets = [during(10.0 * k, 10.0 * (k + 1), state) for k, state in enumerate(states)]
    course = run_stations(StationPlan(system, inlets, outside_of(system)), np.array([[550.0], [0.0]]), 1e-6, 26)
    assert course.status == "completed"
    assert max(imbalances(course)) < 1e-12
    into = system.entry_indices(0)[0, 0]
    flows = dict(zip(course.times.tolist(), course.states[:, into], strict=True))
    assert flows[20.0] == pytest.approx(1e-3, rel=1e-9)  # where inlets jump, the later one counts
    assert flows[30.0] == pytest.approx(0.0, abs=1e-12)


def test_osmotic_backwash_when_the_pump_trips() -> None:
    """Water comes back through the membrane, as fresh as what was collected; it thins what stands in the channel."""
    system = element_in_time(20)
    inlets = [
        during(0.0, 60.0, feed()),
        during(60.0, 62.0, feed(), feed(0.0, 0.0)),
        during(62.0, 300.0, feed(0.0, 0.0)),
    ]
    course = run_stations(StationPlan(system, inlets, outside_of(system)), np.array([[550.0], [0.0]]), 1e-6, 151)
    assert course.status == "completed"
    one, fluxes = equations_of(course), course.states[:, system.flux_indices]
    before, after = fluxes[course.times == 60.0][0], fluxes[course.times > 64.0]
    assert (before > 5e-6).all()
    assert (after < 0.0).all()
    assert (np.diff(after.mean(axis=1)) > 0.0).all()  # it dies down as the channel is thinned
    (back, left), (_, amount) = one.volume_indices(1), one.amount_indices(1)
    end = course.states[-1]
    assert end[back] > 1e-3
    assert end[left] == pytest.approx(course.states[course.times == 62.0][0, left], rel=1e-2)
    mixed = end[system.at.collected]
    assert mixed == pytest.approx(end[amount][0] / end[left], rel=1e-8)
    # water without solute flux would come back with ideal force: L_p ΔRTνc is never passed
    limit = -3e-12 * 2.0 * 8.31446261815324 * 298.15 * course.states[-1][system.concentration_indices(0)].max()
    assert (after[-1] > limit).all()
    assert max(imbalances(course)) < 1e-12


@pytest.mark.parametrize("direction", [1, -1])
def test_ida_agrees(direction: int) -> None:
    """Both sides flow; the feed's concentration and the pressure are ramped."""
    system = element_in_time(8, role=(st.FLOWING, st.FLOWING), direction=(1, direction))
    rest, high = [[2e-3, 10e5, 300.0], [1e-3, 1e5, 10.0]], [[2e-3, 40e5, 550.0], [1e-3, 1e5, 10.0]]
    plan = [during(0.0, 5.0, rest, high), during(5.0, 30.0, high)]
    ends = []
    for solver in ("rosenbrock", "ida"):
        course = run_stations(
            StationPlan(system, plan, outside_of(system)), np.array([[300.0], [10.0]]), 1e-6, 4, solver=solver
        )
        assert course.status == "completed"
        ends.append(course.states / equations_of(course).scales)
    assert np.abs(ends[0] - ends[1]).max() < 1e-5


# -- tanks ----------------------------------------------------------------------------------------------------------
def with_tank(
    mode: int, flow: float = 0.0, bleed: float = 0.0, *, volume: float = 0.05, flux: float | None = None
) -> Any:
    """An element that a tank feeds, at a given pressure or (which a pump does) at a given mean flux."""
    system = element_in_time(10)
    if flux is not None:
        held = np.array([st.FOR_FLUX, flux, 0.0, 0.0, 0.0])
        system = StationSystem(system.numbers._replace(held=held), system.inlet)
    tanks = BathNumbers(True, volume, mode, flow, bleed), NO_TANK
    return system, outside_of(system, tanks, np.array([[50.0], [0.0]]))


@pytest.mark.parametrize(("mode", "flow", "bleed"), [(NO_FEED, 0.0, 0.0), (FED, 3e-4, 1e-4), (MADE_UP, 0.0, 1e-4)])
def test_a_tank_balances(mode: int, flow: float, bleed: float) -> None:
    system, outside = with_tank(mode, flow, bleed)
    plan = StationPlan(system, [during(0.0, 100.0, feed())], outside)
    course = run_stations(plan, np.array([[200.0], [0.0]]), 1e-6, 20)
    assert course.status == "completed"
    assert max(imbalances(course)) < 1e-12
    volumes = course.states[:, equations_of(course).tank_indices(0)[0]]
    if mode == MADE_UP:
        assert volumes == pytest.approx(np.full(20, 0.05), rel=1e-15)
    else:
        assert np.ptp(volumes) > 1e-3


def test_a_batch_is_concentrated_until_its_tank_is_empty() -> None:
    """At a constant flux the tank empties on a known day, and says so."""
    flux = 20.0 / 3.6e6
    system, outside = with_tank(NO_FEED, flux=flux)
    plan = StationPlan(system, [during(0.0, 400.0, feed(concentration=50.0))], outside)
    course = run_stations(plan, np.array([[50.0], [0.0]]), 1e-6, 20)
    assert (course.status, course.reason) == ("failed", "left tank empty")
    assert course.times[-1] == pytest.approx(0.05 * (1.0 - 1e-6) / (flux * AREA), rel=1e-8)
    one, y = equations_of(course), course.states[-1]
    rejected = one.held(y)[0, 0] / one.held(course.states[0])[0, 0]
    assert 0.97 < rejected < 1.0
    assert max(imbalances(course)) < 1e-12


def test_cycles_of_a_closed_circuit() -> None:
    """At constant flux a cycle takes R/(1 − R) times the circuit's volume over the permeate's flow, then the flush."""
    flux, recovery, circuit = 20.0 / 3.6e6, 0.8, 0.05 + HOLD_UP
    system, outside = with_tank(MADE_UP, flux=flux)
    plan = StationPlan(system, [during(0.0, 2600.0, feed(concentration=50.0))], outside, Cycle(recovery, 1.0))
    course = run_stations(plan, np.array([[50.0], [0.0]]), 1e-6, 131)
    assert course.status == "completed"
    filling, plug, whole = circuit * recovery / (1.0 - recovery) / (flux * AREA), 0.05 / 2e-3, circuit / 2e-3
    expected = [
        (t + k * (filling + whole), name)
        for k in range(2)
        for t, name in ((filling, "permeate"), (filling + plug, "fed"), (filling + whole, "fed"))
    ]
    assert [name for _, name in course.events] == [name for _, name in expected]
    assert [t for t, _ in course.events] == pytest.approx([t for t, _ in expected], rel=1e-6)
    one = equations_of(course)
    volume, amounts = one.tank_indices(0)
    tank = course.states[:, amounts][:, 0] / course.states[:, volume]
    assert tank.max() == pytest.approx(50.0 / (1.0 - recovery), rel=0.08)  # but for what passes the membrane
    flushed = (course.times > filling + plug) & (course.times < filling + whole)
    assert tank[flushed] == pytest.approx(np.full(flushed.sum(), 50.0), rel=1e-6)  # fresh to the last drop
    pressures = course.states[:, system.entry_indices(0)[0, 1]]
    assert pressures.max() > pressures.min() + 10e5  # the pump pushes harder as the circuit grows saltier
    assert max(imbalances(course)) < 1e-10


def test_a_part_of_the_circuit_is_flushed() -> None:
    """Half a tank: what is left of it mixes with the feed that came in."""
    flux, circuit = 20.0 / 3.6e6, 0.05 + HOLD_UP
    system, outside = with_tank(MADE_UP, flux=flux)
    share = 0.025 / circuit
    plan = StationPlan(system, [during(0.0, 420.0, feed(concentration=50.0))], outside, Cycle(0.5, share))
    course = run_stations(plan, np.array([[50.0], [0.0]]), 1e-6, 841)
    assert [name for _, name in course.events][:2] == ["permeate", "fed"]
    one = equations_of(course)
    volume, amounts = one.tank_indices(0)
    tank = course.states[:, amounts][:, 0] / course.states[:, volume]
    (begin, _), (end, _) = course.events[:2]
    assert end - begin == pytest.approx(0.025 / 2e-3, rel=1e-8)
    full = tank[course.times <= begin][-1]
    assert tank[course.times >= end][0] == pytest.approx(0.5 * (full + 50.0), rel=5e-3)
    assert max(imbalances(course)) < 1e-10
    again = run_stations(plan, np.array([[50.0], [0.0]]), 1e-6, 841)  # a plan starts anew
    assert again.events == course.events
