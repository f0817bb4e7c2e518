"""The equations at the stations along a membrane, and their exact derivatives.

At a station (membrane area A, hold-up V; left is the side with the sign −, right that with +):

    0        = L_p [p_L − p_R − ΔΣσπ(c_w)] − J_v               the membrane, as `interface` has it
    0        = Q_in ± A J_v − Q_out                            volume
    0        = p_before − ½Δp_before − ½Δp − p                 friction, from the middle of one cell to the next
    V dc/dt  = Q_in c_in − Q_out c_out ± A J_s                 each solute; c_out is the outflow concentration

The concentration in the outflow is reconstructed from the cell means upstream and downstream, exact for parabolas
(third order; the method as a whole is of second order, since J_v is taken at the mean concentration), with a limiter
where fronts must not oscillate. Where the permeate is withdrawn locally (`DRAWN`), its concentration is
``c = J_s/J_v``, or that of the collected permeate where the flow is reversed.
"""

from __future__ import annotations

import math

from membrane_pde.kernels import kernel
from membrane_pde.model.mesh import Array
from membrane_pde.model.station_cells import outflow_concentration, per_hold_up, set_channel, set_membrane
from membrane_pde.model.stations import (
    AREA,
    BOOST,
    DEAD_END,
    DISPERSION,
    DRAWN,
    FLOW_KIND,
    FLOWING,
    FOR_FLUX,
    FOR_PERMEATE,
    FOR_RECOVERY,
    LOSS,
    MIXING,
    PRESSURE_GIVEN,
    PRESSURE_KIND,
    PRESSURE_TARGET,
    RECOVERY,
    SECTION,
    STEP,
    VESSELS,
    VOLUME,
    Entries,
    StationLayout,
    Stations,
    Workspace,
    begins,
    concentration_at,
    ends,
    entry_at,
    first_of,
    flow_at,
    flux_at,
    inflow_at,
    last_of,
    pressure_at,
    put,
)


@kernel
def _put_local(
    p: Stations, at: StationLayout, station: int, which: int, row: int, factor: float, workspace: Workspace, to: Entries
) -> None:
    """Add the derivatives in a row of `Workspace.local`, times a factor, to a row of the Jacobian."""
    if to.written[1] == 0:
        return
    k, local = at.solutes, workspace.local[which]
    put(to, row, flux_at(at, station), factor * float(local[0]))
    for side in range(2):
        first = concentration_at(at, side, station)
        for t in range(k):
            put(to, row, first + t, factor * float(local[1 + k * side + t]))
        half = 0.5 * factor * float(local[1 + 2 * k + side])
        put(to, row, inflow_at(p, at, side, station), half)
        put(to, row, flow_at(at, side, station), half)


@kernel
def _put_drop(
    p: Stations, at: StationLayout, side: int, station: int, row: int, factor: float, workspace: Workspace, to: Entries
) -> None:
    """Add the derivatives of the pressure drop along a station's cell, times a factor, to a row of the Jacobian."""
    if to.written[1] == 0:
        return
    drop, first = workspace.drops[side, station], concentration_at(at, side, station)
    put(to, row, inflow_at(p, at, side, station), 0.5 * factor * float(drop[1]))
    put(to, row, flow_at(at, side, station), 0.5 * factor * float(drop[1]))
    for t in range(at.solutes):
        put(to, row, first + t, factor * float(drop[2 + t]))


@kernel
def _next_element(p: Stations, side: int, station: int) -> int:
    """The element that the outflow of a station enters, or −1 if it enters none."""
    element = int(p.element[station]) + p.direction[side]
    if not ends(p, side, station) or p.role[side] != FLOWING or element >= p.permeability.shape[0]:
        return -1
    return element


@kernel
def _set_outflow(p: Stations, at: StationLayout, y: Array, side: int, station: int, rates: Array, to: Entries) -> None:
    """Solute flux from a station's cell to the next one; the same number is used in the balances of both."""
    flow, out = float(y[flow_at(at, side, station)]), flow_at(at, side, station)
    first, last = begins(p, side, station), ends(p, side, station)
    ahead, step = station + p.direction[side], at.block * p.direction[side]
    element = _next_element(p, side, station)
    scale = per_hold_up(p, side, station)
    ahead_scale = 0.0 if last else per_hold_up(p, side, ahead)
    spread = 0.0
    if not last:
        spread = float(p.rows[side, DISPERSION, station]) * float(p.rows[side, SECTION, station])
        spread /= float(p.rows[side, STEP, station])
    for s in range(at.solutes):
        here = concentration_at(at, side, station) + s
        before = entry_at(at, side, int(p.element[station])) + 2 + s if first else here - step
        behind, entry = here, -1  # without a downstream cell, reversed flow returns the concentration of this cell
        if not last:
            behind = here + step
        elif element >= 0:
            behind = concentration_at(at, side, first_of(p, side, element)) + s
            entry = entry_at(at, side, element) + 2 + s
        if flow >= 0.0:
            value, by_before, by_here, by_behind = outflow_concentration(p, at, y, side, station, s)
        else:
            value, by_before, by_here, by_behind = float(y[behind]), 0.0, 0.0, 1.0
        flux = flow * value
        if not last:
            flux += spread * (float(y[here]) - float(y[behind]))
        rates[here] -= scale * flux
        put(to, here, out, -scale * value)
        put(to, here, before, -scale * flow * by_before)
        put(to, here, here, -scale * (flow * by_here + spread))
        put(to, here, behind, -scale * (flow * by_behind - spread))
        if not last:
            rates[behind] += ahead_scale * flux
            put(to, behind, out, ahead_scale * value)
            put(to, behind, before, ahead_scale * flow * by_before)
            put(to, behind, here, ahead_scale * (flow * by_here + spread))
            put(to, behind, behind, ahead_scale * (flow * by_behind - spread))
        elif entry >= 0:
            rates[entry] = value - float(y[entry])
            put(to, entry, entry, -1.0)
            put(to, entry, before, by_before)
            put(to, entry, here, by_here)
            put(to, entry, behind, by_behind)


@kernel
def _set_station(
    p: Stations,
    at: StationLayout,
    y: Array,
    inlet: Array,
    station: int,
    workspace: Workspace,
    rates: Array,
    to: Entries,
) -> None:
    """Rows of J_v, of the flows and of the pressures, and the solute fluxes through the membrane."""
    k, water = at.solutes, flux_at(at, station)
    flux, area = float(y[water]), float(p.rows[0, AREA, station])
    for side in range(2):
        set_channel(p, at, y, side, station, workspace)
    difference = set_membrane(p, at, y, station, workspace, to.written[1] == 1)
    permeability = float(p.permeability[int(p.element[station])])
    left, right = pressure_at(at, 0, station), pressure_at(at, 1, station)
    rates[water] = permeability * (float(y[left]) - float(y[right]) - difference) - flux
    put(to, water, water, -1.0)
    put(to, water, left, permeability)
    put(to, water, right, -permeability)
    _put_local(p, at, station, k, water, -permeability, workspace, to)
    for side in range(2):
        sign = -1.0 if side == 0 else 1.0
        out, pressure = flow_at(at, side, station), pressure_at(at, side, station)
        scale, first = per_hold_up(p, side, station), concentration_at(at, side, station)
        for s in range(k):
            rates[first + s] += sign * area * scale * float(workspace.passing[station, s])
            _put_local(p, at, station, s, first + s, sign * area * scale, workspace, to)
        put(to, out, out, -1.0)
        put(to, out, water, sign * area)
        put(to, pressure, pressure, -1.0)
        if p.role[side] == DRAWN:
            rates[out] = sign * area * flux - float(y[out])
            rates[pressure] = float(inlet[side, 1]) - float(y[pressure])
            _set_drawn(p, at, y, side, station, workspace, rates, to)
            continue
        into = inflow_at(p, at, side, station)
        rates[out] = float(y[into]) + sign * area * flux - float(y[out])
        put(to, out, into, 1.0)
        rates[pressure] = -0.5 * float(workspace.drops[side, station, 0]) - float(y[pressure])
        _put_drop(p, at, side, station, pressure, -0.5, workspace, to)


@kernel
def _set_drawn(
    p: Stations, at: StationLayout, y: Array, side: int, station: int, workspace: Workspace, rates: Array, to: Entries
) -> None:
    """Solute flux into the withdrawn permeate, and the balance of the collected permeate."""
    sign = -1.0 if side == 0 else 1.0
    area, scale = float(p.rows[0, AREA, station]), per_hold_up(p, side, station)
    out, vessels = sign * float(y[flux_at(at, station)]), float(p.links[VESSELS, int(p.element[station])])
    back = p.drawn_in[station] == 1
    holds = p.rows[side, VOLUME, station] > 0.0
    if holds:
        back = out < 0.0
    for s in range(at.solutes):
        here, mixed = concentration_at(at, side, station) + s, at.collected + s
        if back and not holds:
            rates[here] += float(y[mixed]) - float(y[here]) - sign * float(workspace.passing[station, s])
            _put_local(p, at, station, s, here, -sign, workspace, to)
            put(to, here, flux_at(at, station), 0.0)
            put(to, here, here, -1.0)
            put(to, here, mixed, 1.0)
        else:
            carried = float(y[mixed]) if back else float(y[here])
            rates[here] -= area * scale * out * carried
            _put_local(p, at, station, s, here, 0.0, workspace, to)
            put(to, here, flux_at(at, station), -area * scale * sign * carried)
            put(to, here, here, 0.0 if back else -area * scale * out)
            put(to, here, mixed, -area * scale * out if back else 0.0)
        given = not math.isnan(float(p.backflow[s]))
        weight = 0.0 if back or given else vessels * area
        rates[mixed] += weight * (sign * float(workspace.passing[station, s]) - out * float(y[mixed]))
        _put_local(p, at, station, s, mixed, weight * sign, workspace, to)
        put(to, mixed, flux_at(at, station), -weight * sign * float(y[mixed]))
        put(to, mixed, mixed, -weight * out)


@kernel
def _set_pressures(
    p: Stations, at: StationLayout, y: Array, side: int, element: int, workspace: Workspace, rates: Array, to: Entries
) -> None:
    """Complete the rows of the pressures in an element: add the pressure upstream of each cell."""
    count = int(p.first[element + 1]) - int(p.first[element])
    station = first_of(p, side, element)
    row = pressure_at(at, side, station)
    rates[row] += float(y[entry_at(at, side, element) + 1])
    put(to, row, entry_at(at, side, element) + 1, 1.0)
    for _ in range(count - 1):
        before = station
        station += p.direction[side]
        row, above = pressure_at(at, side, station), pressure_at(at, side, before)
        rates[row] += float(y[above]) - 0.5 * float(workspace.drops[side, before, 0])
        put(to, row, above, 1.0)
        _put_drop(p, at, side, before, row, -0.5, workspace, to)


@kernel
def _set_inlet(
    p: Stations, at: StationLayout, y: Array, inlet: Array, side: int, element: int, rates: Array, to: Entries
) -> None:
    """Rows of flow, pressure and concentrations at the inlet of a side."""
    k, entry = at.solutes, entry_at(at, side, element)
    elements = p.permeability.shape[0]
    last = last_of(p, side, elements - 1 if p.direction[side] > 0 else 0)
    away, final = flow_at(at, side, last), int(p.element[last])
    into, outof = float(p.links[VESSELS, element]), float(p.links[VESSELS, final])
    flow, left = float(y[entry]), float(y[away])
    feeds = side == p.feed
    # the flow
    kept = 1.0 - float(p.held[RECOVERY])
    if feeds and p.held[FLOW_KIND] == 1.0:
        rates[entry] = into * kept * flow - outof * left
        put(to, entry, entry, into * kept)
        put(to, entry, away, -outof)
    else:
        rates[entry] = float(inlet[side, 0]) - flow
        put(to, entry, entry, -1.0)
        put(to, entry, away, 0.0)
    # the pressure
    row, kind = entry + 1, int(p.held[PRESSURE_KIND]) if feeds else PRESSURE_GIVEN
    target = float(p.held[PRESSURE_TARGET])
    with_flow, with_rest, with_pressure = 0.0, 0.0, 0.0
    if kind == FOR_RECOVERY:
        rates[row] = into * (1.0 - target) * flow - outof * left
        with_flow, with_rest = into * (1.0 - target), -outof
    elif kind in (FOR_PERMEATE, FOR_FLUX):
        if kind == FOR_FLUX:
            area = 0.0
            for station in range(p.element.shape[0]):
                area += float(p.links[VESSELS, int(p.element[station])]) * float(p.rows[0, AREA, station])
            target *= area
        rates[row] = into * flow - outof * left - target
        with_flow, with_rest = into, -outof
    else:
        boost = float(p.links[BOOST, element]) if feeds else 0.0
        rates[row] = float(inlet[side, 1]) + boost - float(y[row])
        with_pressure = -1.0
    put(to, row, entry, with_flow)
    put(to, row, away, with_rest)
    put(to, row, row, with_pressure)
    # the concentrations
    mixing = float(p.held[MIXING]) if feeds else 0.0
    share = mixing * outof * left / (into * flow) if mixing > 0.0 else 0.0
    for s in range(k):
        row, given = entry + 2 + s, float(inlet[side, 2 + s])
        value, by_before, by_here, _ = outflow_concentration(p, at, y, side, last, s)
        here = concentration_at(at, side, last) + s
        before = here - at.block * p.direction[side]
        if begins(p, side, last):
            before = entry_at(at, side, final) + 2 + s
        rates[row] = given + share * (value - given) - float(y[row])
        put(to, row, row, -1.0)
        put(to, row, before, share * by_before)
        put(to, row, here, share * by_here)
        put(to, row, away, share / left * (value - given) if share > 0.0 else 0.0)
        put(to, row, entry, -share / flow * (value - given) if share > 0.0 else 0.0)


@kernel
def _set_entry(
    p: Stations,
    at: StationLayout,
    y: Array,
    inlet: Array,
    side: int,
    element: int,
    workspace: Workspace,
    rates: Array,
    to: Entries,
) -> None:
    """Rows of flow, pressure and concentrations at the inlet of an element on one side."""
    k, entry, before = at.solutes, entry_at(at, side, element), element - p.direction[side]
    if p.role[side] == FLOWING and not 0 <= before < p.permeability.shape[0]:
        _set_inlet(p, at, y, inlet, side, element, rates, to)
        return
    put(to, entry, entry, -1.0)
    rates[entry] = -float(y[entry])
    if p.role[side] == FLOWING:
        last = last_of(p, side, before)
        away, pressure = flow_at(at, side, last), pressure_at(at, side, last)
        ratio = float(p.links[VESSELS, before]) / float(p.links[VESSELS, element])
        rates[entry] += ratio * float(y[away])
        put(to, entry, away, ratio)
        change = -float(p.links[LOSS, max(element, before)])
        if side == p.feed:
            change += float(p.links[BOOST, element])
        rates[entry + 1] = (
            float(y[pressure]) - 0.5 * float(workspace.drops[side, last, 0]) + change - float(y[entry + 1])
        )
        put(to, entry + 1, entry + 1, -1.0)
        put(to, entry + 1, pressure, 1.0)
        _put_drop(p, at, side, last, entry + 1, -0.5, workspace, to)
        return  # `_set_outflow` of the element upstream sets the concentrations
    if p.role[side] == DEAD_END:
        last = last_of(p, side, element)
        pressure = pressure_at(at, side, last)
        rates[entry + 1] = float(inlet[side, 1]) - float(y[pressure]) + 0.5 * float(workspace.drops[side, last, 0])
        put(to, entry + 1, pressure, -1.0)
        _put_drop(p, at, side, last, entry + 1, 0.5, workspace, to)
        station = first_of(p, side, element)
        alone = int(p.first[element + 1]) - int(p.first[element]) == 1
        for s in range(k):  # at the closed end: linear extrapolation from the two nearest cells
            here = concentration_at(at, side, station) + s
            behind = here if alone else here + at.block * p.direction[side]
            rates[entry + 2 + s] = 1.5 * float(y[here]) - 0.5 * float(y[behind]) - float(y[entry + 2 + s])
            put(to, entry + 2 + s, entry + 2 + s, -1.0)
            put(to, entry + 2 + s, here, 1.5)
            put(to, entry + 2 + s, behind, -0.5)
        return
    rates[entry + 1] = float(inlet[side, 1]) - float(y[entry + 1])
    put(to, entry + 1, entry + 1, -1.0)
    for s in range(k):
        rates[entry + 2 + s] = -float(y[entry + 2 + s])
        put(to, entry + 2 + s, entry + 2 + s, -1.0)


@kernel
def set_rows(
    p: Stations, at: StationLayout, y: Array, inlet: Array, workspace: Workspace, rates: Array, to: Entries
) -> None:
    """Write the right-hand side of all rows and, if `to` collects entries, its derivatives.

    Parameters
    ----------
    p : Stations
        The model.
    at : StationLayout
        Indices of its unknowns.
    y : ndarray, shape (size,)
        The unknowns.
    inlet : ndarray, shape (2, 2 + solutes)
        On each side the flow (m^3/s, of a vessel of the first stage), the pressure (Pa, at the inlet; of a dead end or
        of a withdrawn permeate, at the outlet) and the concentrations (mol/m^3) of the inflow.
    workspace : Workspace
        Work arrays, overwritten.
    rates : ndarray, shape (size,)
        Written: dc/dt in the rows of concentrations with a hold-up, the residual in all others.
    to : Entries
        Written from its first entry on; rows and columns are the same in every call.
    """
    k = at.solutes
    to.written[0] = 0
    for n in range(at.size):
        rates[n] = 0.0
    for station in range(p.element.shape[0]):
        _set_station(p, at, y, inlet, station, workspace, rates, to)
    drawn = False
    for side in range(2):
        drawn = drawn or p.role[side] == DRAWN
        for element in range(p.permeability.shape[0]):
            _set_entry(p, at, y, inlet, side, element, workspace, rates, to)
            if p.role[side] == DRAWN:
                continue
            _set_pressures(p, at, y, side, element, workspace, rates, to)
            entry, station = entry_at(at, side, element), first_of(p, side, element)
            scale = per_hold_up(p, side, station)
            for s in range(k):
                here = concentration_at(at, side, station) + s
                rates[here] += scale * float(y[entry]) * float(y[entry + 2 + s])
                put(to, here, entry, scale * float(y[entry + 2 + s]))
                put(to, here, entry + 2 + s, scale * float(y[entry]))
            for _ in range(int(p.first[element + 1]) - int(p.first[element])):
                _set_outflow(p, at, y, side, station, rates, to)
                station += p.direction[side]
    taken = True
    for station in range(p.element.shape[0]):
        taken = taken and p.drawn_in[station] == 1
    for s in range(k):
        row, given = at.collected + s, float(p.backflow[s])
        known = not math.isnan(given)
        if known or not drawn or taken:
            rates[row] += (given if known else 0.0) - float(y[row])
            put(to, row, row, -1.0)
        else:
            put(to, row, row, 0.0)
