"""Tolerances for the error of a step."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from membrane_pde.model.mesh import Array


@dataclass(frozen=True, eq=False)
class Tolerance:
    """Tolerance for the error of a step; that of unknown i is ``atol_i + rtol |y_i|``.

    Attributes
    ----------
    rtol : float
        Relative tolerance.
    atol : ndarray, shape (n,)
        Absolute tolerances, positive, each in the unit of its unknown; `rtol` times the unknown's typical size.
    individual : ndarray of int
        Unknowns whose errors are tested individually: totals and other quantities whose errors would not be noticed in
        a mean over hundreds of cells. Each may have a tenth of its tolerance, because its errors add up over the steps.
    """

    rtol: float
    atol: Array
    individual: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, dtype=np.intp))

    @property
    def sizes(self) -> Array:
        """Typical sizes (n,) of the unknowns, in their units."""
        return self.atol / self.rtol


class ErrorNorm:
    """Norm of an error relative to the tolerance; 1 is the largest accepted value.

    With ``e_i = error_i/(atol_i + rtol max(|y_i|, |y'_i|))`` for the states y and y' at both ends of a step, it is the
    largest of: the root mean square of ``e`` over the differential unknowns, ``10 |e_i|`` of each individually tested
    unknown, and ``|e_i|`` of each algebraic unknown, whose error would not be noticed in the mean either.

    Parameters
    ----------
    tolerance : Tolerance
        The allowed error.
    mass : ndarray, shape (n,)
        1 for a differential unknown, 0 for an algebraic one.
    """

    def __init__(self, tolerance: Tolerance, mass: Array) -> None:
        self.tolerance = tolerance
        algebraic = mass == 0.0
        individual = np.zeros(len(mass), dtype=bool)
        individual[tolerance.individual] = True
        individual &= ~algebraic
        self._together = np.flatnonzero(~(individual | algebraic))
        self._individual = np.flatnonzero(individual | algebraic)
        self._weight = np.where(individual, 10.0, 1.0)[self._individual]

    def __call__(self, error: Array, y: Array, other: Array) -> float:
        """The norm of an error (n,) of a step between two states (n,); infinite where the error is not finite."""
        share = error / (self.tolerance.atol + self.tolerance.rtol * np.maximum(np.abs(y), np.abs(other)))
        together, alone = share[self._together], np.abs(share[self._individual]) * self._weight
        square = float(together @ together) / max(len(together), 1)
        largest = float(alone.max(initial=0.0))
        found = max(square**0.5, largest)
        return found if np.isfinite(square + largest) else np.inf
