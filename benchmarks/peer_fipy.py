"""FiPy's own loop: its terms, its implicit steps, its solver, sweeps for what is not linear.

As the documentation does it: `updateOld`, then `sweep` until the residual is small, a step after the other
(https://pages.nist.gov/fipy/en/latest/FAQ.html, "Iterations, timesteps, and sweeps? Oh, my!"). The mesh stays as it is;
what moves with the liquid is rescaled: with q = c L/L0 the equation on the mesh is

    ∂q/∂t = ∂/∂x (D S/s² ∂q/∂x) − ∂(J_v y/s q)/∂x,    s = L/L0, y from 0 at the far end to 1 at the membrane,

S turning the central difference into the exponential flux. FiPy's own exponential convection freezes its diffusion
coefficient at first assembly (issue 1223), and its default tolerance skips the solve of small steps: LU, told 1e-12.
"""

from __future__ import annotations

import os
import sys

import numpy as np
from problem import END, Array, Method, Problem, Read, Solve, water_flux

os.environ["FIPY_SOLVERS"] = "scipy"
_ARGUMENTS, sys.argv = sys.argv, sys.argv[:1]  # which FiPy would read
import fipy  # noqa: E402

sys.argv = _ARGUMENTS

_STILL = 1e-7  # sweeps end when J_v is met that well: far below the error of the steps


class _Loop:
    """Mesh of both compartments with the membrane between them, through which nothing passes; unknown and equation."""

    def __init__(self, problem: Problem) -> None:
        mesh = fipy.Grid1D(dx=problem.arrays[0])
        self.problem = problem
        self.distance = np.asarray(mesh._cellDistances)
        self.q = fipy.CellVariable(mesh=mesh, value=problem.start[:-1], hasOld=True)
        self.spreading, self.speed = fipy.FaceVariable(mesh=mesh), fipy.FaceVariable(mesh=mesh, rank=1)
        self.equation = fipy.TransientTerm() == (
            fipy.DiffusionTerm(coeff=self.spreading) - fipy.CentralDifferenceConvectionTerm(coeff=self.speed)
        )
        self.solver = fipy.LinearLUSolver(tolerance=1e-12)

    def sweep(self, flux: float, displaced: float, dt: float) -> Array:
        """One linear solve for given J_v; the state."""
        _, _, conductance, per_speed, reach, stretching, *_ = self.problem.arrays
        s = 1.0 + displaced * stretching
        speed = flux * reach
        z = (speed * s * per_speed) ** 2
        spreading, carrying = np.zeros_like(self.distance), np.zeros_like(self.distance)
        spreading[1:-1] = conductance * self.distance[1:-1] / s**2 * (1.0 + z / 12.0 - z * z / 720.0)
        carrying[1:-1] = speed / s
        self.spreading.setValue(spreading)
        self.speed.setValue(carrying[None, :])
        self.equation.sweep(var=self.q, dt=dt, solver=self.solver)
        return np.append(self.q.value, displaced)


def _prepare(problem: Problem, steps: float) -> tuple[Solve, Read]:
    # steps that grow with time resolve the start, where all is steep, and meet the times of the table: far better than
    # equal ones, at the same cost
    ends = np.concatenate([[0.0], problem.exact.time])
    weight = np.sqrt(ends)
    pieces = np.maximum(1, np.round(np.diff(weight) / np.sqrt(END) * steps).astype(int))
    times = np.concatenate(
        [np.linspace(a, b, n + 1)[1:] ** 2 for a, b, n in zip(weight[:-1], weight[1:], pieces, strict=True)]
    )
    stored = np.searchsorted(times, problem.exact.time - 1e-12)

    def solve() -> list[Array]:
        loop, state = _Loop(problem), problem.start
        flux, _, _ = water_flux(state, problem.arrays)
        now, kept = 0.0, []
        for step, end in enumerate(times):
            dt, now, displaced = end - now, end, state[-1]
            loop.q.updateOld()
            before = None
            for _ in range(50):
                state = loop.sweep(flux, displaced + dt * flux, dt)
                miss = water_flux(state, problem.arrays)[0] - flux
                if abs(miss) < _STILL:
                    break
                # secant: plain repetition takes several times the sweeps, or does not settle
                gain = -1.0 if before is None else (miss - before[1]) / (flux - before[0])
                before = flux, miss
                flux -= miss / gain
            if step in stored:
                kept.append(state)
        return kept

    def read(kept: list[Array]) -> Array:
        return problem.read(np.array(kept))

    return solve, read


def methods() -> list[Method]:
    """FiPy with few and more steps."""
    return [Method("FiPy's own loop", (25.0, 50.0, 100.0), _prepare, "steps", slow=True)]
