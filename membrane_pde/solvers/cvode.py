"""Stepper with SUNDIALS' CVODE, an independent check of the default stepper."""

from __future__ import annotations

import ctypes
import math
import warnings
from typing import Any

import numpy as np

from membrane_pde.model.applied import Segment
from membrane_pde.model.events import EVENTS, FIRST_WALL
from membrane_pde.model.interface import NoSolution
from membrane_pde.model.mesh import Array
from membrane_pde.model.system import System
from membrane_pde.solvers.events import EVENT_NAMES, Events
from membrane_pde.solvers.stepper import MAX_STEPS, ChainSteps, IntegrationError, longest_step
from membrane_pde.solvers.sundials import import_sundials

CVODE_STEPS = 10  # factor by which CVODE may take more steps than the other methods, because its steps are shorter
_CVODE_SHARE = 0.01  # largest fraction of a run's tolerance for one step: the errors of hundreds of steps add up
_CVODE_LEAST = 1e-14  # smallest relative tolerance of a step, which round-off limits
_ROUND_OFF = 1e-12  # relative imbalance of the amounts below which no correction is made
_CVODE_ATTEMPTS = 6  # most attempts at a step; after one more CVODE would give up


class _StartAgain(Exception):
    """CVODE has failed too often at one step."""


def _units(system: System, atol: Array) -> Array:
    """A power of two near the magnitude of each state; the same for all amounts of a solute."""
    size = atol.copy()
    system.amounts(size)[:] = size[system.passed][:, None]
    return np.asarray(np.exp2(np.round(np.log2(size))))


class CvodeStepper(ChainSteps):
    """SUNDIALS' variable-order BDF (through scikit-sundae) with the exact sparse Jacobian.

    It checks the default stepper by another method, another program and another linear solver, so it has to be the
    more accurate of the two. CVODE keeps the root mean square of the errors of all states in one step below its
    tolerance. The error of a few important states (the displaced volume, the cells at the membrane) can be larger than
    that by the square root of the number of states, and the errors of hundreds of steps add up. CVODE is therefore
    given a hundredth of the tolerance of the run, and ``0.1 / √size`` of it for more than a hundred states.

    CVODE sees the states divided by their magnitudes: its linear solver chooses pivots by magnitude, and would lose a
    trace solute in the round-off of a concentrated one. The divisors are powers of two, so that no digit changes, and
    the same for all amounts of a solute, so that their sum is conserved.

    At a kink of the solution CVODE gives up after some attempts at a step. It is then started again from there, with a
    short step of first order.

    A. C. Hindmarsh et al., ACM TOMS 31 (2005), doi:10.1145/1089014.1089020 (as scikit-sundae cites it).
    """

    def __init__(
        self, system: System, segment: Segment, t: float, y: Array, rtol: float, atol: Array, events: Events
    ) -> None:
        super().__init__(system, segment, t, y, events)
        self._unit = _units(system, atol)
        share = max(_CVODE_SHARE / math.sqrt(max(0.01 * system.size, 1.0)), _CVODE_LEAST / rtol)
        self._rtol, self._atol = share * rtol, share * atol
        self._tried: list[float] = []  # the end time of each attempt at the present step
        self._balance = self._imbalance(self.y)
        self._start(0.0)

    def _start(self, first_step: float) -> None:
        """Start CVODE at the state reached; with a first step of 0 it chooses the first step itself."""
        CVODE = import_sundials("cvode").CVODE
        system, segment, unit, events = self.system, self.segment, self._unit, self.events
        longest = longest_step(segment)
        pattern = system.pattern
        relative = np.repeat(unit, np.diff(pattern.indptr)) / unit[pattern.indices]
        self._tried.clear()

        def rhs(t: float, z: Array, zp: Array) -> None:
            self._note(t)
            try:
                system.rhs(t, z * unit, zp, segment)
            except NoSolution:
                zp[:] = math.nan  # makes CVODE try a shorter step
            zp /= unit

        def jacobian(t: float, z: Array, zp: Array, values: Array) -> None:
            # An exception in the first call would crash the process: scikit-sundae frees memory it has not allocated.
            with np.errstate(over="ignore", invalid="ignore"):
                try:
                    values[:] = system.jacobian(t, z * unit, segment) * relative
                except NoSolution:
                    values[:] = math.nan
            if not np.isfinite(values).all():
                values[:] = 0.0  # with this matrix the step does not converge, and CVODE tries a shorter one

        def watch(t: float, z: Array, values: Array) -> None:
            values[:] = events(t, z * unit, segment)

        watch.direction = [-1] * FIRST_WALL + [0] * (EVENTS - FIRST_WALL)  # type: ignore[attr-defined]
        with warnings.catch_warnings():  # CVODE warns that it makes no difference quotients with the sparsity pattern
            warnings.simplefilter("ignore", UserWarning)
            self._solver = CVODE(
                rhs,
                jacfn=jacobian,
                sparsity=pattern,
                linsolver="sparse",
                rtol=self._rtol,
                atol=self._atol / unit,
                first_step=first_step,
                max_num_steps=CVODE_STEPS * MAX_STEPS,
                max_step=longest if math.isfinite(longest) else 0.0,
                max_conv_fails=1000,
                eventsfn=watch,
                num_events=EVENTS,
            )
        # Freeing the solver before its first linear solve would crash the process (Ctrl-C may come that early), so an
        # additional reference keeps it until then.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._solver))
        self._kept = True
        self._solver.init_step(self.t, self.y / unit)

    def _note(self, t: float) -> None:
        """Count the attempts at a step, to stop before CVODE prints a message of failure of its own."""
        if t <= self.t or t in self._tried:
            return
        if t - self.t < max(1e-14 * self.t, 1e-28 * self.segment.end, 1e-300):
            raise IntegrationError("its steps became too short")
        if len(self._tried) >= _CVODE_ATTEMPTS:
            raise _StartAgain
        self._tried.append(t)

    def step(self) -> str:
        """Advance; see `SingleSteps`."""
        self._tried.clear()
        while True:
            try:
                answer = self._ask(self.segment.end, "onestep")
                if float(answer.t) == self.t:  # after a call of `at`, CVODE first returns the end of its last step
                    answer = self._ask(self.segment.end, "onestep")
                break
            except _StartAgain:
                self._start(0.1 * (min(self._tried) - self.t))
        if self._kept:
            ctypes.pythonapi.Py_DecRef(ctypes.py_object(self._solver))
            self._kept = False
        self.t, self.y = float(answer.t), self._state(answer)
        if answer.i_events is None or float(answer.t_events[-1]) != self.t:  # the list also has earlier events
            return ""
        return EVENT_NAMES[1 + int(np.flatnonzero(answer.i_events[-1])[0])]

    def at(self, t: float) -> Array:
        """State within the last step, by the polynomial of the method."""
        return self._state(self._ask(t, "normal"))

    def _state(self, answer: Any) -> Array:
        """State of an answer; the amounts that passed the membrane are corrected with the balance of one side.

        These amounts are integrals of a difference of two fluxes that, in long steps over thin cells, are far larger
        than the difference, so that round-off accumulates. No rate depends on these amounts.
        """
        system, y = self.system, np.ravel(answer.y) * self._unit
        lost = self._imbalance(y) - self._balance
        held = np.abs(system.amounts(y)).sum(axis=1)
        lost[np.abs(lost) <= _ROUND_OFF * held] = 0.0
        y[system.passed] -= lost
        for side, far in enumerate((system.far_left, system.far_right)):
            if system.infinite(side) and not system.problem.mesh.pores[side]:  # as much enters as leaves
                y[far] -= lost
        return y

    def _imbalance(self, y: Array) -> Array:
        """Amounts that passed the membrane minus the gain of the shorter side (solutes,), mol/m^2: constant in time."""
        system = self.system
        left, right = system.amounts_of_sides(y)
        lengths = system.width[: system.membrane].sum(), system.width[system.membrane :].sum()
        if system.infinite(0) and system.infinite(1):
            return np.zeros_like(left)
        if system.infinite(0) or (lengths[1] <= lengths[0] and not system.infinite(1)):
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
