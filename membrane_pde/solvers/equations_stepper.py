"""The steps of `membrane_pde.solvers.rosenbrock` for any equations, by NumPy and a linear solver.

The formulas are those of the loop in `membrane_pde.solvers.walk`, on whole arrays; a test holds both to the same steps.
"""

from __future__ import annotations

import math

import numpy as np

from membrane_pde.model.equations import Equations, WatchedEquations
from membrane_pde.model.interface import NoSolution
from membrane_pde.model.mesh import Array
from membrane_pde.solvers.consistent import consistent_state
from membrane_pde.solvers.linear.interface import LinearSolver, Singular
from membrane_pde.solvers.rosenbrock import (
    DENSE,
    DENSE_WEIGHTS,
    FRESH,
    LENGTH,
    NEXT,
    RODAS5P,
    START,
    START_STATE,
    TIME,
    Y,
    accept_step,
    first_event,
    first_step,
    new_progress,
    reject_step,
    step_to_try,
)
from membrane_pde.solvers.stepper import IntegrationError, SingleSteps
from membrane_pde.solvers.tolerance import ErrorNorm, Tolerance


class EquationsStepper(SingleSteps):
    """Rodas5P for ``M dy/dt = r(t, y)``; see `membrane_pde.solvers.rosenbrock` and `SingleSteps`.

    Parameters
    ----------
    equations : Equations
        Smooth from t to `end`.
    t, end : float
        Times, s.
    y : ndarray, shape (n,)
        State at t; its algebraic unknowns are first solved again.
    tolerance : Tolerance
        Tolerance for the error of a step.
    linear : LinearSolver
        Linear solver for these equations.
    watched : WatchedEquations, optional
        The same equations, if events are to end the steps.
    longest : float
        Largest step length, s.

    Raises
    ------
    IntegrationError, NoSolution
        No algebraic unknowns are consistent with the state.
    """

    def __init__(
        self,
        equations: Equations,
        t: float,
        y: Array,
        end: float,
        tolerance: Tolerance,
        linear: LinearSolver,
        *,
        watched: WatchedEquations | None = None,
        longest: float = math.inf,
    ) -> None:
        self._sizes = tolerance.sizes
        super().__init__(t, consistent_state(equations, t, y, self._sizes), end)
        self.equations, self.linear, self.longest = equations, linear, longest
        self._mass = np.asarray(equations.mass, dtype=float)
        self._rtol, self._norm = tolerance.rtol, ErrorNorm(tolerance, self._mass)
        self._run = new_progress(RODAS5P, len(self.y))
        self._run.step_control[[TIME, START]] = t
        self._run.vectors[[Y, START_STATE]] = self.y
        self._watched = watched
        self._events = np.empty(0) if watched is None else watched.events(t, self.y)
        self._rate, self._time_slope = self.y, self.y

    def step(self) -> str:
        """Take one step; the name of the event that ended it or ``""``."""
        run, step_control, end = self._run, self._run.step_control, self.end
        y = self.y
        if step_control[FRESH] == 0.0:
            self._rate = self.equations.rates(self.t, y)
            self.linear.linearize(self.t, y)
            self._time_slope = self.equations.time_slope(self.t, y)
            step_control[FRESH] = 1.0
        if step_control[NEXT] == 0.0:
            size, speed = self._norm(y, y, y), self._norm(self._mass * self._rate, y, y)
            step_control[NEXT] = first_step(RODAS5P, size, speed, self._rtol, end - self.t)
        while True:
            h = step_to_try(step_control, self.longest, end)
            with np.errstate(over="ignore", invalid="ignore"):  # a step that is far too long is tried again, shorter
                trial, error = self._try(h)
            if error <= 1.0:
                break
            if not reject_step(RODAS5P, step_control, h, error, end):
                raise IntegrationError("its steps became too short")
        run.vectors[START_STATE] = y
        accept_step(RODAS5P, run, h, error, end)
        self._reach(float(step_control[TIME]), trial)
        return self._event()

    def _try(self, h: float) -> tuple[Array, float]:
        """State after a step of length h, and the norm of its error; infinite if a stage cannot be computed."""
        method, stages, y = RODAS5P, self._run.stages, self.y
        (weights, given_on), (nodes, in_time) = method.stages, method.rows[:2]
        gamma, tau = method.gamma, h * method.gamma
        state, rate = y, self._rate
        try:
            self.linear.factorize(tau)
            for i in range(len(stages)):
                right = tau * rate
                if i > 0:
                    state = y + weights[i, :i] @ stages[:i]
                    right = tau * self.equations.rates(self.t + nodes[i] * h, state)
                    right += self._mass * (gamma * given_on[i, :i] @ stages[:i])
                if in_time[i] != 0.0:
                    right += gamma * in_time[i] * h * h * self._time_slope
                stages[i] = self.linear.solve(right)
        except (NoSolution, Singular):
            return y, math.inf
        trial = state + stages[-1]
        return trial, self._norm(stages[-1], y, trial)

    def _reach(self, t: float, y: Array) -> None:
        self.t, self.y = t, y
        self._run.vectors[Y] = y

    def at(self, t: float) -> Array:
        """State within the last step, by the polynomial of the method."""
        run = self._run
        return self._inside(float((t - run.step_control[START]) / run.step_control[LENGTH]))

    def _inside(self, theta: float) -> Array:
        run = self._run
        if theta == 1.0:
            return run.vectors[Y].copy()
        if run.step_control[DENSE] == 0.0:
            run.dense[:] = RODAS5P.rows[DENSE_WEIGHTS:] @ run.stages
            run.step_control[DENSE] = 1.0
        rest, (first, second, third) = 1.0 - theta, run.dense
        inner = first + theta * (second + theta * third)
        return np.asarray(rest * run.vectors[START_STATE] + theta * (run.vectors[Y] + rest * inner))

    # -- events ---------------------------------------------------------------------------------------------------
    def _event(self) -> str:
        """Shorten the last step to the first event in it; return the name of the event or ``""``."""
        if self._watched is None:
            return ""
        before, self._events = self._events, self._watched.events(self.t, self.y)
        number = self._first_event(before, self._events)
        if number == 0:
            return ""
        run, low, high = self._run, 0.0, 1.0
        start, length = float(run.step_control[START]), float(run.step_control[LENGTH])
        for _ in range(60):
            middle = 0.5 * (low + high)
            if not low < middle < high:
                break
            inside = self._first_event(before, self._watched.events(start + middle * length, self._inside(middle)))
            if inside > 0:
                high, number = middle, inside
            else:
                low = middle
        self._shorten_step(high)
        self._events = self._watched.events(self.t, self.y)
        # by round-off of the algebraic unknowns the event may seem not to have happened yet: make its value negative
        self._events[number - 1] = min(float(self._events[number - 1]), -math.ulp(0.0))
        return str(self._watched.event_names[number - 1])

    def _first_event(self, before: Array, now: Array) -> int:
        return first_event(before, now, len(before))

    def _shorten_step(self, fraction: float) -> None:
        """Shorten the last step, and its dense output, to a fraction of its length."""
        run, y = self._run, self._inside(fraction)
        first, second, third = run.dense
        new_third = fraction**4 * third
        new_second = new_third + fraction**3 * (second - third)
        run.dense[:] = np.array([new_second + fraction**2 * (first - second), new_second, new_third])
        run.step_control[LENGTH] *= fraction
        run.step_control[TIME] = run.step_control[START] + run.step_control[LENGTH]
        self._reach(float(run.step_control[TIME]), y)
        self.y = consistent_state(self.equations, self.t, y, self._sizes)
