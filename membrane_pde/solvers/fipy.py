"""The stepper through FiPy's own terms and solvers."""

from __future__ import annotations

import math

import numpy as np

from membrane_pde.model.applied import Segment
from membrane_pde.model.events import FIRST_WALL
from membrane_pde.model.mesh import Array
from membrane_pde.model.system import System
from membrane_pde.solvers.events import EVENT_NAMES, Events
from membrane_pde.solvers.stepper import IntegrationError, SingleSteps, longest_step


class FipyStepper(SingleSteps):
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
        self.longest = longest_step(segment)
        self.dt = min((segment.end - t) * 1e-6, self.longest)

    def step(self) -> str:
        """Advance; see `SingleSteps`."""
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
            return EVENT_NAMES[1 + int(fallen[0])] if fallen.size else ""

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
