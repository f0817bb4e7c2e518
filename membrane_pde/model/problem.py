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

    The radial coordinate on the right is, in a closed shell, the fraction of the shell's volume that lies outside a
    point; in a layer that moves with the membrane, the distance from the membrane, m.

    Attributes
    ----------
    power : int
        Exponent k of A ∝ r^k: 0 planar, 1 cylindrical, 2 spherical.
    radius : float
        Radius of the membrane at the start, m.
    outer : float
        Radius of the outer edge of a closed shell, which does not move, m.
    shell : bool
        The right side is a closed shell; otherwise it is stirred, or a layer that moves with the membrane.
    layer : float
        Volume of that layer per initial membrane area, m.
    """

    power: int = 0
    radius: float = 1.0
    outer: float = 1.0
    shell: bool = False
    layer: float = 0.0


class Numbers(NamedTuple):
    """A `Problem` in the form that kernels take: a tuple of numbers and arrays, because kernels take no other objects.

    A pair is (left, right); faces and cells are those of the chain.

    Attributes
    ----------
    face : FaceNumbers
        The membrane and the solutions beside it.
    membrane : int
        Index of the membrane face.
    kind : pair of int
        IS_CLOSED, IS_RESERVOIR, IS_OUTFLOW or IS_BATH of `ports`.
    moving, one_cell, infinite : pair of bool
        `moves`, `one_cell` (where there are no pores) and `infinite` of the ports.
    length : pair of float
        Volume of each solution per initial membrane area, m; see `Mesh`.
    pores : pair of int
        Number of cells in the pores of a support layer on each side.
    curve : Curve
        Geometry of a cylindrical or spherical chain.
    bath : pair of BathNumbers
        The baths of the two sides.
    diffusivity : ndarray, shape (2, solutes)
        m^2/s.
    stiffness : pair of float
        `stiffness` of the ports, Pa/m.
    wall : pair of bool
        `slackens` of the ports: an elastic wall that cannot exert a negative pressure.
    off : ndarray of bool, shape (2,)
        True while the wall is slack; see `set_walls`.
    still, pumped : bool
        `still`: no water can flow. `pumped`: the water flux is prescribed.
    cells : ndarray, shape (3, cells)
        Volume of the cells per initial membrane area, m: FIXED, the part that is constant; STRETCHING, the part that
        stretches with the solution. CENTRE: radial coordinate of the centre on the right of a curved chain; see
        `Curve`.
    mesh : ndarray, shape (4, faces)
        FRACTION: fraction of the flow through the membrane that passes a face (its initial value where it changes);
        DISTANCE_FIXED and DISTANCE_STRETCHING: fixed and stretching part of the diffusion distance between the centres
        of the cells on both sides of the face, m; RADIAL: radial coordinate of the face on the right of a curved
        chain.
    half_distance : ndarray, shape (2, 2)
        Fixed and stretching part of the diffusion distance between the membrane and the centre of the cell beside it,
        on each side, m.
    peclet_length : ndarray, shape (2, 2)
        On each side the largest product of flow fraction and diffusion distance, of the fixed parts and of the
        stretching parts, m. The first plus the stretch times the second, times q/D, is an upper bound of the Péclet
        numbers at a flow q. Not used on the right of a curved chain, where the largest product is found for each state.
    outside : ndarray, shape (2, solutes)
        Concentrations of the liquid that enters through the far ends (`outside` of the ports), mol/m^3; 0 where none
        enters.
    known : ndarray of bool, shape (2,)
        True where `outside` is known.
    """

    face: FaceNumbers
    membrane: int
    kind: tuple[int, int]
    moving: tuple[bool, bool]
    one_cell: tuple[bool, bool]
    infinite: tuple[bool, bool]
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
    half_distance: Array
    peclet_length: Array
    outside: Array
    known: NDArray[np.bool_]


# Rows of `Numbers.cells` and of `Numbers.mesh`. FIXED and STRETCHING are also the columns of `Numbers.half_distance`
# and `Numbers.peclet_length`.
FIXED, STRETCHING, CENTRE = range(3)
FRACTION, DISTANCE_FIXED, DISTANCE_STRETCHING, RADIAL = range(4)


@kernel
def has_layer(p: Numbers, side: int) -> bool:
    """True if an unstirred layer ends at a reservoir, so that solute diffuses through the far face."""
    return p.kind[side] == IS_RESERVOIR and not p.infinite[side]
