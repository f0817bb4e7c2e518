"""Data of the stations along a membrane: elements in series, their channels and inlets, and the unknowns.

A station is a piece of membrane with one well-mixed cell of channel on each side of it. Its unknowns are the water
flux J_v, and on each side the flow Q that leaves its cell, the pressure p in the middle of it, and the concentrations
c. The unknowns of an element also include the flow, the pressure and the concentrations at its inlet on each side. All
flows are those of **one** vessel (of the stage that the element belongs to), positive in the flow direction of the
side.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from membrane_pde.kernels import kernel
from membrane_pde.model.interface import FaceNumbers
from membrane_pde.model.mesh import Array
from membrane_pde.physics.liquid import Liquid

# Roles of a side. FLOWING: liquid flows through its channel; DEAD_END: its channel is closed at the inlet end; DRAWN:
# the permeate is withdrawn locally, at each station.
FLOWING, DEAD_END, DRAWN = range(3)
FORWARD_FOR_GOOD = 2  # value of `Stations.drawn_in` at a station where no backflow is allowed any more

# Rows of `Stations.rows`: membrane area (m^2), length along the flow (m), open cross-section (m^2), hydraulic
# diameter (m), hold-up (m^3); kind and coefficients of `crossflow.film_coefficient` and of
# `crossflow.pressure_gradient`; axial dispersion coefficient (m^2/s).
(
    AREA, STEP, SECTION, DIAMETER, VOLUME, FILM, FILM_A, FILM_B, FILM_C, FILM_LEAST, DROP, DROP_FIRST, DROP_SECOND,
    DROP_POWER, DISPERSION,
) = range(15)  # fmt: skip
ROWS = 15
# Rows of `Stations.links`: number of vessels in parallel, pressure loss and pressure boost before the element (Pa).
VESSELS, LOSS, BOOST = range(3)
# Entries of `Stations.held`. PRESSURE_KIND, PRESSURE_TARGET: target for which the feed pressure is solved, and its
# value; FLOW_KIND, RECOVERY: 1 if the feed flow is solved for a recovery, and that recovery; MIXING: fraction of the
# concentrate that leaks into the feed.
PRESSURE_KIND, PRESSURE_TARGET, FLOW_KIND, RECOVERY, MIXING = range(5)
PRESSURE_GIVEN, FOR_RECOVERY, FOR_PERMEATE, FOR_FLUX = range(4)


class Stations(NamedTuple):
    """Elements in series, for kernels. A pair is (left, right); elements and stations follow the feed flow.

    Attributes
    ----------
    face : FaceNumbers
        The membrane of the first element; the next two attributes have the values of all elements.
    permeability : ndarray, shape (elements,)
        L_p, m/s/Pa.
    tables : ndarray, shape (elements, 5, solutes)
        `FaceNumbers.table` of each element.
    element : ndarray of int, shape (stations,)
        Index of the element to which each station belongs.
    first : ndarray of int, shape (elements + 1,)
        Index of the first station of each element; the last entry is the number of stations.
    rows : ndarray, shape (2, 15, stations)
        Data of the channels; the names of the rows stand above.
    links : ndarray, shape (3, elements)
        Data of the connections between elements; the names of the rows stand above.
    role : pair of int
        `FLOWING`, `DEAD_END` or `DRAWN`.
    direction : pair of int
        1 if a side flows from the first station to the last one, −1 in the opposite direction.
    feed : int
        The feed side.
    liquid : Liquid
        Density, viscosity and diffusivities.
    support : ndarray, shape (2,)
        Structural parameter S of a support layer on each side, m: in a steady state S/D adds to the film's resistance.
    held : ndarray, shape (5,)
        Specified quantities; the names of the entries stand above.
    drawn_in : ndarray of int, shape (stations,)
        1 at stations with backflow from a `DRAWN` permeate; `FORWARD_FOR_GOOD` where backflow is no longer allowed.
    backflow : ndarray, shape (solutes,)
        Concentrations of the backflow, mol/m^3; nan: those of the collected permeate.
    scale : ndarray, shape (solutes,)
        Scales of the concentrations, mol/m^3.
    limited : bool
        Use a limiter for the outflow concentrations, in transients with fronts.
    """

    face: FaceNumbers
    permeability: Array
    tables: Array
    element: NDArray[np.int64]
    first: NDArray[np.int64]
    rows: Array
    links: Array
    role: tuple[int, int]
    direction: tuple[int, int]
    feed: int
    liquid: Liquid
    support: Array
    held: Array
    drawn_in: NDArray[np.int64]
    backflow: Array
    scale: Array
    limited: bool


class StationLayout(NamedTuple):
    """Layout of the unknowns: a block for each station, then the inlets of the elements, then the collected permeate.

    Attributes
    ----------
    solutes : int
        Number of solutes.
    block : int
        Number of unknowns of a station: J_v; Q and p on the left, Q and p on the right; c on the left, c on the right.
    entry : int
        Index of the first inlet unknown; each element has an inlet on the left and one on the right.
    width : int
        Number of unknowns of an inlet: Q, p, c.
    collected : int
        Index of the first concentration of the collected permeate.
    size : int
        Number of unknowns.
    """

    solutes: int
    block: int
    entry: int
    width: int
    collected: int
    size: int


@kernel
def station_layout(stations: int, elements: int, solutes: int) -> StationLayout:
    """The layout for given numbers of stations, elements and solutes."""
    block, width = 5 + 2 * solutes, 2 + solutes
    entry = stations * block
    collected = entry + 2 * elements * width
    return StationLayout(solutes, block, entry, width, collected, collected + solutes)


@kernel
def flux_at(at: StationLayout, station: int) -> int:
    """Index of J_v."""
    return at.block * station


@kernel
def flow_at(at: StationLayout, side: int, station: int) -> int:
    """Index of the flow out of a station's cell."""
    return at.block * station + 1 + 2 * side


@kernel
def pressure_at(at: StationLayout, side: int, station: int) -> int:
    """Index of the pressure in the middle of a station's cell."""
    return at.block * station + 2 + 2 * side


@kernel
def concentration_at(at: StationLayout, side: int, station: int) -> int:
    """Index of the first concentration in a station's cell."""
    return at.block * station + 5 + at.solutes * side


@kernel
def entry_at(at: StationLayout, side: int, element: int) -> int:
    """Index of the flow at the inlet of an element; pressure and concentrations there follow."""
    return at.entry + (2 * element + side) * at.width


@kernel
def begins(p: Stations, side: int, station: int) -> bool:
    """True if the station is the first one of its element in the flow direction of a side."""
    element = int(p.element[station])
    if p.direction[side] > 0:
        return station == int(p.first[element])
    return station == int(p.first[element + 1]) - 1


@kernel
def ends(p: Stations, side: int, station: int) -> bool:
    """True if the station is the last one of its element in the flow direction of a side."""
    element = int(p.element[station])
    if p.direction[side] > 0:
        return station == int(p.first[element + 1]) - 1
    return station == int(p.first[element])


@kernel
def first_of(p: Stations, side: int, element: int) -> int:
    """First station of an element in the flow direction of a side."""
    return int(p.first[element]) if p.direction[side] > 0 else int(p.first[element + 1]) - 1


@kernel
def last_of(p: Stations, side: int, element: int) -> int:
    """Last station of an element in the flow direction of a side."""
    return int(p.first[element + 1]) - 1 if p.direction[side] > 0 else int(p.first[element])


@kernel
def inflow_at(p: Stations, at: StationLayout, side: int, station: int) -> int:
    """Index of the flow into a station's cell."""
    if begins(p, side, station):
        return entry_at(at, side, int(p.element[station]))
    return flow_at(at, side, station - p.direction[side])


class Entries(NamedTuple):
    """Entries of a sparse matrix, written one after the other.

    Attributes
    ----------
    rows, columns : ndarray of int
        Row and column of each entry; entries with the same row and column are summed.
    values : ndarray
        Values of the entries.
    written : ndarray of int, shape (2,)
        Number of entries; 1 if entries are to be collected, else 0.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    values: Array
    written: NDArray[np.int64]


@kernel
def put(entries: Entries, row: int, column: int, value: float) -> None:
    """Append an entry, if entries are to be collected."""
    if entries.written[1] == 0:
        return
    n = int(entries.written[0])
    entries.rows[n], entries.columns[n], entries.values[n] = row, column, value
    entries.written[0] = n + 1


def new_entries(stations: int, elements: int, solutes: int) -> Entries:
    """Empty `Entries` with space for the derivatives of all rows."""
    k = solutes
    count = stations * (2 * (5 + 2 * k) * (3 + 2 * k) + 40 * (1 + k)) + elements * 40 * (1 + k) + 40
    return Entries(
        np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64), np.zeros(count), np.zeros(2, dtype=np.int64)
    )


class Workspace(NamedTuple):
    """Work arrays of `station_rows.set_rows`, and the results of its last call.

    Attributes
    ----------
    cells, layers : ndarray, shape (2, solutes)
        Concentrations in the cells of a station, and conductances of its films.
    layer_slopes : ndarray, shape (2, solutes, solutes + 1)
        Derivatives of the logarithms of the conductances with respect to each concentration of that side and to its
        mean flow.
    membrane, slopes, osmotic_slope : ndarray
        Arrays that `interface.set_face`, `set_face_slopes` and `wall_pressure` write.
    liquid : ndarray, shape (6, solutes)
        The array that `set_liquid` writes.
    local : ndarray, shape (solutes + 1, 3 + 2 solutes)
        Derivatives of the solute fluxes, and of the osmotic pressure difference at the membrane, with respect to J_v,
        the concentrations left and right, and the mean flows left and right.
    drops : ndarray, shape (2, stations, 2 + solutes)
        Pressure drop along each station's cell; its derivatives with respect to the mean flow and the concentrations.
    passing : ndarray, shape (stations, solutes)
        Solute fluxes through the membrane.
    walls : ndarray, shape (2, stations, solutes)
        Concentrations at the membrane on the left and on the right.
    scratch : ndarray, shape (6, solutes)
        Scratch array for `interface`.
    """

    cells: Array
    layers: Array
    layer_slopes: Array
    membrane: Array
    slopes: Array
    osmotic_slope: Array
    liquid: Array
    local: Array
    drops: Array
    passing: Array
    walls: Array
    scratch: Array


def new_workspace(stations: int, solutes: int) -> Workspace:
    """Empty work arrays."""
    k = solutes
    return Workspace(
        np.zeros((2, k)), np.ones((2, k)), np.zeros((2, k, k + 1)), np.zeros((k, 5)), np.zeros((3, k, 5)),
        np.zeros((2, k)), np.zeros((6, k)), np.zeros((k + 1, 3 + 2 * k)), np.zeros((2, stations, 2 + k)),
        np.zeros((stations, k)), np.zeros((2, stations, k)), np.zeros((6, k)),
    )  # fmt: skip
