"""Initial guess of the state along a membrane, by marching with the feed from station to station.

At each station the water flux is made consistent, by bracketing, with the concentrations and pressures that it produces
in the station's cell: a higher flux raises the concentration there, which lowers the flux. On the other side, if liquid
flows through it, the inlet conditions are assumed everywhere.
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
    StationLayout,
    Stations,
    Workspace,
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

_MAX_ITERATIONS = 100  # of the permeate concentration, where the coefficients of the flux law depend on it
_TOLERANCE = 1e-3  # relative tolerance of the water flux
_MAX_RECOVERY = 0.9  # largest fraction of the inflow of a station that permeates
MARCH, FLUXES, BACKFLOW = range(3)  # tasks of `prepare`


@kernel
def _drawn_imbalance(
    p: Stations, face: FaceNumbers, side: int, flux: float, pressure: float, workspace: Workspace
) -> tuple[float, float]:
    """``J_v − L_p[Δp − ΔΣσπ]`` and its derivative, with the permeate concentration ``c = J_s/J_v`` (written)."""
    k = workspace.cells.shape[1]
    for _ in range(
        _MAX_ITERATIONS if face.logarithmic else 1
    ):  # only the coefficients of the logarithmic law depend on c
        set_face(face, flux, workspace.layers, workspace.cells, workspace.membrane)
        change, size = 0.0, 0.0
        for s in range(k):
            forward, backward = float(workspace.membrane[s, FORWARD]), float(workspace.membrane[s, BACKWARD])
            if side == 1:
                carried = forward * float(workspace.cells[0, s]) / (flux + backward)
            else:
                carried = backward * float(workspace.cells[1, s]) / (forward - flux)
            change = max(change, abs(carried - float(workspace.cells[side, s])))
            size = max(size, float(workspace.cells[1 - side, s]))
            workspace.cells[side, s] = carried
        if change <= 1e-15 * size:
            break
    set_face(face, flux, workspace.layers, workspace.cells, workspace.membrane)
    set_face_slopes(face, flux, workspace.layers, workspace.cells, workspace.slopes)
    difference = wall_pressure(face, workspace.membrane, workspace.scratch[0], workspace.osmotic_slope)
    slope = 0.0
    for s in range(k):
        own, with_own = workspace.slopes[:, s, 0], workspace.slopes[:, s, 1 + side]
        rise = (float(own[0]) - float(workspace.cells[side, s])) / (flux - float(with_own[0]))
        slope += float(workspace.osmotic_slope[0, s]) * (float(own[1]) + float(with_own[1]) * rise)
        slope -= float(workspace.osmotic_slope[1, s]) * (float(own[2]) + float(with_own[2]) * rise)
    lp = face.water_permeability
    return flux - lp * (pressure - difference), 1.0 + lp * slope


@kernel
def find_drawn_flux(
    p: Stations, face: FaceNumbers, side: int, pressure: float, guess: float, workspace: Workspace
) -> float:
    """Water flux into a withdrawn permeate; the concentrations of the permeate are written to `Workspace.cells`.

    ``J_v − L_p[Δp − ΔΣσπ]`` with ``c = J_s/J_v`` rises with the flux towards the permeate side, from ``−L_p Δp`` at
    zero flux, so that there is one root, which may be many orders of magnitude below ``L_p Δp``. It is found by a
    bracketed Newton method.

    Parameters
    ----------
    p, face, workspace
        The model, the membrane at a station, and the work arrays, in which the concentrations and conductances of the
        other side have been written.
    side : int
        The permeate side.
    pressure : float
        p_L − p_R, Pa.
    guess : float
        Initial guess, m/s.

    Returns
    -------
    float
        J_v, m/s; 0 if the pressure on the permeate side is the higher one.
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
        value, slope = _drawn_imbalance(p, face, side, sign * flux, pressure, workspace)
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
def no_permeating_solutes(face: FaceNumbers) -> bool:
    """True if no solute passes the membrane."""
    for s in range(face.table.shape[1]):
        if face.table[PERMEABILITY, s] > 0.0 or face.table[REFLECTION, s] < 1.0:
            return False
    return True


@kernel
def solve_station_flux(
    p: Stations, at: StationLayout, y: Array, station: int, workspace: Workspace, memory: Array
) -> bool:
    """Solve for the water flux at the concentrations and pressures of a station; return False if there is none.

    The concentrations of a withdrawn permeate are solved for together with the flux.
    """
    face, water = face_at(p, station), flux_at(at, station)
    for side in range(2):
        set_channel(p, at, y, side, station, workspace)
    pressure = float(y[pressure_at(at, 0, station)]) - float(y[pressure_at(at, 1, station)])
    for side in range(2):
        if p.role[side] != DRAWN or p.drawn_in[station] == 1 or no_permeating_solutes(face):
            continue
        found = find_drawn_flux(p, face, side, pressure, float(y[water]), workspace)
        if found == 0.0:
            return False
        y[water] = found
        first = concentration_at(at, side, station)
        for s in range(at.solutes):
            y[first + s] = workspace.cells[side, s]
        return True
    memory[0] = y[water]
    found = find_water_flux(face, workspace.layers, workspace.cells, pressure, memory, workspace.scratch)
    if math.isnan(found):
        return False
    y[water] = found
    return True


@kernel
def solve_fluxes(p: Stations, at: StationLayout, y: Array, workspace: Workspace, memory: Array) -> bool:
    """`solve_station_flux` at all stations."""
    for station in range(p.element.shape[0]):
        for side in range(2):
            if p.role[side] == DRAWN and p.drawn_in[station] == 1:
                first = concentration_at(at, side, station)
                for s in range(at.solutes):
                    y[first + s] = y[at.collected + s]
        if not solve_station_flux(p, at, y, station, workspace, memory):
            return False
    return True


@kernel
def _trial_flux(
    p: Stations, at: StationLayout, y: Array, station: int, flux: float, workspace: Workspace, memory: Array
) -> float:
    """Water flux at the cell concentrations that a trial flux produces; the cell and the fluxes are written."""
    k, side = at.solutes, p.feed
    other, sign = 1 - side, 1.0 if side == 0 else -1.0
    area, into = float(p.rows[0, AREA, station]), float(y[inflow_at(p, at, side, station)])
    left = into - area * sign * flux
    y[flow_at(at, side, station)] = left
    first, beside = concentration_at(at, side, station), concentration_at(at, other, station)
    before = entry_at(at, side, int(p.element[station])) + 2 if begins(p, side, station) else first - at.block
    for s in range(k):
        entering = float(y[before + s])
        passed = sign * float(workspace.passing[station, s]) * area
        out = max((into * entering - passed) / left, 0.0) if left > 0.0 else entering
        y[first + s] = 0.5 * (entering + out)
    y[flux_at(at, station)] = flux
    if not solve_station_flux(p, at, y, station, workspace, memory):
        return 0.0
    found = float(y[flux_at(at, station)])
    pressure = float(y[pressure_at(at, 0, station)]) - float(y[pressure_at(at, 1, station)])
    if p.role[other] == DEAD_END and sign * pressure > 0.0:  # all liquid in a dead-end channel is permeate
        found = find_drawn_flux(p, face_at(p, station), other, pressure, found, workspace)
        for s in range(k):
            y[beside + s] = workspace.cells[other, s]
    set_face(face_at(p, station), found, workspace.layers, workspace.cells, workspace.membrane)
    for s in range(k):
        workspace.passing[station, s] = workspace.membrane[s, THROUGH]
    return found


@kernel
def backflow_at(p: Stations, at: StationLayout, y: Array, station: int, workspace: Workspace) -> bool:
    """True if permeate flows back here: the osmotic pressure difference exceeds the pressure difference."""
    side = 0 if p.role[0] == DRAWN else 1
    face, feed = face_at(p, station), concentration_at(at, 1 - side, station)
    for s in range(at.solutes):
        workspace.scratch[0, s] = max(float(y[feed + s]), 0.0)
        workspace.scratch[1, s] = max(float(y[at.collected + s]), 0.0)
    held = reflected(face.osmotics, workspace.scratch[0], face.table[REFLECTION], workspace.scratch[2])
    held -= reflected(face.osmotics, workspace.scratch[1], face.table[REFLECTION], workspace.scratch[2])
    pressure = float(y[pressure_at(at, 1 - side, station)]) - float(y[pressure_at(at, side, station)])
    return pressure < held


@kernel
def set_start(
    p: Stations,
    at: StationLayout,
    inlet: Array,
    workspace: Workspace,
    memory: Array,
    y: Array,
    drawn_in: NDArray[np.int64],
) -> None:
    """Write an initial guess of the unknowns.

    Parameters
    ----------
    p, at, inlet, workspace
        As for `station_rows.set_rows`; flow and pressure of the feed are known here.
    memory : ndarray, shape (3,)
        See `interface.find_water_flux`.
    y : ndarray, shape (size,)
        Written.
    drawn_in : ndarray of int, shape (stations,)
        Written: 1 at the stations with backflow from the permeate.
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
            workspace.passing[station, s] = 0.0
        y[flow_at(at, side, station)] = flow
        y[flow_at(at, other, station)] = y[entry_at(at, other, element)]
        y[pressure_at(at, side, station)] = pressure
        y[pressure_at(at, other, station)] = inlet[other, 1]
        set_channel(p, at, y, side, station, workspace)
        y[pressure_at(at, side, station)] = pressure - 0.5 * float(workspace.drops[side, station, 0])
        area = float(p.rows[0, AREA, station])
        drawn_in[station] = 1 if p.role[other] == DRAWN and backflow_at(p, at, y, station, workspace) else 0
        if drawn_in[station] == 1:
            for s in range(k):
                y[beside + s] = y[at.collected + s]
        # bracket the flux that is consistent with the cell it produces, between zero and nearly the whole inflow
        low, high = 0.0, _MAX_RECOVERY * flow / area
        flux = sign * _trial_flux(p, at, y, station, 0.0, workspace, memory)
        if flux > 0.0:
            for _ in range(40):
                trial = min(flux, high) if flux < high else 0.5 * (low + high)
                trial = trial if low < trial <= high else 0.5 * (low + high)
                flux = sign * _trial_flux(p, at, y, station, sign * trial, workspace, memory)
                if flux > trial:
                    low = trial
                else:
                    high = trial
                if abs(flux - trial) <= _TOLERANCE * trial or high - low <= _TOLERANCE * high:
                    break
                flux = 0.5 * (flux + trial)
            flux = trial
        elif p.role[other] == DEAD_END:  # no liquid can leave it: without flow both sides have the same concentrations
            flux = 0.0
            for s in range(k):
                y[beside + s] = y[first + s]
        y[flux_at(at, station)] = sign * flux
        if p.role[other] == DRAWN and flux > 0.0:  # any backflow further downstream is the permeate collected so far
            volume = float(p.links[VESSELS, element]) * area * flux
            for s in range(k):
                if math.isnan(p.backflow[s]):
                    passed = sign * float(workspace.passing[station, s]) / flux
                    y[at.collected + s] += (passed - float(y[at.collected + s])) * volume / (gathered + volume)
            gathered += volume
        flow -= area * flux
        y[flow_at(at, side, station)] = flow
        if p.role[other] != FLOWING:
            y[flow_at(at, other, station)] = area * flux
        pressure -= float(workspace.drops[side, station, 0])
        # the next station reads its inflow concentration from this cell: write the outflow concentration into it
        for s in range(k):
            entering = y[entry_at(at, side, element) + 2 + s] if begins(p, side, station) else y[first - at.block + s]
            y[first + s] = max(2.0 * float(y[first + s]) - float(entering), 0.0)
    if p.role[other] == DEAD_END:
        _accumulate_permeate(p, at, y, other)


@kernel
def _accumulate_permeate(p: Stations, at: StationLayout, y: Array, side: int) -> None:
    """Accumulate the permeate along a dead-end channel, in the direction of its flow."""
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
def update_backflow(
    p: Stations, at: StationLayout, y: Array, workspace: Workspace, memory: Array, drawn_in: NDArray[np.int64]
) -> int:
    """Update the set of stations with backflow from the permeate.

    Close to zero net driving pressure, a membrane that solutes permeate may have no state that is consistent with
    either direction of flow: the returning permeate is more dilute than the permeate that would leave, so that more
    solute passes, the feed becomes more dilute, and the driving pressure changes its sign. A station whose flow has
    been set forward therefore stays forward.

    Parameters
    ----------
    p, at, workspace, memory
        As for `set_start`.
    y : ndarray, shape (size,)
        The unknowns; where the direction changes, the water flux and the permeate concentrations are written.
    drawn_in : ndarray of int, shape (stations,)
        Written.

    Returns
    -------
    int
        Number of stations at which the direction has changed.
    """
    if p.role[0] != DRAWN and p.role[1] != DRAWN:
        return 0
    changes, side = 0, 0 if p.role[0] == DRAWN else 1
    for station in range(p.element.shape[0]):
        back = 1 if backflow_at(p, at, y, station, workspace) else 0
        if drawn_in[station] == FORWARD_FOR_GOOD or back == drawn_in[station]:
            continue
        changes += 1
        drawn_in[station] = 1 if back == 1 else FORWARD_FOR_GOOD
        first = concentration_at(at, side, station)
        for s in range(at.solutes):
            y[first + s] = y[at.collected + s] if back == 1 else 0.0
        solve_station_flux(p, at, y, station, workspace, memory)
    return changes


def _prepare(
    task: int,
    p: Stations,
    at: StationLayout,
    inlet: Array,
    workspace: Workspace,
    memory: Array,
    y: Array,
    drawn_in: NDArray[np.int64],
) -> int:
    """`set_start` (MARCH), `solve_fluxes` (SETTLE; 1 if found, 0 if not) or `update_backflow` (TURN).

    This is one entry point for all three tasks, since each entry point is compiled with every kernel that it calls.
    """
    if task == MARCH:
        set_start(p, at, inlet, workspace, memory, y, drawn_in)
        return 0
    if task == FLUXES:
        return 1 if solve_fluxes(p, at, y, workspace, memory) else 0
    return update_backflow(p, at, y, workspace, memory, drawn_in)


prepare = compiled(_prepare)
