"""The Rosenbrock method: its orders by algebra and by steps, stiff decay, tolerance, events, conservation."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from membrane_pde.model.applied import Segment, Wave, segment_row
from membrane_pde.model.events import WATCH
from membrane_pde.model.mesh import build, graded_widths
from membrane_pde.model.problem import Problem
from membrane_pde.model.system import System
from membrane_pde.solvers import rosenbrock
from membrane_pde.solvers import walk as chain_walk
from membrane_pde.solvers.rosenbrock import LENGTH, RODAS5P, START, TIME, Y, interpolate
from membrane_pde.solvers.walk import Work, new_work
from tests.systems import OUTFLOW, RESERVOIR, system

Array = NDArray[np.float64]
Tree = tuple["Tree", ...]

# The equations of the module in the usual form, k = f(...) + J Σ γ_ij k_j: U = Γ k, with Γ⁻¹ = I/γ − C.
A, C = RODAS5P.stages
STAGES = len(A)
GAMMA = np.linalg.inv(np.eye(STAGES) / RODAS5P.gamma - C)
ALPHA = A @ GAMMA
WEIGHTS = (A[-1] + np.eye(STAGES)[-1]) @ GAMMA
EMBEDDED = A[-1] @ GAMMA


# -- algebra --------------------------------------------------------------------------------------------------------
def trees(order: int) -> list[Tree]:
    """Rooted trees with so many vertices; a tree is the sorted tuple of what hangs at its root."""
    found: set[Tree] = set()

    def hang(rest: int, branches: Tree) -> None:
        if rest == 0:
            found.add(tuple(sorted(branches)))
        for size in range(1, rest + 1):
            for branch in trees(size):
                hang(rest - size, (*branches, branch))

    hang(order - 1, ())
    return sorted(found)


def vertices(tree: Tree) -> int:
    return 1 + sum(map(vertices, tree))


def density(tree: Tree) -> int:
    return vertices(tree) * math.prod(map(density, tree))


def elementary(tree: Tree) -> Array:
    """Where a vertex carries one branch, f and J act alike, and α + γ counts; else f alone does, and α."""
    matrix = ALPHA + GAMMA if len(tree) == 1 else ALPHA
    return np.asarray(math.prod((matrix @ elementary(branch) for branch in tree), start=np.ones(STAGES)))


def defects(weights: Array, order: int, theta: float = 1.0) -> list[float]:
    """What is missing in each condition of an order."""
    return [abs(float(weights @ elementary(t)) - theta**order / density(t)) for t in trees(order)]


def test_there_are_as_many_conditions_as_there_should_be() -> None:
    assert [len(trees(order)) for order in range(1, 7)] == [1, 1, 2, 4, 9, 20]


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_conditions_of_order_five(order: int) -> None:
    assert max(defects(WEIGHTS, order)) < 1e-12


def test_the_error_estimate_is_of_order_four_and_no_more() -> None:
    assert max(max(defects(EMBEDDED, order)) for order in (1, 2, 3, 4)) < 1e-12
    assert max(defects(EMBEDDED, 5)) > 1e-4
    assert RODAS5P.order == 5.0


def share_of_step(theta: float) -> Array:
    """Weights of the dense output."""
    h1, h2, h3 = RODAS5P.rows[2:]
    last = A[-1] + np.eye(STAGES)[-1]
    return np.asarray((theta * last + theta * (1 - theta) * (h1 + theta * (h2 + theta * h3))) @ GAMMA)


@pytest.mark.parametrize("theta", [0.1, 0.37, 0.5, 0.9])
def test_the_dense_output_is_of_order_four(theta: float) -> None:
    for order in (1, 2, 3, 4):
        assert max(defects(share_of_step(theta), order, theta)) < 1e-11


def test_nodes_and_slopes_in_time_are_the_sums_of_rows() -> None:
    nodes, in_time = RODAS5P.rows[:2]
    assert nodes == pytest.approx(ALPHA.sum(axis=1), abs=1e-13)
    assert in_time == pytest.approx(GAMMA.sum(axis=1), abs=1e-13)
    assert np.diag(GAMMA) == pytest.approx(np.full(STAGES, RODAS5P.gamma), rel=1e-14)


def decay(z: complex) -> complex:
    """R(z): what a step makes of ``y' = λ y``, z = h λ."""
    stages = np.linalg.solve(np.linalg.inv(GAMMA) - z * (np.eye(STAGES) + A), z * np.ones(STAGES))
    return complex(1.0 + (A[-1] + np.eye(STAGES)[-1]) @ stages)


def test_l_stable_and_stiffly_accurate() -> None:
    assert ALPHA[-1] + GAMMA[-1] == pytest.approx(WEIGHTS, abs=1e-13)
    assert RODAS5P.rows[0, -3:].tolist() == [1.0, 1.0, 1.0]
    at_infinity = 1.0 - (A[-1] + np.eye(STAGES)[-1]) @ np.linalg.solve(np.eye(STAGES) + A, np.ones(STAGES))
    assert abs(at_infinity) < 1e-12
    assert decay(-0.1) == pytest.approx(math.exp(-0.1), abs=1e-9)
    for z in (-1e2, -1e4, -1e6):
        assert abs(decay(z)) < 20.0 / abs(z)
    assert max(abs(decay(1j * y)) for y in np.logspace(-3, 5, 400)) <= 1.0 + 1e-11  # A-stable


# -- a problem of ours ----------------------------------------------------------------------------------------------
DURATION = 32.0
OSCILLATING = Segment(0.0, DURATION, (1e6, 3e6), (0.0, 0.0), waves=(Wave(5e5, 40.0), Wave()))
HELD = Segment(0.0, DURATION, (0.0, 0.0), (0.0, 0.0), (1e-6, 4e-6))
SMOOTH = {
    "ramp and sine": (lambda: system(water=1e-12, cells=3), OSCILLATING),
    "logarithmic mean": (lambda: system(water=1e-12, cells=3, law="kedem-katchalsky"), OSCILLATING),
    "film": (lambda: system((RESERVOIR, OUTFLOW), water=1e-12, cells=3), OSCILLATING),
    "held flux": (lambda: system(water=1e-12, cells=3, pumped="left"), HELD),
}


def begun(one: System) -> Work:
    """At smooth concentrations, which keep the first steps smooth."""
    place = np.linspace(0.0, 1.0, one.problem.mesh.cells)
    start = one.initial_state(np.array([200.0 + 50.0 * np.cos(2.0 * place), 60.0 + 30.0 * np.sin(place)]))
    return started(one, start)


def started(one: System, start: Array) -> Work:
    work = new_work(RODAS5P, one.size, one.solutes, one.cells)
    rosenbrock.begin(work.run, 0.0, start)
    return work


def advance(
    one: System,
    segment: Segment,
    work: Work,
    rtol: float,
    most: int,
    due: Array,
    kept: Array,
    longest: float = math.inf,
) -> list[int]:
    """Steps, states that have been served, event."""
    rows, atol, goes_on = np.array([segment_row(segment)]), rtol * measures(one)[None, :], np.empty(0)
    ends = np.empty((1, 3), dtype=np.int64)
    given = one.numbers, rows, RODAS5P, rtol, atol, longest, np.zeros(WATCH), one.memory[None, :], work, goes_on
    with np.errstate(over="ignore", invalid="ignore"):  # a step that is far too long
        chain_walk.advance(*given, most, due, kept[None, :, :], ends)
    return [int(number) for number in ends[0]]


def walk(
    one: System, segment: Segment, work: Work, rtol: float, *, longest: float = math.inf, due: Array | None = None
) -> tuple[Array, int, int]:
    """To the end of the segment: states that were due, steps, event."""
    times = np.array([math.inf]) if due is None else np.append(due, math.inf)
    kept = np.empty((len(times), one.size))
    steps, stored, event = advance(one, segment, work, rtol, 100_000, times, kept, longest)
    return kept[:stored], steps, event


def measures(one: System) -> Array:
    size = np.empty(one.size)
    one.amounts(size)[:] = 200.0 * one.width
    size[one.x :] = 1e-3
    size[one.passed] = size[one.far_left] = size[one.far_right] = 0.2
    size[one.work] = 1e3
    return size


def fixed(make: Callable[[], System], segment: Segment, steps: int, due: Array | None = None) -> tuple[Array, Array]:
    """End and due states with so many equal steps: everything is allowed, and no step is longer."""
    one = make()
    work = begun(one)
    kept, taken, event = walk(one, segment, work, 1e9, longest=segment.end / steps, due=due)
    assert (taken, event) == (steps, 0)
    return work.run.vectors[Y] / measures(one), kept / measures(one)


@pytest.mark.parametrize("name", SMOOTH)
def test_observed_orders_of_steps(name: str) -> None:
    make, segment = SMOOTH[name]
    inside = DURATION * np.array([0.53, 0.71, 0.83, 0.97])
    runs = [fixed(make, segment, steps, inside) for steps in (12, 24, 96)]
    errors, errors_inside = ([np.abs(run[i] - runs[-1][i]).max() for run in runs[:-1]] for i in (0, 1))
    order, order_inside = (math.log2(coarse / fine) for coarse, fine in (errors, errors_inside))
    print(name, errors, order, errors_inside, order_inside)
    assert errors[1] > 1e-12  # above round-off, to show an order
    assert order >= 4.7
    assert order_inside >= 3.7


def test_the_error_follows_the_tolerance() -> None:
    make, segment = SMOOTH["ramp and sine"]

    def end(rtol: float) -> tuple[Array, int]:
        one = make()
        work = begun(one)
        _, steps, _ = walk(one, segment, work, rtol)
        return work.run.vectors[Y] / measures(one), steps

    exact, _ = end(1e-11)
    tolerances = [1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8]
    runs = [end(rtol) for rtol in tolerances]
    errors, steps = [float(np.abs(state - exact).max()) for state, _ in runs], [steps for _, steps in runs]
    print(errors, steps)
    assert errors == sorted(errors, reverse=True)
    assert steps == sorted(steps)
    assert np.polyfit(np.log10(tolerances), np.log10(errors), 1)[0] == pytest.approx(1.0, abs=0.2)
    assert all(error < 3.0 * rtol for error, rtol in zip(errors, tolerances, strict=True))


def test_a_start_with_a_kink_is_not_felt_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where water begins to flow the error of a step goes with the root of its length; the second refusal shows it."""
    one = system(water=1e-11, cells=60)
    work = started(one, one.initial_state(np.full((2, 120), 100.0)))
    real, tried = chain_walk._try_step, []

    def counted(*args: Any) -> bool:
        tried.append(args[-1])
        return real(*args)

    monkeypatch.setattr(chain_walk, "_try_step", counted)
    segment = Segment(0.0, DURATION, (3e6, 3e6), (0.0, 0.0))
    work.run.step_control[rosenbrock.NEXT] = DURATION
    due, kept = np.array([math.inf]), np.empty((1, one.size))
    given = one.numbers, segment, RODAS5P, 1e-6, 1e-6 * measures(one), math.inf, np.zeros(WATCH), one.memory, work
    with np.errstate(over="ignore", invalid="ignore"):
        steps, _, event = chain_walk.walk(*given, 1, due, kept)
    print(tried)
    assert (steps, event) == (1, 0)
    assert 3 <= len(tried) <= 7
    assert work.run.step_control[rosenbrock.LENGTH] < 1e-3 * DURATION


def test_the_dense_output_meets_both_ends() -> None:
    make, segment = SMOOTH["film"]
    one = make()
    work = begun(one)
    walk(one, segment, work, 1e-4)
    state = np.empty(one.size)
    for theta, there in ((0.0, work.run.vectors[rosenbrock.START_STATE]), (1.0, work.run.vectors[Y])):
        interpolate(RODAS5P, work.run, theta, state)
        assert (state == there).all()
    interpolate(RODAS5P, work.run, 1.0 - 1e-15, state)
    assert state == pytest.approx(work.run.vectors[Y], rel=1e-12)


def test_a_stiff_decay_is_over_in_one_step() -> None:
    """No water, and a step of ten thousand years over layers that level out in minutes."""
    one = system(water=0.0, cells=4, permeability=(1e-6, 1e-6))
    work = begun(one)
    walk(one, Segment(0.0, 3e11, (0.0, 0.0), (0.0, 0.0)), work, 1e9)
    c = one.amounts(work.run.vectors[Y]) / one.widths(work.run.vectors[Y])
    assert c == pytest.approx(np.broadcast_to(c[:, :1], c.shape), rel=1e-6)


# -- events ---------------------------------------------------------------------------------------------------------
def test_a_cut_step_is_the_beginning_of_the_whole_one() -> None:
    make, segment = SMOOTH["ramp and sine"]
    one = make()
    work = begun(one)
    walk(one, segment, work, 1e-4)
    start, length, fraction = float(work.run.step_control[START]), float(work.run.step_control[LENGTH]), 0.37
    whole, shorten_step = np.empty((2, 6, one.size))
    thetas = np.linspace(0.0, 1.0, 6)
    for theta, state in zip(thetas, whole, strict=True):
        interpolate(RODAS5P, work.run, fraction * theta, state)
    rosenbrock.shorten_step(RODAS5P, work.run, fraction)
    for theta, state in zip(thetas, shorten_step, strict=True):
        interpolate(RODAS5P, work.run, theta, state)
    assert np.abs((shorten_step - whole) / measures(one)).max() < 1e-15
    assert work.run.step_control[TIME] == start + fraction * length


@pytest.mark.parametrize("dry", ["left", "right"])
def test_the_state_at_an_event_lies_on_the_dense_output(dry: str) -> None:
    """Nothing but water: the flux is constant, and so is known when 99.9 % of the side are gone."""
    one = system(cells=2)
    press = 5e6 if dry == "left" else -5e6
    length = 1e-3 if dry == "left" else 2e-3
    expected = 0.999 * length / (1e-11 * 5e6)
    segment = Segment(0.0, 100.0, (press, press), (0.0, 0.0))
    work = started(one, one.initial_state(np.zeros((2, 4))))
    due = expected * np.array([0.25, 0.5, 0.999, 1.001])
    kept, _, event = walk(one, segment, work, 1e-6, due=due)
    assert event == {"left": 1, "right": 2}[dry]
    assert work.run.step_control[TIME] == pytest.approx(expected, rel=1e-9)
    assert work.run.vectors[Y][one.x] == pytest.approx(math.copysign(0.999 * length, press), rel=1e-9)
    events = one.events(float(work.run.step_control[TIME]), work.run.vectors[Y], segment, np.zeros(WATCH))
    assert -1e-12 <= events[event - 1] <= 0.0
    assert kept[:, one.x] == pytest.approx(1e-11 * press * due[:3], rel=1e-9)  # what was due before, and no more


def test_what_was_not_asked_for_in_time_is_written_afterwards() -> None:
    """A call ends when all that was due is served; the rest of the last step, cut at an event, is still there."""
    segment, times = Segment(0.0, 100.0, (5e6, 5e6), (0.0, 0.0)), np.linspace(0.5, 24.0, 40)
    stored = []
    for at_once in (40, 1):
        one = system(cells=2)
        start = one.initial_state(np.full((2, 4), 0.2))
        work, states, event, first = started(one, start), np.empty((40, one.size)), 0, 0
        while event == 0 and first < 40:
            _, count, event = advance(one, segment, work, 1e-4, 1000, times[first : first + at_once], states[first:])
            first += count
        while count and first < 40:
            _, count, _ = advance(one, segment, work, 1e-4, 0, times[first : first + at_once], states[first:])
            first += count
        assert event == 1
        assert times[first - 1] <= work.run.step_control[TIME] < times[first]
        stored.append(states[:first])
    assert stored[0] == pytest.approx(stored[1], rel=1e-12)


# -- conservation ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("finest", "close"), [(1e-7, 1e-14), (1e-9, 1e-12)])
def test_amounts_are_conserved_in_a_long_run_with_thin_cells(finest: float, close: float) -> None:
    """A tide of pressure, for a day; in a cell of a nanometre the two fluxes are large, and so is their round-off."""
    one = system(cells=4, water=1e-13)
    widths = [graded_widths(length, 12, finest) for length in (1e-3, 2e-3)]
    problem = {**vars(one.problem), "mesh": build(*widths)}
    one = System(Problem(**problem))
    start = one.initial_state(np.array([np.full(24, 200.0), np.linspace(0.0, 60.0, 24)]))
    work = started(one, start)
    day = Segment(0.0, 86400.0, (0.0, 0.0), (0.0, 0.0), waves=(Wave(3e5, 40000.0), Wave()))
    _, steps, event = walk(one, day, work, 1e-5)
    assert event == 0
    assert steps > 50
    y, begin = work.run.vectors[Y], one.amounts_of_sides(start)
    assert np.abs(y[one.passed]).max() > 1e-3
    for side, sign in ((0, 1.0), (1, -1.0)):
        missing = one.amounts_of_sides(y)[side] + sign * y[one.passed] - begin[side]
        assert np.abs(missing / sum(begin)).max() < close
    assert not y[one.far_left].any()
    assert not y[one.far_right].any()
