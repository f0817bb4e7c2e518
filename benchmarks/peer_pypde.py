"""py-pde with a right-hand side of its own, integrated by its SciPy solver.

https://py-pde.readthedocs.io/en/latest/manual/advanced_usage.html, "Custom PDE classes": a subclass of `PDEBase` with
`evolution_rate`; `solver="scipy"` hands every further argument to SciPy's `solve_ivp`. Its grids are uniform and know
no second domain and no lone unknown, so the field is the row of unknowns of `problem.rhs` on a unit grid. States are
stored by a tracker, at each of whose interruptions SciPy starts afresh: here only the times of the table.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pde
from problem import END, TOLERANCES, Array, Method, Problem, Read, Solve, jacobian, layout, rhs
from scipy.sparse import csc_matrix


class _Osmosis(pde.PDEBase):
    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self.arrays = problem.arrays

    def evolution_rate(self, state: Any, t: float = 0) -> Any:
        slope = np.empty_like(state.data)
        rhs(state.data, slope, self.arrays)
        return pde.ScalarField(state.grid, slope)


def _with(label: str, exact_jacobian: bool) -> Method:
    where = layout()

    def prepare(problem: Problem, rtol: float) -> tuple[Solve, Read]:
        equation, pieces = _Osmosis(problem), np.empty((7, len(problem.start)))
        state = pde.ScalarField(pde.UnitGrid([len(problem.start)]), problem.start)

        def matrix(t: float, y: Array) -> csc_matrix:
            jacobian(y, pieces, problem.arrays)
            return where.matrix(pieces)

        more: dict[str, Any] = {"jac": matrix} if exact_jacobian else {}

        def solve() -> Any:
            storage = pde.MemoryStorage()
            equation.solve(
                state,
                t_range=END,
                tracker=storage.tracker(interrupts=list(problem.exact.time)),
                solver="scipy",
                backend="numpy",
                method="BDF",
                rtol=rtol,
                atol=rtol,
                **more,
            )
            return storage

        def read(storage: Any) -> Array:
            rows = [int(np.argmin(np.abs(np.array(storage.times) - time))) for time in problem.exact.time]
            assert np.allclose(np.array(storage.times)[rows], problem.exact.time)
            return problem.read(np.array(storage.data)[rows])

        return solve, read

    return Method(f"py-pde, BDF{label}", TOLERANCES[::2], prepare)


def methods() -> list[Method]:
    """As documented, and with our Jacobian passed through to SciPy."""
    return [_with("", False), _with(" with our Jacobian", True)]
