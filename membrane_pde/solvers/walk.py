"""The loop over steps of `membrane_pde.solvers.rosenbrock` for one chain of cells, compiled as a whole."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from membrane_pde.kernels import compiled, kernel, part
from membrane_pde.model.applied import Segment, segment_of
from membrane_pde.model.chain import WATER, Faces, new_faces
from membrane_pde.model.events import EVENTS, FIRST_WALL, monitored_flux, set_events
from membrane_pde.model.faces import rates
from membrane_pde.model.interface import REFERENCE
from membrane_pde.model.mesh import Array
from membrane_pde.model.pressures import set_walls
from membrane_pde.model.problem import Numbers
from membrane_pde.model.slopes import Slopes, linearize, new_slopes
from membrane_pde.model.time_slopes import add_time_slopes
from membrane_pde.solvers.linear.chain import Factors, factorize, new_factors, solve
from membrane_pde.solvers.rosenbrock import (
    FRESH,
    LENGTH,
    NEXT,
    NODES,
    RATE,
    START,
    START_STATE,
    TIME,
    TIME_WEIGHTS,
    TRIAL,
    TRIAL_RATE,
    Method,
    Progress,
    Y,
    accept_step,
    accumulate_stages,
    add,
    begin,
    copy,
    first_event,
    first_step,
    interpolate,
    new_progress,
    norm,
    reject_step,
    shorten_step,
    step_to_try,
    write_outputs,
)

NO_STEP, NO_FLUX = -1, -2  # return values of `walk` after a failure; positive values are the number of an event


class Work(NamedTuple):
    """State of a run between calls of `advance`.

    Attributes
    ----------
    run : Progress
        Time, state and last step.
    events : ndarray, shape (3, 6)
        Values of the events now and at the start of the last step, and a scratch row.
    faces, other, slopes, factors
        Faces at the start of the step, faces of the stages, derivatives, and factors of the matrix.
    """

    run: Progress
    events: Array
    faces: Faces
    other: Faces
    slopes: Slopes
    factors: Factors


def new_work(method: Method, size: int, solutes: int, cells: int) -> Work:
    """Arrays for runs, one after another; see `rosenbrock.begin`."""
    return Work(
        new_progress(method, size),
        np.ones((3, EVENTS)),
        new_faces(solutes, cells),
        new_faces(solutes, cells),
        new_slopes(solutes, cells),
        new_factors(solutes, cells),
    )


@part
def _try_step(p: Numbers, segment: Segment, method: Method, memory: Array, w: Work, h: float) -> bool:
    """Write the stages of a step, and the state at its end to TRIAL; False if no water flux is found in a stage."""
    run, tau = w.run, h * method.gamma
    t = float(run.step_control[TIME])
    factorize(p, w.slopes, tau, w.factors)
    last = method.rows.shape[1] - 1
    for i in range(last + 1):
        stage, rate = run.stages[i], run.vectors[RATE]
        for j in range(stage.shape[0]):
            stage[j] = 0.0
        if i > 0:
            rate = run.vectors[TRIAL_RATE]
            copy(run.vectors[Y], run.vectors[TRIAL])
            for j in range(0, i, 2):
                accumulate_stages(method, i, j, run.stages, run.vectors[TRIAL])
            now = t + float(method.rows[NODES, i]) * h
            if not rates(p, segment, now, run.vectors[TRIAL], math.nan, memory, w.other, rate):
                return False
        add(tau, rate, stage)
        if method.rows[TIME_WEIGHTS, i] != 0.0:
            add_time_slopes(p, w.slopes, method.gamma * float(method.rows[TIME_WEIGHTS, i]) * h * h, stage)
        solve(p, w.slopes, w.factors, stage)
    add(1.0, run.stages[last], run.vectors[TRIAL])
    return True


@kernel
def _set_events_at(
    p: Numbers, segment: Segment, t: float, y: Array, watch: Array, memory: Array, faces: Faces, out: Array
) -> None:
    """`set_events` of a state, with its water flux if backflow is monitored."""
    set_events(p, segment, t, y, watch, monitored_flux(p, segment, t, y, watch, memory, faces), out)


@part
def _fraction_before_event(
    p: Numbers, segment: Segment, method: Method, memory: Array, watch: Array, before: Array, now: Array, w: Work
) -> tuple[float, int]:
    """Fraction of the last step at which the first event falls through zero, and the number of the event."""
    run, low, high, event = w.run, 0.0, 1.0, first_event(before, w.events[0], FIRST_WALL)
    for _ in range(60):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        interpolate(method, run, middle, run.vectors[TRIAL])
        t = run.step_control[START] + middle * run.step_control[LENGTH]
        _set_events_at(p, segment, t, run.vectors[TRIAL], watch, memory, w.other, now)
        number = first_event(before, now, FIRST_WALL)
        if number > 0:
            high, event = middle, number
        else:
            low = middle
    return high, event


@kernel
def walk(
    p: Numbers,
    segment: Segment,
    method: Method,
    rtol: float,
    atol: Array,
    longest: float,
    watch: Array,
    memory: Array,
    w: Work,
    most: int,
    due: Array,
    kept: Array,
) -> tuple[int, int, int]:
    """Step through a segment.

    Parameters
    ----------
    p : Numbers
        The problem.
    segment : Segment
        Applied pressures.
    method : Method
        Coefficients.
    rtol : float
        Relative tolerance of a step.
    atol : ndarray, shape (size,)
        Absolute tolerance of each state.
    longest : float
        Largest step length, s.
    watch : ndarray, shape (4,)
        See `model.events.set_events`.
    memory : ndarray, shape (3,)
        See `interface.find_water_flux`.
    w : Work
        State of the run, updated.
    most : int
        Largest number of steps.
    due : ndarray, shape (n,)
        Output times, increasing; the call ends when the states at all of them are written.
    kept : ndarray, shape (n, size)
        Written: the states.

    Returns
    -------
    int, int, int
        Number of steps, number of states written, and 0, the number of an event, `NO_STEP` or `NO_FLUX`.
    """
    run, step_control, steps, stored = w.run, w.run.step_control, 0, 0
    y, trial, cells = run.vectors[Y], run.vectors[TRIAL], w.other.width.shape[0] * w.other.state.shape[1]
    before, now = w.events[1], w.events[2]
    _set_events_at(p, segment, float(step_control[TIME]), y, watch, memory, w.other, w.events[0])  # `watch` may be new
    while True:
        stored = write_outputs(method, run, due, kept, stored)
        if step_control[TIME] >= segment.end or steps >= most or stored == due.shape[0]:
            return steps, stored, 0
        if step_control[FRESH] == 0.0:
            now_rate = run.vectors[RATE]
            if not linearize(
                p, segment, float(step_control[TIME]), y, math.nan, memory, w.faces, now_rate, w.slopes, True
            ):
                return steps, stored, NO_FLUX
            memory[REFERENCE] = w.faces.scalars[WATER]
            step_control[FRESH] = 1.0
        if step_control[NEXT] == 0.0:
            size, speed = norm(y, y, y, rtol, atol, cells), norm(run.vectors[RATE], y, y, rtol, atol, cells)
            step_control[NEXT] = first_step(method, size, speed, rtol, segment.end - float(step_control[TIME]))
        h, error = step_to_try(step_control, longest, segment.end), math.inf
        if _try_step(p, segment, method, memory, w, h):
            error = norm(run.stages[method.rows.shape[1] - 1], y, trial, rtol, atol, cells)
        if not error <= 1.0:  # also true for NaN
            if not reject_step(method, step_control, h, error, segment.end):
                return steps, stored, NO_STEP
            continue
        copy(y, run.vectors[START_STATE])
        copy(trial, y)
        accept_step(method, run, h, error, segment.end)
        steps += 1
        copy(w.events[0], before)
        _set_events_at(p, segment, float(step_control[TIME]), y, watch, memory, w.other, w.events[0])
        if first_event(before, w.events[0], FIRST_WALL) > 0:
            fraction, event = _fraction_before_event(p, segment, method, memory, watch, before, now, w)
            shorten_step(method, run, fraction)
            stored = write_outputs(method, run, due, kept, stored)
            _set_events_at(p, segment, float(step_control[TIME]), y, watch, memory, w.other, w.events[0])
            return steps, stored, event


def _advance(
    p: Numbers,
    segments: Array,
    method: Method,
    rtol: float,
    atol: Array,
    longest: float,
    watch: Array,
    memory: Array,
    w: Work,
    start: Array,
    most: int,
    due: Array,
    kept: Array,
    ends: NDArray[np.int64],
) -> None:
    """Integrate one run over a segment, or several runs that differ only in their segments (applied pressures).

    Parameters
    ----------
    p, method, rtol, longest, watch, w, most, due
        As for `walk`.
    segments : ndarray, shape (runs, 12)
        Segments as `model.applied.segment_row` writes them.
    atol : ndarray, shape (runs, size)
        Absolute tolerance of each state.
    memory : ndarray, shape (runs, 3)
        See `interface.find_water_flux`.
    start : ndarray, shape (size,) or (0,)
        Initial state of all runs; an empty array to continue the one run in `w`.
    kept : ndarray, shape (runs, n, size)
        Written: the states.
    ends : ndarray of int, shape (runs, 3)
        Written: the return values of `walk`.
    """
    for r in range(segments.shape[0]):
        segment = segment_of(segments[r])
        if start.shape[0] > 0:
            begin(w.run, segment.start, start)
            set_walls(p, segment, segment.start, float(start[w.faces.state.shape[1] * w.faces.width.shape[0]]))
        steps, stored, event = walk(p, segment, method, rtol, atol[r], longest, watch, memory[r], w, most, due, kept[r])
        ends[r, 0], ends[r, 1], ends[r, 2] = steps, stored, event


advance = compiled(_advance)
