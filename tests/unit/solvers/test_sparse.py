"""Sparse LU of ``M − τ J``: against dense solutions, badly scaled, with changing patterns, singular."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csc_array

from membrane_pde.solvers.linear.interface import Singular
from membrane_pde.solvers.linear.sparse import SparseSolver, power_of_two

Array = NDArray[np.float64]


class Linear:
    """``M dy/dt = J y`` with a J that may be put in its place."""

    def __init__(self, jacobian: Array, mass: Array) -> None:
        self.matrix, self.mass, self.size = csc_array(jacobian), mass, len(mass)

    def rates(self, t: float, y: Array) -> Array:
        return np.asarray(self.matrix @ y)

    def jacobian(self, t: float, y: Array) -> csc_array:
        return self.matrix

    def time_slope(self, t: float, y: Array) -> Array:
        return np.zeros_like(y)


def scaled(seed: int, n: int = 40) -> tuple[Array, Array, Array, Array]:
    """A sparse J among units far apart, M with two algebraic rows, sizes of the unknowns and of the rows."""
    rng = np.random.default_rng(seed)
    jacobian = np.where(rng.uniform(size=(n, n)) < 0.1, rng.uniform(-1.0, 1.0, (n, n)), 0.0)
    mass = np.ones(n)
    mass[[7, 23]] = 0.0
    jacobian[[7, 23], [7, 23]] = 2.0
    sizes = 10.0 ** rng.uniform(-12.0, 6.0, n)
    rows = np.where(mass == 0.0, 10.0 ** rng.uniform(-9.0, 9.0, n), sizes)
    return jacobian * rows[:, None] / sizes, mass, sizes, rows


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("tau", [1e-6, 1.0, 1e6])
def test_against_a_dense_solution_in_units_of_their_own_size(seed: int, tau: float) -> None:
    jacobian, mass, sizes, rows = scaled(seed)
    solver = SparseSolver(Linear(jacobian, mass), sizes)
    solver.linearize(0.0, sizes)
    solver.factorize(tau)
    matrix = (np.diag(mass) - tau * jacobian) * sizes / rows[:, None]
    for right in np.random.default_rng(seed + 100).uniform(-1.0, 1.0, (3, len(mass))):
        found = solver.solve(right * rows) / sizes
        assert found == pytest.approx(np.linalg.solve(matrix, right), rel=1e-9, abs=1e-9 * np.abs(found).max())


def test_another_pattern_is_noticed() -> None:
    jacobian, mass, sizes, rows = scaled(1)
    equations = Linear(jacobian, mass)
    solver = SparseSolver(equations, sizes)
    solver.linearize(0.0, sizes)
    other = jacobian.copy()
    other[3, 30] += 0.5 * sizes[3] / sizes[30]
    equations.matrix = csc_array(other)
    solver.linearize(0.0, sizes)
    solver.factorize(2.0)
    found = (np.diag(mass) - 2.0 * other) @ solver.solve(rows)
    assert found / rows == pytest.approx(np.ones(len(rows)), rel=1e-8)


def test_a_singular_matrix_is_said_so() -> None:
    solver = SparseSolver(Linear(np.diag([0.0, 1.0]), np.array([0.0, 1.0])), np.ones(2))
    solver.linearize(0.0, np.ones(2))
    with pytest.raises(Singular):  # an algebraic row without an unknown
        solver.factorize(0.5)
    with pytest.raises(Singular):  # and 1 − τ J = 0
        factorized(np.array([[1.0, 0.0], [0.0, 3.0]]), 1.0)
    with pytest.raises(Singular):
        factorized(np.array([[np.nan, 0.0], [0.0, 3.0]]), 1.0)


def factorized(jacobian: Array, tau: float) -> None:
    solver = SparseSolver(Linear(jacobian, np.ones(2)), np.ones(2))
    solver.linearize(0.0, np.ones(2))
    solver.factorize(tau)


def test_entries_that_stand_twice_are_refused() -> None:
    twice = csc_array((np.ones(3), np.array([0, 0, 1], dtype=np.int32), np.array([0, 2, 3], dtype=np.int32)))
    equations = Linear(np.eye(2), np.ones(2))
    equations.matrix = twice
    with pytest.raises(ValueError, match="twice"):
        SparseSolver(equations, np.ones(2)).linearize(0.0, np.ones(2))


def test_powers_of_two_are_near() -> None:
    sizes = 10.0 ** np.random.default_rng(0).uniform(-300.0, 300.0, 50)
    found = power_of_two(sizes)
    assert (np.frexp(found)[0] == 0.5).all()
    near = (sizes > 1e-280) & (sizes < 1e280)
    assert (np.abs(np.log2(found / sizes)) <= 0.5 + 1e-9)[near].all()
