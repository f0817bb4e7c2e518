"""Interface of the linear solvers of an implicit step."""

from __future__ import annotations

from typing import Protocol

from membrane_pde.model.mesh import Array


class Singular(Exception):
    """A matrix of a step cannot be inverted."""


class LinearSolver(Protocol):
    """Solves ``(M − τ J) x = b``, with J the Jacobian ∂r/∂y of some `membrane_pde.model.equations.Equations`.

    There are three calls, because a rejected step is tried again from the same state with another τ.
    """

    def linearize(self, t: float, y: Array) -> None:
        """Compute J at a time (s) and a state (n,).

        Raises
        ------
        membrane_pde.model.interface.NoSolution
            r does not exist at this state.
        """

    def factorize(self, tau: float) -> None:
        """Prepare to solve with ``M − τ J``, τ in s.

        Raises
        ------
        Singular
            The matrix cannot be inverted.
        """

    def solve(self, x: Array) -> Array:
        """``(M − τ J)⁻¹ x`` (n,), a new array."""
