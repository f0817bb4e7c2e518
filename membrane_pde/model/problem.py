"""The problem in numbers: mesh, membrane, osmotic pressure, ports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from membrane_pde.kernels import kernel
from membrane_pde.model.interface import FaceNumbers, Membrane
from membrane_pde.model.mesh import Array, Mesh
from membrane_pde.model.ports import IS_RESERVOIR, BathNumbers, Port
from membrane_pde.physics.osmotic import Osmotics


@dataclass(frozen=True, eq=False)
class Problem:
    """The problem in numbers. A pair is (left, right).

    Attributes
    ----------
    mesh : Mesh
        The regions on both sides of the membrane.
    membrane : Membrane
        Permeabilities and flux law.
    osmotics : Osmotics
        Osmotic pressure of the solutions.
    diffusivity : ndarray, shape (2, solutes)
        m^2/s.
    ports : pair of Port
        Boundary conditions at the far ends.
    trace : ndarray, shape (solutes,), or None
        Smallest concentration that the tolerance resolves, mol/m^3; see `interface._law`. None: 0.
    """

    mesh: Mesh
    membrane: Membrane
    osmotics: Osmotics
    diffusivity: Array
    ports: tuple[Port, Port]
    trace: Array | None = None


class Curve(NamedTuple):
    """A chain of cells along the radius of a cylinder or a sphere; the membrane encloses the left side.

    On the right a place is, in a closed shell, the share of the shell's liquid that lies beyond it; in a layer that
    moves with the membrane, the distance from the membrane, m.

    Attributes
    ----------
    power : int
        Of the radius, with which areas grow: 0 planar, 1 cylindrical, 2 spherical.
    radius : float
        Of the membrane at the start, m.
    outer : float
        Of the outer edge of a closed shell, which rests, m.
    shell : bool
        The right side is a closed shell; otherwise it is stirred, or a layer that moves with the membrane.
    layer : float
        Liquid in that layer per membrane area at the start, m.
    """

    power: int = 0
    radius: float = 1.0
    outer: float = 1.0
    shell: bool = False
    layer: float = 0.0


class Numbers(NamedTuple):
    """A `Problem` in the form that kernels take: a tuple of numbers and arrays, as they cannot take other objects.

    A pair is (left, right); faces and cells are those of the chain.

    Attributes
    ----------
    face : FaceNumbers
        The membrane and the solutions beside it.
    membrane : int
        Index of the membrane face.
    kind : pair of int
        IS_CLOSED, IS_RESERVOIR, IS_OUTFLOW or IS_BATH of `ports`.
    moving, one_cell, endless : pair of bool
        `moves`, `one_cell` (where there are no pores) and `endless` of the ports.
    length : pair of float
        Liquid of each solution per membrane area at the start, m; see `Mesh`.
    pores : pair of int
        Number of cells in the pores of a support layer on each side.
    curve : Curve
        Of a cylindrical or spherical chain.
    bath : pair of BathNumbers
        See there.
    diffusivity : ndarray, shape (2, solutes)
        m^2/s.
    stiffness : pair of float
        `stiffness` of the ports, Pa/m.
    wall : pair of bool
        `slackens` of the ports: an elastic wall that never pulls.
    off : ndarray of bool, shape (2,)
        The wall is slack now; see `set_walls`.
    still, pumped : bool
        No water flows; the water flux is held.
    cells : ndarray, shape (3, cells)
        Liquid in the cells per membrane area at the start, m: what stays, what stretches with the solution; place of
        the centre on the right of a curved chain, see `Curve`.
    mesh : ndarray, shape (4, faces)
        Share of the flow through the membrane that passes a face (at the start, where it changes); way between the
        centres of the cells on both sides of it, of which one part stays and one part stretches, m; place of the face
        on the right of a curved chain.
    half : ndarray, shape (2, 2)
        On each side the way between the centre of the cell at the membrane and the membrane: what stays and what
        stretches, m.
    steepest : ndarray, shape (2, 2)
        On each side the largest product of share and way, of the parts that stay and of those that stretch, m. With
        the second one times the stretch, their sum times q/D is an upper bound of the Péclet numbers at a flow q. Not
        used on the right of a curved chain, where the largest product is found for each state.
    outside : ndarray, shape (2, solutes)
        Concentrations of what enters through the far ends (`outside` of the ports; 0 where nothing does), mol/m^3.
    known : ndarray of bool, shape (2,)
        True where `outside` is known.
    """

    face: FaceNumbers
    membrane: int
    kind: tuple[int, int]
    moving: tuple[bool, bool]
    one_cell: tuple[bool, bool]
    endless: tuple[bool, bool]
    length: tuple[float, float]
    pores: tuple[int, int]
    curve: Curve
    bath: tuple[BathNumbers, BathNumbers]
    diffusivity: Array
    stiffness: tuple[float, float]
    wall: tuple[bool, bool]
    off: NDArray[np.bool_]
    still: bool
    pumped: bool
    cells: Array
    mesh: Array
    half: Array
    steepest: Array
    outside: Array
    known: NDArray[np.bool_]


# Rows of `Numbers.cells`, of `Numbers.mesh`, and entries of a row of `Numbers.half` and `Numbers.steepest`.
STAYS, STRETCHES, CENTRE = range(3)
SHARE, WAY_STAYS, WAY_STRETCHES, PLACE = range(4)


@kernel
def has_layer(p: Numbers, side: int) -> bool:
    """An unstirred layer ends at a reservoir: solute diffuses through the far face."""
    return p.kind[side] == IS_RESERVOIR and not p.endless[side]
