"""The mesh: two compartments in one FiPy grid, graded towards the membrane between them."""

from __future__ import annotations

import os
import sys
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def _import_fipy() -> Any:
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


fipy = _import_fipy()


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
        return np.full(cells, length / cells)
    low, high = 0.0, np.log(length / finest)  # of ln r; with r = L/finest the second cell alone fills the length
    k = np.arange(cells)
    for _ in range(200):
        middle = 0.5 * (low + high)
        if finest * np.exp(np.minimum(middle * k, 700.0)).sum() > length:
            high = middle
        else:
            low = middle
    widths = np.exp(low * k)
    return np.asarray(widths * (length / widths.sum()))


@dataclass(frozen=True, eq=False)
class Mesh:
    """Arrays of the grid, taken from FiPy; the membrane is the face `membrane`.

    Attributes
    ----------
    grid : fipy.Grid1D
        The FiPy mesh both integrators stand on.
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

    grid: Any
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
    return _build(tuple(left_widths.tolist()), tuple(right_widths.tolist()))


@lru_cache(maxsize=32)  # FiPy takes tens of milliseconds to make one; a sweep over pressures needs the same again
def _build(left_widths: tuple[float, ...], right_widths: tuple[float, ...]) -> Mesh:
    grid = fipy.Grid1D(dx=np.array([*left_widths[::-1], *right_widths]))
    membrane = len(left_widths)
    face_x = np.asarray(grid.faceCenters.value[0])
    to_face = np.asarray(np.ma.filled(grid._faceToCellDistances, np.nan))
    middle = face_x[membrane]
    length_left, length_right = float(middle), float(face_x[-1] - middle)
    reach = np.where(face_x <= middle, face_x / length_left, (face_x[-1] - face_x) / length_right)
    return Mesh(
        grid=grid,
        membrane=membrane,
        width=np.asarray(grid.cellVolumes, dtype=float),
        distance=np.asarray(grid._cellDistances, dtype=float),
        half_left=float(to_face[0, membrane]),
        half_right=float(to_face[1, membrane]),
        reach=reach,
        length_left=length_left,
        length_right=length_right,
    )
