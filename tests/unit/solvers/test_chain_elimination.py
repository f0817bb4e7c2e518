"""Solving with ``I − τ J`` by the structure of J, against a dense solution; slopes in time against differences."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from membrane_pde.model.applied import Segment, Wave
from membrane_pde.model.slopes import Slopes, new_slopes, set_slopes
from membrane_pde.model.system import System
from membrane_pde.model.time_slopes import add_time_slopes
from membrane_pde.solvers.linear.chain import factorize, new_factors, solve
from tests.systems import (
    BATH,
    CLOSED,
    OUTFLOW,
    REGIONS,
    RESERVOIR,
    RT,
    SETTINGS,
    dense_jacobian,
    label,
    pressing,
    rhs,
    some_state,
    system,
)

Array = NDArray[np.float64]


def slopes(one: System, y: Array, segment: Segment, t: float = 0.5) -> Slopes:
    out = new_slopes(one.solutes, one.cells)
    set_slopes(one.numbers, segment, t, one.faces(t, y, segment), out)
    return out


def solved(one: System, d: Slopes, tau: float, right: Array) -> Array:
    factors, x = new_factors(one.solutes, one.cells), right.copy()
    factorize(one.numbers, d, tau, factors)
    solve(one.numbers, d, factors, x)
    return x


def prepared(setting: dict[str, Any]) -> tuple[System, Array, Segment]:
    """As the Jacobian is tested: closed sides press back."""
    setting = dict(setting)
    segment = pressing(setting.pop("pressure"))
    left, right = (1e7 if kind == CLOSED and setting.get("present", True) else 0.0 for kind in setting["boundary"])
    one = system(**setting, stiffness=(left, right))
    return one, some_state(one), segment


def sizes(one: System, y: Array, segment: Segment) -> Array:
    """What each entry of the state is measured by: amounts, lengths, work."""
    size = np.empty(one.size)
    one.amounts(size)[:] = np.abs(one.amounts(y)).max(axis=1)[:, None]
    size[one.x] = size[one.volume[0]] = size[one.volume[1]] = 1e-3
    size[one.passed] = size[one.far_left] = size[one.far_right] = np.abs(one.amounts(y)).max(axis=1)
    size[one.work] = 1e-3 * (abs(segment.left[0]) or 1e6)
    return size


@pytest.mark.parametrize("setting", [*SETTINGS, *REGIONS], ids=label)
def test_against_the_dense_solution_and_amounts_are_conserved(setting: dict[str, Any]) -> None:
    one, y, segment = prepared(setting)
    size, m = sizes(one, y, segment), one.membrane
    right = size * np.random.default_rng(7).uniform(-1.0, 1.0, one.size)
    jacobian, d = dense_jacobian(one, y, segment), slopes(one, y, segment)
    for tau in (1e-3, 1e3):
        x = solved(one, d, tau, right)
        # in units of their own size, or the dense solution chooses its pivots among moles, metres and joules
        exact = size * np.linalg.solve(np.eye(one.size) - tau * jacobian * size / size[:, None], right / size)
        scale = np.maximum(size, np.abs(exact))
        one.amounts(scale)[:] = one.amounts(scale).max(axis=1)[:, None]
        assert (np.abs(x - exact) <= 2e-12 * scale).all(), tau

        # what a side's cells gain is what comes through its two faces
        gained, terms = one.amounts(x - right), np.zeros(one.solutes)
        for part in (x, right):
            terms += np.abs(one.amounts(part)).sum(axis=1)
            terms += sum(np.abs(part[total]) for total in (one.passed, one.far_left, one.far_right))
        passed, left, behind = ((x - right)[total] for total in (one.passed, one.far_left, one.far_right))
        assert (np.abs(gained[:, :m].sum(axis=1) - left + passed) <= 3e-14 * terms).all(), tau
        assert (np.abs(gained[:, m:].sum(axis=1) - passed + behind) <= 3e-14 * terms).all(), tau


def test_many_cells_one_solution_for_two_right_hand_sides() -> None:
    """What is prepared once serves for each stage."""
    one = system((BATH, CLOSED), bath="bleeding", cells=60, real=True)
    y, segment, tau = some_state(one), pressing(6e6), 20.0
    size, d, factors = sizes(one, y, segment), slopes(one, y, segment), new_factors(one.solutes, one.cells)
    factorize(one.numbers, d, tau, factors)
    matrix = np.eye(one.size) - tau * dense_jacobian(one, y, segment) * size / size[:, None]
    for seed in range(2):
        x = np.random.default_rng(seed).uniform(-1.0, 1.0, one.size) * size
        exact = size * np.linalg.solve(matrix, x / size)
        solve(one.numbers, d, factors, x)
        assert (np.abs(x - exact) <= 1e-11 * np.maximum(size, np.abs(exact))).all()


LEVEL, UP, DOWN = (2e6, 2e6), (2e6, 5e6), (1e6, -3e6)
IN_TIME: dict[str, tuple[dict[str, Any], Segment]] = {
    "ramp": ({}, Segment(0.0, 1.0, UP, DOWN)),
    "waves": ({}, Segment(0.0, 1.0, LEVEL, (0.0, 0.0), waves=(Wave(1e6, 0.7), Wave(5e5, 0.3)))),
    "ramp and wave": ({}, Segment(0.0, 1.0, UP, (0.0, 0.0), waves=(Wave(), Wave(5e5, 0.3)))),
    "held flux": ({"pumped": "left"}, Segment(0.0, 1.0, LEVEL, LEVEL, (1e-5, 4e-5))),
    "held flux on the right": ({"pumped": "right"}, Segment(0.0, 1.0, LEVEL, LEVEL, (-1e-5, 3e-5))),
    "no water": ({"water": 0.0}, Segment(0.0, 1.0, UP, DOWN)),
    "nothing changes": ({}, Segment(0.0, 1.0, LEVEL, (0.0, 0.0))),
}


@pytest.mark.parametrize("boundary", [(CLOSED, CLOSED), (RESERVOIR, OUTFLOW), (BATH, CLOSED), (OUTFLOW, BATH)])
@pytest.mark.parametrize("name", IN_TIME)
def test_slopes_in_time(name: str, boundary: tuple[str, str]) -> None:
    setting, segment = IN_TIME[name]
    one = system(boundary, **setting, bath="bleeding")
    y, t, step, scale = some_state(one), 0.4, 1e-3, 2.5
    near, far = (rhs(one, y, segment, t + k * step) - rhs(one, y, segment, t - k * step) for k in (1, 2))
    numeric = (8 * near - far) / (12 * step)
    found = np.zeros(one.size)
    add_time_slopes(one.numbers, slopes(one, y, segment, t), scale, found)
    # of a cell as of the largest change among its solute's, whose difference it may be
    size, flows = np.abs(scale * numeric), one.faces(t, y, segment).alpha.max() * 400.0
    one.amounts(size)[:] = one.amounts(size).max(axis=1)[:, None]
    noise = np.full(one.size, flows)  # round-off of each flux is that of the terms it is the difference of
    noise[one.x], noise[one.work] = flows / 400.0, flows * RT
    assert (np.abs(found - scale * numeric) <= 1e-7 * size + 4e-15 * noise / step).all()
    if name == "nothing changes":
        assert not found.any()
    elif name != "no water":
        assert found[one.x] != 0.0
    twice = found.copy()
    add_time_slopes(one.numbers, slopes(one, y, segment, t), -scale, twice)  # added to what is there
    assert np.abs(twice).max() <= 1e-15 * np.abs(found).max()
