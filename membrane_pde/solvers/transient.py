"""Driver for transient runs of any `Equations`: intervals with jumps between them, events and stored states."""

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
_STEPS_OF_IDA = 10  # factor by which IDA may take more steps than Rodas5P, because its steps are shorter


class End(NamedTuple):
    """Status at the end of a run (``"completed"``, ``"failed"``, …) and, after a failure, the reason."""

    status: str
    reason: str = ""


# A plan is called at the start, at the end of each interval and at each event, with the time (s), the state, and the
# name of the event or "". It returns the next interval, which starts at this time and state, the same interval again
# (if the event changes nothing), or an `End`.
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
        ``"completed"``, ``"failed"``, or the status that the plan or the stop rule returned.
    reason : str
        Reason of a failure.
    steps : int
        Number of integrator steps.
    """

    times: Array
    states: Array
    intervals: list[Interval]
    events: list[tuple[float, str]]
    status: str
    reason: str
    steps: int


def in_order(intervals: Sequence[Interval]) -> Plan:
    """Plan that runs through consecutive intervals and ends with status "failed" at an event."""
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
    """Integrate from time 0 to an end, or until an earlier stop.

    At the start of each interval the algebraic unknowns are solved again, so that they may jump with the inputs; the
    differential unknowns are continuous.

    Parameters
    ----------
    plan : callable
        Returns the intervals; see `Plan`. The last one ends at `end`.
    y : ndarray, shape (n,)
        Initial state; its algebraic unknowns are a first guess.
    end : float
        Latest end of the run, s.
    tolerance : Tolerance
        Tolerance for the error of a step.
    outputs : int
        Number of stored times, start and end included (at most: a run that stops early stores fewer).
    solver : str
        ``"rosenbrock"``, or ``"ida"`` as a check.
    stop : callable, optional
        Called after every step with time, state and interval; if it returns a status, the run ends.
    progress : callable, optional
        Called with the completed fraction of the simulated time.

    Returns
    -------
    Course
        The stored states. After a failure of the integrator, the status says so, and the states before it are stored.

    Raises
    ------
    IntegrationError, NoSolution
        No algebraic unknowns are consistent with the initial state.
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
                while stored == len(due):  # the remaining output times of the last step: there is space for them now
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
    """The stepper of an interval, started from a state."""
    equations = interval.equations
    given = equations, t, y, interval.end, tolerance
    watched = equations if isinstance(equations, WatchedEquations) else None
    if solver == "ida":
        return IdaStepper(*given, watched=watched)
    linear = linear_solver(equations, tolerance.sizes)
    return EquationsStepper(*given, linear, watched=watched)
