"""The stepper by SUNDIALS' CVODE, which checks the default one."""

from __future__ import annotations

import ctypes
import math
import os
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

CVODE_STEPS = 10  # as many, and shorter ones
_CVODE_SHARE = 0.01  # of the tolerance at most, for a step of CVODE: hundreds of errors add up
_CVODE_LEAST = 1e-14  # tolerance of a step: round-off
_ROUND_OFF = 1e-12  # of the amounts
_CVODE_ATTEMPTS = 6  # at a step, one fewer than CVODE makes until it gives up


class _StartAgain(Exception):
    """CVODE has tried a step too often."""


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


def _units(system: System, atol: Array) -> Array:
    """A power of two near the size of each state; the same for all amounts of a solute."""
    size = atol.copy()
    system.amounts(size)[:] = size[system.passed][:, None]
    return np.asarray(np.exp2(np.round(np.log2(size))))


class CvodeStepper(ChainSteps):
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
        longest = longest_step(segment)
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
                max_num_steps=CVODE_STEPS * MAX_STEPS,
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
        """Advance; see `SingleSteps`."""
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
        return EVENT_NAMES[1 + int(np.flatnonzero(answer.i_events[-1])[0])]

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
