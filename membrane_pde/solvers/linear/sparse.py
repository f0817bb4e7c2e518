"""A sparse LU factorization for the linear equations of an implicit step, by SuperLU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde.model.equations import Equations
from membrane_pde.model.mesh import Array
from membrane_pde.solvers.linear.interface import Singular

if TYPE_CHECKING:
    from scipy.sparse import csc_array


class SparseSolver:
    """Solves ``(M − τ J) x = b`` by SuperLU with partial pivoting; see `LinearSolver`.

    The matrix is scaled first. SuperLU chooses its pivots by magnitude, which means nothing among moles, metres and
    pascals: with S the sizes of the unknowns and R the reciprocal of the largest entry in each row of ``(M − τ J) S``,
    it factorizes ``R (M − τ J) S``. All factors are powers of two, so that no digit changes.

    Parameters
    ----------
    equations : Equations
        The equations whose Jacobian is J.
    sizes : ndarray, shape (n,)
        Typical magnitude of each unknown, positive, in its own unit.
    """

    def __init__(self, equations: Equations, sizes: Array) -> None:
        self.equations = equations
        self._mass = np.asarray(equations.mass, dtype=float)
        self._columns = power_of_two(sizes)
        self._jacobian: csc_array
        self._pattern: Pattern | None = None
        self._matrix: csc_array
        self._rows: Array
        self._lu: Any

    def linearize(self, t: float, y: Array) -> None:
        """Compute J; see `LinearSolver`."""
        jacobian = self.equations.jacobian(t, y)
        pattern = self._pattern
        if pattern is None or not pattern.fits(jacobian):
            self._pattern = Pattern(jacobian)
            self._matrix = self._pattern.matrix()
        self._jacobian = jacobian

    def factorize(self, tau: float) -> None:
        """Factorize ``M − τ J``; see `LinearSolver`."""
        from scipy.sparse.linalg import splu

        pattern = self._pattern
        assert pattern is not None, "linearize comes first"
        values = np.zeros(len(pattern.rows))
        values[pattern.own] = -tau * self._jacobian.data
        values[pattern.diagonal] += self._mass
        values *= self._columns[pattern.columns]
        largest = np.maximum.reduceat(np.abs(values)[pattern.by_row], pattern.row_starts)
        if not (np.isfinite(largest).all() and (largest > 0.0).all()):
            raise Singular
        self._rows = power_of_two(1.0 / largest)
        values *= self._rows[pattern.rows]
        self._matrix.data[:] = values
        try:
            self._lu = splu(self._matrix)
        except RuntimeError as error:  # "Factor is exactly singular"
            raise Singular from error

    def solve(self, x: Array) -> Array:
        """Solve with ``M − τ J``; see `LinearSolver`."""
        return np.asarray(self._columns * self._lu.solve(self._rows * x))


class Pattern:
    """Sparsity pattern of ``M − τ J``: the entries of J and the whole diagonal, column by column.

    Attributes
    ----------
    rows, columns : ndarray of int, shape (entries,)
        Row and column of each entry.
    starts : ndarray of int, shape (n + 1,)
        Index of the first entry of each column.
    own, diagonal : ndarray of int
        Indices of the entries of J (entries of J,), and of the diagonal entries (n,).
    by_row : ndarray of int, shape (entries,)
        Indices of the entries, row by row.
    row_starts : ndarray of int, shape (n,)
        Where each row starts in `by_row`.
    """

    def __init__(self, jacobian: csc_array) -> None:
        n = jacobian.shape[0]
        self._indices, self._indptr = jacobian.indices, jacobian.indptr
        columns = np.repeat(np.arange(n), np.diff(jacobian.indptr))
        keys = columns * n + jacobian.indices
        every = np.union1d(keys, np.arange(n) * (n + 1))
        if len(np.unique(keys)) < len(keys):
            raise ValueError("the Jacobian holds an entry twice: call sum_duplicates")
        self.own = np.searchsorted(every, keys)
        self.diagonal = np.searchsorted(every, np.arange(n) * (n + 1))
        self.rows, self.columns = (every % n).astype(np.int32), every // n
        self.starts = np.searchsorted(self.columns, np.arange(n + 1)).astype(np.int32)
        self.by_row = np.argsort(self.rows, kind="stable")
        self.row_starts = np.searchsorted(self.rows[self.by_row], np.arange(n))

    def matrix(self) -> csc_array:
        """A matrix with this pattern and ones as values."""
        from scipy.sparse import csc_array

        size = len(self.starts) - 1
        return csc_array((np.ones(len(self.rows)), self.rows, self.starts), shape=(size, size))

    def fits(self, jacobian: csc_array) -> bool:
        """True if another J has the same pattern."""
        known, other = (self._indices, self._indptr), (jacobian.indices, jacobian.indptr)
        return all(a is b or np.array_equal(a, b) for a, b in zip(known, other, strict=True))


def power_of_two(sizes: Array) -> Array:
    """The power of two nearest to each of some positive numbers, which scales without changing a digit."""
    return np.asarray(np.exp2(np.round(np.log2(np.clip(sizes, 1e-280, 1e280)))))
