"""The problem in numbers: mesh, membrane, osmotic pressure, boundaries and baths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from membrane_pde.kernels import kernel
from membrane_pde.model.interface import FaceNumbers, Membrane
from membrane_pde.model.mesh import Array, Mesh
from membrane_pde.physics.osmotic import Osmotics

CLOSED, RESERVOIR, OUTFLOW, BATH = "closed", "reservoir", "outflow", "bath"
IS_RESERVOIR, IS_OUTFLOW, IS_BATH = 1, 2, 3
NO_FEED, FED, MADE_UP = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Bath:
    """A well-stirred volume with what flows in and out of it.

    ``d(V_b c_b)/dt = Q_f c_f − Q_out c_b − F``, ``dV_b/dt = Q_f − Q_out − q``, with F and q the solute and the volume
    that leave it into the layer (or the membrane).

    Attributes
    ----------
    volume : float
        At the start, per membrane area, m.
    feed : ndarray, shape (solutes,), or None
        Concentrations c_f of the feed, mol/m^3; None without a feed.
    flow : float or None
        Q_f, m/s; None for a make-up feed, which holds the volume: ``Q_f = max(q + bleed, 0)``,
        ``Q_out = max(bleed, −q)``.
    bleed : float
        Q_out, m/s (with a make-up feed the least of it).
    """

    volume: float
    feed: Array | None
    flow: float | None
    bleed: float

    def flows(self, q: float) -> tuple[float, float]:
        """Q_f and Q_out, m/s, where q leaves into the layer."""
        return bath_flows(self.numbers, q)[:2]

    @property
    def numbers(self) -> BathNumbers:
        """For the kernels."""
        mode = NO_FEED if self.feed is None else MADE_UP if self.flow is None else FED
        return BathNumbers(True, float(self.volume), mode, float(self.flow or 0.0), float(self.bleed))


class BathNumbers(NamedTuple):
    """A `Bath` as the kernels read it; what the feed carries stands beside what else is outside."""

    present: bool = False
    volume: float = 0.0
    mode: int = NO_FEED
    flow: float = 0.0
    bleed: float = 0.0


@kernel
def bath_flows(bath: BathNumbers, q: float) -> tuple[float, float, float, float]:
    """Q_f and Q_out, m/s, where q leaves into the layer, and their derivatives with q."""
    if bath.mode == NO_FEED:
        return 0.0, bath.bleed, 0.0, 0.0
    if bath.mode == FED:
        return bath.flow, bath.bleed, 0.0, 0.0
    if q + bath.bleed > 0.0:
        return q + bath.bleed, max(bath.bleed, -q), 1.0, 0.0
    return 0.0, -q, 0.0, -1.0


@dataclass(eq=False)
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
    boundary : pair of str
        ``"closed"``, ``"reservoir"``, ``"outflow"`` or ``"bath"``.
    stirred : pair of bool
        One cell without wall resistance.
    exterior : list of two (ndarray or None)
        What stands behind a reservoir's far edge, or what an outflow draws in (None: nothing is known of it).
    stiffness : pair of float
        Rise of pressure for each metre gained by the side (standpipe, elastic wall), Pa/m.
    rigid : str
        ``"left"``, ``"right"`` or ``""``: the side without give, whose pressure is computed.
    pumped : str
        The same for the side that holds the water flux of the `Segment`.
    baths : pair of (Bath or None)
        Of the sides whose boundary is ``"bath"``.
    wall : pair of bool
        The stiffness is that of an elastic wall, which presses and does not pull.
    trace : ndarray, shape (solutes,), or None
        Concentration that the tolerance leaves open, mol/m^3; see `interface._law`. None: 0.
    """

    mesh: Mesh
    membrane: Membrane
    osmotics: Osmotics
    diffusivity: Array
    boundary: tuple[str, str]
    stirred: tuple[bool, bool]
    exterior: list[Array | None]
    stiffness: tuple[float, float]
    rigid: str
    pumped: str = ""
    baths: tuple[Bath | None, Bath | None] = (None, None)
    wall: tuple[bool, bool] = (False, False)
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
        0 closed, 1 reservoir, 2 outflow, 3 bath.
    moving, one_cell, endless : pair of bool
        The mesh stretches with the liquid; a stirred reservoir or bath, without a layer; a stirred reservoir, whose one
        cell never changes.
    length, half : pair of float
        Of the side and of its half cell at the membrane, at the start, m.
    bath : pair of BathNumbers
        See there.
    diffusivity : ndarray, shape (2, solutes)
        m^2/s.
    stiffness : pair of float
        Pa/m.
    wall : pair of bool
        An elastic wall, which comes off where it would pull; not on a side whose pressure is computed.
    off : ndarray of bool, shape (2,)
        It is off now; see `set_walls`.
    still, pumped : bool
        No water flows; the water flux is held.
    mesh : ndarray, shape (2, faces)
        Widths of the cells at the start, m; of J_v the share at which the liquid passes a face.
    faces : ndarray, shape (2, solutes, faces)
        ``D/d`` at the start, m/s, and the Péclet number that J_v = 1 m/s makes.
    steepest : ndarray, shape (2, solutes)
        The largest of these Péclet numbers on each side.
    outside : ndarray, shape (2, solutes)
        What is behind the far faces: of a reservoir, a feed, what an outflow draws in, mol/m^3.
    known : ndarray of bool, shape (2,)
        Something is.
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
