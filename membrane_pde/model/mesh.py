"""Widths of cells that grow away from the membrane, and how FiPy is imported."""

from __future__ import annotations

import math
import os
import sys
import warnings
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def import_fipy() -> Any:
    """Import FiPy with SciPy's solvers, hiding our command line from it and its warnings from the user."""
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

    ``h_k = finest · r^k`` with r such that the widths add up to the length; uniform if `finest` is the mean width.

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
