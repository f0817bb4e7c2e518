"""Interface of a model for integrators and Newton's method: ``M dy/dt = r(t, y)`` and its derivatives.

M is diagonal, with 1 for a differential row and 0 for an algebraic one: ``0 = r_i(t, y)`` then determines an unknown
that has no time derivative (a flow or a pressure along a channel, the pressure that drives a prescribed flux). The
algebraic rows have to be of index 1: the block ∂r_a/∂y_a of their derivatives with respect to the algebraic unknowns is
regular.

One object is valid for an interval of time in which all inputs are smooth. Where an inlet, a pressure or a flow jumps
or has a kink, an `Interval` with new equations begins, because a method of high order must not step across a jump.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from membrane_pde.model.mesh import Array

if TYPE_CHECKING:
    from scipy.sparse import csc_array


class Equations(Protocol):
    """A system ``M dy/dt = r(t, y)``.

    Attributes
    ----------
    size : int
        Number n of unknowns.
    mass : ndarray, shape (n,)
        Diagonal of M: 1 for a differential row, 0 for an algebraic one. It never changes.
    """

    @property
    def size(self) -> int:
        """Number of unknowns."""

    @property
    def mass(self) -> Array:
        """Diagonal of M."""

    def rates(self, t: float, y: Array) -> Array:
        """Right-hand side.

        The same number is subtracted from one row and added to another, so that amounts are conserved to round-off.

        Parameters
        ----------
        t : float
            Time, s.
        y : ndarray, shape (n,)
            State; it is not changed. It may be the state of a trial step: any finite numbers.

        Returns
        -------
        ndarray, shape (n,)
            r(t, y), a new array: dy/dt in the differential rows, the residual in the algebraic rows. If it is not
            finite, a shorter step is tried.

        Raises
        ------
        membrane_pde.model.interface.NoSolution
            r does not exist at this state; a shorter step is then tried.
        """

    def jacobian(self, t: float, y: Array) -> csc_array:
        """Exact Jacobian ∂r/∂y (n, n) at a given time, on which the order of a Rosenbrock method depends.

        It is fastest if all calls return the same `indices` and `indptr` (explicit zeros are allowed).
        """

    def time_slope(self, t: float, y: Array) -> Array:
        """Exact derivative ∂r/∂t (n,) at a given state; zero where all inputs are constant."""


@runtime_checkable
class WatchedEquations(Equations, Protocol):
    """Equations with events; an event is a function of the state that falls through zero when something happens.

    Attributes
    ----------
    event_names : sequence of str
        Name of each event, which the stepper reports to the driver.
    """

    @property
    def event_names(self) -> Sequence[str]:
        """Names of the events."""

    def events(self, t: float, y: Array) -> Array:
        """One value for each event, which happens when its value falls from above zero to zero or below."""


@dataclass(frozen=True)
class Interval:
    """An interval of time and the equations that hold in it.

    Attributes
    ----------
    start, end : float
        Times, s; the next interval starts at the end of this one.
    equations : Equations
        Smooth from start to end, both included. The unknowns have the same meaning in all intervals, and M is the same.
    """

    start: float
    end: float
    equations: Equations


def algebraic_rows(equations: Equations) -> NDArray[np.intp]:
    """Indices of the algebraic rows, which are also the indices of the algebraic unknowns."""
    return np.flatnonzero(equations.mass == 0.0)
