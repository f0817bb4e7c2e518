"""A differential-algebraic system of index 1 whose solution is known, nonlinear and forced in time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

Array = NDArray[np.float64]


def whole(matrix: Array) -> csc_array:
    """All entries of a square matrix, zeros too, so that the pattern is always the same."""
    n = len(matrix)
    indices, starts = np.tile(np.arange(n, dtype=np.int32), n), np.arange(0, n * n + 1, n, dtype=np.int32)
    return csc_array((matrix.T.ravel(), indices, starts), shape=(n, n))


@dataclass
class IndexOne:
    """``y' = −y z + a(t)``, ``x' = cos y − x + b(t)``, ``0 = z³ + y z + x − c(t)``.

    The forcing is such that ``y = 2 + cos t``, ``x = sin t``, ``z = e^(−t/2)`` solves it.
    """

    mass = np.array([1.0, 1.0, 0.0])
    size = 3
    event_names = ("y has fallen to 1.5", "z has fallen to 0.5")

    @staticmethod
    def exact(t: float) -> Array:
        return np.array([2.0 + math.cos(t), math.sin(t), math.exp(-0.5 * t)])

    def rates(self, t: float, y: Array) -> Array:
        (y0, x0, z0), slope = self.exact(t), self.exact_slope(t)
        return np.array(
            [
                y0 * z0 - y[0] * y[2] + slope[0],
                math.cos(y[0]) - math.cos(y0) - y[1] + x0 + slope[1],
                y[2] ** 3 + y[0] * y[2] + y[1] - z0**3 - y0 * z0 - x0,
            ]
        )

    @staticmethod
    def exact_slope(t: float) -> Array:
        return np.array([-math.sin(t), math.cos(t), -0.5 * math.exp(-0.5 * t)])

    def jacobian(self, t: float, y: Array) -> csc_array:
        return whole(
            np.array(
                [
                    [-y[2], 0.0, -y[0]],
                    [-math.sin(y[0]), -1.0, 0.0],
                    [y[2], 1.0, 3.0 * y[2] ** 2 + y[0]],
                ]
            )
        )

    def time_slope(self, t: float, y: Array) -> Array:
        (y0, _, z0), (dy, dx, dz) = self.exact(t), self.exact_slope(t)
        return np.array(
            [
                dy * z0 + y0 * dz - math.cos(t),
                math.sin(y0) * dy + dx - math.sin(t),
                -3.0 * z0**2 * dz - dy * z0 - y0 * dz - dx,
            ]
        )

    def events(self, t: float, y: Array) -> Array:
        return np.array([y[0] - 1.5, y[2] - 0.5])
