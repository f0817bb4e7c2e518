"""A first guess of the state along a membrane: a march with the feed, from station to station.

Each station's water flux is found with the concentrations and pressures that it makes in its own cell, by bracketing:
the flux falls where the cell grows saltier. The other side, if it flows, is taken as it enters.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from membrane_pde.kernels import compiled, kernel
from membrane_pde.model.interface import (
    BACKWARD,
    FORWARD,
    PERMEABILITY,
    REFLECTION,
    THROUGH,
    FaceNumbers,
    find_water_flux,
    set_face,
    set_face_slopes,
    wall_pressure,
)
from membrane_pde.model.mesh import Array
from membrane_pde.model.station_cells import face_at, set_channel
from membrane_pde.model.stations import (
    AREA,
    BOOST,
    DEAD_END,
    DRAWN,
    FLOWING,
    FORWARD_FOR_GOOD,
    LOSS,
    VESSELS,
    Places,
    Room,
    Stations,
    begins,
    concentration_at,
    entry_at,
    first_of,
    flow_at,
    flux_at,
    inflow_at,
    pressure_at,
)
from membrane_pde.physics.osmotic import reflected

_MOST_ROUNDS = 100  # between what passes and the coefficients of a law that depend on it
_CLOSE = 1e-3  # relative to the flux
_MOST_TAKEN = 0.9  # of what enters a station
MARCH, SETTLE, TURN = range(3)  # what `prepare` does


@kernel
def _drawn_imbalance(
    p: Stations, face: FaceNumbers, side: int, flux: float, pressure: float, room: Room
) -> tuple[float, float]:
    """``J_v − L_p[Δp − ΔΣσπ]`` and its derivative where ``c = J_s/J_v`` on a side, which is written."""
    k = room.cells.shape[1]
    for _ in range(_MOST_ROUNDS if face.logarithmic else 1):  # the coefficients of one law depend on c
        set_face(face, flux, room.layers, room.cells, room.membrane)
        change, size = 0.0, 0.0
        for s in range(k):
            forward, backward = float(room.membrane[s, FORWARD]), float(room.membrane[s, BACKWARD])
            if side == 1:
                carried = forward * float(room.cells[0, s]) / (flux + backward)
            else:
                carried = backward * float(room.cells[1, s]) / (forward - flux)
            change = max(change, abs(carried - float(room.cells[side, s])))
            size = max(size, float(room.cells[1 - side, s]))
            room.cells[side, s] = carried
        if change <= 1e-15 * size:
            break
    set_face(face, flux, room.layers, room.cells, room.membrane)
    set_face_slopes(face, flux, room.layers, room.cells, room.slopes)
    difference = wall_pressure(face, room.membrane, room.work[0], room.pull)
    slope = 0.0
    for s in range(k):
        own, with_own = room.slopes[:, s, 0], room.slopes[:, s, 1 + side]
        rise = (float(own[0]) - float(room.cells[side, s])) / (flux - float(with_own[0]))
        slope += float(room.pull[0, s]) * (float(own[1]) + float(with_own[1]) * rise)
        slope -= float(room.pull[1, s]) * (float(own[2]) + float(with_own[2]) * rise)
    lp = face.water_permeability
    return flux - lp * (pressure - difference), 1.0 + lp * slope


@kernel
def find_drawn_flux(p: Stations, face: FaceNumbers, side: int, pressure: float, guess: float, room: Room) -> float:
    """The water flux into a side that is drawn off, and (in `Room.cells`) the concentrations that leave with it.

    ``J_v − L_p[Δp − ΔΣσπ]`` with ``c = J_s/J_v`` rises with the flux towards that side, from ``−L_p Δp`` at none: one
    root, which may be many orders of magnitude below ``L_p Δp``. Newton's method, bracketed.

    Parameters
    ----------
    p, face, room
        The model, the membrane at a station; cells and conductances of the other side are written.
    side : int
        That is drawn off.
    pressure : float
        p_L − p_R, Pa.
    guess : float
        Where to start, m/s.

    Returns
    -------
    float
        J_v, m/s; 0 if the pressure is not towards that side.
    """
    sign = 1.0 if side == 1 else -1.0
    high = face.water_permeability * sign * pressure
    if not high > 0.0:
        return 0.0
    low, flux = high * 1e-18, sign * guess
    if not low < flux < high:
        flux = 0.1 * high
    before = math.inf
    for _ in range(200):
        value, slope = _drawn_imbalance(p, face, side, sign * flux, pressure, room)
        value *= sign
        if value < 0.0:
            low = flux
        else:  # also where it is not finite
            high = flux
        new = flux - value / slope if slope > 0.0 and math.isfinite(value) else -1.0
        if abs(new - flux) <= 1e-12 * flux or high - low <= 1e-15 * high:
            break
        if not low < new < high or abs(value) > 0.25 * before:
            new = math.sqrt(low * high)
        before = abs(value)
        flux = new
    return sign * flux


@kernel
def tight(face: FaceNumbers) -> bool:
    """No solute passes."""
    for s in range(face.table.shape[1]):
        if face.table[PERMEABILITY, s] > 0.0 or face.table[REFLECTION, s] < 1.0:
            return False
    return True


@kernel
def settle_station(p: Stations, at: Places, y: Array, station: int, room: Room, memory: Array) -> bool:
    """Write the water flux that agrees with the concentrations and pressures of a station; False where there is none.

    Where a side is drawn off, its concentrations follow with it.
    """
    face, water = face_at(p, station), flux_at(at, station)
    for side in range(2):
        set_channel(p, at, y, side, station, room)
    pressure = float(y[pressure_at(at, 0, station)]) - float(y[pressure_at(at, 1, station)])
    for side in range(2):
        if p.role[side] != DRAWN or p.drawn_in[station] == 1 or tight(face):
            continue
        found = find_drawn_flux(p, face, side, pressure, float(y[water]), room)
        if found == 0.0:
            return False
        y[water] = found
        first = concentration_at(at, side, station)
        for s in range(at.solutes):
            y[first + s] = room.cells[side, s]
        return True
    memory[0] = y[water]
    found = find_water_flux(face, room.layers, room.cells, pressure, memory, room.work)
    if math.isnan(found):
        return False
    y[water] = found
    return True


@kernel
def settle(p: Stations, at: Places, y: Array, room: Room, memory: Array) -> bool:
    """`settle_station` of all stations."""
    for station in range(p.element.shape[0]):
        for side in range(2):
            if p.role[side] == DRAWN and p.drawn_in[station] == 1:
                first = concentration_at(at, side, station)
                for s in range(at.solutes):
                    y[first + s] = y[at.collected + s]
        if not settle_station(p, at, y, station, room, memory):
            return False
    return True


@kernel
def _trial(p: Stations, at: Places, y: Array, station: int, flux: float, room: Room, memory: Array) -> float:
    """The water flux with what a given one would leave in the station's cell; the cell and what passes are written."""
    k, side = at.solutes, p.feed
    other, sign = 1 - side, 1.0 if side == 0 else -1.0
    area, into = float(p.rows[0, AREA, station]), float(y[inflow_at(p, at, side, station)])
    left = into - area * sign * flux
    y[flow_at(at, side, station)] = left
    first, beside = concentration_at(at, side, station), concentration_at(at, other, station)
    before = entry_at(at, side, int(p.element[station])) + 2 if begins(p, side, station) else first - at.block
    for s in range(k):
        entering = float(y[before + s])
        passed = sign * float(room.passing[station, s]) * area
        out = max((into * entering - passed) / left, 0.0) if left > 0.0 else entering
        y[first + s] = 0.5 * (entering + out)
    y[flux_at(at, station)] = flux
    if not settle_station(p, at, y, station, room, memory):
        return 0.0
    found = float(y[flux_at(at, station)])
    pressure = float(y[pressure_at(at, 0, station)]) - float(y[pressure_at(at, 1, station)])
    if p.role[other] == DEAD_END and sign * pressure > 0.0:  # what is there already has come this way, too
        found = find_drawn_flux(p, face_at(p, station), other, pressure, found, room)
        for s in range(k):
            y[beside + s] = room.cells[other, s]
    set_face(face_at(p, station), found, room.layers, room.cells, room.membrane)
    for s in range(k):
        room.passing[station, s] = room.membrane[s, THROUGH]
    return found


@kernel
def back_at(p: Stations, at: Places, y: Array, station: int, room: Room) -> bool:
    """A side that is drawn off gives liquid back here: at rest the osmotic pressures outweigh the pressures."""
    side = 0 if p.role[0] == DRAWN else 1
    face, feed = face_at(p, station), concentration_at(at, 1 - side, station)
    for s in range(at.solutes):
        room.work[0, s] = max(float(y[feed + s]), 0.0)
        room.work[1, s] = max(float(y[at.collected + s]), 0.0)
    held = reflected(face.osmotics, room.work[0], face.table[REFLECTION], room.work[2])
    held -= reflected(face.osmotics, room.work[1], face.table[REFLECTION], room.work[2])
    pressure = float(y[pressure_at(at, 1 - side, station)]) - float(y[pressure_at(at, side, station)])
    return pressure < held


@kernel
def set_start(
    p: Stations, at: Places, inlet: Array, room: Room, memory: Array, y: Array, drawn_in: NDArray[np.int64]
) -> None:
    """Write a first guess.

    Parameters
    ----------
    p, at, inlet, room
        As for `station_rows.set_rows`; here the feed's flow and pressure are known.
    memory : ndarray, shape (3,)
        Of `interface.find_water_flux`.
    y : ndarray, shape (size,)
        Written.
    drawn_in : ndarray of int, shape (stations,)
        Written: where a side that is drawn off gives liquid back.
    """
    k, side, elements = at.solutes, p.feed, p.permeability.shape[0]
    other, sign = 1 - side, 1.0 if side == 0 else -1.0
    for element in range(elements):
        for s in range(k):
            y[entry_at(at, other, element) + 2 + s] = inlet[other, 2 + s] if p.role[other] == FLOWING else 0.0
        y[entry_at(at, other, element)] = inlet[other, 0] if p.role[other] == FLOWING else 0.0
        y[entry_at(at, other, element) + 1] = inlet[other, 1]
    for s in range(k):
        y[at.collected + s] = 0.0 if math.isnan(p.backflow[s]) else float(p.backflow[s])
    flow, pressure, gathered = float(inlet[side, 0]), float(inlet[side, 1]), 0.0
    for station in range(p.element.shape[0]):
        element, first = int(p.element[station]), concentration_at(at, side, station)
        if begins(p, side, station):
            entry = entry_at(at, side, element)
            for s in range(k):
                y[entry + 2 + s] = inlet[side, 2 + s]
            if element > 0:
                flow *= float(p.links[VESSELS, element - 1]) / float(p.links[VESSELS, element])
                pressure += -float(p.links[LOSS, element])
                for s in range(k):
                    y[entry + 2 + s] = y[concentration_at(at, side, station - 1) + s]
            pressure += float(p.links[BOOST, element])
            y[entry], y[entry + 1] = flow, pressure
        beside = concentration_at(at, other, station)
        for s in range(k):
            y[beside + s] = y[entry_at(at, other, element) + 2 + s]
            y[first + s] = (
                y[entry_at(at, side, element) + 2 + s] if begins(p, side, station) else y[first - at.block + s]
            )
            room.passing[station, s] = 0.0
        y[flow_at(at, side, station)] = flow
        y[flow_at(at, other, station)] = y[entry_at(at, other, element)]
        y[pressure_at(at, side, station)] = pressure
        y[pressure_at(at, other, station)] = inlet[other, 1]
        set_channel(p, at, y, side, station, room)
        y[pressure_at(at, side, station)] = pressure - 0.5 * float(room.drops[side, station, 0])
        area = float(p.rows[0, AREA, station])
        drawn_in[station] = 1 if p.role[other] == DRAWN and back_at(p, at, y, station, room) else 0
        if drawn_in[station] == 1:
            for s in range(k):
                y[beside + s] = y[at.collected + s]
        # the flux that agrees with what it leaves: between none and nearly all that enters
        low, high = 0.0, _MOST_TAKEN * flow / area
        flux = sign * _trial(p, at, y, station, 0.0, room, memory)
        if flux > 0.0:
            for _ in range(40):
                trial = min(flux, high) if flux < high else 0.5 * (low + high)
                trial = trial if low < trial <= high else 0.5 * (low + high)
                flux = sign * _trial(p, at, y, station, sign * trial, room, memory)
                if flux > trial:
                    low = trial
                else:
                    high = trial
                if abs(flux - trial) <= _CLOSE * trial or high - low <= _CLOSE * high:
                    break
                flux = 0.5 * (flux + trial)
            flux = trial
        elif p.role[other] == DEAD_END:  # nothing comes back out of it: at rest both sides are alike
            flux = 0.0
            for s in range(k):
                y[beside + s] = y[first + s]
        y[flux_at(at, station)] = sign * flux
        if p.role[other] == DRAWN and flux > 0.0:  # what comes back further on is the permeate collected before
            volume = float(p.links[VESSELS, element]) * area * flux
            for s in range(k):
                if math.isnan(p.backflow[s]):
                    passed = sign * float(room.passing[station, s]) / flux
                    y[at.collected + s] += (passed - float(y[at.collected + s])) * volume / (gathered + volume)
            gathered += volume
        flow -= area * flux
        y[flow_at(at, side, station)] = flow
        if p.role[other] != FLOWING:
            y[flow_at(at, other, station)] = area * flux
        pressure -= float(room.drops[side, station, 0])
        # the outflow's concentration goes on: write it where the next station looks for what enters it
        for s in range(k):
            entering = y[entry_at(at, side, element) + 2 + s] if begins(p, side, station) else y[first - at.block + s]
            y[first + s] = max(2.0 * float(y[first + s]) - float(entering), 0.0)
    if p.role[other] == DEAD_END:
        _collect(p, at, y, other)


@kernel
def _collect(p: Stations, at: Places, y: Array, side: int) -> None:
    """Add up what has passed into a channel that is closed where its flow begins, along that flow."""
    for element in range(p.permeability.shape[0]):
        station, gathered = first_of(p, side, element), 0.0
        entry, first = entry_at(at, side, element), concentration_at(at, side, station)
        for s in range(at.solutes):
            y[entry + 2 + s] = y[first + s]
        for _ in range(int(p.first[element + 1]) - int(p.first[element])):
            here, before = (
                flow_at(at, side, station),
                concentration_at(at, side, station) - at.block * p.direction[side],
            )
            own = float(y[here])
            for s in range(at.solutes):
                first = concentration_at(at, side, station) + s
                if gathered > 0.0 and own > 0.0:
                    y[first] = (own * float(y[first]) + gathered * float(y[before + s])) / (own + gathered)
            gathered += own
            y[here] = gathered
            station += p.direction[side]


@kernel
def settle_backflow(p: Stations, at: Places, y: Array, room: Room, memory: Array, drawn_in: NDArray[np.int64]) -> int:
    """Decide anew where a side that is drawn off gives liquid back.

    Near the point where the forces balance, a membrane that lets solute pass can be without a state that agrees with
    its decision: what comes back is fresher than what would leave, so that more solute passes, the feed freshens, and
    the forces turn. A station that has been turned forward therefore stays so.

    Parameters
    ----------
    p, at, room, memory
        As for `set_start`.
    y : ndarray, shape (size,)
        The unknowns; where the decision changes, the water flux and what passes with it are written.
    drawn_in : ndarray of int, shape (stations,)
        Written.

    Returns
    -------
    int
        At how many stations the decision has changed.
    """
    if p.role[0] != DRAWN and p.role[1] != DRAWN:
        return 0
    changes, side = 0, 0 if p.role[0] == DRAWN else 1
    for station in range(p.element.shape[0]):
        back = 1 if back_at(p, at, y, station, room) else 0
        if drawn_in[station] == FORWARD_FOR_GOOD or back == drawn_in[station]:
            continue
        changes += 1
        drawn_in[station] = 1 if back == 1 else FORWARD_FOR_GOOD
        first = concentration_at(at, side, station)
        for s in range(at.solutes):
            y[first + s] = y[at.collected + s] if back == 1 else 0.0
        settle_station(p, at, y, station, room, memory)
    return changes


def _prepare(
    task: int,
    p: Stations,
    at: Places,
    inlet: Array,
    room: Room,
    memory: Array,
    y: Array,
    drawn_in: NDArray[np.int64],
) -> int:
    """`set_start` (MARCH), `settle` (SETTLE; 1 if found, 0 if not) or `settle_backflow` (TURN).

    One entry point for all three, since each is compiled with every kernel that it calls.
    """
    if task == MARCH:
        set_start(p, at, inlet, room, memory, y, drawn_in)
        return 0
    if task == SETTLE:
        return 1 if settle(p, at, y, room, memory) else 0
    return settle_backflow(p, at, y, room, memory, drawn_in)


prepare = compiled(_prepare)
