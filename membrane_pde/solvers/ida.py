"""Stepper with SUNDIALS' IDA, which checks Rodas5P on equations with algebraic rows."""

from __future__ import annotations

import ctypes
import math
import warnings
from typing import Any

import numpy as np

from membrane_pde.model.equations import Equations, WatchedEquations, algebraic_rows
from membrane_pde.model.interface import NoSolution
from membrane_pde.model.mesh import Array
from membrane_pde.solvers.consistent import consistent_state
from membrane_pde.solvers.linear.sparse import Pattern, power_of_two
from membrane_pde.solvers.stepper import MAX_STEPS, IntegrationError, SingleSteps
from membrane_pde.solvers.sundials import import_sundials
from membrane_pde.solvers.tolerance import Tolerance

_SHARE = 0.01  # fraction of the tolerance for one step of IDA: the errors of hundreds of steps add up
_LEAST = 1e-14  # smallest relative tolerance of a step, which round-off limits


class IdaStepper(SingleSteps):
    """SUNDIALS' variable-order BDF for ``M dy/dt = r(t, y)`` (through scikit-sundae), with the exact sparse Jacobian.

    It checks Rodas5P by another method, another program and another linear solver. As the errors of hundreds of steps
    of a multistep method add up, IDA is given a hundredth of the tolerance. The unknowns are scaled by their typical
    magnitudes (powers of two), and each row by a factor that makes its largest entry about 1 at the start, because
    SuperLU chooses pivots by magnitude.

    A. C. Hindmarsh et al., ACM TOMS 31 (2005), doi:10.1145/1089014.1089020 (as scikit-sundae cites it).

    Parameters
    ----------
    equations : Equations
        Smooth from t to `end`; all calls of its Jacobian return the same sparsity pattern.
    t, end : float
        Times, s.
    y : ndarray, shape (n,)
        State at t; its algebraic unknowns are first solved again.
    tolerance : Tolerance
        Tolerance for the error of a step of Rodas5P.
    watched : WatchedEquations, optional
        The same equations, if events are to end the steps.
    """

    def __init__(
        self,
        equations: Equations,
        t: float,
        y: Array,
        end: float,
        tolerance: Tolerance,
        *,
        watched: WatchedEquations | None = None,
    ) -> None:
        super().__init__(t, consistent_state(equations, t, y, tolerance.sizes), end)
        self.equations = equations
        self._mass = np.asarray(equations.mass, dtype=float)
        self._unit = power_of_two(tolerance.sizes)
        jacobian = equations.jacobian(t, self.y)
        self._pattern = Pattern(jacobian)
        self._weight = self._rows(jacobian.data)
        self._kept, self._watched = False, watched
        self._start(tolerance)

    def _rows(self, values: Array) -> Array:
        """Scale factor of each row; a differential row is scaled like its own unknown."""
        pattern = self._pattern
        whole = np.zeros(len(pattern.rows))
        whole[pattern.own] = np.abs(values)
        whole *= self._unit[pattern.columns]
        largest = np.maximum.reduceat(whole[pattern.by_row], pattern.row_starts)
        largest[self._mass != 0.0] = self._unit[self._mass != 0.0]
        if not (largest > 0.0).all():
            raise IntegrationError("an algebraic row does not depend on any unknown")
        return power_of_two(1.0 / largest)

    def _start(self, tolerance: Tolerance) -> None:
        IDA = import_sundials("ida").IDA
        equations, pattern, unit, weight, mass = self.equations, self._pattern, self._unit, self._weight, self._mass
        factor = weight[pattern.rows] * unit[pattern.columns]

        def residual(t: float, z: Array, slope: Array, out: Array) -> None:
            try:
                out[:] = weight * (mass * unit * slope - equations.rates(t, z * unit))
            except NoSolution:
                out[:] = math.nan  # makes IDA try a shorter step

        def jacobian(t: float, z: Array, slope: Array, out: Array, c: float, values: Array) -> None:
            # An exception in the first call would crash the process: scikit-sundae frees memory it has not allocated.
            whole = np.zeros(len(pattern.rows))
            with np.errstate(over="ignore", invalid="ignore"):
                try:
                    whole[pattern.own] = -equations.jacobian(t, z * unit).data
                    whole[pattern.diagonal] += c * mass
                    whole *= factor
                except NoSolution:
                    whole[:] = math.nan
            if not np.isfinite(whole).all():
                whole[:] = 0.0  # with this matrix the step does not converge, and IDA tries a shorter one
            values[:] = whole

        names = () if self._watched is None else self._watched.event_names

        def watch(t: float, z: Array, slope: Array, values: Array) -> None:
            assert self._watched is not None
            values[:] = self._watched.events(t, z * unit)

        watch.direction = [-1] * len(names)  # type: ignore[attr-defined]
        share = max(_SHARE, _LEAST / tolerance.rtol)
        with warnings.catch_warnings():  # IDA warns that it makes no difference quotients with the sparsity pattern
            warnings.simplefilter("ignore", UserWarning)
            rows = algebraic_rows(equations)
            self._solver = IDA(
                residual,
                jacfn=jacobian,
                sparsity=pattern.matrix(),
                linsolver="sparse",
                algebraic_idx=rows.tolist() if len(rows) else None,
                rtol=share * tolerance.rtol,
                atol=share * tolerance.atol / unit,
                max_num_steps=10 * MAX_STEPS,
                max_conv_fails=1000,
                eventsfn=watch if names else None,
                num_events=len(names),
            )
        # Freeing the solver before its first linear solve would crash the process (Ctrl-C may come that early), so an
        # additional reference keeps it until then.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._solver))
        self._kept = True
        slope = mass * equations.rates(self.t, self.y) / unit
        self._solver.init_step(self.t, self.y / unit, slope)

    def step(self) -> str:
        """Advance; see `SingleSteps`."""
        answer = self._ask(self.end, "onestep")
        if float(answer.t) == self.t:  # after a call of `at`, IDA first returns the end of its last step
            answer = self._ask(self.end, "onestep")
        if self._kept:
            ctypes.pythonapi.Py_DecRef(ctypes.py_object(self._solver))
            self._kept = False
        before, self.t, self.y = self.t, float(answer.t), np.ravel(answer.y) * self._unit
        if self.t < self.end and self.t - before < max(1e-14 * self.t, 1e-28 * self.end, 1e-300):
            raise IntegrationError("its steps became too short")
        if self._watched is None or answer.i_events is None or float(answer.t_events[-1]) != self.t:
            return ""  # IDA's list also has the events of earlier steps
        return str(self._watched.event_names[int(np.flatnonzero(answer.i_events[-1])[0])])

    def at(self, t: float) -> Array:
        """State within the last step, by the polynomial of the method."""
        return np.asarray(np.ravel(self._ask(t, "normal").y) * self._unit)

    def _ask(self, t: float, method: str) -> Any:
        try:
            answer = self._solver.step(t, method=method, tstop=self.end)
        except RuntimeError as error:
            raise IntegrationError(str(error)) from error
        if not answer.success:
            raise IntegrationError(str(answer.message))
        return answer
