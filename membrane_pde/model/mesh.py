"""The mesh: two compartments in one grid, graded towards the membrane between them.

The arrays are those of FiPy's `Grid1D` (a test compares them); the FiPy mesh itself, which takes longer to import than
most cases to solve, is made when somebody asks for it.
"""

from __future__ import annotations

import math
import os
import sys
import warnings
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def import_fipy() -> Any:
    """Import FiPy without letting it read our command line, with SciPy's solvers, and without its own warnings."""
    os.environ.setdefault("FIPY_SOLVERS", "scipy")
    argv, sys.argv = sys.argv, sys.argv[:1]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import fipy
    finally:
        sys.argv = argv
    return fipy


@lru_cache(maxsize=32)
def graded_widths(length: float, cells: int, finest: float) -> Array:
    """Cell widths that grow geometrically from the membrane outwards.

    ``h_k = finest · r^k`` with r such that the widths add up to the length; uniform where `finest` asks for no more.

    Parameters
    ----------
    length : float
        Length of the compartment, m.
    cells : int
        Number of cells.
    finest : float
        Width of the cell at the membrane, m; at most ``length / cells``.

    Returns
    -------
    ndarray, shape (cells,)
        Widths from the membrane outwards, m.
    """
    if cells == 1 or finest * cells >= length * (1.0 - 1e-9):
        widths = np.full(cells, length / cells)
    else:
        widths = np.exp(_growth(length / finest, cells) * np.arange(cells))
        widths *= length / widths.sum()
    widths.flags.writeable = False
    return widths


def _growth(whole: float, cells: int) -> float:
    """ln r of ``Σ_{k < cells} r^k = whole > cells``.

    Newton's iteration for the logarithm of the sum, ``(r^n − 1)/(r − 1)``: convex in ln r, and started above the root.
    """
    x = 2.0 * math.log(whole / cells) / (cells - 1)
    for _ in range(100):
        all_of_it, one = -math.expm1(-cells * x), -math.expm1(-x)
        excess = (cells - 1) * x + math.log(all_of_it / one) - math.log(whole)
        change = excess / (cells / all_of_it - 1.0 / one)
        x -= change
        if abs(change) <= 4e-16 * x or x <= 0.0:
            break
    return max(x, 0.0)


@dataclass(frozen=True, eq=False)
class Mesh:
    """Arrays of the grid; the membrane is the face `membrane`.

    Attributes
    ----------
    membrane : int
        Index of the membrane face, which is also the number of cells on the left.
    width : ndarray, shape (cells,)
        Cell widths at the start, m.
    distance : ndarray, shape (cells + 1,)
        Distance between the centres on either side of a face at the start, m; at the two far faces from the centre
        to the face. The entry of the membrane face is not used: there the half cells count.
    half_left, half_right : float
        Distances from the cell centres to the membrane at the start, m.
    reach : ndarray, shape (cells + 1,)
        Position of a face as a fraction of its side: 0 at the far wall, 1 at the membrane.
    length_left, length_right : float
        Lengths of the sides at the start, m.
    """

    membrane: int
    width: Array
    distance: Array
    half_left: float
    half_right: float
    reach: Array
    length_left: float
    length_right: float

    @property
    def cells(self) -> int:
        """Number of cells on both sides together."""
        return len(self.width)

    @cached_property
    def grid(self) -> Any:
        """The FiPy mesh (`fipy.Grid1D`)."""
        return import_fipy().Grid1D(dx=self.width)


def build(left_widths: Array, right_widths: Array) -> Mesh:
    """Mesh of two compartments whose widths are given from the membrane outwards.

    Parameters
    ----------
    left_widths, right_widths : ndarray
        Cell widths, m, the one at the membrane first.

    Returns
    -------
    Mesh
        See there.
    """
    return _build(left_widths.tobytes(), right_widths.tobytes())


@lru_cache(maxsize=32)  # a sweep over pressures needs the same again, and FiPy takes tens of milliseconds for a grid
def _build(left_widths: bytes, right_widths: bytes) -> Mesh:
    left, right = np.frombuffer(left_widths)[::-1], np.frombuffer(right_widths)
    width, m = np.concatenate([left, right]), len(left)
    distance = np.empty(len(width) + 1)
    distance[1:-1] = 0.5 * (width[1:] + width[:-1])
    distance[0], distance[-1] = 0.5 * width[0], 0.5 * width[-1]
    length_left, length_right = float(left.sum()), float(right.sum())
    reach = np.zeros(len(width) + 1)
    reach[1:m] = np.cumsum(left)[:-1] / length_left
    reach[m] = 1.0
    reach[m + 1 : -1] = np.cumsum(right[::-1])[-2::-1] / length_right
    return Mesh(m, width, distance, 0.5 * float(left[-1]), 0.5 * float(right[0]), reach, length_left, length_right)
