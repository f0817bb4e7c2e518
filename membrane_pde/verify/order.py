"""Observed orders: how the error falls with the cells and with the steps.

The coupled problem with moving volumes gets a solution that is made up, and the sources that make it one. Chosen are
the displaced volume X(t) and the left wall concentration; the law of the water flux gives the right one,
``c_2w = c_1w − (ΔΠ − J_v/a)/σ``, the flux law J_s, and on the coordinate y of a side, 0 at its far end and 1 at the
membrane,

    c_i = c_iw + g_i (y² − 1)/2 + e_i(t) (cos 2πy − 1),    g_i = ± L_i (J_v c_iw − J_s)/D_i

which meets every condition at the membrane and at the far ends, so that only sources inside the liquids are needed
(without the cosine a second-order scheme may be spuriously exact). They do not depend on the state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from membrane_pde.model.applied import Segment
from membrane_pde.model.chain import Faces
from membrane_pde.model.interface import Membrane
from membrane_pde.model.mesh import build as build_mesh
from membrane_pde.model.ports import Piston
from membrane_pde.model.problem import Problem
from membrane_pde.model.system import System
from membrane_pde.physics.osmotic import IDEAL, Solution
from membrane_pde.solvers.events import Events
from membrane_pde.solvers.fipy import FipyStepper
from membrane_pde.solvers.integrate import integrate
from membrane_pde.verify.cases import RT, Array, one_solute, side, solve
from membrane_pde.verify.checks import Check, Panel, Series, at_most

SPACE = "manufactured solution of the coupled problem with moving volumes: two sides, J_v that turns round"
TIME = "the same model on the same cells, solved with a tolerance of 1e-11"
WATER, SIGMA, EXCESS, PASSING = 2.0, 0.8, 0.4, 0.3  # a, σ, ΔΠ, P
LENGTHS, DIFFUSIVITY = (1.0, 0.8), (1.0, 0.6)
END = 1.0
_STAGES = 1e-11  # tolerance of a step of FiPy; its stages have a fraction of it


class Manufactured(System):
    """Model with the source terms of the method of manufactured solutions."""

    def __init__(self, cells: int, law: str) -> None:
        self.law, self.sigma = law, 1.0 if law == "solution-diffusion" else SIGMA
        membrane = Membrane(True, WATER / RT, law, (PASSING,), (self.sigma,), (1.0,))
        super().__init__(
            Problem(
                mesh=build_mesh(np.full(cells, LENGTHS[0] / cells), np.full(cells, LENGTHS[1] / cells)),
                membrane=membrane,
                osmotics=Solution(IDEAL, 298.15, (1.0,)).numbers,
                diffusivity=np.array(DIFFUSIVITY)[:, None],
                ports=(Piston(), Piston()),
            )
        )
        self.reach = self.problem.mesh.reach.copy()

    # -- the made-up solution; times are complex numbers, so that a tiny imaginary step gives exact derivatives --
    def _state(
        self, t: Any
    ) -> tuple[Any, Any, Any, tuple[Any, Any], tuple[Any, Any], tuple[Any, Any], tuple[Any, Any]]:
        """X, J_v, J_s; and of both sides length, wall concentration, g, e."""
        displaced, flux, left = 0.25 * np.sin(2 * t), 0.5 * np.cos(2 * t), 1.3 + 0.2 * np.sin(3 * t)
        right = left - (EXCESS - flux / WATER) / self.sigma
        passed = self._solute_flux(flux, left, right)
        lengths = LENGTHS[0] - displaced, LENGTHS[1] + displaced
        g = (
            lengths[0] * (flux * left - passed) / DIFFUSIVITY[0],
            -lengths[1] * (flux * right - passed) / DIFFUSIVITY[1],
        )
        return displaced, flux, passed, lengths, (left, right), g, (0.1 * np.cos(2 * t), 0.05 * np.sin(t + 1))

    def _solute_flux(self, flux: Any, left: Any, right: Any) -> Any:
        if self.law == "solution-diffusion":
            return PASSING * (left - right)
        drag = (1 - self.sigma) * flux
        if self.law == "kedem-katchalsky":
            return PASSING * (left - right) + drag * (left - right) / np.log(left / right)
        peclet = drag / PASSING
        if abs(peclet) < 1e-9:
            return PASSING * (left - right) + drag * (left + right) / 2
        return drag * (left - right * np.exp(-peclet)) / -np.expm1(-peclet)

    def _amounts_at(self, t: Any) -> Any:
        """Amounts in the cells, mol/m^2: exact integrals."""
        _, _, _, lengths, walls, g, e = self._state(t)
        parts = []
        for i, y in enumerate((self.reach[: self.membrane + 1], self.reach[self.membrane :])):
            whole = walls[i] * y + g[i] * (y**3 / 3 - y) / 2 + e[i] * (np.sin(2 * np.pi * y) / (2 * np.pi) - y)
            parts.append(lengths[i] * (np.diff(whole) if i == 0 else -np.diff(whole)))
        return np.concatenate(parts)

    def _fluxes_at(self, t: float) -> Array:
        """Fluxes through the moving faces, mol/m^2/s."""
        _, flux, passed, lengths, walls, g, e = self._state(t)
        out = np.empty(self.cells + 1)
        for i, faces in enumerate((slice(0, self.membrane), slice(self.membrane + 1, None))):
            y = self.reach[faces]
            c = walls[i] + g[i] * (y**2 - 1) / 2 + e[i] * (np.cos(2 * np.pi * y) - 1)
            slope = g[i] * y - 2 * np.pi * e[i] * np.sin(2 * np.pi * y)
            along = slope / lengths[i] * (1 if i == 0 else -1)  # y falls on the right
            out[faces] = flux * y * c - DIFFUSIVITY[i] * along
        out[self.membrane] = passed
        return out

    def source(self, t: float) -> Array:
        """Source term of the amounts in the cells, mol/m^2/s."""
        tiny = 1e-30
        rate = self._amounts_at(t + 1j * tiny).imag / tiny
        return np.asarray(rate + np.diff(self._fluxes_at(t)))

    def start(self) -> Array:
        """The initial state."""
        return self.initial_state(self._amounts_at(0.0)[None, :] / self.problem.mesh.width)

    def exact(self, t: float) -> dict[str, float]:
        """Exact values of the observed quantities."""
        displaced, flux, passed, _, walls, _, _ = self._state(t)
        return {
            "wall, left": float(walls[0]),
            "wall, right": float(walls[1]),
            "water flux": float(flux),
            "solute flux": float(passed),
            "displaced volume": float(displaced),
        }

    def read(self, t: float, y: Array, segment: Segment) -> dict[str, float]:
        """The observed quantities of a state."""
        faces = self.faces(t, y, segment)
        return {
            "wall, left": float(faces.wall_left[0]),
            "wall, right": float(faces.wall_right[0]),
            "water flux": faces.water_flux,
            "solute flux": float(faces.flux[0, self.membrane]),
            "displaced volume": float(y[self.x]),
        }

    # -- what the integrators ask ------------------------------------------------------------------------------------
    def rhs(self, t: float, y: Array, out: Array, segment: Segment) -> None:
        """Write dy/dt into `out`."""
        super().rhs(t, y, out, segment)
        self.amounts(out)[0] += self.source(t)

    def rates(self, t: float, faces: Faces, concentration: Array, segment: Segment) -> Array:
        """dy/dt of an implicit step of FiPy."""
        out = super().rates(t, faces, concentration, segment)
        self.amounts(out)[0] += self.source(t)
        return out


class EvenFipySteps(FipyStepper):
    """FiPy's steps with the source terms, all of equal length."""

    def __init__(self, system: Manufactured, segment: Segment, y: Array) -> None:
        atol = np.full(system.size, _STAGES)
        super().__init__(system, segment, 0.0, y, _STAGES, atol, Events(system, _STAGES, atol))
        solve_one = self.equation.step
        self.now = 0.0  # time of the stage at hand, s

        def step(faces: Faces, amounts: Array, dt: float) -> Array:
            fed = amounts.copy()
            fed[0] += dt * system.source(self.now)
            return solve_one(faces, fed, dt)

        self.equation.step = step  # type: ignore[method-assign]

    def _stage(self, t: float, start: Array, tau: float, flux: float, rates: Array) -> Array | None:
        self.now = t
        return super()._stage(t, start, tau, flux, rates)

    def take(self, steps: int) -> Array:
        """The state at the end of the segment."""
        dt = self.segment.end / steps
        for i in range(steps):
            found = self._advance(dt)
            if found is None:
                raise ArithmeticError("FiPy's iteration did not settle")
            self._accept(dt, found)
            self.t = (i + 1) * dt
        return self.y


def order(quick: bool) -> Iterator[Check | Panel]:
    """Observed orders of accuracy in space and in time."""
    yield from _in_space(quick)
    yield from _by_tolerance(quick)
    yield from _of_fipys_steps(quick)


def _segment(end: float) -> Segment:
    pressed = EXCESS * RT
    return Segment(0.0, end, (pressed, pressed), (0.0, 0.0))


def _solved(system: Manufactured, rtol: float, end: float) -> tuple[Array, int]:
    """The state at the end by CVODE, and its steps."""
    run = integrate(
        system,
        system.start(),
        [_segment(end)],
        outputs=2,
        rtol=rtol,
        atol=np.full(system.size, rtol * 0.01),
        solver="cvode",
        draws_last=False,
    )
    if run.status != "completed":
        raise ArithmeticError(run.reason)
    return run.states[-1], run.steps


def slope_of(x: Any, errors: Any) -> float:
    """Exponent with which errors grow with x, fitted."""
    return float(np.polyfit(np.log(np.asarray(x, float)), np.log(np.asarray(errors, float)), 1)[0])


def _in_space(quick: bool) -> Iterator[Check | Panel]:
    counts = (10, 20, 40) if quick else (10, 20, 40, 80)
    laws = ("spiegler-kedem",) if quick else ("spiegler-kedem", "kedem-katchalsky", "solution-diffusion")
    curves = []
    for law in laws:
        errors: dict[str, list[float]] = {}
        for cells in counts:
            system = Manufactured(cells, law)
            y, _ = _solved(system, 1e-9, END)
            exact, got = system.exact(END), system.read(END, y, _segment(END))
            for key, value in exact.items():
                errors.setdefault(key, []).append(abs(got[key] - value))
        for key, each in errors.items():
            found = slope_of(1.0 / np.array(counts), each)
            yield Check(f"{law}: order in space, {key}", "", 2.0, found, 1.9, 2.3, SPACE)
        finest = max(each[-1] for each in errors.values())
        yield at_most(
            f"{law}: largest error with {counts[-1]} cells a side", "", finest, 0.8 / counts[-1] ** 2 * 10, SPACE
        )
        if law == laws[0]:
            curves = [Series(key, counts, each, ours=True) for key, each in errors.items()]
            top = max(each[0] for each in errors.values())
            curves.append(Series("second order", counts, [top * (counts[0] / n) ** 2 for n in counts]))
    yield Panel("Error in space, manufactured solution", "cells a side", "error", curves, "xy")


def _by_tolerance(quick: bool) -> Iterator[Check | Panel]:
    tolerances = [1e-4, 1e-6, 1e-8] if quick else [1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9]
    system = Manufactured(10 if quick else 20, "spiegler-kedem")
    tight, _ = _solved(system, 1e-11, END)
    scale = np.abs(tight).max()

    def manufactured(rtol: float) -> float:
        y, _ = _solved(system, rtol, END)
        return float(np.abs(y - tight)[: system.x + 1].max() / scale)

    cells = 10 if quick else 20
    best = _unforced("rosenbrock", 1e-11, cells)

    def unforced(solver: str) -> Callable[[float], float]:
        def error(rtol: float) -> float:
            return float(np.abs(_unforced(solver, rtol, cells) - best).max())

        return error

    curves = []
    for name, error, source in (
        ("cvode, manufactured solution", manufactured, TIME),
        ("cvode, leaky membrane", unforced("cvode"), TIME),
        ("rosenbrock, leaky membrane", unforced("rosenbrock"), TIME),
    ):
        errors = [error(rtol) for rtol in tolerances]
        found = slope_of(tolerances, errors)
        yield Check(f"{name}: error ∝ tolerance to the power", "", 1.0, found, 0.75, 1.25, source)
        largest = max(e / rtol for e, rtol in zip(errors, tolerances, strict=True))
        yield at_most(f"{name}: largest error over tolerance", "", largest, 20.0, source)
        curves.append(Series(name, tolerances, errors, ours=True))
    curves.append(Series("error = tolerance", tolerances, tolerances))
    yield Panel("Error in time, by tolerance", "rtol", "error", curves, "xy")


def _unforced(solver: str, rtol: float, cells: int) -> Array:
    """Walls, water flux and length at the end of case C4s of the table of moving volumes."""
    case = one_solute(
        side(1.0, 1.0),
        side(1.0, 0.2, diffusivity={"S": "0.5 m^2/s"}),
        water=1.0 / RT,
        permeability=0.2,
        reflection=0.8,
        mesh={"cells": cells, "finest": f"{1.0 / cells!r} m"},
        duration=0.5,
        outputs=2,
        rtol=rtol,
        solver=solver,
    )
    s = solve(case).summary
    walls = [s[f"wall_concentration_{which}_mol_per_m3"]["S"] for which in ("left", "right")]
    return np.array([*walls, s["water_flux_m_per_s"], s["length_left_m"]])


def _of_fipys_steps(quick: bool) -> Iterator[Check | Panel]:
    system, end = Manufactured(6, "spiegler-kedem"), 0.5
    counts = (4, 8, 16) if quick else (8, 16, 32)
    y, _ = _solved(system, 1e-11, end)
    exact = system.read(end, y, _segment(end))
    errors: dict[str, list[float]] = {}
    for steps in counts:
        got = system.read(end, EvenFipySteps(system, _segment(end), system.start()).take(steps), _segment(end))
        for key, value in exact.items():
            errors.setdefault(key, []).append(abs(got[key] - value))
    for key, each in errors.items():
        found = slope_of(1.0 / np.array(counts), each)
        yield Check(f"FiPy's steps: order in time, {key}", "", 4.0, found, 3.4, 4.6, TIME)
    curves = [Series(key, counts, each, ours=True) for key, each in errors.items()]
    top = max(each[0] for each in errors.values())
    curves.append(Series("fourth order", counts, [top * (counts[0] / n) ** 4 for n in counts]))
    yield Panel("Error in time, FiPy's steps", "steps", "error", curves, "xy")
