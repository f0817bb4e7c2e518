"""Stepper with FiPy: a Runge-Kutta method of order 4 whose implicit stages FiPy's terms and solvers solve."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from membrane_pde.model.applied import Segment
from membrane_pde.model.events import FIRST_WALL
from membrane_pde.model.interface import NoSolution
from membrane_pde.model.mesh import Array
from membrane_pde.model.ports import MADE_UP, bath_flows
from membrane_pde.model.system import System
from membrane_pde.solvers.events import EVENT_NAMES, Events
from membrane_pde.solvers.stepper import ChainSteps, IntegrationError, longest_step

# ESDIRK4(3)6L[2]SA: six stages, of which the first one is explicit, of order 4 with an estimate of order 3. It is
# L-stable and stiffly accurate (the last stage is the new state), and its stages are of order 2. C. A. Kennedy and
# M. H. Carpenter, Appl. Numer. Math. 44 (2003) 139, doi:10.1016/S0168-9274(02)00138-1.
GAMMA = 0.25
STAGES: tuple[tuple[float, ...], ...] = (
    (),
    (1 / 4,),
    (8611 / 62500, -1743 / 31250),
    (5012029 / 34652500, -654441 / 2922500, 174375 / 388108),
    (15267082809 / 155376265600, -71443401 / 120774400, 730878875 / 902184768, 2285395 / 8070912),
    (82889 / 524892, 0.0, 15625 / 83664, 69875 / 102672, -2260 / 8211),
)  # weights of the rates of earlier stages; each stage but the first has the weight GAMMA of its own rates
NODES = (0.0, 1 / 2, 83 / 250, 31 / 50, 17 / 20, 1.0)
ESTIMATE = (
    82889 / 524892 - 4586570599 / 29645900160,
    0.0,
    15625 / 83664 - 178811875 / 945068544,
    69875 / 102672 - 814220225 / 1159782912,
    -2260 / 8211 + 3700637 / 11593932,
    1 / 4 - 61727 / 225920,
)  # weights of the rates in the estimated error
# Factor between the tolerance of a step and that of the run: the errors of few steps hardly add up. Above the relative
# tolerance _FROM the factor falls with the square root of the tolerance.
_SHARE, _FROM = 20.0, 1e-6
_CONVERGED = 0.2  # error of a stage ÷ tolerance of a step at which the stage is accepted
# Assumed relative error of the response to the water flux if it was measured in a step of another length, in a step of
# the same length, or in the present stage.
_RESPONSE_ERROR = (0.3, 0.15, 0.05)
_POINTS = 4  # number of earlier values from which the water flux is extrapolated
_SOLVES = 30  # largest number of linear solves for a stage
_EMPTY = 1e-5  # smallest length of a closed side ÷ initial length after a step; other steps are rejected


class Step(NamedTuple):
    """One step: state and rates at its end, estimated error, and times and water fluxes of its stages."""

    state: Array
    rates: Array
    error: Array
    fluxes: list[tuple[float, float]]


class FipyStepper(ChainSteps):
    """An implicit Runge-Kutta method whose stages are solved by FiPy.

    A stage ``z = y + h Σ a k + γh f(z)`` is one backward-Euler step of FiPy, of the length γh, from ``y + h Σ a k``.
    The equation is linear for a given water flux, which also determines the stretch of the meshes. So a stage has one
    nonlinear unknown: the water flux for which the wall concentrations of FiPy's solution give the same water flux. To
    first order the rates of a stage are linear in the water flux. They are extrapolated with the derivative measured
    last (in an earlier stage, or as the secant of two solves), and the stage is solved again only if the error of this
    derivative could exceed the tolerance. Rates are differences of fluxes of FiPy's solutions, so that amounts are
    conserved to round-off.
    """

    def __init__(
        self, system: System, segment: Segment, t: float, y: Array, rtol: float, atol: Array, events: Events
    ) -> None:
        from membrane_pde.solvers.terms import Equation

        super().__init__(system, segment, t, y, events)
        self.equation = Equation(system)
        share = max(1.0, _SHARE * min(1.0, math.sqrt(_FROM / rtol)))
        self.rtol, self.atol = share * rtol, share * atol
        self.rates = np.empty_like(self.y)
        system.rhs(t, self.y, self.rates, segment)
        self.before = t, self.y, self.rates
        self.fluxes: list[tuple[float, float]] = []  # time and water flux of the stages of the last step
        self.gain = -1.0  # derivative of the residual with respect to the trial water flux
        self.response: Array | None = None  # derivative of the rates of a stage with respect to the water flux
        self.seen = 0.0  # length of the stage in which this derivative was measured, s
        self.given = system.still or system.numbers.pumped
        self.logarithmic = system.numbers.face.logarithmic and not system.still
        self.solves = 0
        self.longest = longest_step(segment)
        self.last_size = 1.0
        speed = self._size(self.rates, self.y, self.y) * self.rtol
        length = segment.end - t
        self.dt = min(1e-3 * length, self.longest, 1e-2 / speed if speed > 0.0 else length)
        self.dt = max(self.dt, 1e-12 * length)

    def _size(self, error: Array, y: Array, new: Array) -> float:
        """Norm of error ÷ tolerance: of the amounts, or ten times the largest one of the other states."""
        x = self.system.x
        share = np.abs(error / (self.rtol * np.maximum(np.abs(y), np.abs(new)) + self.atol))
        return float(max(np.sqrt(np.mean(share[:x] ** 2)), 10.0 * np.max(share[x:])))

    def step(self) -> str:
        """Advance; see `SingleSteps`."""
        for _ in range(60):
            rest = self.segment.end - self.t
            dt = min(self.dt, rest)
            if rest - dt < 1e-9 * dt:
                dt = rest
            elif rest - dt < dt:
                dt = 0.5 * rest
            found = self._advance(dt)
            if found is not None:
                size = self._size(found.error, self.y, found.state)
                if size <= 1.0:
                    break
                self.dt = dt * max(0.2, 0.9 * size**-0.25)
            else:
                self.dt = 0.25 * dt
            if self.dt < 1e-14 * max(self.segment.end, 1e-300):
                raise IntegrationError("FiPy's steps became too short")
        else:
            raise IntegrationError("FiPy's solver found no step small enough")
        size = max(size, 1e-4)
        longer = dt * min(4.0, 0.9 * size**-0.175 * self.last_size**0.1)
        self.last_size = size
        dt, found, event = self._until_event(dt, found)
        self._accept(dt, found)
        self.dt = min(longer, self.longest)
        return event

    def _accept(self, dt: float, step: Step) -> None:
        self.before = self.t, self.y, self.rates
        reached = self.t + dt
        self.t = self.segment.end if dt == self.segment.end - self.t else reached
        self.y, self.rates, self.fluxes = step.state, step.rates, step.fluxes[:-1]

    def at(self, t: float) -> Array:
        """State within the last step, by cubic Hermite interpolation."""
        start, old, rates = self.before
        return _between((t - start) / (self.t - start), self.t - start, old, rates, self.y, self.rates)

    def _until_event(self, dt: float, step: Step) -> tuple[float, Step, str]:
        """Shorten the step to the first event, where its value falls through zero."""
        old_values = self.events(self.t, self.y, self.segment)

        def first_event(dt: float, state: Array) -> str:
            values = self.events(self.t + dt, state, self.segment)
            below = (old_values > 0.0) & (values <= 0.0) | (old_values == 0.0) & (values < 0.0)
            below[FIRST_WALL:] |= (old_values < 0.0)[FIRST_WALL:] & (values >= 0.0)[FIRST_WALL:]
            first_event = np.flatnonzero(below)
            return EVENT_NAMES[1 + int(first_event[0])] if first_event.size else ""

        event = first_event(dt, step.state)
        for _ in range(20):  # find the time by interpolation, solve the step up to it again, and repeat
            if not event:
                break
            low, high = 0.0, 1.0
            for _ in range(40):
                middle = 0.5 * (low + high)
                state = _between(middle, dt, self.y, self.rates, step.state, step.rates)
                low, high = (low, middle) if first_event(middle * dt, state) else (middle, high)
            if high > 1.0 - 1e-9:
                break
            shorter, gap = None, 1e-7
            while high < 1.0:  # the step has to end just after the event
                shorter = self._advance(high * dt)
                if shorter is not None and (there := first_event(high * dt, shorter.state)):
                    dt, step, event = high * dt, shorter, there
                    break
                high, gap = high + gap * (1.0 - high), min(1.0, 30.0 * gap)
            else:
                break
        return dt, step, event

    def _advance(self, dt: float) -> Step | None:
        """Take a step of length dt; None if a stage does not converge."""
        rates, x = [self.rates], self.system.x
        fluxes = [(self.t, float(self.rates[x]))]
        try:
            for part, weights in zip(NODES[1:], STAGES[1:], strict=True):
                start = self.y + dt * sum(w * k for w, k in zip(weights, rates, strict=True) if w)
                t = self.t + part * dt
                k = self._stage(t, start, GAMMA * dt, _extrapolated(self.fluxes + fluxes, t), rates[-1])
                if k is None:
                    return None
                rates.append(k)
                fluxes.append((t, float(k[x])))
        except NoSolution:
            return None
        new = start + GAMMA * dt * rates[-1]
        error = dt * sum(w * k for w, k in zip(ESTIMATE, rates, strict=True) if w)
        return Step(np.asarray(new), rates[-1], np.asarray(error), fluxes)

    def _trial(self, start: Array, tau: float, flux: float, rates: Array) -> Array | None:
        """State at which FiPy's coefficients are computed: widths for a trial water flux, and estimated amounts."""
        system = self.system
        trial = start + tau * rates
        trial[system.x] = start[system.x] + tau * flux
        for side, bath in enumerate(system.numbers.bath):
            if not bath.present:
                continue
            entering = flux if side == 0 else -flux
            fed, bled, _, _ = bath_flows(bath, entering)
            gained = 0.0 if bath.mode == MADE_UP else fed - bled - entering
            trial[system.volume[side]] = start[system.volume[side]] + tau * gained
            if system.bath_volume(trial, side) <= 1e-8 * bath.volume:
                return None
        if min(system.stretch(trial)) <= _EMPTY and not system.still:
            return None
        return np.asarray(trial)

    def _stage(self, t: float, start: Array, tau: float, flux: float, rates: Array) -> Array | None:
        """Rates of a stage; None if no water flux is found."""
        system, segment = self.system, self.segment
        if self.given:
            flux = system.flow(t, start, segment)
        response, response_error, before = self.response, _RESPONSE_ERROR[int(tau == self.seen)], None
        for _ in range(_SOLVES):
            trial = self._trial(start, tau, flux, rates)
            if trial is None:
                return None
            faces = system.faces(t, trial, segment, flow=flux)
            concentration = self.equation.step(faces, system.amounts(start), tau)
            self.solves += 1
            rates = system.rates(t, faces, concentration, segment)
            state = start + tau * rates
            moved = self._size(state - trial, start, state) if self.logarithmic else 0.0
            if self.given:
                if moved <= _CONVERGED:
                    return self._with_work(t, start, tau, rates)
                continue
            residual = system.flow(t, state, segment) - flux
            if before is not None and flux != before[0]:
                self.gain = min(-1.0, (residual - before[1]) / (flux - before[0]))
                response, response_error = (rates - before[2]) / (flux - before[0]), _RESPONSE_ERROR[2]
                self.response, self.seen = response, tau
            before = flux, residual, rates
            change = -residual / self.gain
            if response is not None:
                shift = change * response
                if moved <= _CONVERGED and response_error * self._size(tau * shift, start, state) <= _CONVERGED:
                    return self._with_work(t, start, tau, rates + shift)
            elif change == 0.0 and moved <= _CONVERGED:
                return self._with_work(t, start, tau, rates)
            if response is not None:
                rates = rates + shift
            flux += change
        return None

    def _with_work(self, t: float, start: Array, tau: float, rates: Array) -> Array:
        """Rates of a stage, with the power (rate of the work) evaluated at the state of the stage."""
        there = np.empty_like(rates)
        self.system.rhs(t, start + tau * rates, there, self.segment)
        rates[self.system.work] = there[self.system.work]
        return rates


def _between(part: float, dt: float, old: Array, old_rates: Array, new: Array, new_rates: Array) -> Array:
    """State at the fraction `part` of a step, by cubic Hermite interpolation."""
    rest = 1.0 - part
    correction = rest * dt * old_rates - part * dt * new_rates + (part - rest) * (new - old)
    return np.asarray(rest * old + part * new + part * rest * correction)


def _extrapolated(known: list[tuple[float, float]], t: float) -> float:
    """Value at a time of the polynomial through at most four known values nearest to it."""
    near = sorted(known, key=lambda one: abs(one[0] - t))[:_POINTS]
    total = 0.0
    for i, (time, value) in enumerate(near):
        for j, (other, _) in enumerate(near):
            if i != j:
                value *= (t - other) / (time - other)
        total += value
    return total
