"""Observations of a state: water flux, pressures, lengths, mean concentrations, concentrations at the membrane."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from membrane_pde.kernels import kernel
from membrane_pde.model.applied import applied, segment_of
from membrane_pde.model.chain import AREA, CELLS, CONCENTRATION, LAYER, Faces
from membrane_pde.model.faces import held_pressure, set_cells, water_flux_now
from membrane_pde.model.interface import GUESS, LEFT_WALL, RIGHT_WALL, THROUGH, set_face, without_layers
from membrane_pde.model.layout import layout_of
from membrane_pde.model.mesh import Array
from membrane_pde.model.metric import spread_of_cells
from membrane_pde.model.ports import IS_BATH, IS_RESERVOIR
from membrane_pde.model.pressures import pressing, set_walls, whole_work
from membrane_pde.model.problem import Numbers
from membrane_pde.physics.osmotic import reflected

# Columns of the observations of a state (`numbers`). Of LENGTH, PRESSURE, OSMOTIC and OSMOTIC_WALL this is the left
# side; column + 1 is the right side.
WATER_FLUX, LENGTH, PRESSURE, HELD, WORK, OSMOTIC, OSMOTIC_WALL, SPREAD, AREA_RATIO = 0, 1, 3, 5, 6, 7, 9, 11, 12
NUMBERS = 13
# Rows of the observations of its solutes (`solutes`): from WALL on this is the left side, and row + 1 the right side.
SOLUTE_FLUX, WALL, AMOUNT, MEAN, BULK = 0, 1, 3, 5, 7
SOLUTE_NUMBERS = 9


@kernel
def _sum(x: Array) -> float:
    """Sum, computed as four independent partial sums, which a processor can add at the same time."""
    n = x.shape[0] // 4
    first, second, third, fourth, rest = x[:n], x[n : 2 * n], x[2 * n : 3 * n], x[3 * n : 4 * n], x[4 * n :]
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        a, b, c, d = a + float(first[i]), b + float(second[i]), c + float(third[i]), d + float(fourth[i])
    for i in range(rest.shape[0]):
        a += float(rest[i])
    return (a + b) + (c + d)


@kernel
def _sums(x: Array, first: int) -> tuple[float, float]:
    """Sum of the entries before index `first`, and sum of the others."""
    return _sum(x[:first]), _sum(x[first:])


@kernel
def _whole_pressure(p: Numbers, concentration: Array, scratch: Array) -> float:
    """Osmotic pressure of a solution (all reflection coefficients are 1), Pa."""
    for s in range(concentration.shape[0]):
        scratch[0, s] = 1.0
    return reflected(p.face.osmotics, concentration, scratch[0], scratch[1])


@kernel
def observe_states(
    p: Numbers,
    segments: Array,
    which: NDArray[np.int64],
    times: Array,
    states: Array,
    known: Array,
    memory: Array,
    ends: bool,
    faces: Faces,
    numbers: Array,
    solutes: Array,
) -> bool:
    """Write the observations of the states of several runs; see `Observations`.

    Parameters
    ----------
    p : Numbers
        The problem of all runs.
    segments : ndarray, shape (n, 12)
        Segments as `segment_row` writes them.
    which : ndarray of int, shape (runs, times)
        Index of the segment of each state.
    times : ndarray, shape (times,)
        s.
    states : ndarray, shape (runs, times, size)
        States.
    known : ndarray, shape (runs, 4, solutes)
        Equilibrium concentrations on the left and on the right, and concentrations at the membrane in the first state,
        left and right, mol/m^3. Where the latter are given, both sides count as stirred in the first state; nan: they
        are computed.
    memory : ndarray, shape (runs, 3)
        See `interface.find_water_flux`; the search starts from the same guess for each state.
    ends : bool
        For the states between the first and the last one write the amounts only.
    faces : Faces
        Scratch arrays.
    numbers : ndarray, shape (runs, times, NUMBERS)
        Written.
    solutes : ndarray, shape (runs, times, SOLUTE_NUMBERS, solutes)
        Written.

    Returns
    -------
    bool
        True if a water flux was found for every state.
    """
    k, n, m = solutes.shape[3], p.mesh.shape[1] - 1, p.membrane
    for r in range(states.shape[0]):
        guess = float(memory[r, GUESS])
        for i in range(times.shape[0]):
            row, y, first = segments[which[r, i]], states[r, i], i == 0
            if ends and 0 < i < times.shape[0] - 1:
                for s in range(k):
                    left, right = _sums(y[s * n : (s + 1) * n], m)
                    solutes[r, i, AMOUNT, s], solutes[r, i, AMOUNT + 1, s] = left, right
                continue
            memory[r, GUESS] = guess
            if not observe_state(p, row, float(times[i]), y, first, known[r], memory[r], faces, numbers[r, i]):
                return False
            observe_solutes(p, y, faces, numbers[r, i], solutes[r, i])
    return True


@kernel
def observe_state(
    p: Numbers,
    row: Array,
    t: float,
    y: Array,
    first: bool,
    known: Array,
    memory: Array,
    faces: Faces,
    numbers: Array,
) -> bool:
    """Write the observations of a state except the osmotic pressures; False if the water flux was not found."""
    k, m, segment = faces.state.shape[1], p.membrane, segment_of(row)
    at = layout_of(k, p.mesh.shape[1] - 1)
    set_cells(p, y, faces)
    set_walls(p, segment, t, float(y[at.displaced]))
    face = p.face
    if first and not math.isnan(known[2, 0]):
        face = without_layers(face)
        for s in range(k):
            faces.sides[CELLS, 0, s], faces.sides[CELLS, 1, s] = known[2, s], known[3, s]
    water = water_flux_now(p, face, segment, t, faces, memory)
    if math.isnan(water):
        return False
    set_face(face, water, faces.sides[LAYER], faces.sides[CELLS], faces.membrane)
    left, right = _sum(faces.width[: m - p.pores[0]]), _sum(faces.width[m + p.pores[1] :])
    pressed_left, pressed_right = pressing(p, segment, t, float(y[at.displaced]))
    held = 0.0
    if p.face.present and p.face.water_permeability > 0.0:
        held = held_pressure(p, water, faces)
    work = float(y[at.work])
    if not whole_work(p, segment):
        applied_left, applied_right = applied(segment, t)
        work += (applied_left - applied_right) * float(y[at.displaced])
    numbers[WATER_FLUX], numbers[LENGTH], numbers[LENGTH + 1] = water, left, right
    numbers[PRESSURE], numbers[PRESSURE + 1], numbers[HELD], numbers[WORK] = pressed_left, pressed_right, held, work
    numbers[SPREAD], numbers[AREA_RATIO] = spread_of_cells(p, y, faces, known), float(faces.scalars[AREA])
    return True


@kernel
def observe_solutes(p: Numbers, y: Array, faces: Faces, numbers: Array, solutes: Array) -> None:
    """Write the observations of each solute in a state, after `observe_state`, and the osmotic pressures."""
    k, m, n = faces.state.shape[1], p.membrane, p.mesh.shape[1] - 1
    left, right = float(numbers[LENGTH]), float(numbers[LENGTH + 1])
    for s in range(k):
        solutes[SOLUTE_FLUX, s] = faces.membrane[s, THROUGH]
        solutes[WALL, s], solutes[WALL + 1, s] = faces.membrane[s, LEFT_WALL], faces.membrane[s, RIGHT_WALL]
        own = y[s * n : (s + 1) * n]
        amount_left, amount_right = _sum(own[: m - p.pores[0]]), _sum(own[m + p.pores[1] :])
        solutes[MEAN, s], solutes[MEAN + 1, s] = amount_left / left, amount_right / right
        solutes[AMOUNT, s] = amount_left + _sum(own[m - p.pores[0] : m])
        solutes[AMOUNT + 1, s] = amount_right + _sum(own[m : m + p.pores[1]])
        for side in range(2):
            bulk = float(solutes[MEAN + side, s])
            if p.kind[side] == IS_BATH:
                bulk = float(faces.state[CONCENTRATION, s, 0 if side == 0 else n - 1])
            if p.kind[side] == IS_RESERVOIR:
                bulk = float(p.outside[side, s])
            solutes[BULK + side, s] = bulk
    for side in range(2):
        numbers[OSMOTIC + side] = _whole_pressure(p, solutes[MEAN + side], faces.scratch)
        numbers[OSMOTIC_WALL + side] = _whole_pressure(p, solutes[WALL + side], faces.scratch)


class Observations(NamedTuple):
    """Observations of states (SI): arrays (run, time), those of the solutes (run, time, solute).

    Lengths and mean concentrations are those of the solutions; amounts include the pores of support layers. `spread` is
    the distance from the equilibrium, ``Σ∫|c − c_eq| dV`` (mol/m^2; nan without an equilibrium); `area_ratio` is the
    area of the membrane ÷ area at the start; `osmotic_…` are the osmotic pressures of the mean concentrations and of
    the concentrations at the membrane; `bulk_…` is the concentration of a reservoir or bath behind its layer, and on
    other sides the mean concentration.
    """

    water_flux: Array
    length_left: Array
    length_right: Array
    pressure_left: Array
    pressure_right: Array
    energy: Array
    osmotic_left: Array
    osmotic_right: Array
    osmotic_wall_left: Array
    osmotic_wall_right: Array
    spread: Array
    area_ratio: Array
    solute_flux: Array
    wall_left: Array
    wall_right: Array
    amount_left: Array
    amount_right: Array
    mean_left: Array
    mean_right: Array
    bulk_left: Array
    bulk_right: Array
