"""Time integration of a `membrane_pde.fv.operators.System`: two steppers, one driver.

A stepper advances one internal step at a time and can be asked for the state anywhere within the last one. The driver
walks through the segments of the pressure schedule (a kink is always the end of a segment, never inside a step), stores
states at even times, finds events, and says why it stopped.
"""

from __future__ import annotations

import logging
import math
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from membrane_pde.fv.interface import NoSolution
from membrane_pde.fv.mesh import Array
from membrane_pde.fv.operators import BATH, CLOSED, OUTFLOW, Segment, System

log = logging.getLogger(__name__)

DRY = 1e-3  # a closed side that has lost all but this share of its length has run dry
EMPTY = 1e-6  # the same for the volume of a bath
MAX_STEPS = 200_000
_STEPS_A_PERIOD = 16  # at least, of an oscillating pressure
_STEPS_A_TURN = 1000  # more allowed for each period and each jump or kink of what is applied
# States are stored densely first and thinned out as the run grows longer, so that one that stops early still shows how
# it went: spacing at first over spacing at the end, for a run that should last its whole duration, and for others.
_FIRST_SPACING = {True: 2.0**-2, False: 2.0**-12}

_LOSING = (CLOSED, BATH)  # boundaries of sides that may run dry

Stop = Callable[[float, Array, Segment], str | None]


class IntegrationError(Exception):
    """The integrator gave up; its words."""


@dataclass
class Trajectory:
    """Stored states and how the run ended.

    Attributes
    ----------
    times, states, segments : list
        Stored times (s), states, and the pressures in force at each.
    status : str
        ``"completed"``, ``"equilibrium"``, ``"steady"`` or ``"failed"``.
    reason : str
        Of a failure: ``"left dry"``, ``"right dry"``, ``"backflow"``, or the integrator's own words.
    steps : int
        Internal steps taken.
    """

    times: list[float] = field(default_factory=list)
    states: list[Array] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    status: str = "completed"
    reason: str = ""
    steps: int = 0

    def store(self, t: float, y: Array, segment: Segment) -> None:
        """Append a copy of a state."""
        self.times.append(t)
        self.states.append(np.array(y))
        self.segments.append(segment)


class Events:
    """Functions of the state whose fall through zero ends a step: a side runs dry, an outflow turns round."""

    def __init__(self, system: System, threshold: float) -> None:
        self.system = system
        self.threshold = threshold  # water flux that counts as flowing back, m/s
        boundary = system.problem.boundary
        self.names = [f"{side} dry" for side, kind in zip(("left", "right"), boundary, strict=True) if kind in _LOSING]
        self.outflow = boundary.index(OUTFLOW) if OUTFLOW in boundary and not system.still else None
        if self.outflow is not None:
            self.names.append("backflow")
        self.drawing = False  # the outflow draws in what it let out last

    def __call__(self, t: float, y: Array, segment: Segment) -> list[float]:
        """One value an event, positive until it happens."""
        problem, shares = self.system.problem, self.system.stretch(y)
        values = [
            shares[side] - DRY if kind == CLOSED else self.system.bath_share(side, y) - EMPTY
            for side, kind in enumerate(problem.boundary)
            if kind in _LOSING
        ]
        if self.outflow is not None:
            if problem.exterior[self.outflow] is not None and not self.drawing:
                values.append(1.0)  # what is drawn in is known: nothing to watch
            else:
                flux = self.system.water_flux_of(t, y, segment) / self.threshold
                outward = -flux if self.outflow == 0 else flux
                values.append(1.0 - outward if self.drawing else 1.0 + outward)
        return values

    def turn(self, y: Array) -> None:
        """The outflow turned round: from now on it draws in what it let out last, or lets out again."""
        system = self.system
        assert self.outflow is not None
        self.drawing = not self.drawing
        edge = 0 if self.outflow == 0 else -1
        width = system.widths(system.stretch(y))
        last = system.amounts(y)[:, edge] / width[edge]
        system.problem.exterior[self.outflow] = last if self.drawing else None


class Stepper(Protocol):
    """One internal step at a time through one segment."""

    def step(self) -> tuple[float, Array, str]:
        """Advance; time, state, and the name of the event that ended the step or ``""``."""

    def at(self, t: float) -> Array:
        """State within the last step."""


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
    for amounts in system.bath:
        if amounts is not None:
            size[amounts] = size[system.passed]
    return np.asarray(np.exp2(np.round(np.log2(size))))


class CvodeStepper:
    """SUNDIALS' variable-order BDF (through scikit-sundae) with the exact sparse Jacobian.

    It is given the states in units of their own size: its linear solver chooses pivots by magnitude, and beside the
    amounts of a salt a trace of something else would be lost in their round-off. The units are powers of two, which
    leaves every digit as it is, and one for each solute, which leaves its amounts adding up.

    A. C. Hindmarsh et al., ACM TOMS 31 (2005), doi:10.1145/1089014.1089020 (as scikit-sundae cites it).
    """

    def __init__(
        self, system: System, segment: Segment, t: float, y: Array, rtol: float, atol: Array, events: Events
    ) -> None:
        CVODE = _import_cvode()
        longest = _longest_step(segment)
        unit = self._unit = _units(system, atol)
        pattern = system.pattern()
        relative = np.repeat(unit, np.diff(pattern.indptr)) / unit[pattern.indices]

        def rhs(t: float, z: Array, zp: Array) -> None:
            system.rhs(t, z * unit, zp, segment)
            zp /= unit

        def jacobian(t: float, z: Array, zp: Array, values: Array) -> None:
            values[:] = system.jacobian(t, z * unit, segment) * relative

        def watch(t: float, z: Array, values: Array) -> None:
            values[:] = events(t, z * unit, segment)

        watch.direction = [-1] * len(events.names)  # type: ignore[attr-defined]
        options: dict[str, object] = {"eventsfn": watch, "num_events": len(events.names)} if events.names else {}
        with warnings.catch_warnings():  # it warns that the pattern is not used to approximate the Jacobian: as meant
            warnings.simplefilter("ignore", UserWarning)
            self._solver = CVODE(
                rhs,
                jacfn=jacobian,
                sparsity=pattern,
                linsolver="sparse",
                rtol=rtol,
                atol=atol / unit,
                max_num_steps=MAX_STEPS,
                max_step=longest if math.isfinite(longest) else 0.0,
                **options,
            )
        self._end, self._t = segment.end, t
        self._names = events.names
        self._solver.init_step(t, y / unit)

    def step(self) -> tuple[float, Array, str]:
        """Advance; see `Stepper`."""
        answer = self._ask(self._end, "onestep")
        if float(answer.t) == self._t:  # asked for a state within the last step, CVODE first returns to its end
            answer = self._ask(self._end, "onestep")
        self._t = float(answer.t)
        event = ""
        if answer.i_events is not None and np.any(answer.i_events):
            event = self._names[int(np.flatnonzero(np.ravel(answer.i_events))[0])]
        return self._t, np.ravel(answer.y) * self._unit, event

    def at(self, t: float) -> Array:
        """State within the last step, by the polynomial of the method."""
        return np.ravel(self._ask(t, "normal").y) * self._unit

    def _ask(self, t: float, method: str) -> Any:
        try:
            answer = self._solver.step(t, method=method, tstop=self._end)
        except (RuntimeError, NoSolution) as error:
            raise IntegrationError(str(error)) from error
        if not answer.success:
            raise IntegrationError(str(answer.message))
        return answer


class FipyStepper:
    """Backward Euler through FiPy's own terms and solvers; first order, steps by their estimated error.

    Each step solves for the water flux at its end: secant iteration around FiPy's linear solves. The error of a step is
    taken from the change of slope, ``dt² |y''| / 2``, and held to the same weights as CVODE's.
    """

    def __init__(
        self, system: System, segment: Segment, t: float, y: Array, rtol: float, atol: Array, events: Events
    ) -> None:
        from membrane_pde.fv.terms import Equation

        self.system, self.segment, self.events = system, segment, events
        self.equation = Equation(system)
        self.rtol, self.atol = rtol, atol
        self.t, self.y = t, np.array(y)
        self.before = t, self.y
        self.slope = np.empty_like(self.y)
        system.rhs(t, self.y, self.slope, segment)
        self.last = 0.0
        self.gain = -1.0  # how the miss of a trial water flux changes with it: the secant of the last iteration
        self.longest = _longest_step(segment)
        self.dt = min((segment.end - t) * 1e-6, self.longest)

    def step(self) -> tuple[float, Array, str]:
        """Advance; see `Stepper`."""
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
        return self.t, self.y, event

    def at(self, t: float) -> Array:
        """State within the last step, by the straight line of the method."""
        (start, old), (end, new) = self.before, (self.t, self.y)
        part = (t - start) / (end - start)
        return np.asarray(old + part * (new - old))

    def _until_event(self, dt: float, new: Array) -> tuple[float, Array, str]:
        """Shorten the step to where the first event falls through zero."""
        names = self.events.names
        old_values = self.events(self.t, self.y, self.segment)

        def fallen(dt: float, state: Array) -> str:
            values = self.events(self.t + dt, state, self.segment)
            return next((n for n, old, value in zip(names, old_values, values, strict=True) if old > 0.0 >= value), "")

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
            cells = system.half_cells(concentration, faces.stretch)
            miss = system.water_flux(t, float(trial[system.x]), cells, self.segment) - flux
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


STEPPERS: dict[str, type[CvodeStepper] | type[FipyStepper]] = {"cvode": CvodeStepper, "fipy": FipyStepper}


class _Recorder:
    """Stores states at even times, and keeps every second one whenever there are more than were asked for."""

    def __init__(self, duration: float, outputs: int, known_end: bool) -> None:
        self.trajectory = Trajectory()
        self.outputs = outputs
        self.duration = duration
        self.spacing = duration / (outputs - 1) * _FIRST_SPACING[known_end]
        self.count = 1

    def due(self, t: float, edge: float) -> float | None:
        """Next time to store, if the run has reached it; one that falls on the edge of a segment is exactly that."""
        nearest = self.count * self.spacing
        for fixed in (edge, self.duration):
            if abs(nearest - fixed) <= 1e-12 * self.duration:
                nearest = fixed
        return nearest if self.trajectory.times[-1] < nearest <= t else None

    def store(self, t: float, y: Array, segment: Segment) -> None:
        record = self.trajectory
        record.store(t, y, segment)
        self.count += 1
        if len(record.times) > self.outputs:  # keep every second one
            record.times, record.states, record.segments = record.times[::2], record.states[::2], record.segments[::2]
            self.spacing *= 2.0
            self.count = len(record.times)


def integrate(
    system: System,
    y: Array,
    segments: Sequence[Segment],
    *,
    outputs: int,
    rtol: float,
    atol: Array,
    solver: str,
    threshold: float,
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
        ``"cvode"`` or ``"fipy"``.
    threshold : float
        Water flux into an outflow that counts as flowing back, m/s.
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
    duration = segments[-1].end
    recorder = _Recorder(duration, outputs, known_end=stop is None)
    record = recorder.trajectory
    record.store(segments[0].start, y, segments[0])
    events = Events(system, threshold)
    t = segments[0].start
    segment = segments[0]
    turns = len(segments) - 1 + sum((each.end - each.start) / each.shortest_period for each in segments)
    most = MAX_STEPS + math.ceil(_STEPS_A_TURN * turns)
    try:
        for each in segments:
            before, segment = segment, each
            y = system.enter(t, y, before, segment)
            system.accept(t, y, segment)
            if recorder.due(t, edge=segment.start) == t:
                recorder.store(t, y, segment)
            last = segment is segments[-1]
            stepper: Stepper | None = None
            while t < segment.end:
                if stepper is None:
                    if events.outflow is not None and events(t, y, segment)[-1] <= 0.0:  # a step of the pressure
                        if not draws_last:
                            return _end(record, t, y, segment, "failed", "backflow")
                        events.turn(y)
                    stepper = STEPPERS[solver](system, segment, t, y, rtol, atol, events)
                t, y, event = stepper.step()
                record.steps += 1
                while (due := recorder.due(t, edge=segment.end)) is not None and (last or due < segment.end):
                    recorder.store(due, y if due == t else stepper.at(due), segment)
                system.accept(t, y, segment)
                if event.endswith("dry"):
                    return _end(record, t, y, segment, "failed", event)
                if event == "backflow":
                    if not draws_last:
                        return _end(record, t, y, segment, "failed", event)
                    events.turn(y)
                    stepper = None
                if stop is not None and (status := stop(t, y, segment)) is not None:
                    return _end(record, t, y, segment, status, "")
                if progress is not None:
                    progress(t / duration)
                if record.steps >= most:
                    raise IntegrationError(f"more than {most} steps")
    except (IntegrationError, NoSolution) as error:
        log.debug("the integrator gave up at t = %g s: %s", t, error)
        return _end(record, t, y, segment, "failed", str(error))
    return _end(record, t, y, segment, "completed", "")


def _end(record: Trajectory, t: float, y: Array, segment: Segment, status: str, reason: str) -> Trajectory:
    record.status, record.reason = status, reason
    if record.times[-1] < t:
        record.store(t, y, segment)
    return record
