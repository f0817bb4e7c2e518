"""Ports: the boundary conditions at the far ends of the two sides, one class for each kind of boundary.

A port defines how the pressure on its side depends on the volume, whether the far wall moves with the liquid, which
liquid enters and leaves through the far end, and which states it adds. The kernels of `membrane_pde.model` read these
properties from `Numbers`: the pressure laws are in `pressures`, the inflow in `pressures`, its derivatives in `slopes`,
and the events in `events`. The names of the kinds in a case file, their keys, and the texts for failures are in
`membrane_pde.input.boundaries`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from membrane_pde.kernels import kernel
from membrane_pde.physics import temperature
from membrane_pde.physics.constants import STANDARD_GRAVITY

Array = NDArray[np.float64]

IS_CLOSED, IS_RESERVOIR, IS_OUTFLOW, IS_BATH = range(4)  # kinds of far ends that the kernels distinguish
NO_FEED, FED, MADE_UP = range(3)  # a bath without feed; with a feed of constant flow; with a feed that holds its volume


class BathNumbers(NamedTuple):
    """The volume of a bath and its flows in the form that kernels take; its concentrations are in `Numbers.outside`.

    Attributes
    ----------
    present : bool
        False: the port is no bath.
    volume : float
        Initial volume per membrane area, m.
    mode : int
        NO_FEED, FED or MADE_UP.
    flow, bleed : float
        Flow of the feed (0 unless FED) and flow withdrawn, m/s.
    """

    present: bool = False
    volume: float = 0.0
    mode: int = NO_FEED
    flow: float = 0.0
    bleed: float = 0.0


@kernel
def bath_flows(bath: BathNumbers, q: float) -> tuple[float, float, float, float]:
    """Feed Q_f and outflow Q_out of a bath that loses q to the other side, m/s, and their derivatives dQ/dq.

    A make-up feed replaces q and so holds the volume: ``Q_f = max(q + bleed, 0)``, ``Q_out = max(bleed, −q)``.
    """
    if bath.mode == NO_FEED:
        return 0.0, bath.bleed, 0.0, 0.0
    if bath.mode == FED:
        return bath.flow, bath.bleed, 0.0, 0.0
    if q + bath.bleed > 0.0:
        return q + bath.bleed, max(bath.bleed, -q), 1.0, 0.0
    return 0.0, -q, 0.0, -1.0


_NO_BATH = BathNumbers()


@dataclass(frozen=True, eq=False, kw_only=True)
class Port:
    """The far end of one side. The defaults are those of a closed end with a free piston.

    Attributes
    ----------
    stirred : bool
        The solution of this side is perfectly mixed.
    holds_flux : bool
        The water flux out of this side is prescribed; the pressure on its liquid is computed.
    name : str
        Name of the kind in a case file.
    kind : int
        IS_CLOSED, IS_RESERVOIR, IS_OUTFLOW or IS_BATH.
    fixed_volume : bool
        No water can flow.
    layer_unless_stirred : bool
        There is a layer between the port and the membrane; a stirred side is one cell without a layer.
    """

    stirred: bool = False
    holds_flux: bool = False

    name: ClassVar[str]
    kind: ClassVar[int] = IS_CLOSED
    fixed_volume: ClassVar[bool] = False
    layer_unless_stirred: ClassVar[bool] = False

    @property
    def moves(self) -> bool:
        """True if the far wall moves with the liquid and the mesh stretches; else liquid passes a fixed far end."""
        return self.kind == IS_CLOSED

    @property
    def one_cell(self) -> bool:
        """True if the side is one stirred cell without an unstirred layer in front of the port."""
        return self.layer_unless_stirred and self.stirred

    @property
    def infinite(self) -> bool:
        """True if the one cell of the side has an infinite volume, so that its concentrations are constant."""
        return False

    @property
    def adds_cell(self) -> bool:
        """True if the port adds a cell to the chain, behind the layer."""
        return False

    @property
    def stiffness(self) -> float:
        """Rise of the pressure with the volume that the side gains, Pa/m: ``p = p_applied + stiffness · gain``."""
        return 0.0

    @property
    def slackens(self) -> bool:
        """True if the wall goes slack instead of exerting a negative gauge pressure on the liquid."""
        return False

    @property
    def computes_pressure(self) -> bool:
        """True if the pressure on the liquid is computed from the water flux."""
        return self.fixed_volume or self.holds_flux

    @property
    def outside(self) -> Array | None:
        """Concentrations (solutes,) of the liquid that enters through the far end, mol/m^3; None where none enters."""
        return None

    @property
    def bath(self) -> BathNumbers:
        """Volume and flows of a bath."""
        return _NO_BATH

    @property
    def held(self) -> Array:
        """Initial amounts (solutes,) in the cell that the port adds, mol/m^2."""
        raise TypeError(f"a {self.name} has no cell of its own")

    def streams(self, inwards: Array, carried: Array, span: Array) -> tuple[Array, Array, Array]:
        """Volumes that enter and leave the side during intervals, and the amounts that enter with them.

        They are 0 for a closed end, and for a reservoir, whose streams are not modelled.

        Parameters
        ----------
        inwards : ndarray, shape (run, interval)
            Net volume that enters through the far edge of the mesh, m.
        carried : ndarray, shape (run, interval, solutes)
            Net amounts that enter through the far edge, mol/m^2.
        span : ndarray, shape (interval,)
            Length of the intervals, s.

        Returns
        -------
        entering, leaving : ndarray, shape (run, interval)
            Volumes, m.
        brought : ndarray, shape (run, interval, solutes)
            Amounts that enter, mol/m^2.
        """
        none = np.zeros(inwards.shape)
        return none, none, np.zeros(carried.shape)


class Piston(Port):
    """A free piston: the pressure on the liquid is the applied one. The side can run dry."""

    name = "piston"


@dataclass(frozen=True, eq=False, kw_only=True)
class Standpipe(Port):
    """An open standpipe, whose level rises with the volume: ``stiffness = ρ g / tube_area``.

    Attributes
    ----------
    tube_area : float
        Cross-section of the tube ÷ membrane area.
    temperature : float
        Temperature of the water, K.
    """

    tube_area: float
    temperature: float

    name = "standpipe"

    @property
    def stiffness(self) -> float:
        """``ρ g / tube_area``, Pa/m."""
        return float(temperature.water_density(self.temperature)) * STANDARD_GRAVITY / self.tube_area


@dataclass(frozen=True, eq=False, kw_only=True)
class ElasticWall(Port):
    """An elastic wall: ``stiffness = modulus / depth``. It goes slack instead of exerting a negative pressure.

    Where the water flux is prescribed, the wall may be under tension, which the pump that prescribes the flux supports.

    Attributes
    ----------
    modulus : float
        Rise of the pressure ÷ relative gain of volume, Pa.
    depth : float
        Volume of the side at the start ÷ membrane area, m.
    """

    modulus: float
    depth: float

    name = "elastic"

    @property
    def stiffness(self) -> float:
        """``modulus / depth``, Pa/m."""
        return self.modulus / self.depth

    @property
    def slackens(self) -> bool:
        """True unless the water flux is prescribed."""
        return not self.holds_flux


class Rigid(Port):
    """A rigid wall: no water flows, and the pressure on the liquid is computed."""

    name = "rigid"
    fixed_volume = True


@dataclass(frozen=True, eq=False, kw_only=True)
class Reservoir(Port):
    """A reservoir of constant concentrations behind an unstirred layer; without the layer if the side is stirred.

    Attributes
    ----------
    concentration : ndarray, shape (solutes,)
        mol/m^3.
    """

    concentration: Array

    name = "reservoir"
    kind = IS_RESERVOIR
    layer_unless_stirred = True

    @property
    def infinite(self) -> bool:
        """True if there is no layer."""
        return self.stirred

    @property
    def outside(self) -> Array:
        """Concentrations of the reservoir, mol/m^3."""
        return self.concentration


@dataclass(frozen=True, eq=False, kw_only=True)
class Bath(Port):
    """A well-stirred bath with a feed and a bleed, behind an unstirred layer unless the side is stirred. It can empty.

    ``d(V c)/dt = Q_f c_f − Q_out c − F``, ``dV/dt = Q_f − Q_out − q``, with F and q the flux of solute and
    of volume from the bath to the layer (or to the membrane). It adds the state V and, behind a layer, a cell with its
    amounts.

    Attributes
    ----------
    concentration : ndarray, shape (solutes,)
        Initial concentrations, mol/m^3.
    volume : float
        Initial volume per membrane area, m.
    feed : ndarray, shape (solutes,), or None
        Concentrations c_f of the feed, mol/m^3; None without a feed.
    flow : float or None
        Q_f, m/s; None for a make-up feed, which keeps the volume constant; see `bath_flows`.
    bleed : float
        Q_out, m/s; with a make-up feed the smallest value of Q_out.
    """

    concentration: Array
    volume: float
    feed: Array | None = None
    flow: float | None = None
    bleed: float = 0.0

    name = "bath"
    kind = IS_BATH
    layer_unless_stirred = True

    @property
    def adds_cell(self) -> bool:
        """True behind a layer."""
        return not self.stirred

    @property
    def outside(self) -> Array | None:
        """Concentrations of the feed, mol/m^3."""
        return self.feed

    @property
    def bath(self) -> BathNumbers:
        """Volume and flows."""
        mode = NO_FEED if self.feed is None else MADE_UP if self.flow is None else FED
        return BathNumbers(True, float(self.volume), mode, float(self.flow or 0.0), float(self.bleed))

    @property
    def held(self) -> Array:
        """Amounts in the bath at the start, mol/m^2."""
        return self.concentration * self.volume

    def streams(self, inwards: Array, carried: Array, span: Array) -> tuple[Array, Array, Array]:
        """Feed and outflow at the mean flow to the other side in each interval; see `Port.streams`."""
        bath = self.bath
        rates = [[bath_flows(bath, q)[:2] for q in each] for each in (inwards / span).tolist()]
        flows = np.array(rates).reshape(*inwards.shape, 2) * span[:, None]
        entering, leaving = flows[..., 0], flows[..., 1]
        brought = np.zeros(carried.shape) if self.feed is None else entering[..., None] * self.feed
        return entering, leaving, brought


@dataclass(frozen=True, eq=False, kw_only=True)
class Outflow(Port):
    """A free outflow: liquid leaves with the concentrations of the last cell. The flow through it can reverse.

    Attributes
    ----------
    drawn_in : ndarray, shape (solutes,), or None
        Concentrations of liquid that flows back in, mol/m^3; None if they are not known: the run then ends at backflow.
    """

    drawn_in: Array | None = None

    name = "outflow"
    kind = IS_OUTFLOW

    @property
    def outside(self) -> Array | None:
        """Concentrations of liquid that flows back in, mol/m^3."""
        return self.drawn_in

    def streams(self, inwards: Array, carried: Array, span: Array) -> tuple[Array, Array, Array]:
        """Outflow and backflow through the far edge; see `Port.streams`."""
        brought = np.maximum(carried, 0.0) * (inwards > 0.0)[..., None]
        return np.maximum(inwards, 0.0), np.maximum(-inwards, 0.0), brought


PORTS: dict[str, type[Port]] = {
    port.name: port for port in (Piston, Standpipe, ElasticWall, Rigid, Reservoir, Bath, Outflow)
}


def port_of(name: str, numbers: dict[str, Any]) -> Port:
    """The port of a kind; its attributes are taken by name from `numbers`, and the other entries are ignored."""
    kind = PORTS[name]
    return kind(**{each.name: numbers[each.name] for each in fields(kind)})
