"""Tanks, inlets, outlets and collected permeate of a module in a transient.

The unknowns of the stations are followed, for each side, by the volume and the amounts that have entered from outside
and that have left (m^3, mol; of all vessels), and by the volume and the amounts in the side's tank. Where permeate is
withdrawn along the membrane, the inflow is the backflow. The last unknown is the work of the pressures on the permeate,
``dW/dt = ∫ J_v (p_L − p_R) dA`` (J).

A tank feeds the channel and receives its outflow. For a stirred tank with the volume V, the amounts n, the flow Q_c
into the channel, the flow Q_r back from it, and the flows Q_f and Q_b of feed and bleed (`ports.bath_flows`),

    dV/dt = Q_f − Q_b + Q_r − Q_c,    dn/dt = Q_f c_f − Q_b n/V + Q_r c_r − Q_c c,    c = n/V into the channel.

During a flush in plug flow, feed displaces the contents of the tank into the channel at their concentration at the
start of the flush, and the outflow of the channel is discarded; when the tank contains only feed, it is bypassed.

Backflow from a collected permeate has the mean concentration ``N/V`` of all permeate that has left; before any has
left, it is pure water.
"""

from __future__ import annotations

from typing import NamedTuple

from membrane_pde.kernels import kernel
from membrane_pde.model.mesh import Array
from membrane_pde.model.ports import MADE_UP, BathNumbers, bath_flows
from membrane_pde.model.pressures import bath_volume
from membrane_pde.model.station_cells import outflow_concentration
from membrane_pde.model.stations import (
    AREA,
    DRAWN,
    FLOWING,
    VESSELS,
    Entries,
    StationLayout,
    Stations,
    concentration_at,
    entry_at,
    first_of,
    flow_at,
    flux_at,
    last_of,
    pressure_at,
    put,
)

STIRRED, PLUG_FLOW, BYPASSED = range(3)  # modes of a tank


class Outside(NamedTuple):
    """Tanks, feeds and collected permeate outside the channels. A pair is (left, right).

    Attributes
    ----------
    tank : pair of BathNumbers
        Initial volume (m^3) and flows (m^3/s), of all vessels; not present where the inlet is prescribed.
    mode : pair of int
        STIRRED, PLUG_FLOW or BYPASSED.
    feed : ndarray, shape (2, solutes)
        Concentrations of the tank's feed, mol/m^3.
    displaced : ndarray, shape (2, solutes)
        Concentrations that plug flow displaces from the tank, mol/m^3.
    collects : bool
        Backflow on the permeate side has the concentrations of the collected permeate.
    first_drop : float
        Small volume of pure water added to the collected permeate, so that its concentration is always defined, m^3.
    """

    tank: tuple[BathNumbers, BathNumbers]
    mode: tuple[int, int]
    feed: Array
    displaced: Array
    collects: bool
    first_drop: float


@kernel
def volume_in_at(at: StationLayout, side: int) -> int:
    """Index of the volume that has entered from outside; the next index is that of the volume that has left."""
    return at.size + side * (2 + 2 * at.solutes)


@kernel
def amount_in_at(at: StationLayout, side: int) -> int:
    """Index of the first amount that has entered from outside; the amounts that have left follow."""
    return volume_in_at(at, side) + 2


@kernel
def tank_at(at: StationLayout, side: int) -> int:
    """Index of the volume of a tank; the amounts in it follow."""
    return at.size + 2 * (2 + 2 * at.solutes) + side * (1 + at.solutes)


@kernel
def work_at(at: StationLayout) -> int:
    """Index of the work of the pressures."""
    return tank_at(at, 2)


@kernel
def whole_size(at: StationLayout) -> int:
    """Number of all unknowns."""
    return work_at(at) + 1


@kernel
def _carried(
    p: Stations, at: StationLayout, y: Array, side: int, station: int, s: int
) -> tuple[float, float, float, float]:
    """Outlet concentration of a side and its derivatives; if the flow reverses, that of the last cell."""
    if float(y[flow_at(at, side, station)]) >= 0.0:
        return outflow_concentration(p, at, y, side, station, s)
    return float(y[concentration_at(at, side, station) + s]), 0.0, 1.0, 0.0


@kernel
def _put_carried(
    p: Stations,
    at: StationLayout,
    y: Array,
    side: int,
    element: int,
    s: int,
    row: int,
    factor: float,
    rates: Array,
    to: Entries,
) -> None:
    """Add a factor times the solute flow out of the end of an element on a side to a row."""
    station = last_of(p, side, element)
    here, out = concentration_at(at, side, station) + s, flow_at(at, side, station)
    before = here - at.block * p.direction[side]
    if first_of(p, side, element) == station:
        before = entry_at(at, side, element) + 2 + s
    value, by_before, by_here, _ = _carried(p, at, y, side, station, s)
    flow = float(y[out])
    rates[row] += factor * flow * value
    put(to, row, out, factor * value)
    put(to, row, before, factor * flow * by_before)
    put(to, row, here, factor * flow * by_here)


@kernel
def _put_product(row: int, one: int, other: int, factor: float, y: Array, rates: Array, to: Entries) -> None:
    """Add a factor times the product of two unknowns to a row."""
    rates[row] += factor * float(y[one]) * float(y[other])
    put(to, row, one, factor * float(y[other]))
    put(to, row, other, factor * float(y[one]))


@kernel
def _set_drawn_off(p: Stations, at: StationLayout, y: Array, side: int, rates: Array, to: Entries) -> None:
    """Balances of permeate that is withdrawn along the membrane: what has left, and what has flowed back."""
    sign, k = -1.0 if side == 0 else 1.0, at.solutes
    volume, amounts = volume_in_at(at, side), amount_in_at(at, side)
    for station in range(p.element.shape[0]):
        water = flux_at(at, station)
        factor = sign * float(p.links[VESSELS, int(p.element[station])]) * float(p.rows[0, AREA, station])
        back = sign * float(y[water]) < 0.0
        left, returned = 0.0 if back else factor, -factor if back else 0.0
        rates[volume] += returned * float(y[water])
        rates[volume + 1] += left * float(y[water])
        put(to, volume, water, returned)
        put(to, volume + 1, water, left)
        for s in range(k):
            own, mixed = concentration_at(at, side, station) + s, at.collected + s
            _put_product(amounts + k + s, water, own, left, y, rates, to)
            _put_product(amounts + s, water, mixed, returned, y, rates, to)


@kernel
def _set_ends(p: Stations, at: StationLayout, y: Array, side: int, rates: Array, to: Entries) -> None:
    """Balances of the liquid that leaves a side's channels at their ends and enters at their inlet."""
    k, elements = at.solutes, p.permeability.shape[0]
    volume, amounts = volume_in_at(at, side), amount_in_at(at, side)
    final = elements - 1 if p.direction[side] > 0 else 0
    for element in range(elements):
        if p.role[side] == FLOWING and element != final:
            continue
        vessels, out = float(p.links[VESSELS, element]), flow_at(at, side, last_of(p, side, element))
        rates[volume + 1] += vessels * float(y[out])
        put(to, volume + 1, out, vessels)
        for s in range(k):
            _put_carried(p, at, y, side, element, s, amounts + k + s, vessels, rates, to)
    if p.role[side] == FLOWING:
        element = elements - 1 - final
        vessels, entry = float(p.links[VESSELS, element]), entry_at(at, side, element)
        rates[volume] += vessels * float(y[entry])
        put(to, volume, entry, vessels)
        for s in range(k):
            _put_product(amounts + s, entry, entry + 2 + s, vessels, y, rates, to)


@kernel
def _set_tank(p: Stations, at: StationLayout, y: Array, side: int, outside: Outside, rates: Array, to: Entries) -> None:
    """Balances of a tank, and of its feed and bleed."""
    k, tank, elements = at.solutes, tank_at(at, side), p.permeability.shape[0]
    final = elements - 1 if p.direction[side] > 0 else 0
    entry, out = entry_at(at, side, elements - 1 - final), flow_at(at, side, last_of(p, side, final))
    into, outof = float(p.links[VESSELS, elements - 1 - final]), float(p.links[VESSELS, final])
    volume, amounts, bath = volume_in_at(at, side), amount_in_at(at, side), outside.tank[side]
    fed, bled, fed_slope, bled_slope = bath_flows(bath, into * float(y[entry]) - outof * float(y[out]))
    rates[volume], rates[volume + 1] = fed, bled
    for row, more in ((volume, fed_slope), (volume + 1, bled_slope), (tank, fed_slope - bled_slope - 1.0)):
        held = row == tank and bath.mode == MADE_UP  # the volume is exactly constant
        put(to, row, entry, 0.0 if held else more * into)
        put(to, row, out, 0.0 if held else -more * outof)
    if bath.mode != MADE_UP:
        rates[tank] = fed - bled - into * float(y[entry]) + outof * float(y[out])
    inside = bath_volume(bath, float(y[tank]))
    for s in range(k):
        own, feed = tank + 1 + s, float(outside.feed[side, s])
        c = float(y[own]) / inside
        rates[amounts + s], rates[amounts + k + s] = fed * feed, bled * c
        rates[own] = fed * feed - bled * c
        for row, gain, loss in ((amounts + s, 1.0, 0.0), (amounts + k + s, 0.0, -1.0), (own, 1.0, 1.0)):
            more = gain * fed_slope * feed - loss * bled_slope * c
            put(to, row, entry, more * into)
            put(to, row, out, -more * outof)
            put(to, row, own, -loss * bled / inside)
            put(to, row, tank, loss * bled * c / inside)
        _put_product(own, entry, entry + 2 + s, -into, y, rates, to)
        _put_carried(p, at, y, side, final, s, own, outof, rates, to)


@kernel
def _set_flushed(
    p: Stations, at: StationLayout, y: Array, side: int, outside: Outside, rates: Array, to: Entries
) -> None:
    """Balances while feed displaces the contents of a tank into the channel."""
    k, tank, element = at.solutes, tank_at(at, side), 0 if p.direction[side] > 0 else p.permeability.shape[0] - 1
    vessels, entry, amounts = float(p.links[VESSELS, element]), entry_at(at, side, element), amount_in_at(at, side)
    for s in range(k):
        feed, own = float(outside.feed[side, s]), tank + 1 + s
        rates[amounts + s] = vessels * float(y[entry]) * feed  # inflow from outside, replacing that of `_set_ends`
        put(to, amounts + s, entry, vessels * (feed - float(y[entry + 2 + s])))
        put(to, amounts + s, entry + 2 + s, -vessels * float(y[entry]))
        rates[own] = vessels * float(y[entry]) * feed
        put(to, own, entry, vessels * feed)
        _put_product(own, entry, entry + 2 + s, -vessels, y, rates, to)


@kernel
def _set_work(p: Stations, at: StationLayout, y: Array, rates: Array, to: Entries) -> None:
    """Balance of the work of the pressures on the permeate."""
    row = work_at(at)
    for station in range(p.element.shape[0]):
        water, left, right = flux_at(at, station), pressure_at(at, 0, station), pressure_at(at, 1, station)
        factor = float(p.links[VESSELS, int(p.element[station])]) * float(p.rows[0, AREA, station])
        _put_product(row, water, left, factor, y, rates, to)
        _put_product(row, water, right, -factor, y, rates, to)


@kernel
def set_outside(
    p: Stations, at: StationLayout, y: Array, inlet: Array, outside: Outside, rates: Array, to: Entries
) -> None:
    """Write the rows of the unknowns outside the channels and, if `to` collects entries, their derivatives.

    Parameters
    ----------
    p, at
        As for `station_rows.set_rows`, which has been called with the same arguments.
    y : ndarray, shape (whole_size,)
        The unknowns.
    inlet : ndarray, shape (2, 2 + solutes)
        As for `set_rows`, with the concentrations in the outflow of tanks.
    outside : Outside
        The tanks and the collected permeate.
    rates : ndarray, shape (whole_size,)
        Written; in the rows of the collected permeate, a term is added.
    to : Entries
        Appended to those of `set_rows`.
    """
    k = at.solutes
    for n in range(at.size, whole_size(at)):
        rates[n] = 0.0
    _set_work(p, at, y, rates, to)
    for side in range(2):
        if p.role[side] == DRAWN:
            _set_drawn_off(p, at, y, side, rates, to)
            volume, gathered = volume_in_at(at, side) + 1, amount_in_at(at, side) + k
            inside = max(float(y[volume]), 0.0) + outside.first_drop
            for s in range(k if outside.collects else 0):
                c = float(y[gathered + s]) / inside
                rates[at.collected + s] += c
                put(to, at.collected + s, gathered + s, 1.0 / inside)
                put(to, at.collected + s, volume, -c / inside if y[volume] > 0.0 else 0.0)
        elif not outside.tank[side].present or outside.mode[side] != STIRRED:
            _set_ends(p, at, y, side, rates, to)
            if outside.tank[side].present and outside.mode[side] == PLUG_FLOW:
                _set_flushed(p, at, y, side, outside, rates, to)
        else:
            _set_tank(p, at, y, side, outside, rates, to)
            tank, element = tank_at(at, side), 0 if p.direction[side] > 0 else p.permeability.shape[0] - 1
            inside = bath_volume(outside.tank[side], float(y[tank]))
            for s in range(k):
                row = entry_at(at, side, element) + 2 + s
                put(to, row, tank + 1 + s, 1.0 / inside)
                put(to, row, tank, -float(inlet[side, 2 + s]) / inside)
