"""The problem in numbers: mesh, membrane, osmotic pressure, ports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from membrane_pde.model.interface import FaceNumbers, Membrane
from membrane_pde.model.mesh import Array, Mesh
from membrane_pde.model.ports import BathNumbers, Port
from membrane_pde.physics.osmotic import Osmotics


@dataclass(frozen=True, eq=False)
class Problem:
    """What is solved, in numbers. A pair is (left, right).

    Attributes
    ----------
    mesh : Mesh
        Two compartments, the membrane between them.
    membrane : Membrane
        Permeabilities and flux law.
    osmotics : Osmotics
        The solutions' osmotic pressure.
    diffusivity : ndarray, shape (2, solutes)
        m^2/s.
    ports : pair of Port
        Boundary conditions at the far ends.
    trace : ndarray, shape (solutes,), or None
        Concentration that the tolerance leaves open, mol/m^3; see `interface._law`. None: 0.
    """

    mesh: Mesh
    membrane: Membrane
    osmotics: Osmotics
    diffusivity: Array
    ports: tuple[Port, Port]
    trace: Array | None = None


class Numbers(NamedTuple):
    """A `Problem` as the kernels read it. A pair is (left, right); faces and cells are those of the chain.

    Attributes
    ----------
    face : FaceNumbers
        The membrane and what stands at it.
    membrane : int
        Index of the membrane face.
    kind : pair of int
        IS_CLOSED, IS_RESERVOIR, IS_OUTFLOW or IS_BATH of `ports`.
    moving, one_cell, endless : pair of bool
        `moves`, `one_cell` and `endless` of the ports.
    length, half : pair of float
        Of the side and of its half cell at the membrane, at the start, m.
    bath : pair of BathNumbers
        See there.
    diffusivity : ndarray, shape (2, solutes)
        m^2/s.
    stiffness : pair of float
        Of the ports, Pa/m.
    wall : pair of bool
        `slackens` of the ports: an elastic wall that never pulls.
    off : ndarray of bool, shape (2,)
        The wall is slack now; see `set_walls`.
    still, pumped : bool
        No water flows; the water flux is held.
    mesh : ndarray, shape (2, faces)
        Widths of the cells at the start, m; of J_v the share at which the liquid passes a face.
    faces : ndarray, shape (2, solutes, faces)
        ``D/d`` at the start, m/s, and the Péclet number that J_v = 1 m/s makes.
    steepest : ndarray, shape (2, solutes)
        The largest of these Péclet numbers on each side.
    outside : ndarray, shape (2, solutes)
        Concentrations of what enters through the far ends (`outside` of the ports; 0 where nothing does), mol/m^3.
    known : ndarray of bool, shape (2,)
        These are known.
    """

    face: FaceNumbers
    membrane: int
    kind: tuple[int, int]
    moving: tuple[bool, bool]
    one_cell: tuple[bool, bool]
    endless: tuple[bool, bool]
    length: tuple[float, float]
    half: tuple[float, float]
    bath: tuple[BathNumbers, BathNumbers]
    diffusivity: Array
    stiffness: tuple[float, float]
    wall: tuple[bool, bool]
    off: NDArray[np.bool_]
    still: bool
    pumped: bool
    mesh: Array
    faces: Array
    steepest: Array
    outside: Array
    known: NDArray[np.bool_]


# Rows of the arrays below.
WIDTH, SHARE = 0, 1
CONDUCTANCE, PECLET = 0, 1
