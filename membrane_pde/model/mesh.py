"""The mesh: initial cells and faces of all regions, and graded cell widths."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from membrane_pde.model.fipy_import import import_fipy
from membrane_pde.model.regions import Pores, Region
from membrane_pde.physics.curvature import DIMENSION, Geometry, diffusion_distance

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Mesh:
    """Cells and faces of all regions at the start; the membrane is the face `membrane`.

    Attributes
    ----------
    regions : tuple of Region
        From left to right.
    membrane : int
        Index of the membrane face, which is also the number of cells on its left.
    width : ndarray, shape (cells,)
        Liquid volume of the cells per membrane area, m: in a planar solution the width of the cell, in pores ε times
        the width, in a curved chain the volume of the cell ÷ area of the membrane.
    before, behind : ndarray, shape (cells + 1,)
        Diffusion distance from the centre of the cell on the left of a face to the face, and from the face to the
        centre of the cell on its right, m: ``∫ (A_m/A) τ/ε dr``, with A the area at r and A_m the area of the membrane;
        inside a curved membrane A is the area of the face.
    reach : ndarray, shape (cells + 1,)
        Fraction of the liquid of its solution that lies beyond a face, seen from the membrane: 0 at the far wall, 1
        at the membrane and within the pores.
    length_left, length_right : float
        Liquid volume of the two solutions per membrane area, without pores, m; in a planar chain their lengths.
    power : int
        Exponent k of A ∝ r^k: 0 planar, 1 cylindrical, 2 spherical.
    radii : ndarray, shape (cells + 1,)
        Distance of the faces from the centre of a curved chain, or from the left end of a planar chain, m.
    """

    regions: tuple[Region, ...]
    membrane: int
    width: Array
    before: Array
    behind: Array
    reach: Array
    length_left: float
    length_right: float
    power: int
    radii: Array

    @property
    def cells(self) -> int:
        """Total number of cells on both sides."""
        return len(self.width)

    @property
    def rigid(self) -> NDArray[np.bool_]:
        """True for the cells that are pores, shape (cells,)."""
        return np.concatenate([np.full(each.cells.stop - each.cells.start, each.rigid) for each in self.regions])

    @cached_property
    def pores(self) -> tuple[int, int]:
        """Number of cells in the pores on the left and on the right."""
        counts = {"left": 0, "right": 0}
        for each in self.regions:
            counts[each.side] += (each.cells.stop - each.cells.start) * each.rigid
        return counts["left"], counts["right"]

    @cached_property
    def grid(self) -> Any:
        """The FiPy mesh (`fipy.Grid1D`) whose cell widths are the liquid volumes of the cells per membrane area."""
        return import_fipy().Grid1D(dx=self.width)


def build(
    left_widths: Array,
    right_widths: Array,
    pores: tuple[Pores | None, Pores | None] = (None, None),
    geometry: Geometry = "planar",
) -> Mesh:
    """Mesh of two solutions and of support layers at the membrane; cell widths are given from the membrane outwards.

    Parameters
    ----------
    left_widths, right_widths : ndarray
        Cell widths of the solutions, m, the one nearest to the membrane first. In a curved geometry the left ones reach
        from the membrane to the centre.
    pores : pair of (Pores or None), optional
        Support layers on the left and on the right; in planar geometry only.
    geometry : str, optional
        ``"planar"``, ``"cylindrical"`` or ``"spherical"``.

    Returns
    -------
    Mesh
        See there.
    """
    layers = tuple(None if each is None else (each.widths.tobytes(), each.porosity, each.tortuosity) for each in pores)
    return _build(left_widths.tobytes(), right_widths.tobytes(), layers, geometry)


@lru_cache(maxsize=32)  # all runs of a sweep over pressures have the same mesh
def _build(
    left_widths: bytes, right_widths: bytes, layers: tuple[tuple[bytes, float, float] | None, ...], geometry: Geometry
) -> Mesh:
    power, solutions = DIMENSION[geometry] - 1, (np.frombuffer(left_widths), np.frombuffer(right_widths))
    regions, widths, all_ratios = [], [], []
    for side, name in ((0, "left"), (1, "right")):
        layer = layers[side]
        parts = [Region(name, slice(0, len(solutions[side])))]
        own, ratios = [solutions[side]], [np.ones(len(solutions[side]))]
        if layer is not None:
            thin = np.frombuffer(layer[0])
            parts.insert(0, Region(name, slice(0, len(thin)), layer[1], layer[2], rigid=True))
            own, ratios = [thin, *own], [np.full(len(thin), layer[2] / layer[1]), *ratios]  # τ/ε
        regions += parts[::-1] if side == 0 else parts
        widths.append(np.concatenate(own)[:: -1 if side == 0 else 1])
        all_ratios.append(np.concatenate(ratios)[:: -1 if side == 0 else 1])
    start, placed = 0, []
    for each in regions:
        end = start + each.cells.stop
        placed.append(Region(each.side, slice(start, end), each.porosity, each.tortuosity, each.rigid))
        start = end
    m, thickness, ratio = len(widths[0]), np.concatenate(widths), np.concatenate(all_ratios)
    radii = np.concatenate([[0.0], np.cumsum(thickness)])
    area = radii[m] ** power
    whole = radii ** (power + 1)
    volume = thickness.copy() if power == 0 else np.diff(whole) / ((power + 1) * area)
    for each in placed:
        volume[each.cells] *= each.porosity
    first, last = placed[0].cells, placed[-1].cells
    length_left, length_right = float(volume[first].sum()), float(volume[last].sum())
    reach = np.ones(len(volume) + 1)
    reach[: first.stop] = np.concatenate([[0.0], np.cumsum(volume[first])[:-1]]) / length_left
    reach[last.start + 1 :] = np.concatenate([np.cumsum(volume[last][::-1])[-2::-1], [0.0]]) / length_right
    before, behind = np.zeros(len(volume) + 1), np.zeros(len(volume) + 1)
    if power == 0:
        before[1:] = behind[:-1] = 0.5 * thickness * ratio
    else:
        centre = (0.5 * (whole[1:] + whole[:-1])) ** (1.0 / (power + 1))
        for i in range(len(centre)):
            before[i + 1] = diffusion_distance(centre[i], radii[i + 1], radii[m], power)
            behind[i] = diffusion_distance(radii[i], centre[i], radii[m], power) if i > 0 else 0.0
        # Inside the membrane use the face area and the distance of the cell centres: near the centre the flux is
        # proportional to r, not to 1/A, and the integral would give half the distance at the first face.
        narrow = 0.5 * (radii[m] / radii[1:m]) ** power
        before[1:m], behind[1:m] = narrow * thickness[: m - 1], narrow * thickness[1:m]
    return Mesh(tuple(placed), m, volume, before, behind, reach, length_left, length_right, power, radii)


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
    """Logarithm of the growth factor r for which ``Σ_{k < cells} r^k = whole > cells``.

    Newton's method for the logarithm of the sum ``(r^n − 1)/(r − 1)``, which is convex in ln r, started above the root.
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
