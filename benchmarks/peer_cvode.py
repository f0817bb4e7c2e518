"""SUNDIALS' CVODE through scikit-sundae, sparse exact Jacobian; right-hand side by NumPy, and compiled by Numba.

https://scikit-sundae.readthedocs.io/en/v1.1.x/api/sksundae/cvode/index.html: `linsolver="sparse"` wants the pattern as
`sparsity`, and `jacfn` fills the entries in the order of compressed
columns. (Our `solver = "cvode"` is that library, too.)
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from problem import (
    TIMES,
    TOLERANCES,
    Array,
    Method,
    Problem,
    Read,
    Solve,
    exact_rows,
    jacobian,
    layout,
    rhs,
    water_flux,
)
from sksundae.cvode import CVODE


def _with(label: str, slope: Callable[..., Any], fill: Callable[..., Any]) -> Method:
    where = layout()
    pattern = where.matrix(np.ones((7, where.shape[0])))

    def prepare(problem: Problem, rtol: float) -> tuple[Solve, Read]:
        arrays, rows = problem.arrays, exact_rows(problem)
        pieces = np.empty((7, len(problem.start)))

        def rhsfn(t: float, y: Array, yp: Array) -> None:
            slope(y, yp, arrays)

        def jacfn(t: float, y: Array, yp: Array, entries: Array) -> None:
            fill(y, pieces, arrays)
            entries[:] = pieces.ravel()[where.take]

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Custom sparse Jacobian approximation will be ignored")
            solver = CVODE(
                rhsfn, rtol=rtol, atol=rtol, linsolver="sparse", sparsity=pattern, jacfn=jacfn, max_num_steps=100_000
            )

        def solve() -> Array:
            answer = solver.solve(TIMES, problem.start)
            assert answer.success, answer.message
            return np.asarray(answer.y)

        return solve, lambda y: problem.read(y[rows])

    return Method(f"CVODE, {label}", TOLERANCES, prepare)


def methods() -> list[Method]:
    """With NumPy, and with Numba where that is installed."""
    found = [_with("NumPy", rhs, jacobian)]
    try:
        import numba
        from numba.extending import register_jitable
    except ImportError:
        return found
    register_jitable(water_flux)
    return [*found, _with("Numba", numba.njit(rhs, cache=True), numba.njit(jacobian, cache=True))]
