"""What an integrator or Newton's method needs to know of a model: ``M dy/dt = r(t, y)``, and its derivatives.

M is diagonal, with 1 for a differential row and 0 for an algebraic one: ``0 = r_i(t, y)`` then determines an unknown
that has no rate of its own (a flow or a pressure along a channel, the pressure that a held flux takes). The algebraic
rows have to be of index 1: the block ∂r_a/∂y_a of their derivatives with the algebraic unknowns is regular.

One object holds for an interval of time in which all inputs are smooth. Where an inlet, a pressure or a flow jumps or
has a kink, the equations of the next interval take over (`Interval`): a method of high order must not step across a
jump.
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

        A conserved amount leaves one row and enters another as the same number, so that it is conserved to round-off.

        Parameters
        ----------
        t : float
            Time, s.
        y : ndarray, shape (n,)
            State; it is not changed. It may be the state of a trial step: any finite numbers.

        Returns
        -------
        ndarray, shape (n,)
            r(t, y), a new array: dy/dt in the differential rows, the residual in the algebraic ones. Where it is not
            finite, a shorter step is tried.

        Raises
        ------
        membrane_pde.model.interface.NoSolution
            There is no r at this state: a shorter step is tried.
        """

    def jacobian(self, t: float, y: Array) -> csc_array:
        """∂r/∂y (n, n) at a given time, exact: the order of a Rosenbrock method depends on it.

        Fastest if all calls return the same `indices` and `indptr` (explicit zeros are allowed).
        """

    def time_slope(self, t: float, y: Array) -> Array:
        """∂r/∂t (n,) at a given state, exact: zero where all inputs are constant."""


@runtime_checkable
class WatchedEquations(Equations, Protocol):
    """Equations with events: functions of the state that pass through zero when something happens.

    Attributes
    ----------
    event_names : sequence of str
        Name of each event, which the stepper reports to the driver.
    """

    @property
    def event_names(self) -> Sequence[str]:
        """Names of the events."""

    def events(self, t: float, y: Array) -> Array:
        """One value for each event, which happens where the value falls from above zero to zero or below."""


@dataclass(frozen=True)
class Interval:
    """An interval of time and the equations that hold in it.

    Attributes
    ----------
    start, end : float
        Times, s; the next interval starts at the end of this one.
    equations : Equations
        Smooth from start to end, both included. All intervals have unknowns of the same meaning and the same M.
    """

    start: float
    end: float
    equations: Equations


def algebraic_rows(equations: Equations) -> NDArray[np.intp]:
    """Indices of the algebraic rows, which are also those of the algebraic unknowns."""
    return np.flatnonzero(equations.mass == 0.0)
