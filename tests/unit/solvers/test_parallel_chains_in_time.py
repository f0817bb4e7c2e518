"""Parallel chains through both linear solvers: n of them are n times one; a held total flux is shared out."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from membrane_pde.model.applied import Segment, Wave
from membrane_pde.model.parallel_chains import HeldFlux, ParallelChains
from membrane_pde.solvers.equations_stepper import EquationsStepper
from membrane_pde.solvers.events import Events
from membrane_pde.solvers.linear.choice import linear_solver
from membrane_pde.solvers.linear.interface import LinearSolver
from membrane_pde.solvers.linear.parallel_chains import ParallelChainsSolver
from membrane_pde.solvers.linear.sparse import SparseSolver
from membrane_pde.solvers.rosenbrock_stepper import RosenbrockStepper
from membrane_pde.solvers.stepper import longest_step
from tests.parallel_chains import AREAS, WATER, held, measures, several, start_of, tolerance
from tests.systems import BATH, CLOSED, OUTFLOW, RESERVOIR, RT, system

Array = NDArray[np.float64]
KINDS: list[type[Any]] = [ParallelChainsSolver, SparseSolver]
SEGMENT = Segment(0.0, 40.0, (2e6, 3e6), (1e5, 4e5), waves=(Wave(), Wave(1e5, 30.0)))
LEVEL = Segment(0.0, 40.0, (0.0, 0.0), (1e5, 1e5))


def solver_of(kind: type[Any], stations: ParallelChains) -> LinearSolver:
    return SparseSolver(stations, measures(stations)) if kind is SparseSolver else ParallelChainsSolver(stations)


def walked(stations: ParallelChains, kind: type[Any], rtol: float, due: Array) -> tuple[EquationsStepper, Array, int]:
    """To the end of the segment: states that were due, steps."""
    segment = stations.segment
    given = tolerance(stations, rtol), solver_of(kind, stations)
    stepper = EquationsStepper(
        stations, segment.start, start_of(stations), segment.end, *given, longest=longest_step(segment)
    )
    kept = np.empty((len(due) + 1, stations.size))
    steps, stored, _ = stepper.advance(np.append(due, math.inf), kept, 10_000)
    assert stepper.trouble is None
    assert (stepper.t, stored) == (segment.end, len(due))
    return stepper, kept[:stored], steps


# -- linear equations -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("boundary", [(CLOSED, CLOSED), (RESERVOIR, OUTFLOW), (BATH, CLOSED)], ids=str)
@pytest.mark.parametrize("is_held", [True, False], ids=["held", "free"])
@pytest.mark.parametrize("kind", KINDS)
def test_against_a_dense_solution(kind: type[Any], is_held: bool, boundary: tuple[str, str]) -> None:
    if is_held:
        stations = held(SEGMENT, (4e-6, 4e-6), boundary=boundary, bath="bleeding")
    else:
        stations = ParallelChains(several(boundary=boundary, bath="bleeding"), SEGMENT)
    y, size, t = start_of(stations, pressure=2e6), measures(stations), 3.0
    solver = solver_of(kind, stations)
    solver.linearize(t, y)
    rows = size.copy()
    if is_held:
        rows[-1] = 1e-6  # of a flow
    jacobian = stations.jacobian(t, y).toarray() * size / rows[:, None]
    for tau in (1e-2, 1e2):
        solver.factorize(tau)
        right = np.random.default_rng(3).uniform(-1.0, 1.0, stations.size)
        exact = np.linalg.solve(np.diag(stations.mass) - tau * jacobian, right)
        found = solver.solve(right * rows) / size
        assert np.abs(found - exact).max() <= 1e-11 * np.abs(exact).max(), tau


def test_one_place_chooses() -> None:
    stations = ParallelChains(several(), SEGMENT)
    assert isinstance(linear_solver(stations, measures(stations)), ParallelChainsSolver)
    chain = stations.chains(0.0, start_of(stations))[0]
    assert isinstance(linear_solver(chain, measures(stations)[: chain.size]), SparseSolver)


# -- n stations that are alike --------------------------------------------------------------------------------------
@pytest.mark.parametrize("law", ["spiegler-kedem", "kedem-katchalsky"])
@pytest.mark.parametrize("kind", KINDS)
def test_several_stations_are_several_times_one(kind: type[Any], law: str) -> None:
    """Totals are n times those of one chain, walked by the compiled loop, to round-off, in the same steps."""
    rtol, due = 1e-6, np.array([7.0, 23.0, 40.0])
    one = system(water=1e-12, law=law)
    alone = ParallelChains([one], SEGMENT)
    events = Events(one, rtol, tolerance(alone, rtol).atol)
    events.begin(0.0, start_of(alone), SEGMENT)
    given = rtol, tolerance(alone, rtol).atol, events
    reference = RosenbrockStepper(one, SEGMENT, 0.0, start_of(alone), *given)
    kept_alone = np.empty((4, one.size))
    steps_alone, _, _ = reference.advance(np.append(due, math.inf), kept_alone, 10_000)

    stations = ParallelChains(several((1e-12,) * 5, law=law), SEGMENT)
    _, kept, steps = walked(stations, kind, rtol, due)
    assert steps == steps_alone
    assert steps > 10
    size = measures(alone)
    for state, individual in zip(kept, kept_alone[:3], strict=True):
        each = state.reshape(5, -1)
        assert np.abs((each - individual) / size).max() < 1e-12
        assert np.abs((each.sum(axis=0) - 5.0 * individual) / (5.0 * size)).max() < 1e-12
    assert np.abs(kept_alone[2, one.passed]).min() > 1e-4  # something has passed
    assert abs(kept_alone[2, one.x]) > 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_stations_that_differ_do_not_see_each_other(kind: type[Any]) -> None:
    """Under given pressures each ends where it ends alone, but for the error of steps that others have a say in."""
    stations = ParallelChains(several(), SEGMENT)
    stepper, _, _ = walked(stations, kind, 1e-8, np.empty(0))
    for water, own in zip(WATER, stations.own, strict=True):
        alone = ParallelChains([system(water=water)], SEGMENT)
        individual, _, _ = walked(alone, ParallelChainsSolver, 1e-8, np.empty(0))
        assert np.abs((stepper.y[own] - individual.y) / measures(alone)).max() < 3e-8


# -- a held total flux ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_one_station_with_a_held_total_is_the_held_flux_of_one_chain(kind: type[Any]) -> None:
    """Its own core knows a side that holds its flux: another way to the same states, pressures and work."""
    flux, rtol = (1e-6, 3e-6), 1e-9
    stations = held(LEVEL, (AREAS[0] * flux[0], AREAS[0] * flux[1]), (1e-12,))
    stepper, _, _ = walked(stations, kind, rtol, np.empty(0))

    one, segment = system(water=1e-12, pumped="left"), LEVEL._replace(flux=flux)
    alone = ParallelChains([one], segment)
    individual, _, _ = walked(alone, ParallelChainsSolver, rtol, np.empty(0))
    assert np.abs((stepper.y[:-1] - individual.y) / measures(alone)).max() < 1e-8
    assert stepper.y[one.x] == pytest.approx(40.0 * 2e-6, rel=1e-12)
    observed = one.observe(np.array([40.0]), individual.y[None, None, :], [[segment]], one.memory[None, :])
    assert stepper.y[-1] == pytest.approx(float(observed.pressure_left[0, 0]), rel=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_a_held_total_shares_out_over_stations_as_an_independent_solution_has_it(kind: type[Any]) -> None:
    """Stirred on both sides: volumes, amounts and one pressure, by SciPy, with the pressure from a scalar equation."""
    permeability, flow, rtol = np.array([[2e-7, 1e-7]]), (2e-6, 4e-6), 1e-9
    setting: dict[str, Any] = {"stirred": (True, True), "law": "solution-diffusion"}
    stations = held(LEVEL, flow, permeability=tuple(permeability[0]), **setting)
    stepper, kept, _ = walked(stations, kind, rtol, np.array([13.0, 40.0]))

    water, n = np.array(WATER), 3
    lengths = 1e-3, 2e-3

    def split(y: Array) -> tuple[Array, Array, Array]:
        """X (n,), concentrations on both sides (n, 2)."""
        x, left, right = y[:n], y[n : 3 * n].reshape(n, 2), y[3 * n :].reshape(n, 2)
        return x, left / (lengths[0] - x[:, None]), right / (lengths[1] + x[:, None])

    def fluxes(y: Array, p: float) -> Array:
        _, c_left, c_right = split(y)
        return np.asarray(water * (p - 1e5 - RT * 2.0 * (c_left - c_right).sum(axis=1)))

    def pressure(t: float, y: Array) -> float:
        total = flow[0] + t / 40.0 * (flow[1] - flow[0])
        return float(brentq(lambda p: AREAS @ fluxes(y, p) - total, -1e8, 1e8, xtol=1e-6, rtol=1e-15))

    def slope(t: float, y: Array) -> Array:
        _, c_left, c_right = split(y)
        passing = permeability * (c_left - c_right)
        return np.concatenate([fluxes(y, pressure(t, y)), -passing.ravel(), passing.ravel()])

    start = np.concatenate([np.zeros(n), *(np.tile(c * np.array([1.0, 0.2]), n) for c in (300e-3, 120e-3))])
    found = solve_ivp(slope, (0.0, 40.0), start, method="DOP853", rtol=1e-12, atol=1e-18, t_eval=[13.0, 40.0])
    assert found.success
    for t, state, exact in zip(found.t, kept, found.y.T, strict=True):
        x, c_left, c_right = split(exact)
        assert state[-1] == pytest.approx(pressure(t, exact), rel=1e-8)
        for k, (own, one) in enumerate(zip(stations.own, stations.systems, strict=True)):
            y = state[own]
            assert y[one.x] == pytest.approx(x[k], rel=1e-7, abs=1e-13)
            c = one.amounts(y) / one.widths(y)
            assert c[:, 0] == pytest.approx(c_left[k], rel=1e-8)
            assert c[:, 1] == pytest.approx(c_right[k], rel=1e-8)
    displaced = [stepper.y[own][one.x] for own, one in zip(stations.own, stations.systems, strict=True)]
    assert AREAS @ displaced == pytest.approx(40.0 * 3e-6, rel=1e-12)  # what was held, to round-off
    assert np.ptp(displaced) > 2e-5  # and they do differ
    assert stations.rates(40.0, stepper.y)[-1] == pytest.approx(0.0, abs=1e-9 * flow[1])


def test_amounts_are_conserved_at_every_station() -> None:
    stations = held(LEVEL, (2e-6, 4e-6))
    start = start_of(stations)
    for kind, close in ((ParallelChainsSolver, 1e-14), (SparseSolver, 1e-12)):
        stepper, _, _ = walked(stations, kind, 1e-6, np.empty(0))
        for own, one in zip(stations.own, stations.systems, strict=True):
            before, after = one.amounts(start[own]).sum(axis=1), one.amounts(stepper.y[own]).sum(axis=1)
            assert after == pytest.approx(before, rel=close)


def test_the_work_is_the_pressure_times_what_it_moves() -> None:
    """``∫ (p − p_R) J_v dt`` at each station, against a fine sum over the stored states."""
    stations = ParallelChains(several(), LEVEL, HeldFlux(AREAS, (2e-6, 4e-6)))
    due = np.linspace(0.0, 40.0, 401)
    _, kept, _ = walked(stations, ParallelChainsSolver, 1e-8, due)
    for own, one in zip(stations.own, stations.systems, strict=True):
        fluxes = [stations.rates(t, y)[own][one.x] for t, y in zip(due, kept, strict=True)]
        power = (kept[:, -1] - 1e5) * np.array(fluxes)
        exact = np.sum(power[:-2:2] + 4.0 * power[1:-1:2] + power[2::2]) * 0.1 / 3.0  # Simpson's rule
        assert kept[-1, own][one.work] == pytest.approx(exact, rel=2e-5)
