"""Values of the algebraic unknowns that satisfy their equations, at the start of a run and after every jump."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from membrane_pde.model.equations import Equations, algebraic_rows
from membrane_pde.model.interface import NoSolution
from membrane_pde.model.mesh import Array
from membrane_pde.solvers.linear.interface import Singular
from membrane_pde.solvers.linear.sparse import power_of_two
from membrane_pde.solvers.stepper import IntegrationError

_MAX_ITERATIONS = 60
_MIN_DAMPING = 2.0**-24  # smallest damping factor of a Newton step
_CONVERGED = 1e-12  # convergence tolerance: change of the unknowns relative to their typical magnitudes


def consistent_state(equations: Equations, t: float, y: Array, sizes: Array) -> Array:
    """Solve the algebraic rows ``0 = r_a(t, y_d, y_a)`` for the algebraic unknowns by Newton's method.

    A Newton step is damped until the next one, computed with the same matrix, would be shorter (P. Deuflhard's natural
    monotonicity test), so that the scales of the rows do not matter.

    Parameters
    ----------
    equations : Equations
        Equations of index 1.
    t : float
        Time, s.
    y : ndarray, shape (n,)
        State; its algebraic unknowns are the first guess.
    sizes : ndarray, shape (n,)
        Typical magnitudes of the unknowns.

    Returns
    -------
    ndarray, shape (n,)
        A new state with the same differential unknowns.

    Raises
    ------
    IntegrationError
        There is no such state, or Newton's method does not converge.
    NoSolution
        r does not exist at the first guess.
    """
    rows = algebraic_rows(equations)
    y = np.array(y, dtype=float)
    if not len(rows):
        return y
    own = sizes[rows]
    residual = equations.rates(t, y)[rows]
    for _ in range(_MAX_ITERATIONS):
        try:
            solve = _factorized(equations, t, y, rows, own)
            change = solve(residual)
        except Singular as error:
            raise IntegrationError("the algebraic equations cannot be solved: their Jacobian is singular") from error
        length, damping = _length(change, own, y[rows]), 1.0
        if length <= _CONVERGED:
            y[rows] -= change
            return y
        while True:
            trial = y.copy()
            trial[rows] -= damping * change
            try:
                after = equations.rates(t, trial)[rows]
                if np.isfinite(after).all() and _length(solve(after), own, y[rows]) <= (1.0 - 0.25 * damping) * length:
                    break
            except NoSolution:
                pass
            damping *= 0.5
            if damping < _MIN_DAMPING:
                if length <= 1e3 * _CONVERGED:  # round-off
                    return y
                raise IntegrationError("no values of the algebraic unknowns satisfy their equations")
        y, residual = trial, after
    raise IntegrationError("no values of the algebraic unknowns satisfy their equations")


def _length(change: Array, sizes: Array, values: Array) -> float:
    return float(np.max(np.abs(change) / np.maximum(sizes, np.abs(values))))


def _factorized(
    equations: Equations, t: float, y: Array, rows: NDArray[np.intp], sizes: Array
) -> Callable[[Array], Array]:
    """Solve function of a factorization of the block ∂r_a/∂y_a."""
    from scipy.sparse import csc_array
    from scipy.sparse.linalg import splu

    block = csc_array(equations.jacobian(t, y)[rows][:, rows])
    scale = power_of_two(sizes)
    block = block.multiply(scale).tocsc()
    largest = abs(block).max(axis=1).toarray().ravel()
    if not (np.isfinite(largest).all() and (largest > 0.0).all()):
        raise Singular
    weight = power_of_two(1.0 / largest)
    try:
        lu = splu(csc_array(block.multiply(weight[:, None])))
    except RuntimeError as error:
        raise Singular from error
    return lambda x: np.asarray(scale * lu.solve(weight * x))
