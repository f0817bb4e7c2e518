"""Observations of a state along the membrane: profiles over the stations, inlet and outlet of each element."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from membrane_pde.model.mesh import Array
from membrane_pde.model.station_cells import outflow_concentration
from membrane_pde.model.station_system import StationSystem
from membrane_pde.model.stations import AREA, FLOWING, STEP, VESSELS, last_of


class Readings(NamedTuple):
    """A state along the membrane, in SI units; sides are (left, right), elements and stations follow the feed flow.

    Attributes
    ----------
    position : ndarray, shape (stations,)
        Position of the middle of each station, from the feed inlet along all elements, m.
    element : ndarray of int, shape (stations,)
        Index of the element to which each station belongs.
    area : ndarray, shape (stations,)
        Membrane area of all vessels, m^2.
    vessels : ndarray, shape (elements,)
        Number of vessels in parallel.
    water_flux : ndarray, shape (stations,)
        J_v, left to right, m/s.
    solute_flux : ndarray, shape (stations, solutes)
        mol/m^2/s.
    flow, pressure : ndarray, shape (2, stations)
        Flow out of each station's cell, of one vessel (m^3/s); pressure in the middle of the cell (Pa).
    concentration, wall : ndarray, shape (2, stations, solutes)
        Mean concentration of the cell, and concentration at the membrane, mol/m^3.
    entering, leaving : ndarray, shape (2, elements, 2 + solutes)
        Flow of one vessel (m^3/s), pressure (Pa) and concentrations (mol/m^3) at the inlet and outlet of each element.
    drop : ndarray, shape (2, elements)
        Frictional pressure drop along each element, Pa.
    """

    position: Array
    element: NDArray[np.int64]
    area: Array
    vessels: Array
    water_flux: Array
    solute_flux: Array
    flow: Array
    pressure: Array
    concentration: Array
    wall: Array
    entering: Array
    leaving: Array
    drop: Array


def read(system: StationSystem, y: Array) -> Readings:
    """Read a state.

    Parameters
    ----------
    system : StationSystem
        The model.
    y : ndarray, shape (size,)
        A state of it.

    Returns
    -------
    Readings
        See there.
    """
    p, k, at = system.numbers, system.solutes, system.at
    system.rates(0.0, y)
    workspace = system.workspace
    steps = p.rows[0, STEP]
    elements = system.elements
    entering = np.array([y[system.entry_indices(side)] for side in range(2)])
    leaving = np.zeros((2, elements, 2 + k))
    drop = np.zeros((2, elements))
    for side in range(2):
        drops = workspace.drops[side, :, 0]
        drop[side] = np.bincount(p.element, weights=drops, minlength=elements)
        for e in range(elements):
            last = int(last_of(p, side, e))
            pressure = y[system.pressure_indices(side)[last]] - 0.5 * drops[last]
            if p.role[side] == FLOWING:
                carried = [outflow_concentration(p, at, y, side, last, s)[0] for s in range(k)]
            else:
                carried = y[system.concentration_indices(side)[last]].tolist()
            leaving[side, e] = [y[system.flow_indices(side)[last]], pressure, *carried]
    return Readings(
        position=np.cumsum(steps) - 0.5 * steps,
        element=p.element.copy(),
        area=p.rows[0, AREA] * p.links[VESSELS, p.element],
        vessels=p.links[VESSELS].copy(),
        water_flux=y[system.flux_indices],
        solute_flux=workspace.passing.copy(),
        flow=np.array([y[system.flow_indices(side)] for side in range(2)]),
        pressure=np.array([y[system.pressure_indices(side)] for side in range(2)]),
        concentration=np.array([y[system.concentration_indices(side)] for side in range(2)]),
        wall=workspace.walls.copy(),
        entering=entering,
        leaving=leaving,
        drop=drop,
    )
