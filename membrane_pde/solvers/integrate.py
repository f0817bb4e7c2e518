"""Time integration of a `membrane_pde.model.system.System`: three steppers, one driver.

A stepper walks through one segment of the pressure schedule (a kink is always the end of a segment, never inside a
step) and leaves the states that are due on its way. The driver goes from segment to segment, stores states at even
times, acts on events, and says why it stopped.
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
from membrane_pde.solvers.rosenbrock import RODAS5P
from membrane_pde.solvers.rosenbrock_stepper import RosenbrockStepper
from membrane_pde.solvers.stepper import MAX_STEPS, IntegrationError, Stepper

log = logging.getLogger(__name__)

_STEPS_A_TURN = 1000  # more allowed for each period and each jump or kink of what is applied
_STEPS_A_REPORT = 100  # of progress
_STEPS_UNDECIDED = 1000  # of a run among others
_WORK_AT_ONCE = 10_000_000  # states times steps: about a second of machine code, which does not hear Ctrl-C
# Where a run may stop at any time, states are stored densely first and thinned out as it grows longer, so that one that
# stops early still shows how it went: spacing at first over spacing at the end.
_FIRST_SPACING = 2.0**-12

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
        What is applied at each.
    status : str
        ``"completed"``, ``"equilibrium"``, ``"steady"`` or ``"failed"``.
    reason : str
        Of a failure: ``"left dry"``, ``"right dry"``, ``"backflow"``, or the integrator's own words.
    steps : int
        Internal steps taken.
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


class _Recorder:
    """Stores states at even times, and keeps every second one whenever there are more than were asked for."""

    def __init__(self, duration: float, outputs: int, known_end: bool, size: int) -> None:
        self.times, self.states = np.empty(outputs + 2), np.empty((outputs + 2, size))
        self.segments: list[Segment] = []
        self.outputs = outputs
        self.duration = duration
        self.spacing = duration / (outputs - 1) * (1.0 if known_end else _FIRST_SPACING)

    def due(self, segment: Segment) -> Array:
        """Next times to store within a segment, as many as there is room for; behind the last one stands infinity.

        One that falls on the edge of a segment is exactly that, and belongs to the segment behind it.
        """
        count, room = len(self.segments), self.outputs + 1
        times = np.arange(count, room + 1, dtype=float)
        times *= self.spacing
        times[-1] = np.inf
        for fixed in (segment.start, segment.end, self.duration):
            nearest = round(fixed / self.spacing)
            if count <= nearest < room and abs(nearest * self.spacing - fixed) <= 1e-12 * self.duration:
                times[nearest - count] = fixed
        end = int(np.searchsorted(times, segment.end, side="left" if segment.end < self.duration else "right"))
        if count + end == room:
            return times[:-1]
        times[end] = np.inf
        return times[: end + 1]

    def store(self, times: Array, states: Array, segment: Segment) -> None:
        """Keep states."""
        count = len(self.segments)
        end = count + len(times)
        self.times[count:end], self.states[count:end] = times, states
        self.segments += [segment] * len(times)
        if end > self.outputs:  # keep every second one
            kept = len(self.segments[::2])
            self.times[:kept], self.states[:kept] = self.times[:end:2], self.states[:end:2]
            self.segments = self.segments[::2]
            self.spacing *= 2.0

    def finish(self, t: float, y: Array, segment: Segment, status: str, reason: str, steps: int) -> Trajectory:
        """The trajectory up to a time, with the state then."""
        count = int(np.searchsorted(self.times[: len(self.segments)], t, side="right"))
        del self.segments[count:]
        if self.times[count - 1] < t:
            self.times[count], self.states[count] = t, y
            self.segments.append(segment)
            count += 1
        return Trajectory(self.times[:count], self.states[:count], self.segments, status, reason, steps)


def _first_time(
    stop: Stop, stepper: Stepper | None, start: float, t: float, y: Array, segment: Segment
) -> tuple[float, Array]:
    """Time within the last step, and the state then, from which on the run may stop.

    So that the end of a run is a property of the case, not of how long the steps happen to be.
    """
    low, high = start, t
    if stepper is None or not low < high:
        return t, y
    for _ in range(30):
        middle = 0.5 * (low + high)
        state = stepper.at(middle)
        if stop(middle, state, segment) is None:
            low = middle
        else:
            high, y = middle, state
    return high, y


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
    """Integrate from the first segment's start to the last one's end, or to a reason to stop.

    Parameters
    ----------
    system : System
        The model.
    y : ndarray
        Initial state.
    segments : sequence of Segment
        Applied pressures, without gaps.
    outputs : int
        Number of stored times, start and end included (at most: a run that stops early stores fewer).
    rtol : float
        Relative tolerance of a step.
    atol : ndarray
        Absolute tolerance of each state.
    solver : str
        Name of one of `STEPPERS`.
    draws_last : bool
        The outflow draws in what it let out last, instead of ending the run.
    stop : callable, optional
        Asked after every step; a status ends the run.
    progress : callable, optional
        Told the share of the time that is done.

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
    again = once(_until(segments, end))  # now that the end is known, stored times are spread over all the way to it
    if again.reason not in ("", found.reason):
        return found
    if not again.reason:  # its last state is that of the event, but for the error of the method and a jump just then
        again.states[-1], again.segments[-1] = found.states[-1], found.segments[-1]
    return replace(again, status=found.status, reason=found.reason)


def integrate_alike(
    system: System, y: Array, segments: Sequence[Segment], *, outputs: int, rtol: float, atol: Array, memory: Array
) -> tuple[Array, Array, list[int]]:
    """Integrate runs that differ in what is applied alone, each through one segment, with nothing to decide on the way.

    They are `integrate`'s runs of the default solver. What that one would act on, an event or a failure, ends a run.

    Parameters
    ----------
    system : System
        The model of all of them, without an outflow.
    y : ndarray, shape (size,)
        Initial state of all of them.
    segments : sequence of Segment
        What is applied in each, all of the same length and without waves.
    outputs, rtol
        Of `integrate`.
    atol : ndarray, shape (runs, size)
        Absolute tolerance of each state.
    memory : ndarray, shape (runs, 3)
        Written: what `System.memory` would hold after each.

    Returns
    -------
    times : ndarray, shape (outputs,)
        Stored times, s.
    states : ndarray, shape (runs, outputs, size)
        States.
    steps : list of int
        Taken by each run; 0 for one that is not to be had in this way.
    """
    first = segments[0]
    recorder = _Recorder(first.end, outputs, True, system.size)
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
            np.append(times, np.inf),  # as there is always one more to come, a run goes on to its end
            kept,
            ends,
        )
    done = (ends[:, 1] == outputs) & (ends[:, 2] == 0)
    return times, kept, np.where(done, ends[:, 0], 0).tolist()


def _until(segments: Sequence[Segment], end: float) -> list[Segment]:
    """What is applied until a time."""
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
    recorder = _Recorder(duration, outputs, stop is None, system.size)
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
                while stored == len(due):  # there was no room for more of the last step; now there is
                    due = recorder.due(segment)
                    _, stored, _ = stepper.advance(due, kept, 0)
                    recorder.store(due[:stored], kept[:stored], segment)
                if stepper.trouble is not None:
                    raise stepper.trouble
                if event.endswith("dry"):
                    return recorder.finish(t, y, segment, "failed", event, steps)
                if event.endswith("wall"):  # what an integrator knows of the past does not hold behind it
                    system.set_walls(t, y, segment)
                    stepper = None
                if event == "turn":
                    events.turn(t, y, segment)
                elif not event:  # a root search does not see one that starts at zero
                    events.look(t, y, segment)
                if event == "backflow":
                    if not draws_last:
                        return recorder.finish(*events.turned, "failed", event, steps)
                    events.draw_in()
                    stepper = None
                if stop is not None and (status := stop(t, y, segment)) is not None:
                    t, y = _first_time(stop, stepper, before_step, t, y, segment)
                    return recorder.finish(t, y, segment, status, "", steps)
                if progress is not None:
                    progress(t / duration)
                if steps >= limit:
                    raise IntegrationError(f"more than {limit} steps")
    except (IntegrationError, NoSolution) as error:
        log.debug("the integrator gave up at t = %g s: %s", t, error)
        return recorder.finish(t, y, segment, "failed", str(error), steps)
    return recorder.finish(t, y, segment, "completed", "", steps)
