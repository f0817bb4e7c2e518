"""What is read off a state: water flux, pressures, lengths, means, wall concentrations."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from membrane_pde.kernels import kernel
from membrane_pde.model.applied import applied, segment_of
from membrane_pde.model.chain import CELLS, CONCENTRATION, LAYER, PULL, Faces
from membrane_pde.model.faces import set_cells, water_flux_now
from membrane_pde.model.interface import GUESS, set_face, wall_pressure, without_layers
from membrane_pde.model.layout import layout_of
from membrane_pde.model.mesh import Array
from membrane_pde.model.ports import IS_BATH, IS_RESERVOIR
from membrane_pde.model.pressures import pressing, set_walls, whole_work
from membrane_pde.model.problem import Numbers
from membrane_pde.physics.osmotic import reflected


@kernel
def _sum(x: Array) -> float:
    """Sum, in four parts that need not wait for one another."""
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
    """Sums of the first entries and of the others."""
    return _sum(x[:first]), _sum(x[first:])


@kernel
def spread_of_cells(p: Numbers, y: Array, faces: Faces, goal: Array) -> float:
    """``Σ∫|c − c_goal| dV`` of what `set_cells` has written, mol/m^2; `goal` (2 or more, solutes) are mol/m^3."""
    total, n = 0.0, p.mesh.shape[1] - 1
    for s in range(goal.shape[1]):
        for i in range(n):
            there = float(goal[0, s]) if i < p.membrane else float(goal[1, s])
            total += abs(float(y[s * n + i]) - float(faces.width[i]) * there)
    return total


@kernel
def spread(p: Numbers, y: Array, faces: Faces, goal: Array) -> float:
    """`spread_of_cells` of a state."""
    set_cells(p, y, faces)
    return spread_of_cells(p, y, faces, goal)


@kernel
def _whole_pressure(p: Numbers, concentration: Array, room: Array) -> float:
    """Osmotic pressure of a solution, Pa."""
    for s in range(concentration.shape[0]):
        room[0, s] = 1.0
    return reflected(p.face.osmotics, concentration, room[0], room[1])


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
    """Write what a person wants to know of the states of some runs; see `Observations`.

    Parameters
    ----------
    p : Numbers
        The problem of all of them.
    segments : ndarray, shape (n, 12)
        Of `segment_row`.
    which : ndarray of int, shape (runs, times)
        The segment of each state.
    times : ndarray, shape (times,)
        s.
    states : ndarray, shape (runs, times, size)
        States.
    known : ndarray, shape (runs, 4, solutes)
        Concentrations of the equilibrium left and right, and, unless nan, of the walls in the first state, which are
        those of stirred sides; mol/m^3.
    memory : ndarray, shape (runs, 3)
        Of `interface.find_water_flux`: each state starts with what is there.
    ends : bool
        Of the states between the first and the last one write the amounts alone.
    faces : Faces
        To work in.
    numbers : ndarray, shape (runs, times, 12)
        Written.
    solutes : ndarray, shape (runs, times, 9, solutes)
        Written.

    Returns
    -------
    bool
        Whether a water flux was found for each.
    """
    k, n, m = solutes.shape[3], p.mesh.shape[1] - 1, p.membrane
    for r in range(states.shape[0]):
        guess = float(memory[r, GUESS])
        for i in range(times.shape[0]):
            row, y, first = segments[which[r, i]], states[r, i], i == 0
            if ends and 0 < i < times.shape[0] - 1:
                for s in range(k):
                    solutes[r, i, 3, s], solutes[r, i, 4, s] = _sums(y[s * n : (s + 1) * n], m)
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
    """Write what there is one of in a state, but for osmotic pressures; False if the water flux was not found."""
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
    left, right = _sums(faces.width, m)
    pressed_left, pressed_right = pressing(p, segment, t, float(y[at.displaced]))
    held = 0.0
    if p.face.present and p.face.water_permeability > 0.0:
        held = wall_pressure(p.face, faces.membrane, faces.room[0], faces.sides[PULL])
        held += water / p.face.water_permeability
    work = float(y[at.work])
    if not whole_work(p, segment):
        applied_left, applied_right = applied(segment, t)
        work += (applied_left - applied_right) * float(y[at.displaced])
    numbers[0], numbers[1], numbers[2] = water, left, right
    numbers[3], numbers[4], numbers[5], numbers[6] = pressed_left, pressed_right, held, work
    numbers[11] = spread_of_cells(p, y, faces, known)
    return True


@kernel
def observe_solutes(p: Numbers, y: Array, faces: Faces, numbers: Array, solutes: Array) -> None:
    """Write what each solute has one of in a state, after `observe_state`, and the osmotic pressures."""
    k, m, n = faces.state.shape[1], p.membrane, p.mesh.shape[1] - 1
    left, right = float(numbers[1]), float(numbers[2])
    for s in range(k):
        solutes[0, s], solutes[1, s], solutes[2, s] = faces.membrane[s, 2], faces.membrane[s, 0], faces.membrane[s, 1]
        amount_left, amount_right = _sums(y[s * n : (s + 1) * n], m)
        solutes[3, s], solutes[4, s] = amount_left, amount_right
        solutes[5, s], solutes[6, s] = amount_left / left, amount_right / right
        for side in range(2):
            bulk = float(solutes[5 + side, s])
            if p.kind[side] == IS_BATH:
                bulk = float(faces.state[CONCENTRATION, s, 0 if side == 0 else n - 1])
            if p.kind[side] == IS_RESERVOIR:
                bulk = float(p.outside[side, s])
            solutes[7 + side, s] = bulk
    for j in range(2):
        numbers[7 + j] = _whole_pressure(p, solutes[5 + j], faces.room)
        numbers[9 + j] = _whole_pressure(p, solutes[1 + j], faces.room)


class Observations(NamedTuple):
    """What a person wants to know of states (SI): arrays (run, time), of the solutes (run, time, solute).

    `spread` is the distance from the equilibrium, ``Σ∫|c − c_eq| dV`` (mol/m^2; nan without one); `osmotic_…` are the
    osmotic pressures of the means and at the walls; `bulk_…` is what stands behind the layer of a reservoir or a bath,
    on other sides the mean.
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
    solute_flux: Array
    wall_left: Array
    wall_right: Array
    amount_left: Array
    amount_right: Array
    mean_left: Array
    mean_right: Array
    bulk_left: Array
    bulk_right: Array
