"""Runs of any equations: jumps, events and what follows them, stored states, reasons to stop, balances."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csc_array

from membrane_pde.model.equations import Interval
from membrane_pde.model.interface import NoSolution
from membrane_pde.solvers.stepper import IntegrationError
from membrane_pde.solvers.tolerance import Tolerance
from membrane_pde.solvers.transient import Course, End, Plan, in_order, integrate_equations
from tests.index_one import whole

Array = NDArray[np.float64]
SOLVERS = ["rosenbrock", "ida"]
VOLUME = 3.0  # m^3
C, IN, OUT, Q = range(4)


@dataclass(frozen=True)
class Tank:
    """A stirred tank that a flow passes: ``V dc/dt = Q (c_f − c)``, what went in and out, and ``0 = Q − Q_f``.

    The feed's concentration is a straight line in time.
    """

    flow: float
    feed: float
    rise: float = 0.0
    full: float = math.inf  # concentration at which an event says so
    blocked: float = math.inf  # no rates from that time on

    size: ClassVar[int] = 4
    mass: ClassVar[Array] = np.array([1.0, 1.0, 1.0, 0.0])
    event_names: ClassVar[tuple[str, ...]] = ("full", "fresh")

    def rates(self, t: float, y: Array) -> Array:
        if t > self.blocked:
            raise NoSolution
        entering, leaving = y[Q] * (self.feed + self.rise * t), y[Q] * y[C]
        return np.array([(entering - leaving) / VOLUME, entering, leaving, self.flow - y[Q]])

    def jacobian(self, t: float, y: Array) -> csc_array:
        feed = self.feed + self.rise * t
        rows = [
            [-y[Q] / VOLUME, 0.0, 0.0, (feed - y[C]) / VOLUME],
            [0.0, 0.0, 0.0, feed],
            [y[Q], 0.0, 0.0, y[C]],
            [0.0, 0.0, 0.0, -1.0],
        ]
        return whole(np.array(rows))

    def time_slope(self, t: float, y: Array) -> Array:
        return np.array([y[Q] * self.rise / VOLUME, y[Q] * self.rise, 0.0, 0.0])

    def events(self, t: float, y: Array) -> Array:
        return np.array([self.full - y[C] if math.isfinite(self.full) else 1.0, y[C] - 0.5])


START = np.array([1.0, 0.0, 0.0, 77.0])  # the flow is solved for
TOLERANCE = Tolerance(1e-8, 1e-8 * np.ones(4), np.array([IN, OUT]))


def run(plan: Plan, end: float, solver: str = "rosenbrock", outputs: int = 31, **more: object) -> Course:
    return integrate_equations(plan, START, end, TOLERANCE, outputs=outputs, solver=solver, **more)  # type: ignore[arg-type]


def after(c: float, flow: float, feed: float, time: float) -> float:
    """Concentration after a time of constant flow and feed."""
    return feed + (c - feed) * math.exp(-flow * time / VOLUME)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_schedule_of_jumps(solver: str) -> None:
    """Flow and feed jump; the flow stops altogether, which no step of the integrator looks across."""
    intervals = [
        Interval(0.0, 1.0, Tank(2.0, 4.0)),
        Interval(1.0, 2.5, Tank(0.0, 9.0)),
        Interval(2.5, 3.0, Tank(5.0, 0.0)),
    ]
    course = run(in_order(intervals), 3.0, solver)
    assert (course.status, course.reason) == ("completed", "")
    assert course.times == pytest.approx(np.linspace(0.0, 3.0, 31), rel=1e-15)
    end = after(1.0, 2.0, 4.0, 1.0)
    exact = [
        after(1.0, 2.0, 4.0, t) if t <= 1.0 else end if t <= 2.5 else after(end, 5.0, 0.0, t - 2.5)
        for t in course.times
    ]
    assert course.states[:, C] == pytest.approx(exact, abs=3e-8)
    flows = dict(zip(course.times.tolist(), course.states[:, Q], strict=True))
    assert flows[0.0] == pytest.approx(2.0, rel=1e-12)
    assert flows[1.0] == pytest.approx(0.0, abs=1e-12)  # of the later interval
    assert flows[2.5] == pytest.approx(5.0, rel=1e-12)
    assert [each.equations.flow for each in course.intervals] == pytest.approx(course.states[:, Q], abs=1e-12)
    held = VOLUME * (course.states[:, C] - 1.0)
    entered = course.states[:, IN] - course.states[:, OUT]
    assert held == pytest.approx(entered, abs=1e-13 if solver == "rosenbrock" else 1e-12)  # across jumps, too


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_ramp_that_begins_and_ends(solver: str) -> None:
    intervals = [Interval(0.0, 1.0, Tank(3.0, 1.0, 2.0)), Interval(1.0, 2.0, Tank(3.0, 3.0))]
    course = run(in_order(intervals), 2.0, solver)
    # c' = (c_f − c) with c_f = 1 + 2 t and c(0) = 1: c = 2 t − 1 + 2 e^(−t)
    at_end = 1.0 + 2.0 * math.exp(-1.0)
    exact = [2.0 * t - 1.0 + 2.0 * math.exp(-t) if t <= 1.0 else after(at_end, 3.0, 3.0, t - 1.0) for t in course.times]
    assert course.states[:, C] == pytest.approx(exact, abs=3e-8)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_cycle_is_a_plan(solver: str) -> None:
    """Filled until it is full, flushed for two residence times, and again: as a plant in cycles does it."""
    filled, flush = Tank(3.0, 4.0, full=2.0), 2.0

    def plan(t: float, y: Array, event: str) -> Interval | End:
        if event == "fresh":  # on the way; the flush goes on
            return flushing[-1]
        if event == "full":
            flushing.append(Interval(t, min(t + flush, 10.0), Tank(3.0, 0.0)))
            return flushing[-1]
        return Interval(t, 10.0, filled) if t < 10.0 else End("completed")

    flushing: list[Interval] = []
    course = run(plan, 10.0, solver, outputs=101)
    assert course.status == "completed"
    times, t, c = [], 0.0, 1.0
    while True:
        t += math.log((4.0 - c) / 2.0)
        times.append((t, "full"))
        times.append((t + math.log(4.0), "fresh"))
        t, c = t + flush, 2.0 * math.exp(-flush)
        if t > 10.0:
            break
    times = [(when, name) for when, name in times if when < 10.0]
    assert [name for _, name in course.events] == [name for _, name in times]
    assert [when for when, _ in course.events] == pytest.approx([when for when, _ in times], abs=1e-6)
    assert len(times) >= 6
    held, entered = VOLUME * (course.states[:, C] - 1.0), course.states[:, IN] - course.states[:, OUT]
    assert held == pytest.approx(entered, abs=1e-11)


# -- how a run ends -------------------------------------------------------------------------------------------------
def test_an_event_that_nobody_awaits_ends_the_run() -> None:
    course = run(in_order([Interval(0.0, 3.0, Tank(3.0, 4.0, full=2.0))]), 3.0)
    assert (course.status, course.reason) == ("failed", "full")
    when = math.log(1.5)
    assert course.times[-1] == pytest.approx(when, abs=1e-7)
    assert course.states[-1, C] == pytest.approx(2.0, rel=1e-7)
    assert course.events == [(course.times[-1], "full")]
    assert course.times[:-1] == pytest.approx(np.arange(5) / 10.0)


def test_a_rule_to_stop() -> None:
    """A run that may stop early stores densely at first, and ends where the rule holds first."""

    def stop(t: float, y: Array, interval: Interval) -> str | None:
        return "steady" if y[C] > 3.97 else None

    course = run(in_order([Interval(0.0, 1000.0, Tank(3.0, 4.0))]), 1000.0, stop=stop)
    assert course.status == "steady"
    assert course.times[-1] == pytest.approx(math.log(100.0), rel=1e-6)
    assert 10 < len(course.times) <= 32


def test_a_failure_keeps_what_was_reached() -> None:
    intervals = [Interval(0.0, 1.0, Tank(2.0, 4.0)), Interval(1.0, 3.0, Tank(3.0, 4.0, blocked=2.0))]
    course = run(in_order(intervals), 3.0)
    assert (course.status, course.reason) == ("failed", "its steps became too short")
    assert course.times[-1] == pytest.approx(2.0, abs=1e-9)
    assert len(course.times) == 21
    assert course.states[-1, C] == pytest.approx(after(after(1.0, 2.0, 4.0, 1.0), 3.0, 4.0, 1.0), abs=1e-7)


def test_without_a_first_state_there_is_no_course() -> None:
    with pytest.raises(NoSolution):
        run(in_order([Interval(0.0, 1.0, Tank(2.0, 4.0, blocked=-1.0))]), 1.0)


class Severed(Tank):
    """Its flow is in no equation."""

    def jacobian(self, t: float, y: Array) -> csc_array:
        found = super().jacobian(t, y).toarray()
        found[Q, Q] = 0.0
        return whole(found)


def test_a_jump_to_equations_without_solution_is_told() -> None:
    course = run(in_order([Interval(0.0, 1.0, Tank(2.0, 4.0)), Interval(1.0, 2.0, Severed(3.0, 4.0))]), 2.0)
    assert course.status == "failed"
    assert "singular" in course.reason
    assert course.times[-1] == 1.0
    with pytest.raises(IntegrationError, match="singular"):
        run(in_order([Interval(0.0, 1.0, Severed(2.0, 4.0))]), 1.0)


def test_a_plan_that_does_not_go_on_is_an_error() -> None:
    same = Interval(0.0, 1.0, Tank(2.0, 4.0))
    with pytest.raises(ValueError, match="has to end later"):
        run(lambda t, y, event: same, 2.0)


def test_progress_is_told() -> None:
    shares: list[float] = []
    intervals = [Interval(k / 10.0, (k + 1) / 10.0, Tank(1.0 + k, 4.0)) for k in range(10)]
    run(in_order(intervals), 1.0, progress=shares.append)
    assert shares == sorted(shares)
    assert shares == pytest.approx([(k + 1) / 10.0 for k in range(10)])
