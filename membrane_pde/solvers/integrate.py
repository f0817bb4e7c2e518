"""Time integration of a `membrane_pde.model.system.System`: one driver for three steppers.

A stepper integrates over one segment of the pressure schedule and writes the states at the output times in it. A kink
of the schedule is always the end of a segment, so that no step contains one. The driver integrates segment by segment,
stores the states, handles events, and reports why it stopped.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from membrane_pde.model.applied import Segment, segment_row
from membrane_pde.model.events import WATCH
from membrane_pde.model.interface import NoSolution
from membrane_pde.model.mesh import Array
from membrane_pde.model.system import System
from membrane_pde.solvers import walk
from membrane_pde.solvers.cvode import CVODE_STEPS, CvodeStepper
from membrane_pde.solvers.events import EVENT_NAMES, Events
from membrane_pde.solvers.fipy import FipyStepper
from membrane_pde.solvers.recorder import Recorder
from membrane_pde.solvers.rosenbrock import RODAS5P
from membrane_pde.solvers.rosenbrock_stepper import RosenbrockStepper
from membrane_pde.solvers.stepper import MAX_STEPS, IntegrationError, Stepper, first_time

log = logging.getLogger(__name__)

_STEPS_A_TURN = 1000  # additional steps for each period and for each jump or kink of the applied pressures
_STEPS_A_REPORT = 100  # steps between two reports of progress
_STEPS_UNDECIDED = 1000  # largest number of steps of each of several runs that are solved together
_WORK_AT_ONCE = 10_000_000  # states × steps in one compiled call, which takes about a second and ignores Ctrl-C

Stop = Callable[[float, Array, Segment], str | None]


@dataclass
class Trajectory:
    """Stored states and how the run ended.

    Attributes
    ----------
    times : ndarray, shape (n,)
        Stored times, s.
    states : ndarray, shape (n, size)
        States.
    segments : list of Segment
        Segment of each state.
    status : str
        ``"completed"``, ``"equilibrium"``, ``"steady"`` or ``"failed"``.
    reason : str
        Reason of a failure: ``"left dry"``, ``"right dry"``, ``"backflow"``, or the message of the integrator.
    steps : int
        Number of integrator steps.
    """

    times: Array
    states: Array
    segments: list[Segment]
    status: str
    reason: str
    steps: int


STEPPERS: dict[str, type[RosenbrockStepper] | type[CvodeStepper] | type[FipyStepper]] = {
    "rosenbrock": RosenbrockStepper,
    "cvode": CvodeStepper,
    "fipy": FipyStepper,
}


def integrate(
    system: System,
    y: Array,
    segments: Sequence[Segment],
    *,
    outputs: int,
    rtol: float,
    atol: Array,
    solver: str,
    draws_last: bool,
    stop: Stop | None = None,
    progress: Callable[[float], None] | None = None,
) -> Trajectory:
    """Integrate from the start of the first segment to the end of the last one, or to an earlier stop.

    Parameters
    ----------
    system : System
        The model.
    y : ndarray
        Initial state.
    segments : sequence of Segment
        Applied pressures, without gaps.
    outputs : int
        Number of stored times, start and end included; a run that stops early may store fewer.
    rtol : float
        Relative tolerance of a step.
    atol : ndarray
        Absolute tolerance of each state.
    solver : str
        Name of one of `STEPPERS`.
    draws_last : bool
        True: backflow through an outflow has the concentrations that left last. False: it ends the run.
    stop : callable, optional
        Called after every step with time, state and segment; returns a status that ends the run, or None.
    progress : callable, optional
        Called with the completed fraction of the simulated time.

    Returns
    -------
    Trajectory
        See there.
    """
    once = partial(
        _integrated,
        system,
        y,
        outputs=outputs,
        rtol=rtol,
        atol=atol,
        solver=solver,
        draws_last=draws_last,
    )
    found = once(segments, stop=stop, progress=progress)
    end = float(found.times[-1])
    early = found.reason in EVENT_NAMES[1:4] and 0.0 < end < 0.5 * segments[-1].end
    if not early or stop is not None or draws_last:
        return found
    again = once(_until(segments, end))  # run again with output times up to the end, which is known now
    if again.reason not in ("", found.reason):
        return found
    if not again.reason:  # use the last state of the first run, which is exactly at the event
        again.states[-1], again.segments[-1] = found.states[-1], found.segments[-1]
    return replace(again, status=found.status, reason=found.reason)


def integrate_alike(
    system: System, y: Array, segments: Sequence[Segment], *, outputs: int, rtol: float, atol: Array, memory: Array
) -> tuple[Array, Array, list[int]]:
    """Integrate several runs, each over one segment, that differ only in the applied pressures.

    They take the steps of `integrate` with the default solver. An event or a failure ends a run early.

    Parameters
    ----------
    system : System
        The model of all runs, without an outflow.
    y : ndarray, shape (size,)
        Initial state of all runs.
    segments : sequence of Segment
        The segment of each run, all of the same length and without oscillations.
    outputs, rtol
        As for `integrate`.
    atol : ndarray, shape (runs, size)
        Absolute tolerance of each state.
    memory : ndarray, shape (runs, 3)
        Written: `System.memory` after each run.

    Returns
    -------
    times : ndarray, shape (outputs,)
        Stored times, s.
    states : ndarray, shape (runs, outputs, size)
        States.
    steps : list of int
        Number of steps of each run; 0 if it ended early and has to be integrated separately.
    """
    first = segments[0]
    recorder: Recorder[Segment] = Recorder(first.end, outputs, True, system.size)
    recorder.store(np.array([first.start]), y[None, :], first)
    times, method = np.append(first.start, recorder.due(first)[: outputs - 1]), RODAS5P
    kept, ends = np.empty((len(segments), outputs, system.size)), np.empty((len(segments), 3), dtype=np.int64)
    rows = np.array([segment_row(each) for each in segments])
    work = walk.new_work(method, system.size, system.solutes, system.cells)
    with np.errstate(over="ignore", invalid="ignore"):
        walk.advance(
            system.numbers,
            rows,
            method,
            rtol,
            atol,
            math.inf,
            np.zeros(WATCH),
            memory,
            work,
            y,
            _STEPS_UNDECIDED,
            np.append(times, np.inf),  # with an output time at infinity each run continues to its end
            kept,
            ends,
        )
    done = (ends[:, 1] == outputs) & (ends[:, 2] == 0)
    return times, kept, np.where(done, ends[:, 0], 0).tolist()


def _until(segments: Sequence[Segment], end: float) -> list[Segment]:
    """The segments up to a time."""
    before = [each for each in segments if each.start < end]
    last = before.pop()
    share = (end - last.start) / (last.end - last.start)

    def cut(line: tuple[float, float]) -> tuple[float, float]:
        return line[0], line[0] + share * (line[1] - line[0])

    return [*before, last._replace(end=end, left=cut(last.left), right=cut(last.right), flux=cut(last.flux))]


def _integrated(
    system: System,
    y: Array,
    segments: Sequence[Segment],
    *,
    outputs: int,
    rtol: float,
    atol: Array,
    solver: str,
    draws_last: bool,
    stop: Stop | None = None,
    progress: Callable[[float], None] | None = None,
) -> Trajectory:
    """One pass of `integrate`."""
    duration = segments[-1].end
    recorder: Recorder[Segment] = Recorder(duration, outputs, stop is None, system.size)
    t, segment, steps = segments[0].start, segments[0], 0
    recorder.store(np.array([t]), y[None, :], segment)
    events = Events(system, rtol, atol)
    turns = len(segments) - 1 + sum((each.end - each.start) / each.shortest_period for each in segments)
    limit = MAX_STEPS * (CVODE_STEPS if solver == "cvode" else 1) + math.ceil(_STEPS_A_TURN * turns)
    at_once = max(_WORK_AT_ONCE // system.size, 1)
    if stop is not None:
        at_once = 1
    elif progress is not None:
        at_once = min(at_once, _STEPS_A_REPORT)
    kept = np.empty((outputs + 2, system.size))
    try:
        for each in segments:
            before, segment = segment, each
            y = system.enter(t, y, before, segment)
            system.set_walls(t, y, segment)
            system.accept(t, y, segment)
            stepper: Stepper | None = None
            before_step = t
            while t < segment.end:
                if stepper is None:
                    events.begin(t, y, segment)
                    stepper = STEPPERS[solver](system, segment, t, y, rtol, atol, events)
                due, before_step = recorder.due(segment), t
                taken, stored, event = stepper.advance(due, kept, min(at_once, limit - steps))
                t, y, steps = stepper.t, stepper.y, steps + taken
                recorder.store(due[:stored], kept[:stored], segment)
                while stored == len(due):  # the remaining output times of the last step: there is space for them now
                    due = recorder.due(segment)
                    _, stored, _ = stepper.advance(due, kept, 0)
                    recorder.store(due[:stored], kept[:stored], segment)
                if stepper.trouble is not None:
                    raise stepper.trouble
                if event.endswith("dry"):
                    return Trajectory(*recorder.finish(t, y, segment), "failed", event, steps)
                if event.endswith("wall"):  # the right-hand side has a kink here: start a new stepper
                    system.set_walls(t, y, segment)
                    stepper = None
                if event == "turn":
                    events.turn(t, y, segment)
                elif not event:  # a water flux that starts at zero triggers no event
                    events.look(t, y, segment)
                if event == "backflow":
                    if not draws_last:
                        return Trajectory(*recorder.finish(*events.turned), "failed", event, steps)
                    events.draw_in()
                    stepper = None
                if stop is not None and (status := stop(t, y, segment)) is not None:
                    if stepper is not None:
                        t, y = first_time(stop, stepper, before_step, segment)
                    return Trajectory(*recorder.finish(t, y, segment), status, "", steps)
                if progress is not None:
                    progress(t / duration)
                if steps >= limit:
                    raise IntegrationError(f"more than {limit} steps")
    except (IntegrationError, NoSolution) as error:
        log.debug("the time integration failed at t = %g s: %s", t, error)
        return Trajectory(*recorder.finish(t, y, segment), "failed", str(error), steps)
    return Trajectory(*recorder.finish(t, y, segment), "completed", "", steps)
