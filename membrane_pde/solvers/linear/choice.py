"""Choice of the linear solver for given equations."""

from __future__ import annotations

from membrane_pde.model.equations import Equations
from membrane_pde.model.mesh import Array
from membrane_pde.model.parallel_chains import ParallelChains
from membrane_pde.solvers.linear.interface import LinearSolver
from membrane_pde.solvers.linear.parallel_chains import ParallelChainsSolver
from membrane_pde.solvers.linear.sparse import SparseSolver


def linear_solver(equations: Equations, sizes: Array) -> LinearSolver:
    """Choose elimination along the chains for `ParallelChains`, and a sparse factorization for all other equations.

    Parameters
    ----------
    equations : Equations
        The equations to be solved.
    sizes : ndarray, shape (n,)
        Typical magnitudes of the unknowns.
    """
    return ParallelChainsSolver(equations) if isinstance(equations, ParallelChains) else SparseSolver(equations, sizes)
