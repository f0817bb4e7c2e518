"""Distance of a state from the steady state, by a Newton step with the exact Jacobian J of the semi-discrete model.

With f the right-hand side ``dy/dt`` and h a long time (the horizon), one implicit Euler step of that length,

    (I − h J) δ = h f(y),

is Newton's step towards ``f = 0`` for every mode that decays within the horizon: of a mode that decays as ``exp(−t/τ)``
δ contains the share ``h/(h + τ)`` of its remaining change. Conserved sums do not change, and a quantity that grows for
ever (such as the displaced volume between two open sides) changes by h times its rate.

Round-off of the flux through a thin cell makes the rate of that cell uncertain, but hardly matters here: both
neighbours have the same flux, and δ changes the concentration in its last digit only.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from membrane_pde.kernels import compiled, kernel
from membrane_pde.model.applied import Segment, segment_of, segment_row
from membrane_pde.model.chain import CONCENTRATION, Faces, new_faces
from membrane_pde.model.interface import BACKWARD, FORWARD
from membrane_pde.model.layout import layout_of
from membrane_pde.model.mesh import Array
from membrane_pde.model.observing import (
    AMOUNT,
    BULK,
    LENGTH,
    NUMBERS,
    SOLUTE_FLUX,
    SOLUTE_NUMBERS,
    SPREAD,
    WALL,
    WATER_FLUX,
    WORK,
    observe_solutes,
    observe_state,
)
from membrane_pde.model.problem import Numbers
from membrane_pde.model.slopes import Slopes, linearize, new_slopes
from membrane_pde.model.system import System
from membrane_pde.solvers.linear.chain import Factors, factorize, new_factors, solve

NOW, LATER, LARGEST, ROUND_OFF = range(4)  # rows of `Room.numbers` and `Room.solutes`
# Two observed numbers are replaced once the ratios have been compared: the work by the displaced volume, and the left
# bulk concentration by the amount that has passed the membrane. The right one is set to zero.
MOVED, PASSED = WORK, BULK
CHANGE, AFTER = range(2)  # rows of `Room.states`
NO_FLUX, MOVES, RESTS = range(-1, 2)  # answers of `look_ahead`
_ROUND_OFF = 2.0**-49  # round-off of a difference of two fluxes, relative to their sizes


class Room(NamedTuple):
    """Arrays in which `look_ahead` works, with the largest values so far.

    Attributes
    ----------
    numbers : ndarray, shape (4, NUMBERS)
        Observed numbers: now, after the change, the largest so far, and their round-off.
    solutes : ndarray, shape (4, SOLUTE_NUMBERS, solutes)
        The same of the numbers of each solute.
    states : ndarray, shape (2, size)
        The remaining change δ, and the state after it.
    unknown : ndarray, shape (4, solutes)
        nan, for `observe_state`.
    faces, slopes, factors
        See `model.chain`, `model.slopes` and `solvers.linear.chain`.
    """

    numbers: Array
    solutes: Array
    states: Array
    unknown: Array
    faces: Faces
    slopes: Slopes
    factors: Factors


def new_room(solutes: int, cells: int, size: int) -> Room:
    """Arrays for a system of so many solutes, cells and states."""
    return Room(
        np.zeros((4, NUMBERS)),
        np.zeros((4, SOLUTE_NUMBERS, solutes)),
        np.zeros((2, size)),
        np.full((4, solutes), math.nan),
        new_faces(solutes, cells),
        new_slopes(solutes, cells),
        new_factors(solutes, cells),
    )


@kernel
def _set_change(p: Numbers, segment: Segment, t: float, y: Array, horizon: float, memory: Array, room: Room) -> bool:
    """Write the change δ of a state; False if no water flux solves the equation of the membrane."""
    change, faces = room.states[CHANGE], room.faces
    if not linearize(p, segment, t, y, math.nan, memory, faces, change, room.slopes, True):
        return False
    m = p.membrane
    for s in range(faces.state.shape[1]):
        there = float(faces.membrane[s, FORWARD]) * abs(float(faces.state[CONCENTRATION, s, m - 1]))
        back = float(faces.membrane[s, BACKWARD]) * abs(float(faces.state[CONCENTRATION, s, m]))
        room.solutes[ROUND_OFF, SOLUTE_FLUX, s] = _ROUND_OFF * (there + back)
    for i in range(change.shape[0]):
        change[i] *= horizon
    factorize(p, room.slopes, horizon, room.factors)
    solve(p, room.slopes, room.factors, change)
    return True


@kernel
def _ratios_rest(room: Room, threshold: float, allowed: float) -> bool:
    """True if polarization and rejection no longer change; they are not defined where the flow dies out."""
    now, later = float(room.numbers[NOW, WATER_FLUX]), float(room.numbers[LATER, WATER_FLUX])
    if not (abs(now) > threshold and abs(later) > threshold):
        return True
    wall, bulk = (WALL, BULK) if now > 0.0 else (WALL + 1, BULK + 1)
    for s in range(room.solutes.shape[2]):
        first, second = float(room.solutes[NOW, bulk, s]), float(room.solutes[LATER, bulk, s])
        if first > 0.0 and second > 0.0:
            walls = float(room.solutes[NOW, wall, s]) / first, float(room.solutes[LATER, wall, s]) / second
            passing = (
                float(room.solutes[NOW, SOLUTE_FLUX, s]) / (now * first),
                float(room.solutes[LATER, SOLUTE_FLUX, s]) / (later * second),
            )
            if not abs(walls[1] - walls[0]) <= allowed * max(abs(walls[0]), abs(walls[1])):
                return False
            if not abs(passing[1] - passing[0]) <= allowed * max(abs(passing[0]), abs(passing[1]), 1.0):
                return False
    return True


def _look_ahead(
    p: Numbers,
    row: Array,
    t: float,
    y: Array,
    horizon: float,
    allowed: float,
    threshold: float,
    bounded: bool,
    memory: Array,
    room: Room,
    compared: bool,
) -> int:
    """Compute the change of a state in the horizon, and whether any number changes by more than a share of its scale.

    One entry point for the test of a run and for Newton's method, since each is compiled with all that it calls.

    Parameters
    ----------
    p : Numbers
        The problem.
    row : ndarray, shape (12,)
        The segment, as `segment_row` writes it; the applied pressures are constant.
    t : float
        Time, s.
    y : ndarray, shape (size,)
        State.
    horizon : float
        h of the module's equation, s.
    allowed : float
        The largest share.
    threshold : float
        Smallest water flux that is not zero, m/s.
    bounded : bool
        The displaced volume and the transferred amounts must come to rest, too: a side is closed.
    memory : ndarray, shape (3,)
        See `interface.find_water_flux`.
    room : Room
        Written: the change; if the state is compared, the largest numbers so far are updated.
    compared : bool
        Compare the state with that after the change.

    Returns
    -------
    int
        NO_FLUX if no water flux solves the equation of the membrane, RESTS if the state is steady, otherwise MOVES.
    """
    k, n, m, segment = room.solutes.shape[2], p.mesh.shape[1] - 1, p.membrane, segment_of(row)
    numbers, solutes, change, after = room.numbers, room.solutes, room.states[CHANGE], room.states[AFTER]
    if not _set_change(p, segment, t, y, horizon, memory, room):
        return NO_FLUX
    if not compared:
        return MOVES
    at = layout_of(k, n)
    for i in range(after.shape[0]):
        after[i] = y[i] + change[i]
    for j in range(2):
        state = y if j == NOW else after
        if not observe_state(p, row, t, state, False, room.unknown, memory, room.faces, numbers[j]):
            return NO_FLUX
        observe_solutes(p, state, room.faces, numbers[j], solutes[j])
    still = _ratios_rest(room, threshold, allowed)
    for j in range(2):
        state = y if j == NOW else after
        numbers[j, MOVED], numbers[j, SPREAD] = float(state[at.displaced]) if bounded else 0.0, 0.0
        for s in range(k):
            solutes[j, PASSED, s], solutes[j, BULK + 1, s] = float(state[at.passed + s]) if bounded else 0.0, 0.0
    for i in range(numbers.shape[1]):
        largest = max(float(numbers[LARGEST, i]), abs(float(numbers[NOW, i])))
        numbers[LARGEST, i] = largest
        still = still and abs(numbers[LATER, i] - numbers[NOW, i]) <= allowed * largest + numbers[ROUND_OFF, i]
    for i in range(solutes.shape[1]):
        for s in range(k):
            largest = max(float(solutes[LARGEST, i, s]), abs(float(solutes[NOW, i, s])))
            solutes[LARGEST, i, s] = largest
            left = abs(solutes[LATER, i, s] - solutes[NOW, i, s])
            still = still and left <= allowed * largest + solutes[ROUND_OFF, i, s]
    for s in range(k):  # nor does the distribution within a side change
        left, right = 0.0, 0.0
        for i in range(m):
            left += abs(float(change[s * n + i]))
        for i in range(m, n):
            right += abs(float(change[s * n + i]))
        still = still and left <= allowed * solutes[LARGEST, AMOUNT, s] + solutes[ROUND_OFF, AMOUNT, s]
        still = still and right <= allowed * solutes[LARGEST, AMOUNT + 1, s] + solutes[ROUND_OFF, AMOUNT + 1, s]
    return RESTS if still else MOVES


look_ahead = compiled(_look_ahead)


class Settling:
    """Test whether states of a run are steady.

    Parameters
    ----------
    system : System
        The model.
    horizon : float
        Time in which a number must not change any more, s.
    allowed : float
        Largest change of a number over its own scale. The scale of a ratio (polarization, passage) is its own size, of
        any other number its largest value so far.
    threshold : float
        Smallest water flux that is not zero, m/s.
    bounded : bool
        The displaced volume and the transferred amounts must come to rest, too: a side is closed.
    scales : tuple of float
        Scales of lengths (m), pressures (Pa) and the water flux (m/s), which give their round-off.
    highest : ndarray, shape (solutes,)
        Scale of the concentrations, mol/m^3.
    """

    def __init__(
        self,
        system: System,
        horizon: float,
        allowed: float,
        threshold: float,
        bounded: bool,
        scales: tuple[float, float, float],
        highest: Array,
    ) -> None:
        k, n = system.solutes, system.cells
        self.system, self.given = system, (horizon, allowed, threshold, bounded)
        self.room = new_room(k, n, system.size)
        length, pressure, flux = (16.0 * _ROUND_OFF * each for each in scales)
        self.room.numbers[ROUND_OFF] = pressure
        self.room.numbers[ROUND_OFF, [LENGTH, LENGTH + 1, MOVED]] = length
        self.room.numbers[ROUND_OFF, WATER_FLUX] = flux
        self.room.solutes[ROUND_OFF, 1:] = 16.0 * _ROUND_OFF * highest
        self.room.solutes[ROUND_OFF, [AMOUNT, AMOUNT + 1, PASSED]] *= scales[0]

    def __call__(self, t: float, y: Array, segment: Segment) -> bool:
        """True if a state is steady; the applied pressures of the segment must be constant."""
        row, memory = np.array(segment_row(segment)), self.system.memory.copy()
        with np.errstate(all="ignore"):  # far from a steady state the step may overflow
            return bool(look_ahead(self.system.numbers, row, t, y, *self.given, memory, self.room, True) == RESTS)
