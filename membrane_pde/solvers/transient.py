"""A run in time of any equations: interval by interval, with jumps between them, events and stored states."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from membrane_pde.model.equations import Interval, WatchedEquations
from membrane_pde.model.interface import NoSolution
from membrane_pde.model.mesh import Array
from membrane_pde.solvers.equations_stepper import EquationsStepper
from membrane_pde.solvers.ida import IdaStepper
from membrane_pde.solvers.linear.choice import linear_solver
from membrane_pde.solvers.recorder import Recorder
from membrane_pde.solvers.stepper import MAX_STEPS, IntegrationError, first_time
from membrane_pde.solvers.tolerance import Tolerance

log = logging.getLogger(__name__)

_STEPS_A_INTERVAL = 1000  # additional steps for each interval after the first one
_STEPS_A_REPORT = 100  # steps between two reports of progress
_STEPS_OF_IDA = 10  # as many steps as Rodas5P, and shorter ones


class End(NamedTuple):
    """How a run ends: ``"completed"``, ``"failed"``, … and, of a failure, the reason."""

    status: str
    reason: str = ""


# What comes next, asked at the start, at the end of each interval and at each event: time (s), state, and the name of
# the event or "". It answers with the next interval, which starts there and then, with the same interval again (an
# event that changes nothing), or with an end.
Plan = Callable[[float, Array, str], Interval | End]
Stop = Callable[[float, Array, Interval], str | None]


@dataclass(frozen=True, eq=False)
class Course:
    """Stored states and how the run ended.

    Attributes
    ----------
    times : ndarray, shape (stored,)
        Stored times, s.
    states : ndarray, shape (stored, n)
        States; where two intervals meet, that at the start of the later one.
    intervals : list of Interval
        Interval of each state.
    events : list of (float, str)
        Time and name of each event.
    status : str
        ``"completed"``, ``"failed"``, or what the plan or the rule to stop said.
    reason : str
        Of a failure.
    steps : int
        Steps of the integrator.
    """

    times: Array
    states: Array
    intervals: list[Interval]
    events: list[tuple[float, str]]
    status: str
    reason: str
    steps: int


def in_order(intervals: Sequence[Interval]) -> Plan:
    """The plan that goes through given intervals, without gaps, and ends as failed at an event."""
    rest = iter(intervals)

    def plan(t: float, y: Array, event: str) -> Interval | End:
        return End("failed", event) if event else next(rest, End("completed"))

    return plan


def integrate_equations(
    plan: Plan,
    y: Array,
    end: float,
    tolerance: Tolerance,
    *,
    outputs: int,
    solver: str = "rosenbrock",
    stop: Stop | None = None,
    progress: Callable[[float], None] | None = None,
) -> Course:
    """Integrate from time 0 to an end, or to a reason to stop earlier.

    At the start of each interval the algebraic unknowns are solved anew, so that they may jump with what is applied;
    the differential ones go on from where they are.

    Parameters
    ----------
    plan : callable
        Gives the intervals; see `Plan`. The last one ends at `end`.
    y : ndarray, shape (n,)
        Initial state; its algebraic unknowns are a first guess.
    end : float
        Time at which the run ends at the latest, s.
    tolerance : Tolerance
        Largest error of a step.
    outputs : int
        Number of stored times, start and end included (at most: a run that stops early stores fewer).
    solver : str
        ``"rosenbrock"``, or ``"ida"`` as a check.
    stop : callable, optional
        Asked after every step, with time, state and interval; a status ends the run.
    progress : callable, optional
        Told the share of the time that is done.

    Returns
    -------
    Course
        See there. A failure of the integrator is a status, and what was reached before is there.

    Raises
    ------
    IntegrationError, NoSolution
        No algebraic unknowns fit the initial state.
    """
    recorder: Recorder[Interval] = Recorder(end, outputs, stop is None, len(y))
    t, y, steps, events = 0.0, np.array(y, dtype=float), 0, []
    kept = np.empty((outputs + 2, len(y)))
    limit, at_once = MAX_STEPS * (_STEPS_OF_IDA if solver == "ida" else 1), _STEPS_A_REPORT if stop is None else 1
    event, interval, stepper = "", None, None

    def ended(status: str, reason: str = "") -> Course:
        assert interval is not None
        return Course(*recorder.finish(t, y, interval), events, status, reason, steps)

    try:
        while True:
            following = plan(t, y, event)
            if isinstance(following, End):
                return ended(*following)
            if t >= following.end:
                raise ValueError("an interval that comes next has to end later")
            if following is not interval or stepper is None:
                limit += _STEPS_A_INTERVAL if interval is not None else 0
                interval = following
                stepper = _stepper(solver, interval, t, y, tolerance)
                y = stepper.y
                if not recorder.segments:
                    recorder.store(np.array([t]), y[None, :], interval)
            event = ""
            while not event and t < interval.end:
                due, before = recorder.due(interval), t
                taken, stored, event = stepper.advance(due, kept, min(at_once, limit - steps))
                t, y, steps = stepper.t, stepper.y, steps + taken
                recorder.store(due[:stored], kept[:stored], interval)
                while stored == len(due):  # there was no room for more of the last step; now there is
                    due = recorder.due(interval)
                    _, stored, _ = stepper.advance(due, kept, 0)
                    recorder.store(due[:stored], kept[:stored], interval)
                if stepper.trouble is not None:
                    raise stepper.trouble
                if event:
                    events.append((t, event))
                if stop is not None and (status := stop(t, y, interval)) is not None:
                    t, y = first_time(stop, stepper, before, interval)
                    return ended(status)
                if progress is not None:
                    progress(t / end)
                if steps >= limit:
                    raise IntegrationError(f"more than {limit} steps")
    except (IntegrationError, NoSolution) as error:
        log.debug("the time integration failed at t = %g s: %s", t, error)
        if interval is None or not recorder.segments:
            raise
        return ended("failed", str(error))


def _stepper(
    solver: str, interval: Interval, t: float, y: Array, tolerance: Tolerance
) -> EquationsStepper | IdaStepper:
    """A stepper that begins at a state."""
    equations = interval.equations
    given = equations, t, y, interval.end, tolerance
    watched = equations if isinstance(equations, WatchedEquations) else None
    if solver == "ida":
        return IdaStepper(*given, watched=watched)
    linear = linear_solver(equations, tolerance.sizes)
    return EquationsStepper(*given, linear, watched=watched)
