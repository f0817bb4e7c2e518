"""Builds the arrays of the chain of cells, which the kernels read, from the regions and boundaries of a problem."""

from __future__ import annotations

import numpy as np

from membrane_pde.model.mesh import Array, Mesh
from membrane_pde.model.ports import Port
from membrane_pde.model.problem import (
    CENTRE,
    DISTANCE_FIXED,
    DISTANCE_STRETCHING,
    FIXED,
    FRACTION,
    RADIAL,
    STRETCHING,
    Curve,
    Problem,
)


def chain_arrays(problem: Problem, inside: slice, membrane: int, cells: int) -> tuple[Array, Array, Array, Array]:
    """Initial cell volumes and diffusion distances of the chain.

    Parameters
    ----------
    problem : Problem
        The problem.
    inside : slice
        Cells of the chain that belong to the mesh, that is, without the baths behind layers.
    membrane, cells : int
        Index of the membrane face, and number of cells, of the chain.

    Returns
    -------
    volumes, faces, half, peclet_length : ndarray
        `Numbers.cells`, `Numbers.mesh`, `Numbers.half_distance` and `Numbers.peclet_length`.
    """
    mesh, m, n, first = problem.mesh, membrane, cells, inside.start
    left, right = problem.ports
    moving = left.moves, right.moves
    stretched = np.zeros(n, dtype=bool)
    stretched[:m], stretched[m:] = moving
    stretched[inside] &= ~mesh.rigid
    volume, before, behind, fraction = np.zeros(n), np.zeros(n + 1), np.zeros(n + 1), np.ones(n + 1)
    volume[inside] = mesh.width
    faces_inside = slice(first, inside.stop + 1)
    before[faces_inside], behind[faces_inside], fraction[faces_inside] = mesh.before, mesh.behind, mesh.reach
    for side, far in ((0, slice(0, m)), (1, slice(m + 1, None))):
        if not moving[side]:
            fraction[far] = 1.0
    left_pores, right_pores = mesh.pores
    if left.stirred and left_pores:  # no resistance between the pores and a stirred solution
        before[m - left_pores] = 0.0
    if right.stirred and right_pores:
        behind[m + right_pores] = 0.0
    volumes, faces = np.zeros((3, n)), np.zeros((4, n + 1))
    volumes[FIXED], volumes[STRETCHING] = np.where(stretched, 0.0, volume), np.where(stretched, volume, 0.0)
    faces[FRACTION] = fraction
    faces[DISTANCE_FIXED, 1:] += np.where(stretched, 0.0, before[1:])
    faces[DISTANCE_FIXED, :-1] += np.where(stretched, 0.0, behind[:-1])
    faces[DISTANCE_STRETCHING, 1:] += np.where(stretched, before[1:], 0.0)
    faces[DISTANCE_STRETCHING, :-1] += np.where(stretched, behind[:-1], 0.0)
    at_membrane = (before[m], stretched[m - 1]), (behind[m], stretched[m])
    half = np.array([(0.0, distance) if moves else (distance, 0.0) for distance, moves in at_membrane])
    if mesh.power:
        faces[RADIAL, m : m + len(mesh.radii) - mesh.membrane], volumes[CENTRE, m : inside.stop] = _radial_coordinates(
            mesh, moving[1]
        )
    products = faces[FRACTION] * faces[DISTANCE_FIXED : DISTANCE_STRETCHING + 1]
    peclet_length = np.array([products[:, :m].max(axis=1), products[:, m + 1 :].max(axis=1)])
    return volumes, faces, half, peclet_length


def _radial_coordinates(mesh: Mesh, shell: bool) -> tuple[Array, Array]:
    """Radial coordinates of the faces and of the cell centres on the right of a curved chain; see `Curve`."""
    radii, radius, power = mesh.radii[mesh.membrane :], mesh.radii[mesh.membrane], mesh.power + 1
    if not shell:
        return radii - radius, 0.5 * (radii[1:] + radii[:-1]) - radius
    beyond = (radii[-1] ** power - radii**power) / (radii[-1] ** power - radius**power)
    return beyond, 0.5 * (beyond[1:] + beyond[:-1])


def curve_of(mesh: Mesh, right: Port) -> Curve:
    """The `Curve` of a mesh: radius of the membrane and kind of the right side; the default for a planar mesh."""
    if mesh.power == 0:
        return Curve()
    layer = float(mesh.width[mesh.membrane :].sum()) if right.adds_cell else 0.0
    return Curve(mesh.power, float(mesh.radii[mesh.membrane]), float(mesh.radii[-1]), right.moves, layer)
