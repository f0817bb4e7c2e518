"""Steadiness test: the remaining change of a state, predicted by a Newton step with the exact Jacobian J.

With f the right-hand side ``dy/dt`` and h a long time (the horizon), one implicit Euler step of that length,

    (I − h J) δ = h f(y),

is Newton's step towards ``f = 0`` for every mode that decays within the horizon: δ contains the fraction ``h/(h + τ)``
of the remaining change of a mode that decays as ``exp(−t/τ)``. Conserved sums do not change, and a quantity that grows
without bound (such as the displaced volume between two open sides) changes by h times its rate.

Round-off of the flux through a face makes the rates of thin cells inaccurate, but hardly affects δ: both neighbours of
the face use the same flux, so that δ changes their concentrations only in the last digit.
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

NOW, LATER, LARGEST, ROUND_OFF = range(4)  # rows of `Workspace.numbers` and `Workspace.solutes`
# Two observations are replaced after the ratios have been compared: the work by the displaced volume, and the left bulk
# concentration by the amount that has passed the membrane. The right bulk concentration is set to zero.
MOVED, PASSED = WORK, BULK
CHANGE, AFTER = range(2)  # rows of `Workspace.states`
NO_FLUX, UNSTEADY, STEADY = range(-1, 2)  # return values of `predict_change`
_ROUND_OFF = 2.0**-49  # round-off of a difference of two fluxes, relative to their magnitudes


class Workspace(NamedTuple):
    """Work arrays of `predict_change`, which also hold the largest values so far.

    Attributes
    ----------
    numbers : ndarray, shape (4, NUMBERS)
        Observations of the state, of the state after the change, their largest values so far, and their round-off.
    solutes : ndarray, shape (4, SOLUTE_NUMBERS, solutes)
        The same for each solute.
    states : ndarray, shape (2, size)
        The remaining change δ, and the state after it.
    unknown : ndarray, shape (4, solutes)
        nan: the argument `known` of `observe_state`.
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


def new_workspace(solutes: int, cells: int, size: int) -> Workspace:
    """Work arrays for given numbers of solutes, cells and states."""
    return Workspace(
        np.zeros((4, NUMBERS)),
        np.zeros((4, SOLUTE_NUMBERS, solutes)),
        np.zeros((2, size)),
        np.full((4, solutes), math.nan),
        new_faces(solutes, cells),
        new_slopes(solutes, cells),
        new_factors(solutes, cells),
    )


@kernel
def _set_change(
    p: Numbers, segment: Segment, t: float, y: Array, horizon: float, memory: Array, workspace: Workspace
) -> bool:
    """Write the predicted change δ of a state; False if no water flux solves the equation of the membrane."""
    change, faces = workspace.states[CHANGE], workspace.faces
    if not linearize(p, segment, t, y, math.nan, memory, faces, change, workspace.slopes, True):
        return False
    m = p.membrane
    for s in range(faces.state.shape[1]):
        there = float(faces.membrane[s, FORWARD]) * abs(float(faces.state[CONCENTRATION, s, m - 1]))
        back = float(faces.membrane[s, BACKWARD]) * abs(float(faces.state[CONCENTRATION, s, m]))
        workspace.solutes[ROUND_OFF, SOLUTE_FLUX, s] = _ROUND_OFF * (there + back)
    for i in range(change.shape[0]):
        change[i] *= horizon
    factorize(p, workspace.slopes, horizon, workspace.factors)
    solve(p, workspace.slopes, workspace.factors, change)
    return True


@kernel
def _ratios_steady(workspace: Workspace, threshold: float, allowed: float) -> bool:
    """True if polarization and rejection no longer change, or are undefined because there is no water flux."""
    now, later = float(workspace.numbers[NOW, WATER_FLUX]), float(workspace.numbers[LATER, WATER_FLUX])
    if not (abs(now) > threshold and abs(later) > threshold):
        return True
    wall, bulk = (WALL, BULK) if now > 0.0 else (WALL + 1, BULK + 1)
    for s in range(workspace.solutes.shape[2]):
        first, second = float(workspace.solutes[NOW, bulk, s]), float(workspace.solutes[LATER, bulk, s])
        if first > 0.0 and second > 0.0:
            walls = float(workspace.solutes[NOW, wall, s]) / first, float(workspace.solutes[LATER, wall, s]) / second
            passing = (
                float(workspace.solutes[NOW, SOLUTE_FLUX, s]) / (now * first),
                float(workspace.solutes[LATER, SOLUTE_FLUX, s]) / (later * second),
            )
            if not abs(walls[1] - walls[0]) <= allowed * max(abs(walls[0]), abs(walls[1])):
                return False
            if not abs(passing[1] - passing[0]) <= allowed * max(abs(passing[0]), abs(passing[1]), 1.0):
                return False
    return True


def _predict_change(
    p: Numbers,
    row: Array,
    t: float,
    y: Array,
    horizon: float,
    allowed: float,
    threshold: float,
    bounded: bool,
    memory: Array,
    workspace: Workspace,
    compared: bool,
) -> int:
    """Predict the change of a state within the horizon, and test whether the state is steady.

    This is one entry point for the steadiness test and for Newton's method, because each entry point is compiled with
    every kernel that it calls.

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
        Largest change of an observation ÷ its scale in a steady state.
    threshold : float
        Water flux below which the flux counts as zero, m/s.
    bounded : bool
        A side is closed, so that the displaced volume and the transferred amounts are constant in a steady state.
    memory : ndarray, shape (3,)
        See `interface.find_water_flux`.
    workspace : Workspace
        The predicted change is written; if `compared`, the largest values so far are updated.
    compared : bool
        Test whether the state is steady.

    Returns
    -------
    int
        NO_FLUX if no water flux solves the equation of the membrane, RESTS if the state is steady, otherwise MOVES.
    """
    k, n, m, segment = workspace.solutes.shape[2], p.mesh.shape[1] - 1, p.membrane, segment_of(row)
    numbers, solutes, change, after = (
        workspace.numbers,
        workspace.solutes,
        workspace.states[CHANGE],
        workspace.states[AFTER],
    )
    if not _set_change(p, segment, t, y, horizon, memory, workspace):
        return NO_FLUX
    if not compared:
        return UNSTEADY
    at = layout_of(k, n)
    for i in range(after.shape[0]):
        after[i] = y[i] + change[i]
    for j in range(2):
        state = y if j == NOW else after
        if not observe_state(p, row, t, state, False, workspace.unknown, memory, workspace.faces, numbers[j]):
            return NO_FLUX
        observe_solutes(p, state, workspace.faces, numbers[j], solutes[j])
    still = _ratios_steady(workspace, threshold, allowed)
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
    for s in range(k):  # the distribution within each side must not change either
        left, right = 0.0, 0.0
        for i in range(m):
            left += abs(float(change[s * n + i]))
        for i in range(m, n):
            right += abs(float(change[s * n + i]))
        still = still and left <= allowed * solutes[LARGEST, AMOUNT, s] + solutes[ROUND_OFF, AMOUNT, s]
        still = still and right <= allowed * solutes[LARGEST, AMOUNT + 1, s] + solutes[ROUND_OFF, AMOUNT + 1, s]
    return STEADY if still else UNSTEADY


predict_change = compiled(_predict_change)


class SteadinessTest:
    """Test whether states of a run are steady.

    Parameters
    ----------
    system : System
        The model.
    horizon : float
        Time within which a steady state must not change, s.
    allowed : float
        Largest change of an observation ÷ its scale. The scale of a ratio (polarization, passage) is its present value,
        that of any other observation its largest value so far.
    threshold : float
        Water flux below which the flux counts as zero, m/s.
    bounded : bool
        A side is closed, so that the displaced volume and the transferred amounts are constant in a steady state.
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
        self.workspace = new_workspace(k, n, system.size)
        length, pressure, flux = (16.0 * _ROUND_OFF * each for each in scales)
        self.workspace.numbers[ROUND_OFF] = pressure
        self.workspace.numbers[ROUND_OFF, [LENGTH, LENGTH + 1, MOVED]] = length
        self.workspace.numbers[ROUND_OFF, WATER_FLUX] = flux
        self.workspace.solutes[ROUND_OFF, 1:] = 16.0 * _ROUND_OFF * highest
        self.workspace.solutes[ROUND_OFF, [AMOUNT, AMOUNT + 1, PASSED]] *= scales[0]

    def __call__(self, t: float, y: Array, segment: Segment) -> bool:
        """True if a state is steady; the applied pressures of the segment must be constant."""
        row, memory = np.array(segment_row(segment)), self.system.memory.copy()
        with np.errstate(all="ignore"):  # far from a steady state the step may overflow
            return bool(
                predict_change(self.system.numbers, row, t, y, *self.given, memory, self.workspace, True) == STEADY
            )
