"""Stations along a membrane in numbers: elements in series, their channels, what enters them, and the unknowns.

A station is a piece of membrane with one well-mixed cell of channel on each side of it. Its unknowns are the water
flux J_v, and on each side the flow Q that leaves its cell, the pressure p in the middle of it, and the concentrations
c. Each element begins, on each side, with what enters it: a flow, a pressure, and concentrations. All flows are those
of **one** vessel (of the stage that the element belongs to), in the direction in which that side is meant to flow.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from membrane_pde.kernels import kernel
from membrane_pde.model.interface import FaceNumbers
from membrane_pde.model.mesh import Array
from membrane_pde.physics.liquid import Liquid

# What a side is: it flows through; it has a channel that is closed where its flow begins; what passes is drawn off
# where it appears.
FLOWING, DEAD_END, DRAWN = range(3)
FORWARD_FOR_GOOD = 2  # of `Stations.drawn_in`

# Rows of `Stations.rows`: membrane area (m^2), length along the flow (m), open cross-section (m^2), hydraulic
# diameter (m), hold-up (m^3); kind and numbers of `crossflow.film_coefficient` and of `crossflow.pressure_gradient`;
# axial dispersion coefficient (m^2/s).
(
    AREA, STEP, SECTION, DIAMETER, VOLUME, FILM, FILM_A, FILM_B, FILM_C, FILM_LEAST, DROP, DROP_FIRST, DROP_SECOND,
    DROP_POWER, DISPERSION,
) = range(15)  # fmt: skip
ROWS = 15
# Rows of `Stations.links`: vessels in parallel, pressure lost before the element, pressure added there (Pa).
VESSELS, LOSS, BOOST = range(3)
# Entries of `Stations.held`: what the feed's pressure is solved for, and its value; whether its flow follows from a
# recovery, and which; share of the concentrate that leaks into the feed.
PRESSURE_KIND, PRESSURE_TARGET, FLOW_KIND, RECOVERY, MIXING = range(5)
PRESSURE_GIVEN, FOR_RECOVERY, FOR_PERMEATE, FOR_FLUX = range(4)


class Stations(NamedTuple):
    """Elements in series, as the kernels read them. A pair is (left, right); elements and stations in the feed's order.

    Attributes
    ----------
    face : FaceNumbers
        The membrane of the first element; of the others, what follows.
    permeability : ndarray, shape (elements,)
        L_p, m/s/Pa.
    tables : ndarray, shape (elements, 5, solutes)
        `FaceNumbers.table` of each element.
    element : ndarray of int, shape (stations,)
        To which element a station belongs.
    first : ndarray of int, shape (elements + 1,)
        First station of each element, and the number of stations.
    rows : ndarray, shape (2, 15, stations)
        Of the channels; see above.
    links : ndarray, shape (3, elements)
        See above.
    role : pair of int
        `FLOWING`, `DEAD_END` or `DRAWN`.
    direction : pair of int
        1 where a side flows from the first station to the last, −1 the other way.
    feed : int
        The feeding side.
    liquid : Liquid
        Density, viscosity, diffusivities.
    support : ndarray, shape (2,)
        Structural parameter S of a support layer on each side, m: in a steady state S/D adds to the film's resistance.
    held : ndarray, shape (5,)
        See above.
    drawn_in : ndarray of int, shape (stations,)
        1 where a `DRAWN` side gives liquid back through the membrane; `FORWARD_FOR_GOOD` where it no longer may.
    backflow : ndarray, shape (solutes,)
        Concentrations that it then has; nan: those of the collected permeate.
    scale : ndarray, shape (solutes,)
        Of the concentrations, mol/m^3.
    limited : bool
        Bounded reconstruction: for transients with fronts.
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


class Places(NamedTuple):
    """Where the unknowns stand: a block for each station, then what enters the elements, then the collected permeate.

    Attributes
    ----------
    solutes : int
        Number of solutes.
    block : int
        Unknowns of a station: J_v; Q and p on the left, Q and p on the right; c on the left, c on the right.
    entry : int
        First of what enters the elements, for each of them left and right.
    width : int
        Unknowns of an entry: Q, p, c.
    collected : int
        First concentration of the collected permeate.
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
def places_of(stations: int, elements: int, solutes: int) -> Places:
    """The places for numbers of stations, elements and solutes."""
    block, width = 5 + 2 * solutes, 2 + solutes
    entry = stations * block
    collected = entry + 2 * elements * width
    return Places(solutes, block, entry, width, collected, collected + solutes)


@kernel
def flux_at(at: Places, station: int) -> int:
    """Place of J_v."""
    return at.block * station


@kernel
def flow_at(at: Places, side: int, station: int) -> int:
    """Place of the flow out of a station's cell."""
    return at.block * station + 1 + 2 * side


@kernel
def pressure_at(at: Places, side: int, station: int) -> int:
    """Place of the pressure in the middle of a station's cell."""
    return at.block * station + 2 + 2 * side


@kernel
def concentration_at(at: Places, side: int, station: int) -> int:
    """Place of the first concentration in a station's cell."""
    return at.block * station + 5 + at.solutes * side


@kernel
def entry_at(at: Places, side: int, element: int) -> int:
    """Place of the flow that enters an element; its pressure and its concentrations follow."""
    return at.entry + (2 * element + side) * at.width


@kernel
def begins(p: Stations, side: int, station: int) -> bool:
    """The station is the first one of its element in the direction of a side's flow."""
    element = int(p.element[station])
    if p.direction[side] > 0:
        return station == int(p.first[element])
    return station == int(p.first[element + 1]) - 1


@kernel
def ends(p: Stations, side: int, station: int) -> bool:
    """The station is the last one of its element in the direction of a side's flow."""
    element = int(p.element[station])
    if p.direction[side] > 0:
        return station == int(p.first[element + 1]) - 1
    return station == int(p.first[element])


@kernel
def first_of(p: Stations, side: int, element: int) -> int:
    """First station of an element in the direction of a side's flow."""
    return int(p.first[element]) if p.direction[side] > 0 else int(p.first[element + 1]) - 1


@kernel
def last_of(p: Stations, side: int, element: int) -> int:
    """Last station of an element in the direction of a side's flow."""
    return int(p.first[element + 1]) - 1 if p.direction[side] > 0 else int(p.first[element])


@kernel
def inflow_at(p: Stations, at: Places, side: int, station: int) -> int:
    """Place of the flow into a station's cell."""
    if begins(p, side, station):
        return entry_at(at, side, int(p.element[station]))
    return flow_at(at, side, station - p.direction[side])


class Entries(NamedTuple):
    """Entries of a sparse matrix, written one after the other.

    Attributes
    ----------
    rows, columns : ndarray of int
        Where they stand; several at one place add up.
    values : ndarray
        The entries.
    written : ndarray of int, shape (2,)
        How many there are; whether any are wanted.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    values: Array
    written: NDArray[np.int64]


@kernel
def put(entries: Entries, row: int, column: int, value: float) -> None:
    """Write an entry."""
    if entries.written[1] == 0:
        return
    n = int(entries.written[0])
    entries.rows[n], entries.columns[n], entries.values[n] = row, column, value
    entries.written[0] = n + 1


def new_entries(stations: int, elements: int, solutes: int) -> Entries:
    """Room for the entries of the derivatives of all rows."""
    k = solutes
    room = stations * (2 * (5 + 2 * k) * (3 + 2 * k) + 40 * (1 + k)) + elements * 40 * (1 + k) + 40
    return Entries(
        np.zeros(room, dtype=np.int64), np.zeros(room, dtype=np.int64), np.zeros(room), np.zeros(2, dtype=np.int64)
    )


class Room(NamedTuple):
    """Arrays that the rows are worked out in.

    Attributes
    ----------
    cells, layers : ndarray, shape (2, solutes)
        Concentrations at a station, and conductances of its films.
    layer_slopes : ndarray, shape (2, solutes, solutes + 1)
        Derivatives of the logarithms of the conductances with each concentration of that side, and with its mean flow.
    membrane, slopes, pull : ndarray
        What `interface.set_face`, `set_face_slopes` and `wall_pressure` write.
    liquid : ndarray, shape (6, solutes)
        What `set_liquid` writes.
    local : ndarray, shape (solutes + 1, 3 + 2 solutes)
        Derivatives of the solute fluxes, and of the osmotic pressure difference at the walls, with J_v, the
        concentrations left and right, and the mean flows left and right.
    drops : ndarray, shape (2, stations, 2 + solutes)
        Fall of the pressure along each station's cell; its derivatives with the mean flow and the concentrations.
    passing : ndarray, shape (stations, solutes)
        Solute fluxes through the membrane.
    walls : ndarray, shape (2, stations, solutes)
        Concentrations at the membrane on the left and on the right.
    work : ndarray, shape (6, solutes)
        For `interface`.
    """

    cells: Array
    layers: Array
    layer_slopes: Array
    membrane: Array
    slopes: Array
    pull: Array
    liquid: Array
    local: Array
    drops: Array
    passing: Array
    walls: Array
    work: Array


def new_room(stations: int, solutes: int) -> Room:
    """Room to work in."""
    k = solutes
    return Room(
        np.zeros((2, k)), np.ones((2, k)), np.zeros((2, k, k + 1)), np.zeros((k, 5)), np.zeros((3, k, 5)),
        np.zeros((2, k)), np.zeros((6, k)), np.zeros((k + 1, 3 + 2 * k)), np.zeros((2, stations, 2 + k)),
        np.zeros((stations, k)), np.zeros((2, stations, k)), np.zeros((6, k)),
    )  # fmt: skip
