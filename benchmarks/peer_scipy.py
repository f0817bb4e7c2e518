"""SciPy's `solve_ivp` with the exact Jacobian, NumPy right-hand side.

https://docs.scipy.org/doc/scipy/reference/generated/scipy.integrate.solve_ivp.html: `jac` may be sparse for BDF and
Radau; LSODA takes it dense (or banded, which three full columns are not).
"""

from __future__ import annotations

import numpy as np
from problem import END, TIMES, TOLERANCES, Array, Method, Problem, Read, Solve, exact_rows, jacobian, layout, rhs
from scipy.integrate import solve_ivp
from scipy.sparse import csc_matrix


def _with(name: str, dense: bool) -> Method:
    where = layout()

    def prepare(problem: Problem, rtol: float) -> tuple[Solve, Read]:
        arrays, rows = problem.arrays, exact_rows(problem)
        pieces = np.empty((7, len(problem.start)))

        def slope(t: float, y: Array) -> Array:
            dydt = np.empty_like(y)
            rhs(y, dydt, arrays)
            return dydt

        def matrix(t: float, y: Array) -> csc_matrix | Array:
            jacobian(y, pieces, arrays)
            found = where.matrix(pieces)
            return found.toarray() if dense else found

        def solve() -> Array:
            answer = solve_ivp(
                slope, (0.0, END), problem.start, method=name, t_eval=TIMES, jac=matrix, rtol=rtol, atol=rtol
            )
            assert answer.success, answer.message
            return np.asarray(answer.y)

        return solve, lambda y: problem.read(y.T[rows])

    return Method(f"SciPy {name}", TOLERANCES, prepare)


def methods() -> list[Method]:
    """The three implicit methods of SciPy."""
    return [_with("LSODA", dense=True), _with("BDF", dense=False), _with("Radau", dense=False)]
