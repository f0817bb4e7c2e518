"""The chain of cells across the membrane, made of regions: solutions, and the pores of support layers.

From left to right: the left solution, the pores of its support layer, the membrane, the pores of the support layer on
the right, the right solution. A region has the properties that its cells share: the share of their volume that is
liquid (porosity), the length of the way through the pores over the thickness (tortuosity), and whether it stretches
with its liquid or is rigid. `model.discretize` adds the cells of baths, and `model.metric` has the volumes of the cells
as functions of the displaced volume.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from membrane_pde.model.mesh import Array, import_fipy
from membrane_pde.physics.curvature import DIMENSION, Geometry, way_between


class Pores(NamedTuple):
    """A support layer: a rigid porous medium beside the membrane.

    Attributes
    ----------
    widths : ndarray
        Cell widths, m, the one at the membrane first.
    porosity, tortuosity : float
        ε, share of the volume that is liquid; τ, length of the way through the pores over the thickness. Of the
        diffusivity D in free solution ``ε D/τ`` is left.
    """

    widths: Array
    porosity: float
    tortuosity: float


@dataclass(frozen=True)
class Region:
    """Neighbouring cells of one material.

    Attributes
    ----------
    side : str
        ``"left"`` or ``"right"``.
    cells : slice
        Of the mesh.
    porosity, tortuosity : float
        ε and τ of `Pores`; 1 in a solution.
    rigid : bool
        The pores of a support layer: they neither stretch nor move, and the liquid flows through them.
    """

    side: str
    cells: slice
    porosity: float = 1.0
    tortuosity: float = 1.0
    rigid: bool = False


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
        Liquid in the cells per membrane area, m: in a planar solution the width of the cell, in pores ε times it, in a
        curved chain its volume over the area of the membrane.
    before, behind : ndarray, shape (cells + 1,)
        Length of the way from the centre of the cell before a face to the face, and from there to the centre of the
        cell behind it, in free solution over the area of the membrane, m: ``∫ (A_m/A) τ/ε dr``; inside a curved
        membrane with A of the face.
    reach : ndarray, shape (cells + 1,)
        Share of the liquid of its solution that lies beyond a face, seen from the membrane: 0 at the far wall, 1
        at the membrane and within the pores.
    length_left, length_right : float
        Liquid of the two solutions per membrane area, without pores, m: of planar ones their length.
    power : int
        Of the radius, with which the area of a face grows: 0 planar, 1 cylindrical, 2 spherical.
    radii : ndarray, shape (cells + 1,)
        Distance of the faces from the centre of a curved chain, m; of a planar one from its left end.
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
        """Number of cells on both sides together."""
        return len(self.width)

    @property
    def rigid(self) -> NDArray[np.bool_]:
        """Which cells are pores, shape (cells,)."""
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
        """The FiPy mesh (`fipy.Grid1D`) of the cells' liquid."""
        return import_fipy().Grid1D(dx=self.width)


def build(
    left_widths: Array,
    right_widths: Array,
    pores: tuple[Pores | None, Pores | None] = (None, None),
    geometry: Geometry = "planar",
) -> Mesh:
    """Mesh of two solutions, of support layers between them and the membrane, whose widths are given outwards from it.

    Parameters
    ----------
    left_widths, right_widths : ndarray
        Cell widths of the solutions, m, the one nearest to the membrane first. In a curved geometry the left ones reach
        from the membrane to the centre.
    pores : pair of (Pores or None), optional
        Support layers on the left and on the right; in planar geometry alone.
    geometry : str, optional
        ``"planar"``, ``"cylindrical"`` or ``"spherical"``.

    Returns
    -------
    Mesh
        See there.
    """
    layers = tuple(None if each is None else (each.widths.tobytes(), each.porosity, each.tortuosity) for each in pores)
    return _build(left_widths.tobytes(), right_widths.tobytes(), layers, geometry)


@lru_cache(maxsize=32)  # a sweep over pressures needs the same again
def _build(
    left_widths: bytes, right_widths: bytes, layers: tuple[tuple[bytes, float, float] | None, ...], geometry: Geometry
) -> Mesh:
    power, solutions = DIMENSION[geometry] - 1, (np.frombuffer(left_widths), np.frombuffer(right_widths))
    regions, widths, ways = [], [], []
    for side, name in ((0, "left"), (1, "right")):
        layer = layers[side]
        parts = [Region(name, slice(0, len(solutions[side])))]
        own, way = [solutions[side]], [np.ones(len(solutions[side]))]
        if layer is not None:
            thin = np.frombuffer(layer[0])
            parts.insert(0, Region(name, slice(0, len(thin)), layer[1], layer[2], rigid=True))
            own, way = [thin, *own], [np.full(len(thin), layer[2] / layer[1]), *way]
        regions += parts[::-1] if side == 0 else parts
        widths.append(np.concatenate(own)[:: -1 if side == 0 else 1])
        ways.append(np.concatenate(way)[:: -1 if side == 0 else 1])
    start, placed = 0, []
    for each in regions:
        end = start + each.cells.stop
        placed.append(Region(each.side, slice(start, end), each.porosity, each.tortuosity, each.rigid))
        start = end
    m, thickness, longer = len(widths[0]), np.concatenate(widths), np.concatenate(ways)
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
        before[1:] = behind[:-1] = 0.5 * thickness * longer
    else:
        centre = (0.5 * (whole[1:] + whole[:-1])) ** (1.0 / (power + 1))
        for i in range(len(centre)):
            before[i + 1] = way_between(centre[i], radii[i + 1], radii[m], power)
            behind[i] = way_between(radii[i], centre[i], radii[m], power) if i > 0 else 0.0
        # Inside, by the area of the face and the distance of the middles: near the centre, where the area vanishes, a
        # flux is in proportion to the radius, not to 1/A, and the integral would be half as long at the first face.
        narrow = 0.5 * (radii[m] / radii[1:m]) ** power
        before[1:m], behind[1:m] = narrow * thickness[: m - 1], narrow * thickness[1:m]
    return Mesh(tuple(placed), m, volume, before, behind, reach, length_left, length_right, power, radii)
