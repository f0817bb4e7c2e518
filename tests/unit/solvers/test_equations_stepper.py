"""Rodas5P for equations with algebraic rows: orders on a known solution, tolerance, consistent starts, events."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from membrane_pde.model.interface import NoSolution
from membrane_pde.solvers.consistent import consistent_state
from membrane_pde.solvers.equations_stepper import EquationsStepper
from membrane_pde.solvers.linear.sparse import SparseSolver
from membrane_pde.solvers.stepper import IntegrationError
from membrane_pde.solvers.tolerance import ErrorNorm, Tolerance
from tests.index_one import IndexOne

Array = NDArray[np.float64]
ONES = np.ones(3)


def stepper(
    problem: IndexOne, end: float, rtol: float, *, longest: float = math.inf, watched: bool = False
) -> EquationsStepper:
    tolerance, start = Tolerance(rtol, rtol * ONES), problem.exact(0.0)
    linear = SparseSolver(problem, ONES)
    return EquationsStepper(
        problem, 0.0, start, end, tolerance, linear, longest=longest, watched=problem if watched else None
    )


def walk(one: EquationsStepper, due: Array) -> tuple[Array, int, str]:
    """To the end or to an event: states that were due, steps, event."""
    times = np.append(due, math.inf)
    kept = np.empty((len(times), 3))
    steps, stored, event = one.advance(times, kept, 100_000)
    assert one.trouble is None
    return kept[:stored], steps, event


def test_the_problem_is_what_it_says() -> None:
    """Its solution solves it, and its derivatives are those of its rates."""
    problem, y, step = IndexOne(), np.array([1.7, 0.4, 0.9]), 1e-6
    for t in (0.0, 0.7, 2.0):
        expected = problem.mass * problem.exact_slope(t)
        assert problem.rates(t, problem.exact(t)) == pytest.approx(expected, abs=1e-15)
        numeric = (problem.rates(t + step, y) - problem.rates(t - step, y)) / (2 * step)
        assert problem.time_slope(t, y) == pytest.approx(numeric, abs=1e-8)
        for j, column in enumerate(problem.jacobian(t, y).toarray().T):
            shift = step * np.eye(3)[j]
            numeric = (problem.rates(t, y + shift) - problem.rates(t, y - shift)) / (2 * step)
            assert column == pytest.approx(numeric, abs=1e-8)


def test_orders_in_differential_and_algebraic_unknowns() -> None:
    """Order 5 at the ends of steps and 4 within them, in y and in z alike."""
    end, at_ends, within = 3.0, [], []
    for steps in (64, 128, 256):
        one = stepper(IndexOne(), end, 1e9, longest=end / steps)  # everything is allowed: so many equal steps
        errors, inside = np.zeros(3), np.zeros(3)
        for _ in range(steps):
            one.step()
            errors = np.maximum(errors, np.abs(one.y - IndexOne.exact(one.t)))
            for share in (0.3, 0.5, 0.7):
                t = one.t - share * end / steps
                inside = np.maximum(inside, np.abs(one.at(t) - IndexOne.exact(t)))
        assert one.t == end
        at_ends.append(errors)
        within.append(inside)
    orders, orders_within = (np.log2(np.array(found[:-1]) / np.array(found[1:])) for found in (at_ends, within))
    print("y, x, z at the ends of steps", at_ends, orders, "within", within, orders_within)
    assert np.min(at_ends[-1]) > 1e-13  # above round-off, to show an order
    assert np.abs(orders - 5.0).max() < 0.3
    assert orders_within.min() > 3.9


def test_the_error_follows_the_tolerance() -> None:
    errors, steps = [], []
    for rtol in (1e-4, 1e-6, 1e-8, 1e-10):
        one = stepper(IndexOne(), 3.0, rtol)
        _, taken, _ = walk(one, np.empty(0))
        errors.append(float(np.abs(one.y - IndexOne.exact(3.0)).max()) / rtol)
        steps.append(taken)
    print(errors, steps)
    assert max(errors) < 3.0
    assert steps == sorted(steps)
    assert steps[-1] < 300


# -- the algebraic unknowns at the start ----------------------------------------------------------------------------
@pytest.mark.parametrize("guess", [0.9, 0.0, -3.0, 1e3])
def test_algebraic_unknowns_are_solved_at_the_start(guess: float) -> None:
    problem, t = IndexOne(), 0.4
    start = problem.exact(t)
    start[2] = guess
    found = consistent_state(problem, t, start, ONES)
    assert found == pytest.approx(problem.exact(t), rel=1e-14)
    assert (found[:2] == start[:2]).all()


class Without(IndexOne):
    """``0 = z² + 1``: no z solves it; and where z is 0 its derivative vanishes."""

    def rates(self, t: float, y: Array) -> Array:
        return np.array([0.0, 0.0, y[2] ** 2 + 1.0])

    def jacobian(self, t: float, y: Array):
        found = super().jacobian(t, y).toarray()
        found[2] = [0.0, 0.0, 2.0 * y[2]]
        return type(super().jacobian(t, y))(found)


@pytest.mark.parametrize(("guess", "words"), [(0.7, "no values of the algebraic unknowns satisfy"), (0.0, "singular")])
def test_no_algebraic_unknowns_are_said_so(guess: float, words: str) -> None:
    with pytest.raises(IntegrationError, match=words):
        consistent_state(Without(), 0.0, np.array([1.0, 1.0, guess]), ONES)


# -- what cannot be computed ----------------------------------------------------------------------------------------
class Blocked(IndexOne):
    """From some time on there is no r."""

    def rates(self, t: float, y: Array) -> Array:
        if t > 1.0:
            raise NoSolution
        return super().rates(t, y)


def test_where_there_is_no_rate_the_run_ends_there() -> None:
    one = stepper(Blocked(), 3.0, 1e-6)
    steps, stored, event = one.advance(np.array([0.5, 2.0]), np.empty((2, 3)), 10_000)
    assert isinstance(one.trouble, IntegrationError)
    assert (stored, event) == (1, "")
    assert steps > 5
    assert one.t == pytest.approx(1.0, abs=1e-9)


# -- events ---------------------------------------------------------------------------------------------------------
def test_events_end_steps_and_the_run_goes_on_behind_them() -> None:
    one = stepper(IndexOne(), 3.0, 1e-10, watched=True)
    due = np.array([1.0, 1.3, 1.38, 2.0, 2.5])
    kept, _, event = walk(one, due)
    assert event == "z has fallen to 0.5"
    first = 2.0 * math.log(2.0)
    assert one.t == pytest.approx(first, abs=1e-8)
    assert len(kept) == 3  # what was due before
    assert one.y == pytest.approx(IndexOne.exact(one.t), abs=1e-8)
    # the dense output has been cut with the step
    assert one.at(1.385) == pytest.approx(IndexOne.exact(1.385), abs=1e-7)
    kept, _, event = walk(one, due[3:])
    assert event == "y has fallen to 1.5"
    assert one.t == pytest.approx(2.0 / 3.0 * math.pi, abs=1e-8)
    kept, _, event = walk(one, due[4:])
    assert (event, one.t) == ("", 3.0)
    assert kept[0] == pytest.approx(IndexOne.exact(2.5), abs=1e-8)


# -- the norm -------------------------------------------------------------------------------------------------------
def test_the_norm_sees_numbers_among_many_cells() -> None:
    mass = np.ones(102)
    mass[-1] = 0.0
    norm = ErrorNorm(Tolerance(1e-3, np.full(102, 1e-6), np.array([100])), mass)
    y, cell, total, algebraic = np.zeros(102), np.zeros(102), np.zeros(102), np.zeros(102)
    cell[7], total[100], algebraic[101] = 1e-6, 1e-6, 1e-6
    assert norm(cell, y, y) == pytest.approx(0.1)  # the root mean square over a hundred
    assert norm(total, y, y) == pytest.approx(10.0)
    assert norm(algebraic, y, y) == pytest.approx(1.0)
    assert norm(cell, y, np.full(102, 1.0)) == pytest.approx(0.1 * 1e-6 / (1e-6 + 1e-3))
    assert norm(np.full(102, math.nan), y, y) == math.inf
