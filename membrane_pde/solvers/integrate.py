"""Time integration of a `membrane_pde.model.operators.System`: three steppers, one driver.

A stepper walks through one segment of the pressure schedule (a kink is always the end of a segment, never inside a
step) and leaves the states that are due on its way. The driver goes from segment to segment, stores states at even
times, acts on events, and says why it stopped.
"""

from __future__ import annotations

import ctypes
import logging
import math
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from membrane_pde.model.interface import NoSolution
from membrane_pde.model.mesh import Array
from membrane_pde.model.operators import (
    AHEAD,
    COUNTS,
    EVENTS,
    FIRST_WALL,
    FURTHEST,
    OUTFLOW,
    WATCH,
    WAY,
    Segment,
    System,
    segment_row,
)
from membrane_pde.solvers import rosenbrock

log = logging.getLogger(__name__)

MAX_STEPS = 20_000  # minutes of the dearest flux law
_CVODE_STEPS = 10  # as many, and shorter ones
_CVODE_SHARE = 0.01  # of the tolerance at most, for a step of CVODE: hundreds of errors add up
_CVODE_LEAST = 1e-14  # tolerance of a step: round-off
_ROUND_OFF = 1e-12  # of the amounts
_CVODE_ATTEMPTS = 6  # at a step, one fewer than CVODE makes until it gives up
_STEPS_A_PERIOD = 16  # at least, of an oscillating pressure
_STEPS_A_TURN = 1000  # more allowed for each period and each jump or kink of what is applied
_STEPS_A_REPORT = 100  # of progress
_STEPS_UNDECIDED = 1000  # of a run among others
_WORK_AT_ONCE = 10_000_000  # states times steps: about a second of machine code, which does not hear Ctrl-C
# Where a run may stop at any time, states are stored densely first and thinned out as it grows longer, so that one that
# stops early still shows how it went: spacing at first over spacing at the end.
_FIRST_SPACING = 2.0**-12
_EVENTS = (
    "",
    "left dry",
    "right dry",
    "backflow",
    "turn",
    "left wall",
    "right wall",
)  # by the numbers of `model.operators.set_events`, from 1 on
_ERROR = 10.0  # of the displaced volume at most, over the tolerance of one step

Stop = Callable[[float, Array, Segment], str | None]


class IntegrationError(Exception):
    """The integrator gave up; its words."""


class _StartAgain(Exception):
    """CVODE has tried a step too often."""


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


class Events:
    """What ends a step: a side runs dry, the flow of water through an outflow turns, water flows back through it.

    The flow turns where the water flux changes sign; that is remembered, and the step goes on from there. Water flows
    back once more of it has come back than the tolerance of the displaced volume leaves open: what an integrator makes
    of a flow that comes to rest changes its sign at random, but moves no volume.

    Attributes
    ----------
    outflow : int or None
        The side whose flow may turn.
    watch : ndarray, shape (4,)
        Of `model.operators.set_events`.
    turned : tuple
        Time (s), state and segment where the flow turned last.
    """

    def __init__(self, system: System, rtol: float, atol: Array) -> None:
        self.system, self.rtol, self.atol = system, rtol, float(atol[system.x])
        boundary = system.problem.boundary
        self.outflow = boundary.index(OUTFLOW) if OUTFLOW in boundary and not system.still else None
        self.watch = np.zeros(WATCH)
        self.turned: tuple[float, Array, Segment]
        self._set_way(drawing=False)

    def _set_way(self, drawing: bool) -> None:
        # where it is known what is drawn in, there is nothing to watch
        self.drawing = drawing
        self.watch[WAY] = 0.0
        if self.outflow is not None and (drawing or self.system.problem.exterior[self.outflow] is None):
            out = -1.0 if self.outflow == 0 else 1.0
            self.watch[WAY] = -out if drawing else out
            self.watch[FURTHEST] = -math.inf * self.watch[WAY]

    def __call__(self, t: float, y: Array, segment: Segment) -> Array:
        """One value an event, positive until it happens."""
        return self.system.events(t, y, segment, self.watch)

    def begin(self, t: float, y: Array, segment: Segment) -> None:
        """Look which way the water flows where it may have turned at once: at the start, after a jump."""
        self.watch[AHEAD] = 0.0
        self.look(t, y, segment)

    def look(self, t: float, y: Array, segment: Segment) -> None:
        """Look which way the water flows, and remember where it turned."""
        if self.watch[WAY] == 0.0:
            return
        ahead = 1.0 if self.watch[WAY] * self.system.water_flux(t, y, segment) > 0.0 else -1.0
        if ahead != self.watch[AHEAD]:
            self._set_turn(t, y, segment, ahead)

    def turn(self, t: float, y: Array, segment: Segment) -> None:
        """The water flux changed its sign."""
        self._set_turn(t, y, segment, -float(self.watch[AHEAD]))

    def _set_turn(self, t: float, y: Array, segment: Segment, ahead: float) -> None:
        watch, x = self.watch, float(y[self.system.x])
        watch[AHEAD] = ahead
        if watch[WAY] * (x - watch[FURTHEST]) > 0.0:
            watch[FURTHEST] = x
        watch[COUNTS] = _ERROR * (self.atol + self.rtol * abs(float(watch[FURTHEST])))
        if ahead < 0.0:
            self.turned = t, y.copy(), segment

    def draw_in(self) -> None:
        """Water flows back: from now on the outflow draws in what it let out last, or lets out again."""
        system, drawing = self.system, not self.drawing
        assert self.outflow is not None
        _, y, _ = self.turned
        edge = 0 if self.outflow == 0 else -1
        last = system.amounts(y)[:, edge] / system.widths(y)[edge]
        system.draw_in(self.outflow, last if drawing else None)
        self._set_way(drawing)


class Stepper(Protocol):
    """Walks through one segment.

    Attributes
    ----------
    t : float
        Time reached, s.
    y : ndarray
        State there.
    trouble : Exception or None
        Why there is no step from there.
    """

    t: float
    y: Array
    trouble: Exception | None

    def advance(self, due: Array, kept: Array, most: int) -> tuple[int, int, str]:
        """Take steps, to the end of the segment at the furthest.

        Parameters
        ----------
        due : ndarray, shape (n,)
            Times at which the state is wanted, rising; once all of them are served the call is over.
        kept : ndarray, shape (n, size)
            Written: the states.
        most : int
            Steps to take at most; with 0 only what is due of the last one is written.

        Returns
        -------
        int, int, str
            Steps taken, states kept, and the name of the event that ended the last step or ``""``.
        """

    def at(self, t: float) -> Array:
        """State within the last step."""


class RosenbrockStepper:
    """The method of `membrane_pde.solvers.rosenbrock`, whose linear algebra knows the Jacobian's structure."""

    def __init__(
        self, system: System, segment: Segment, t: float, y: Array, rtol: float, atol: Array, events: Events
    ) -> None:
        self.system, self.segment, self.events, self.rtol, self.atol = system, segment, events, rtol, atol
        self.method = rosenbrock.RODAS5P
        self.work = rosenbrock.new_work(self.method, system.size, system.solutes, system.cells)
        self.work.pace[[rosenbrock.TIME, rosenbrock.START]] = t  # as `rosenbrock.begin`, whose loops are slow out here
        self.work.vectors[[rosenbrock.Y, rosenbrock.START_STATE]] = y
        self.t, self.y = t, self.work.vectors[rosenbrock.Y]
        self.trouble: Exception | None = None
        self.longest, self.row = _longest_step(segment), np.array([segment_row(segment)])

    def advance(self, due: Array, kept: Array, most: int) -> tuple[int, int, str]:
        """Take steps; see `Stepper`."""
        ends, goes_on = np.empty((1, 3), dtype=np.int64), np.empty(0)
        memory, atol, states = self.system.memory[None, :], self.atol[None, :], kept[None, :, :]
        given = self.system.numbers, self.row, self.method, self.rtol, atol, self.longest, self.events.watch, memory
        with np.errstate(over="ignore", invalid="ignore"):  # a step that is far too long is tried again, shorter
            rosenbrock.advance(*given, self.work, goes_on, most, due, states, ends)
        steps, stored, event = ends[0].tolist()
        self.t = float(self.work.pace[rosenbrock.TIME])
        if event < 0:
            no_step = event == rosenbrock.NO_STEP
            self.trouble = IntegrationError("its steps became too short") if no_step else NoSolution()
            return steps, stored, ""
        return steps, stored, _EVENTS[event]

    def at(self, t: float) -> Array:
        """State within the last step, by the polynomial of the method."""
        start, length = self.work.pace[rosenbrock.START], self.work.pace[rosenbrock.LENGTH]
        state = np.empty_like(self.y)
        rosenbrock.interpolate(self.method, self.work, float((t - start) / length), state)
        return state


class _SingleSteps:
    """A stepper that is called for each step, `step`, and for each state within the last one, `at`."""

    def __init__(self, system: System, segment: Segment, t: float, y: Array, events: Events) -> None:
        self.system, self.segment, self.events = system, segment, events
        self.t, self.y = t, np.array(y)
        self.trouble: Exception | None = None

    def step(self) -> str:
        """Take one step; the name of the event that ended it or ``""``."""
        raise NotImplementedError

    def at(self, t: float) -> Array:
        """State within the last step."""
        raise NotImplementedError

    def advance(self, due: Array, kept: Array, most: int) -> tuple[int, int, str]:
        """Take steps; see `Stepper`."""
        steps, stored, event = 0, 0, ""
        while True:
            while stored < len(due) and due[stored] <= self.t:
                kept[stored] = self.y if due[stored] == self.t else self.at(float(due[stored]))
                stored += 1
            if event or self.t >= self.segment.end or steps >= most or stored == len(due):
                return steps, stored, event
            try:
                event = self.step()
            except (IntegrationError, NoSolution) as error:
                self.trouble = error
                return steps, stored, ""
            self.system.accept(self.t, self.y, self.segment)
            steps += 1


def _import_cvode() -> Any:
    """CVODE, with one thread unless the user asked for more.

    On small systems SuperLU's threads only wait for each other (0.96 s against 0.04 s of linear algebra in one run).
    """
    threads = os.environ.get("OMP_NUM_THREADS")
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read once, when the library is loaded
    try:
        from sksundae.cvode import CVODE
    except ImportError as error:
        raise IntegrationError(
            'scikit-sundae is not installed here (it has no wheel for some machines); use run.solver = "fipy"'
        ) from error
    finally:
        if threads is None:
            del os.environ["OMP_NUM_THREADS"]
    return CVODE


def _longest_step(segment: Segment) -> float:
    """A step sees a whole oscillation only if it does not jump over a good part of it, s."""
    return segment.shortest_period / _STEPS_A_PERIOD


def _units(system: System, atol: Array) -> Array:
    """A power of two near the size of each state; the same for all amounts of a solute."""
    size = atol.copy()
    system.amounts(size)[:] = size[system.passed][:, None]
    return np.asarray(np.exp2(np.round(np.log2(size))))


class CvodeStepper(_SingleSteps):
    """SUNDIALS' variable-order BDF (through scikit-sundae) with the exact sparse Jacobian.

    It is there to check the default: another method, another program, another way to solve the linear equations. So it
    has to be the more exact of the two. CVODE holds the root mean square of all states' errors in one step to the
    tolerance it is given. An error of the few states that matter (the displaced volume, the cells at the membrane) may
    be larger by the root of the number of states, and what hundreds of steps of a multistep method leave adds up. It is
    therefore given a hundredth of the tolerance of the run, and of more than a hundred states ``0.1 / √size``.

    It is given the states in units of their own size: its linear solver chooses pivots by magnitude, and beside the
    amounts of a salt a trace of something else would be lost in their round-off. The units are powers of two, which
    leaves every digit as it is, and one for each solute, which leaves its amounts adding up.

    After some attempts at a step CVODE gives up, where the solution has a kink; begun anew there, with a short step of
    first order, it goes on.

    A. C. Hindmarsh et al., ACM TOMS 31 (2005), doi:10.1145/1089014.1089020 (as scikit-sundae cites it).
    """

    def __init__(
        self, system: System, segment: Segment, t: float, y: Array, rtol: float, atol: Array, events: Events
    ) -> None:
        super().__init__(system, segment, t, y, events)
        self._unit = _units(system, atol)
        share = max(_CVODE_SHARE / math.sqrt(max(0.01 * system.size, 1.0)), _CVODE_LEAST / rtol)
        self._rtol, self._atol = share * rtol, share * atol
        self._tried: list[float] = []  # ends of the step at hand
        self._balance = self._imbalance(self.y)
        self._start(0.0)

    def _start(self, first_step: float) -> None:
        """Begin at the state reached; with 0 CVODE chooses the first step itself."""
        CVODE = _import_cvode()
        system, segment, unit, events = self.system, self.segment, self._unit, self.events
        longest = _longest_step(segment)
        pattern = system.pattern
        relative = np.repeat(unit, np.diff(pattern.indptr)) / unit[pattern.indices]
        self._tried.clear()

        def rhs(t: float, z: Array, zp: Array) -> None:
            self._note(t)
            try:
                system.rhs(t, z * unit, zp, segment)
            except NoSolution:
                zp[:] = math.nan  # then a shorter step is tried
            zp /= unit

        def jacobian(t: float, z: Array, zp: Array, values: Array) -> None:
            # an error in the first call would end the process: scikit-sundae frees what has not been made yet
            with np.errstate(over="ignore", invalid="ignore"):
                try:
                    values[:] = system.jacobian(t, z * unit, segment) * relative
                except NoSolution:
                    values[:] = math.nan
            if not np.isfinite(values).all():
                values[:] = 0.0  # then a step of this length finds no end, and a shorter one is tried

        def watch(t: float, z: Array, values: Array) -> None:
            values[:] = events(t, z * unit, segment)

        watch.direction = [-1] * FIRST_WALL + [0] * (EVENTS - FIRST_WALL)  # type: ignore[attr-defined]
        with warnings.catch_warnings():  # it warns that the pattern is not used to approximate the Jacobian: as meant
            warnings.simplefilter("ignore", UserWarning)
            self._solver = CVODE(
                rhs,
                jacfn=jacobian,
                sparsity=pattern,
                linsolver="sparse",
                rtol=self._rtol,
                atol=self._atol / unit,
                first_step=first_step,
                max_num_steps=_CVODE_STEPS * MAX_STEPS,
                max_step=longest if math.isfinite(longest) else 0.0,
                max_conv_fails=1000,
                eventsfn=watch,
                num_events=EVENTS,
            )
        # freed before it has solved linear equations, it would end the process (Ctrl-C may come that early): it is kept
        # for good until it has
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._solver))
        self._kept = True
        self._solver.init_step(self.t, self.y / unit)

    def _note(self, t: float) -> None:
        """Count the attempts at a step: CVODE's own message of failure, which it prints, is not to come up."""
        if t <= self.t or t in self._tried:
            return
        if t - self.t < max(1e-14 * self.t, 1e-28 * self.segment.end, 1e-300):
            raise IntegrationError("its steps became too short")
        if len(self._tried) >= _CVODE_ATTEMPTS:
            raise _StartAgain
        self._tried.append(t)

    def step(self) -> str:
        """Advance; see `_SingleSteps`."""
        self._tried.clear()
        while True:
            try:
                answer = self._ask(self.segment.end, "onestep")
                if float(answer.t) == self.t:  # asked for a state within the last step, CVODE first returns to its end
                    answer = self._ask(self.segment.end, "onestep")
                break
            except _StartAgain:
                self._start(0.1 * (min(self._tried) - self.t))
        if self._kept:
            ctypes.pythonapi.Py_DecRef(ctypes.py_object(self._solver))
            self._kept = False
        self.t, self.y = float(answer.t), self._state(answer)
        if answer.i_events is None or float(answer.t_events[-1]) != self.t:  # it lists those of earlier steps, too
            return ""
        return _EVENTS[1 + int(np.flatnonzero(answer.i_events[-1])[0])]

    def at(self, t: float) -> Array:
        """State within the last step, by the polynomial of the method."""
        return self._state(self._ask(t, "normal"))

    def _state(self, answer: Any) -> Array:
        """State of an answer; what passed the membrane by the balance of a side where it was lost in round-off.

        It is the integral of a difference of two fluxes, which in long steps over thin cells are far larger than what
        is left of them; no rate depends on it.
        """
        system, y = self.system, np.ravel(answer.y) * self._unit
        lost = self._imbalance(y) - self._balance
        held = np.abs(system.amounts(y)).sum(axis=1)
        lost[np.abs(lost) <= _ROUND_OFF * held] = 0.0
        y[system.passed] -= lost
        for side, far in enumerate((system.far_left, system.far_right)):
            if system.endless(side):  # what leaves through the membrane comes from behind
                y[far] -= lost
        return y

    def _imbalance(self, y: Array) -> Array:
        """What passed the membrane beyond what the shorter side gained (solutes,), mol/m^2: a constant."""
        system = self.system
        left, right = system.amounts_of_sides(y)
        lengths = system.width[: system.membrane].sum(), system.width[system.membrane :].sum()
        if system.endless(0) and system.endless(1):
            return np.zeros_like(left)
        if system.endless(0) or (lengths[1] <= lengths[0] and not system.endless(1)):
            return np.asarray(y[system.passed] - right - y[system.far_right])
        return np.asarray(y[system.passed] + left - y[system.far_left])

    def _ask(self, t: float, method: str) -> Any:
        try:
            answer = self._solver.step(t, method=method, tstop=self.segment.end)
        except RuntimeError as error:
            raise IntegrationError(str(error)) from error
        if not answer.success:
            raise IntegrationError(str(answer.message))
        return answer


class FipyStepper(_SingleSteps):
    """Backward Euler through FiPy's own terms and solvers; first order, steps by their estimated error.

    Each step solves for the water flux at its end: secant iteration around FiPy's linear solves. The error of a step is
    taken from the change of slope, ``dt² |y''| / 2``, and held to the same weights as CVODE's.
    """

    def __init__(
        self, system: System, segment: Segment, t: float, y: Array, rtol: float, atol: Array, events: Events
    ) -> None:
        from membrane_pde.solvers.terms import Equation

        super().__init__(system, segment, t, y, events)
        self.equation = Equation(system)
        self.rtol, self.atol = rtol, atol
        self.before = t, self.y
        self.slope = np.empty_like(self.y)
        system.rhs(t, self.y, self.slope, segment)
        self.last = 0.0
        self.gain = -1.0  # how the miss of a trial water flux changes with it: the secant of the last iteration
        self.longest = _longest_step(segment)
        self.dt = min((segment.end - t) * 1e-6, self.longest)

    def step(self) -> str:
        """Advance; see `_SingleSteps`."""
        for _ in range(60):
            dt = min(self.dt, self.segment.end - self.t)
            if self.segment.end - self.t - dt < 1e-9 * dt:
                dt = self.segment.end - self.t
            new = self._advance(dt)
            if new is not None:
                slope = (new - self.y) / dt
                error = dt * dt / (dt + self.last) * np.abs(slope - self.slope)
                weight = self.rtol * np.abs(new) + self.atol
                size = float(np.sqrt(np.mean((error / weight)[: self.system.x + 1] ** 2)))
                if size <= 1.0:
                    break
                self.dt = dt * max(0.2, 0.9 / math.sqrt(size))
            else:
                self.dt = 0.25 * dt
            if self.dt < 1e-14 * max(self.segment.end, 1e-300):
                raise IntegrationError("FiPy's steps became too short")
        else:
            raise IntegrationError("FiPy's solver found no step small enough")
        dt, new, event = self._until_event(dt, new)
        self.before = self.t, self.y
        self.slope, self.last = (new - self.y) / dt, dt
        reached = self.t + dt
        self.t, self.y = (self.segment.end if dt == self.segment.end - self.t else reached), new
        self.dt = min(dt * min(2.0, 0.9 / math.sqrt(max(size, 1e-4))), self.longest)
        return event

    def at(self, t: float) -> Array:
        """State within the last step, by the straight line of the method."""
        (start, old), (end, new) = self.before, (self.t, self.y)
        part = (t - start) / (end - start)
        return np.asarray(old + part * (new - old))

    def _until_event(self, dt: float, new: Array) -> tuple[float, Array, str]:
        """Shorten the step to where the first event falls through zero."""
        old_values = self.events(self.t, self.y, self.segment)

        def fallen(dt: float, state: Array) -> str:
            values = self.events(self.t + dt, state, self.segment)
            below = (old_values > 0.0) & (values <= 0.0) | (old_values == 0.0) & (values < 0.0)
            below[FIRST_WALL:] |= (old_values < 0.0)[FIRST_WALL:] & (values >= 0.0)[FIRST_WALL:]
            fallen = np.flatnonzero(below)
            return _EVENTS[1 + int(fallen[0])] if fallen.size else ""

        event = fallen(dt, new)
        if not event:
            return dt, new, ""
        low, high = 0.0, dt
        for _ in range(20):
            middle = 0.5 * (low + high)
            state = self._advance(middle)
            if state is None or fallen(middle, state):
                high = middle
            else:
                low = middle
        state = self._advance(high)
        return (high, state, event) if state is not None else (dt, new, event)

    def _advance(self, dt: float) -> Array | None:
        """State after one implicit step, or None where the iteration does not settle."""
        system, t = self.system, self.t + dt
        trial = self.y.copy()
        flux = float(self.slope[system.x])
        allowed = 1e-3 * (self.rtol * abs(float(self.y[system.x])) + float(self.atol[system.x])) / dt
        before: tuple[float, float] | None = None
        for _ in range(40):
            trial[system.x] = self.y[system.x] + dt * flux
            if min(system.stretch(trial)) <= 1e-5 and not system.still:
                return None
            faces = system.faces(t, trial, self.segment, water_flux=flux)
            concentration = self.equation.step(faces, self.y, dt)
            moved = float(np.max(np.abs(concentration - faces.concentration)) / (np.max(np.abs(concentration)) or 1.0))
            system.amounts(trial)[:] = concentration * faces.width
            miss = system.water_flux(t, trial, self.segment) - flux
            if abs(miss) <= max(allowed, 1e-12 * abs(flux)) and (not self._nonlinear or moved < 1e-10):
                # from the fluxes of FiPy's solution, so that amounts balance face by face
                return np.asarray(self.y + dt * system.rates(t, faces, concentration, self.segment))
            if before is not None and flux != before[0]:
                self.gain = min(-1.0, (miss - before[1]) / (flux - before[0]))
            before = flux, miss
            flux -= miss / self.gain
        return None

    @property
    def _nonlinear(self) -> bool:
        """The flux law's coefficients depend on the concentrations themselves (logarithmic mean)."""
        return self.system.problem.membrane.flux_law == "kedem-katchalsky" and not self.system.still


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
    early = found.reason in _EVENTS[1:4] and 0.0 < end < 0.5 * segments[-1].end
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
    times, method = np.append(first.start, recorder.due(first)[: outputs - 1]), rosenbrock.RODAS5P
    kept, ends = np.empty((len(segments), outputs, system.size)), np.empty((len(segments), 3), dtype=np.int64)
    rows = np.array([segment_row(each) for each in segments])
    work = rosenbrock.new_work(method, system.size, system.solutes, system.cells)
    with np.errstate(over="ignore", invalid="ignore"):
        rosenbrock.advance(
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
    limit = MAX_STEPS * (_CVODE_STEPS if solver == "cvode" else 1) + math.ceil(_STEPS_A_TURN * turns)
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
