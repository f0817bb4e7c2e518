"""IDA on equations with algebraic rows: it and Rodas5P find the same."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from membrane_pde.model.applied import Segment
from membrane_pde.model.interface import NoSolution
from membrane_pde.solvers.equations_stepper import EquationsStepper
from membrane_pde.solvers.ida import IdaStepper
from membrane_pde.solvers.linear.choice import linear_solver
from membrane_pde.solvers.stepper import IntegrationError
from membrane_pde.solvers.tolerance import Tolerance
from tests.index_one import IndexOne
from tests.parallel_chains import held, measures, start_of, tolerance

Array = NDArray[np.float64]


def test_a_known_solution_of_index_one() -> None:
    due, kept = np.array([0.7, 2.1, 3.0, math.inf]), np.empty((4, 3))
    start = IndexOne.exact(0.0)
    start[2] = 7.0  # solved anew
    one = IdaStepper(IndexOne(), 0.0, start, 3.0, Tolerance(1e-7, 1e-7 * np.ones(3)))
    steps, stored, event = one.advance(due, kept, 100_000)
    assert one.trouble is None
    assert (one.t, stored, event) == (3.0, 3, "")
    assert steps > 50
    for t, state in zip(due[:3], kept, strict=False):
        assert state == pytest.approx(IndexOne.exact(t), abs=2e-7)


@pytest.mark.parametrize("setting", [{}, {"law": "kedem-katchalsky", "stiffness": (0.0, 1e9)}], ids=str)
def test_it_agrees_with_rodas_on_a_held_total_flux(setting: dict[str, Any]) -> None:
    segment, rtol = Segment(0.0, 40.0, (0.0, 0.0), (1e5, 3e5)), 1e-7
    due, found = np.array([11.0, 29.0, 40.0]), []
    for kind in (IdaStepper, EquationsStepper):
        stations = held(segment, (2e-6, 4e-6), **setting)
        given: list[Any] = [stations, 0.0, start_of(stations), 40.0, tolerance(stations, rtol)]
        if kind is EquationsStepper:
            given.append(linear_solver(stations, measures(stations)))
        kept = np.empty((4, stations.size))
        one = kind(*given)
        _, stored, _ = one.advance(np.append(due, math.inf), kept, 100_000)
        assert one.trouble is None
        assert stored == 3
        found.append(kept[:3] / measures(stations))
    assert np.abs(found[0] - found[1]).max() < 10.0 * rtol
    assert np.ptp(found[0][:, -1]) > 0.1  # the pressure moves


class Blocked(IndexOne):
    """From some time on there is no r."""

    def rates(self, t: float, y: Array) -> Array:
        if t > 1.0:
            raise NoSolution
        return super().rates(t, y)


def test_it_gives_up_in_words(capfd: pytest.CaptureFixture[str]) -> None:
    one = IdaStepper(Blocked(), 0.0, IndexOne.exact(0.0), 3.0, Tolerance(1e-4, 1e-4 * np.ones(3)))
    one.advance(np.array([2.0]), np.empty((1, 3)), 10_000)
    assert isinstance(one.trouble, IntegrationError)
    assert one.t == pytest.approx(1.0, abs=1e-6)
    assert capfd.readouterr().out == ""
