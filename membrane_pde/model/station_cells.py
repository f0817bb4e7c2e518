"""Constitutive relations at one station: film coefficients, friction, membrane fluxes, outflow concentration."""

from __future__ import annotations

import math

from membrane_pde.kernels import kernel
from membrane_pde.model.interface import (
    LEFT_WALL,
    OF_FLUX,
    OF_LEFT_WALL,
    OF_RIGHT_WALL,
    RIGHT_WALL,
    THROUGH,
    FaceNumbers,
    set_face,
    set_face_slopes,
    wall_pressure,
)
from membrane_pde.model.mesh import Array
from membrane_pde.model.stations import (
    AREA,
    DIAMETER,
    DISPERSION,
    DRAWN,
    DROP,
    DROP_FIRST,
    DROP_POWER,
    DROP_SECOND,
    FILM,
    FILM_A,
    FILM_B,
    FILM_C,
    FILM_LEAST,
    SECTION,
    STEP,
    VOLUME,
    StationLayout,
    Stations,
    Workspace,
    begins,
    concentration_at,
    ends,
    entry_at,
    flow_at,
    flux_at,
    inflow_at,
)
from membrane_pde.physics.crossflow import NO_FILM, film_coefficient, pressure_gradient
from membrane_pde.physics.liquid import (
    DENSITY,
    DENSITY_SLOPE,
    DIFFUSIVITY,
    DIFFUSIVITY_SLOPE,
    VISCOSITY,
    VISCOSITY_SLOPE,
    set_liquid,
)

_SMOOTH = 1e-6  # concentration difference ÷ scale of the concentration below which the limiter is off
_STEEP = (
    0.25  # relative concentration difference between neighbouring cells above which the limiter treats it as a front
)
_Four = tuple[float, float, float, float]


@kernel
def stirred_at(p: Stations, side: int, station: int) -> bool:
    """True if there is neither a film nor a support layer between the liquid of a station and the membrane."""
    filmless = p.role[side] == DRAWN or int(p.rows[side, FILM, station]) == NO_FILM
    return filmless and p.support[side] == 0.0


@kernel
def face_at(p: Stations, station: int) -> FaceNumbers:
    """The membrane at a station."""
    element = int(p.element[station])
    return FaceNumbers(
        p.face.present,
        p.face.logarithmic,
        p.face.unique,
        float(p.permeability[element]),
        p.tables[element],
        (stirred_at(p, 0, station), stirred_at(p, 1, station)),
        p.face.osmotics,
    )


@kernel
def set_channel(p: Stations, at: StationLayout, y: Array, side: int, station: int, workspace: Workspace) -> None:
    """Write concentrations, film conductances and pressure drop of one side of a station, with derivatives."""
    k, first = at.solutes, concentration_at(at, side, station)
    for s in range(k):
        workspace.cells[side, s] = max(float(y[first + s]), 0.0)
    for n in range(2 + k):
        workspace.drops[side, station, n] = 0.0
    for s in range(k):
        for t in range(k + 1):
            workspace.layer_slopes[side, s, t] = 0.0
    if p.role[side] == DRAWN and p.support[side] == 0.0:
        return
    row, liquid = p.rows[side], workspace.liquid
    set_liquid(p.liquid, side, workspace.cells[side], liquid)
    density, viscosity = float(liquid[DENSITY, 0]), float(liquid[VISCOSITY, 0])
    section, diameter = float(row[SECTION, station]), float(row[DIAMETER, station])
    flow = 0.5 * (float(y[inflow_at(p, at, side, station)]) + float(y[flow_at(at, side, station)]))
    filmless = p.role[side] == DRAWN or int(row[FILM, station]) == NO_FILM
    for s in range(k):
        diffusivity = float(liquid[DIFFUSIVITY, s])
        film, with_flow, with_density, with_viscosity, with_diffusivity = 0.0, 0.0, 0.0, 0.0, 0.0
        if not filmless:
            coefficient, with_flow, with_density, with_viscosity, with_diffusivity = film_coefficient(
                int(row[FILM, station]), float(row[FILM_A, station]), float(row[FILM_B, station]),
                float(row[FILM_C, station]), float(row[FILM_LEAST, station]), section, diameter, flow, density,
                viscosity, diffusivity,
            )  # fmt: skip
            film = 1.0 / coefficient
        behind = float(p.support[side]) / diffusivity
        whole = film + behind
        if whole == 0.0:
            continue
        workspace.layers[side, s] = 1.0 / whole
        film, behind = film / whole, behind / whole
        for t in range(k):
            slope = with_density * float(liquid[DENSITY_SLOPE, t]) + with_viscosity * float(liquid[VISCOSITY_SLOPE, t])
            workspace.layer_slopes[side, s, t] = film * slope
        own = film * with_diffusivity + behind
        workspace.layer_slopes[side, s, s] = float(workspace.layer_slopes[side, s, s]) + own * float(
            liquid[DIFFUSIVITY_SLOPE, s]
        )
        workspace.layer_slopes[side, s, k] = film * with_flow
    if p.role[side] == DRAWN:
        return
    gradient, with_flow, with_density, with_viscosity = pressure_gradient(
        int(row[DROP, station]), float(row[DROP_FIRST, station]), float(row[DROP_SECOND, station]),
        float(row[DROP_POWER, station]), section, diameter, flow, density, viscosity,
    )  # fmt: skip
    step, drop = float(row[STEP, station]), workspace.drops[side, station]
    drop[0], drop[1] = step * gradient, step * with_flow
    for t in range(k):
        slope = with_density * float(liquid[DENSITY_SLOPE, t]) + with_viscosity * float(liquid[VISCOSITY_SLOPE, t])
        drop[2 + t] = step * slope


@kernel
def set_membrane(p: Stations, at: StationLayout, y: Array, station: int, workspace: Workspace, slopes: bool) -> float:
    """Write the solute fluxes at a station and (with `slopes`) `Workspace.local`; return the osmotic pressure, Pa."""
    k, face, flux = at.solutes, face_at(p, station), float(y[flux_at(at, station)])
    set_face(face, flux, workspace.layers, workspace.cells, workspace.membrane)
    difference = wall_pressure(face, workspace.membrane, workspace.scratch[0], workspace.osmotic_slope)
    for s in range(k):
        workspace.walls[0, station, s] = workspace.membrane[s, LEFT_WALL]
        workspace.walls[1, station, s] = workspace.membrane[s, RIGHT_WALL]
        workspace.passing[station, s] = workspace.membrane[s, THROUGH]
    if not slopes:
        return difference
    set_face_slopes(face, flux, workspace.layers, workspace.cells, workspace.slopes)
    for n in range(3 + 2 * k):
        workspace.local[k, n] = 0.0
    for s in range(k):
        left, right = float(workspace.osmotic_slope[0, s]), float(workspace.osmotic_slope[1, s])
        for n in range(3 + 2 * k):
            workspace.local[s, n] = 0.0
        for row in range(2):  # 0: flux of the solute; 1: osmotic pressure difference at the membrane
            where = s if row == 0 else k
            out = workspace.local[where]
            for n in range(5):
                change = float(workspace.slopes[OF_FLUX, s, n])
                if row == 1:
                    change = left * float(workspace.slopes[OF_LEFT_WALL, s, n])
                    change -= right * float(workspace.slopes[OF_RIGHT_WALL, s, n])
                if n == 0:
                    out[0] += change
                elif n < 3:
                    out[1 + k * (n - 1) + s] += change
                else:
                    for t in range(k):
                        out[1 + k * (n - 3) + t] += change * float(workspace.layer_slopes[n - 3, s, t])
                    out[1 + 2 * k + n - 3] += change * float(workspace.layer_slopes[n - 3, s, k])
    return difference


@kernel
def per_hold_up(p: Stations, side: int, station: int) -> float:
    """1 ÷ hold-up of a station's cell or, where it has no hold-up, 1 ÷ membrane area."""
    volume = float(p.rows[side, VOLUME, station])
    return 1.0 / volume if volume > 0.0 else 1.0 / float(p.rows[side, AREA, station])


@kernel
def _last_outflow(smooth: float, with_rise: float, rise: float, before: float, here: float) -> _Four:
    """Outlet concentration by linear extrapolation from the last cell and the one upstream; damped at a front."""
    size = abs(here) + abs(before)
    if size <= smooth:
        return here, 0.0, 1.0, 0.0
    steep = rise / (_STEEP * size)
    eighth = math.pow(steep, 8)
    share = 1.0 / (1.0 + eighth)
    by_rise = 0.5 * with_rise * (share - 8.0 * eighth * share * share)
    by_size = 4.0 * rise * eighth * share * share / size
    up, down = (1.0 if here >= 0.0 else -1.0), (1.0 if before >= 0.0 else -1.0)
    return here + 0.5 * rise * share, down * by_size - by_rise, 1.0 + by_rise + up * by_size, 0.0


@kernel
def outflow_weights(
    limited: bool, smooth: float, alone: bool, first: bool, last: bool, before: float, here: float, behind: float
) -> _Four:
    """Concentration in the outflow of a cell, and its derivatives.

    Parameters
    ----------
    limited : bool
        Use a limiter, which keeps the concentration between those of the neighbouring cells.
    smooth : float
        Concentration difference below which the limiter is off, mol/m^3.
    alone, first, last : bool
        `alone`: the cell is the only one of its element. `first`: it is the first one, and `before` is the inlet
        concentration. `last`: it is the last one, and `behind` is not used.
    before, here, behind : float
        Concentrations upstream of the cell, in the cell, and downstream of it, mol/m^3.

    Returns
    -------
    tuple of float
        The concentration, and its derivatives with respect to `before`, `here` and `behind`.
    """
    rise, fall = here - before, behind - here
    if limited:
        with_rise = 1.0
        if first:
            rise, with_rise = 2.0 * rise, 2.0
        if last:
            return _last_outflow(smooth, with_rise, rise, before, here)
        own = smooth * smooth
        size = rise * rise + fall * fall + 2.0 * own
        if size == 0.0:
            return here, 0.0, 1.0, 0.0
        slope = (rise * fall + own) * (rise + fall) / size
        by_rise = 0.5 * with_rise * ((2.0 * rise * fall + fall * fall + own) - 2.0 * rise * slope) / size
        by_fall = 0.5 * ((2.0 * rise * fall + rise * rise + own) - 2.0 * fall * slope) / size
        return here + 0.5 * slope, -by_rise, 1.0 + by_rise - by_fall, by_fall
    if alone:
        return here + rise, -1.0, 2.0, 0.0
    if first:
        return here + 0.5 * rise + 0.25 * fall, -0.5, 1.25, 0.25
    if last:
        return here + 0.5 * rise, -0.5, 1.5, 0.0
    return here + rise / 6.0 + fall / 3.0, -1.0 / 6.0, 5.0 / 6.0, 1.0 / 3.0


@kernel
def outflow_concentration(p: Stations, at: StationLayout, y: Array, side: int, station: int, s: int) -> _Four:
    """Concentration of a solute in the forward outflow of a station's cell, and its derivatives."""
    first, last = begins(p, side, station), ends(p, side, station)
    here = concentration_at(at, side, station) + s
    step = at.block * p.direction[side]
    before = here - step
    if first:
        before = entry_at(at, side, int(p.element[station])) + 2 + s
    behind = float(y[here]) if last else float(y[here + step])
    if p.limited and last and p.rows[side, DISPERSION, station] > 0.0:
        return (
            float(y[here]),
            0.0,
            1.0,
            0.0,
        )  # Danckwerts' outlet condition: no gradient at the end of a channel with dispersion
    return outflow_weights(
        p.limited, _SMOOTH * float(p.scale[s]), first and last, first, last, float(y[before]), float(y[here]), behind
    )
