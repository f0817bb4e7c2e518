"""run(case) -> Result: the one place that wires case, mesh, system, integrators and analysis together."""

from __future__ import annotations

import functools
import itertools
import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from membrane_pde import __version__, analytic, kernels
from membrane_pde.input import limits, mixture
from membrane_pde.input.case import Case
from membrane_pde.input.casefile import as_case, load_case
from membrane_pde.input.concentrations import known_volume
from membrane_pde.input.errors import CaseError
from membrane_pde.input.parts import SIDES, Compartment
from membrane_pde.input.values import Pressure, Profile
from membrane_pde.physics import energy, temperature
from membrane_pde.physics.osmotic import IDEAL, Solution
from membrane_pde.results import remarks, separation
from membrane_pde.results.result import SERIES, SUMMARY_KEYS, Result, check_size

if TYPE_CHECKING:
    import xarray

    from membrane_pde.model.applied import Segment, Wave
    from membrane_pde.model.mesh import Mesh as Grid
    from membrane_pde.model.observing import Observations
    from membrane_pde.model.problem import Numbers, Problem
    from membrane_pde.model.system import System
    from membrane_pde.solvers.integrate import Stop
    from membrane_pde.solvers.settling import Settling

log = logging.getLogger(__name__)

STANDARD_GRAVITY = 9.80665  # m/s^2, exact by definition (CGPM 1901)
_STEADY = 0.01  # of rtol, so that stopping adds next to nothing to the error of a run
_FINEST = 1e-12  # of a number's scale: below it there is only round-off
_HORIZON = 1e3  # times the duration: in a steady state what is slower counts as not changing
_FIRST = 1e-4  # of the duration: where nothing ever changes, some water has still passed
_EQUILIBRIUM = 1e-8  # of the whole way; then small amounts, too, are within 1e-6 of themselves
# Close to an end state it shows only above the noise of a tighter tolerance.
_STOPPING_RTOL = {"rosenbrock": 2e-9, "cvode": 3e-10}
_TRACE = 1e-10  # of the size of a solute's concentrations or amounts: less is round-off
_GROWTH = 1.015  # of the default mesh from cell to cell
_OF_DIFFUSION, _OF_LAYER = 0.007, 0.03  # its finest cell over what diffuses in the whole time, and over what piles up
_LEAST, _LEAST_OF_LAYER = 60, 30  # cells of an unstirred side; of one that is a layer
_UNESTIMATED = ("amount_error", "cells", "steps", "solve_time_s")  # numbers of the summary about the run itself
_NUMBERS_AT_ONCE = 4_000_000  # of the states of runs that are solved at once
_STEEPEST = 1.12  # where a case says how many cells, they grow by no more than this

Vector = np.ndarray[Any, np.dtype[np.float64]]


class RunError(Exception):
    """A run that could not be finished.

    Attributes
    ----------
    result : Result
        Everything up to the failure; its status is ``failed``.
    """

    def __init__(self, message: str, result: Result) -> None:
        super().__init__(message)
        self.result = result


_T = TypeVar("_T")


def _once(function: Callable[[Case], _T]) -> Callable[[Case], _T]:
    """Compute a property of a case once for as long as it is the case at hand; what comes back is not to be changed."""
    last: tuple[Case | None, Any] = (None, None)

    @functools.wraps(function)
    def call(case: Case) -> _T:
        nonlocal last
        kept = last  # another thread may be at another case
        if kept[0] is not case:
            last = kept = case, function(case)
        return kept[1]

    return call


# -- from the case to numbers ---------------------------------------------------------------------------------------
def _pair(case: Case) -> tuple[Compartment, Compartment]:
    return case.left, case.right


@_once
def _diffusivity(case: Case) -> Vector:
    """(side, solute), m^2/s."""
    return np.array(
        [
            [side.diffusivity.get(name, solute.diffusivity) for name, solute in case.solutes.items()]
            for side in _pair(case)
        ]
    )


def _start(value: float | Profile) -> float:
    """Concentration at the membrane at the start."""
    return value.value[0] if isinstance(value, Profile) else value


def _cell_averages(value: float | Profile, widths: Vector) -> Vector:
    """Averages over cells, listed from the membrane outwards, of a number or a piecewise linear profile."""
    if not isinstance(value, Profile):
        return np.full(len(widths), value)
    edges = np.concatenate([[0.0], np.cumsum(widths)])
    x, c = np.array(value.distance), np.array(value.value)
    if x[0] > 0.0:
        x, c = np.append(0.0, x), np.append(c[0], c)
    x, c = np.append(x, max(edges[-1], x[-1]) * 2.0), np.append(c, c[-1])
    whole = np.concatenate([[0.0], np.cumsum(0.5 * (c[1:] + c[:-1]) * np.diff(x))])
    piece = np.clip(np.searchsorted(x, edges, side="right") - 1, 0, len(x) - 2)
    step = edges - x[piece]
    slope = (c[piece + 1] - c[piece]) / (x[piece + 1] - x[piece])
    integral = whole[piece] + c[piece] * step + 0.5 * slope * step**2
    return np.asarray(np.diff(integral) / widths)


@_once
def _highest(case: Case) -> Vector:
    """Largest concentration of each solute anywhere: its own scale."""
    scale = np.zeros(len(case.solutes))
    for side in _pair(case):
        for s, name in enumerate(case.solutes):
            value = side.concentration[name]
            scale[s] = max(scale[s], *value.value) if isinstance(value, Profile) else max(scale[s], value)
            if isinstance(side.backflow, dict):
                scale[s] = max(scale[s], side.backflow[name])
            if side.feed is not None:
                scale[s] = max(scale[s], side.feed.concentration[name])
    return scale


def _sizes(case: Case) -> Vector:
    """Size of the concentration of each solute: its own scale, and of one that is nowhere the largest of the others."""
    size = _highest(case).copy()
    size[size == 0.0] = size.max() or 1.0
    return size


def _amounts(case: Case) -> Vector:
    """Size of the amount of each solute, mol/m^2."""
    return _sizes(case) * _whole(case)


def _osmotic(case: Case) -> Callable[[Vector], Vector]:
    """Each solute's osmotic pressure (Pa) as a function of the concentrations (..., solute)."""
    return _solution(case).shares


@_once
def _reflection(case: Case) -> Vector:
    return np.array([case.membrane.solutes[name].reflection if case.membrane.solutes else 0.0 for name in case.solutes])


@_once
def _solution(case: Case) -> Solution:
    """The osmotic model; a gas has no osmotic pressure."""
    if case.phase == "gas":
        return Solution(IDEAL, case.temperature, (0.0,) * len(case.solutes))
    return mixture.solution(case)


@_once
def _at_the_start(case: Case) -> tuple[float, float]:
    """Σσπ at both sides of the membrane before anything has moved, Pa."""
    solution, reflection = _solution(case), _reflection(case)
    starts = [[_start(side.concentration[name]) for name in case.solutes] for side in _pair(case)]
    left, right = (float(np.dot(reflection, solution.shares(start))) for start in starts)
    return left, right


@_once
def _largest_osmotic(case: Case) -> float:
    """Scale of the osmotic pressure, Pa."""
    return float(np.abs(_osmotic(case)(_highest(case))).sum())


def _largest_pressures(cases: Sequence[Case]) -> list[float]:
    """Scale of everything that can drive water in each of some cases of one model, Pa."""
    permeability, osmotic = cases[0].membrane.water_permeability, _largest_osmotic(cases[0])
    return [
        max(p.largest / permeability if p.flux else p.largest for p in (case.left.pressure, case.right.pressure))
        + osmotic
        for case in cases
    ]


def _largest_pressure(case: Case) -> float:
    """Scale of everything that can drive water, Pa."""
    return _largest_pressures([case])[0]


def _whole(case: Case) -> float:
    """Length of both sides, m."""
    return case.left.volume_per_area + case.right.volume_per_area


def _closed(side: Compartment) -> bool:
    """Nothing enters or leaves but through the membrane."""
    if side.boundary == "bath":
        return side.feed is None and side.bleed == 0.0
    return side.boundary in ("piston", "standpipe", "elastic", "rigid")


def _held_flux(case: Case) -> str:
    """The side that holds the water flux, or ""."""
    return "left" if case.left.pressure.flux else "right" if case.right.pressure.flux else ""


def _stiffness(case: Case, side: Compartment) -> float:
    """Rise of the pressure with the length gained, Pa/m."""
    if side.boundary == "elastic":
        assert side.modulus is not None
        return side.modulus / side.length
    if side.boundary != "standpipe":
        return 0.0
    return float(temperature.water_density(case.temperature)) * STANDARD_GRAVITY / side.tube_area


def _walls(case: Case) -> tuple[bool, bool]:
    """The sides whose liquid an elastic wall presses on."""
    return case.left.boundary == "elastic", case.right.boundary == "elastic"


def _side_widths(case: Case, index: int) -> Vector:
    """Cell widths of a side from the membrane outwards, m.

    Unless the case says how fine, the cell at the membrane is 0.7 % of what diffuses in the whole time, ``√(D t)``, or
    3 % of the layer that the fastest water flux piles up, ``D/J_v``, whichever is less. Unless it says how many, the
    widths grow by 1.5 % from cell to cell: a layer is resolved by as many cells, whatever its thickness. There are at
    least sixty, which resolve a whole side; thirty where it is a layer in front of a reservoir, a bath or an outflow.
    Where an outflow may draw in another solution, the cells are as fine at the far edge. Where a case says how many,
    they grow by 12 % at most.
    """
    from membrane_pde.model.mesh import graded_widths

    side, cells = _pair(case)[index], case.mesh.cells
    if side.stirred:
        return np.array([side.length])
    finest = case.mesh.finest
    if finest is None:
        slowest = float(_diffusivity(case)[index].min())
        finest = _OF_DIFFUSION * math.sqrt(slowest * case.run.duration)
        if (flow := _fastest_flow(case)) > 0.0:
            finest = min(finest, _OF_LAYER * slowest / flow)
        if cells is not None and cells < 5000:
            finest = max(finest, side.length * (_STEEPEST - 1.0) / (_STEEPEST**cells - 1.0))
    if cells is not None:
        return graded_widths(side.length, cells, min(finest, side.length / cells))
    profile = any(isinstance(value, Profile) for value in side.concentration.values())
    least = _LEAST if profile or _kind(side) == "closed" else _LEAST_OF_LAYER
    parts = 2 if isinstance(side.backflow, dict) else 1
    length = side.length / parts
    cells = max(least // parts, math.ceil(math.log1p((_GROWTH - 1.0) * length / finest) / math.log(_GROWTH)))
    widths = graded_widths(length, cells, min(finest, length / cells))
    return widths if parts == 1 else np.concatenate([widths, widths[::-1]])


def _fastest_flow(case: Case) -> float:
    """The largest water flux to expect, m/s: what drives it at the start, by all that is applied during the run.

    What piles up at the membrane slows the water down; that what has piled up drives it later, when the pressure falls,
    is allowed for with a tenth of all osmotic pressures.
    """
    segments = _segments(case)
    if _held_flux(case):
        return max(abs(flux) for segment in segments for flux in segment.flux)
    left, right = _at_the_start(case)
    waves = sum(abs(wave.amplitude) for wave in segments[0].waves)
    pairs = [pair for each in segments for pair in zip(each.left, each.right, strict=True)]
    drive = max(abs(one - other - (left - right)) for one, other in pairs) + waves
    return case.membrane.water_permeability * max(drive, 0.1 * _largest_pressure(case))


def mesh_of(case: Case) -> dict[str, Vector]:
    """Cell widths (m) of both sides at the start, from the membrane outwards.

    Parameters
    ----------
    case : Case
        The case.

    Returns
    -------
    dict
        ``left_widths`` and ``right_widths``.
    """
    return {"left_widths": _side_widths(case, 0), "right_widths": _side_widths(case, 1)}


def _kind(side: Compartment) -> str:
    """What the far end is to the solver: whatever moves with its liquid is a closed side."""
    return side.boundary if side.boundary in ("reservoir", "bath", "outflow") else "closed"


def _in_pairs(widths: Vector) -> Vector:
    """Half as many cells: two become one (of an odd number the last three do)."""
    return widths if len(widths) < 2 else np.add.reduceat(widths, np.arange(0, len(widths) - 1, 2))


class _Model(NamedTuple):
    """The semi-discrete model of a case, and the cell concentrations (solute, cell) it starts from."""

    case: Case
    problem: Problem
    numbers: Numbers
    concentration: Vector

    def system(self) -> System:
        """One that remembers nothing of the runs of another."""
        from membrane_pde.model.system import System

        return System(self.problem, self.numbers)


_last_model: _Model | None = None


def _model(case: Case, coarser: bool = False, tighter: bool = False) -> _Model:
    """The model of a case, or of one before it that differs in what is applied alone.

    `coarser`: on half the cells; `tighter`: for a tenth of the tolerance.
    """
    global _last_model
    last = _last_model  # looked at once: another thread may put its own there
    kept = None if coarser or tighter or last is None or not _alike(last.case, case) else last
    if kept is not None and kept.case.mesh is case.mesh and case.mesh.finest is not None:
        return kept  # a mesh that does not follow from what is applied
    from membrane_pde.model.mesh import build
    from membrane_pde.model.system import System

    widths = [_side_widths(case, 0), _side_widths(case, 1)]
    if coarser:
        widths = [_in_pairs(each) for each in widths]
    mesh = build(widths[0], widths[1])
    if kept is not None and kept.problem.mesh is mesh:
        return kept
    problem = _problem(case, mesh, _tolerance(case, tighter))
    model = _Model(case, problem, System(problem).numbers, _cells_at_start(case, widths))
    if not coarser and not tighter and "outflow" not in problem.boundary:  # where it changes what is drawn in
        _last_model = model
    return model


def _alike(one: Case, other: Case) -> bool:
    """The models of two cases are the same on the same mesh."""
    names = ("solutes", "phase", "temperature", "osmotic_model")
    if one.membrane is not other.membrane or _held_flux(one) != _held_flux(other):
        return False
    if any(getattr(one, name) != getattr(other, name) for name in names) or _tolerance(one) != _tolerance(other):
        return False
    return all(
        a is b or a.__dict__ | {"pressure": b.pressure} == b.__dict__
        for a, b in zip(_pair(one), _pair(other), strict=True)
    )


def _problem(case: Case, mesh: Grid, rtol: float) -> Problem:
    """What is solved, in numbers; `rtol` is the relative tolerance of the run."""
    from membrane_pde.model.interface import Membrane
    from membrane_pde.model.problem import Bath, Problem

    numbers = case.membrane.solutes.values()
    exterior: list[Vector | None] = []
    baths: list[Bath | None] = []
    for side in _pair(case):
        known = None
        if side.boundary in ("reservoir", "bath"):
            known = np.array([_far_edge(side.concentration[name]) for name in case.solutes])
        elif isinstance(side.backflow, dict):
            known = np.array([side.backflow[name] for name in case.solutes])
        exterior.append(known)
        feed, fed = side.feed, None
        if feed is not None:
            fed = np.array([feed.concentration[name] for name in case.solutes])
        baths.append(Bath(side.volume, fed, feed.flow if feed else None, side.bleed) if side.volume else None)
    return Problem(
        mesh=mesh,
        membrane=Membrane(
            present=case.membrane.type != "none",
            water_permeability=case.membrane.water_permeability,
            flux_law=case.membrane.flux_law,
            permeability=tuple(n.permeability for n in numbers),
            reflection=tuple(n.reflection for n in numbers),
            partition=tuple(n.partition for n in numbers),
        ),
        osmotics=_solution(case).numbers,
        diffusivity=_diffusivity(case),
        boundary=(_kind(case.left), _kind(case.right)),
        stirred=(case.left.stirred, case.right.stirred),
        exterior=exterior,
        stiffness=(_stiffness(case, case.left), _stiffness(case, case.right)),
        rigid="left" if case.left.boundary == "rigid" else "right" if case.right.boundary == "rigid" else "",
        pumped=_held_flux(case),
        baths=(baths[0], baths[1]),
        wall=_walls(case),
        trace=rtol * _sizes(case),
    )


def _cells_at_start(case: Case, widths: Sequence[Vector]) -> Vector:
    """Cell concentrations (solute, cell) at the start."""
    rows = []
    for name in case.solutes:
        left = _cell_averages(case.left.concentration[name], widths[0])
        rows.append(np.concatenate([left[::-1], _cell_averages(case.right.concentration[name], widths[1])]))
    return np.array(rows)


@_once
def _segments(case: Case) -> list[Segment]:
    """What both sides apply, cut wherever one of them has a kink or a jump."""
    from membrane_pde.model.applied import Segment

    duration = case.run.duration
    times = [0.0]
    for kink in sorted(t for side in _pair(case) for t in _kinks(side.pressure, duration)):
        if 1e-12 * duration < kink - times[-1] and kink < (1.0 - 1e-12) * duration:  # 3 · 0.1 s and 0.3 s are one
            times.append(kink)
    times.append(duration)
    left, right, held = case.left.pressure, case.right.pressure, _held_flux(case)
    waves = [(_wave(left), _wave(right))] if left.oscillates or right.oscillates else []
    segments = []
    for start, end in itertools.pairwise(times):
        lines, flux = [_line(left, start, end), _line(right, start, end)], (0.0, 0.0)
        if held == "left":
            lines[0], flux = (0.0, 0.0), lines[0]
        elif held == "right":  # out of the right side is from right to left
            lines[1], flux = (0.0, 0.0), (-lines[1][0], -lines[1][1])
        segments.append(Segment(start, end, lines[0], lines[1], flux, *waves))
    return segments


def _kinks(pressure: Pressure, duration: float) -> Sequence[float]:
    """Times of kinks and jumps, s."""
    if pressure.shape != "pulse":
        return pressure.times
    starts = np.arange(math.ceil(duration / pressure.period)) * pressure.period
    return np.concatenate([starts, starts + pressure.duty * pressure.period]).tolist()


def _wave(pressure: Pressure) -> Wave:
    """What oscillates smoothly about the mean."""
    from membrane_pde.model.applied import Wave

    return Wave(pressure.amplitude, pressure.period) if pressure.shape == "sine" and pressure.amplitude else Wave()


def _line(pressure: Pressure, start: float, end: float) -> tuple[float, float]:
    """Pressure (or flux) at the start and the end of a stretch of time without kinks; of a sine its mean."""
    if pressure.shape != "pulse" and len(pressure.values) == 1:
        return pressure.values[0], pressure.values[0]
    if pressure.shape == "ramp":
        at = np.interp([start, end], pressure.times, pressure.values)
        return float(at[0]), float(at[1])
    value = pressure.at(0.5 * (start + end))
    return value, value


def _scales(cases: Sequence[Case], system: System) -> Vector:
    """Scale of each state (case, size) of some cases of one model: times rtol, its absolute tolerance."""
    case = cases[0]
    concentration, whole = _sizes(case), _whole(case)
    lengths = [side.volume_per_area for side in _pair(case) if _closed(side)] or [whole]
    scale = np.empty((len(cases), system.size))
    system.amounts(scale[0])[:] = concentration[:, None] * system.width
    scale[0, system.far_left] = scale[0, system.far_right] = _amounts(case)
    for place, bath in zip(system.volume, system.problem.baths, strict=True):
        scale[0, place] = whole if bath is None else bath.volume
    scale[1:] = scale[0]
    for row, pressure in zip(scale, _largest_pressures(cases), strict=True):
        flow = case.membrane.water_permeability * pressure * case.run.duration
        displaced = min(flow, *lengths) if flow > 0.0 and not system.still else whole
        row[system.x], row[system.work] = displaced, displaced * (pressure or 1.0)
        row[system.passed] = concentration * _passable(case, displaced, whole)
    return scale


def _passable(case: Case, displaced: float, whole: float) -> Vector:
    """Volume whose solute may pass the membrane, m: by itself, and with the water; at least 1e-4 of all there is."""
    if case.membrane.type == "none":
        return np.full(len(case.solutes), whole)
    numbers = [case.membrane.solutes[name] for name in case.solutes]
    alone = np.array([each.permeability * max(1.0, 1.0 / each.partition) for each in numbers]) * case.run.duration
    drawn = np.array([1.0 - each.reflection for each in numbers]) * displaced
    return np.clip(alone + drawn, 1e-4 * whole, whole)


def _tolerance(case: Case, tighter: bool = False) -> float:
    """Relative tolerance of the steps of a run; `tighter`: a tenth of it."""
    rtol = case.run.rtol
    if case.run.until != "duration":
        rtol = min(rtol, _STOPPING_RTOL.get(case.run.solver, 1.0))
    return 0.1 * rtol if tighter else rtol


def _least_displaced(cases: Sequence[Case], system: System) -> Vector:
    """Displaced volume below which no water has moved in each of some cases of one model, m.

    A billionth of the total length, or the absolute tolerance of the displaced volume where that is larger.
    """
    case = cases[0]
    return np.asarray(np.maximum(1e-9 * _whole(case), _tolerance(case) * _scales(cases, system)[:, system.x]))


# -- the end state and the way to it --------------------------------------------------------------------------------
def _reservoir(case: Case) -> str:
    """The side that is a reservoir beside a closed one, or ""."""
    left, right = _pair(case)
    if left.boundary == "reservoir" and _closed(right):
        return "left"
    return "right" if right.boundary == "reservoir" and _closed(left) else ""


def _is_open(case: Case) -> bool:
    """Something flows in or out for ever: there may be a steady state, but no equilibrium."""
    return not (_closed(case.left) and _closed(case.right)) and not _reservoir(case)


def _far_edge(value: float | Profile) -> float:
    """What a reservoir holds: the value at the far end of the layer in front of it."""
    return value.value[-1] if isinstance(value, Profile) else value


def _end_states(
    cases: Sequence[Case], segments: Sequence[Segment], amounts: tuple[Vector, Vector]
) -> list[analytic.Equilibrium | None]:
    """The analytic equilibrium of cases of one model by their last segments; None where a boundary is open."""
    case = cases[0]
    if _is_open(case):
        return [None] * len(cases)
    if _held_flux(case):
        return [analytic.Equilibrium(None, None, None, None, None, "the flux is held")] * len(cases)
    membrane = case.membrane.type != "none"
    numbers = list(case.membrane.solutes.values())
    reservoir, (left, right) = _reservoir(case), amounts
    if reservoir:
        side = case.left if reservoir == "left" else case.right
        there = side.volume_per_area * np.array([_far_edge(side.concentration[name]) for name in case.solutes])
        left, right = (there, right) if reservoir == "left" else (left, there)
    restless = [each.left.pressure.oscillates or each.right.pressure.oscillates for each in cases]
    found = analytic.equilibrium(  # by what is applied at the end of the run
        [(last.left[1], last.right[1]) for last, never in zip(segments, restless, strict=True) if not never],
        length_left=case.left.volume_per_area,
        length_right=case.right.volume_per_area,
        amount_left=left,
        amount_right=right,
        passes=np.array([n.permeability > 0.0 for n in numbers] if membrane else [True] * len(case.solutes)),
        reflection=_reflection(case),
        partition=np.array([n.partition for n in numbers] if membrane else [1.0] * len(case.solutes)),
        stiffness_left=_stiffness(case, case.left),
        stiffness_right=_stiffness(case, case.right),
        rigid="left" if case.left.boundary == "rigid" else "right" if case.right.boundary == "rigid" else "",
        membrane=membrane,
        water_passes=case.membrane.water_permeability > 0.0,
        osmotic_pressure=_osmotic(case),
        reservoir=reservoir,
        walls=_walls(case),
    )
    ends = iter(found)
    return [
        analytic.Equilibrium(None, None, None, None, None, "the pressure oscillates") if never else next(ends)
        for never in restless
    ]


class _Goal:
    """Where runs of one model end (case), and how far they are from there: 1 at the start, 0 there, nan without one."""

    def __init__(
        self,
        system: System,
        y: Vector,
        amounts: tuple[Vector, Vector],
        ends: Sequence[analytic.Equilibrium | None],
    ):
        self.system, self.ends = system, ends
        self.least = 1e-12 * float(amounts[0].sum() + amounts[1].sum())  # of a way to the goal
        # of X; nan where it ends where it began: water that moved on the way has to come back, which is no part of this
        self.displaced = np.full(len(ends), np.nan)
        self.concentration = np.full((len(ends), 2, system.solutes), np.nan)
        small = 1e-12 * float(system.width.sum())
        for i, end in enumerate(ends):
            if end is None:
                continue
            if end.displaced_volume is not None and abs(end.displaced_volume) > small:
                self.displaced[i] = end.displaced_volume
            if end.concentration_left is not None and end.concentration_right is not None:
                self.concentration[i] = end.concentration_left, end.concentration_right
        self._start = y

    def distance(self, displaced: Vector, spread: Vector) -> Vector:
        """The distance of states (case, time), by X and what `System.observe` says; the first ones are the start."""
        by_water = np.abs(displaced - self.displaced[:, None]) / np.abs(self.displaced[:, None])
        at_start = spread[:, :1]
        by_solute = spread / np.where(at_start > self.least, at_start, np.nan)
        return np.asarray(np.fmax(by_water, by_solute))

    def came_back(self, y: Vector) -> bool:
        """No water of the one run is away from where it was, where that is the end."""
        (end,), mesh = self.ends, self.system.problem.mesh
        if end is None or end.displaced_volume is None or not np.isnan(self.displaced[0]):
            return True
        return abs(float(y[self.system.x])) <= _EQUILIBRIUM * min(mesh.length_left, mesh.length_right)

    def __call__(self, y: Vector) -> float:
        """The distance of a state of the one run."""
        spread = self._initial, self.system.spread(y, self.concentration[0])
        return float(self.distance(np.array([[0.0, y[self.system.x]]]), np.array([spread]))[0, 1])

    @functools.cached_property
    def _initial(self) -> float:
        return self.system.spread(self._start, self.concentration[0])


def _stop_rule(case: Case, system: System, goal: _Goal, segments: Sequence[Segment]) -> Stop | None:
    """When a run that does not go on for its whole duration may stop."""
    if case.run.until == "duration":
        return None
    settled = segments[-1]
    rests = _settling(case, system, settled)

    def stop(t: float, state: Vector, segment: Segment) -> str | None:
        if segment.start != settled.start:
            return None
        if case.run.until == "equilibrium" and not math.isnan(gone := goal(state)):
            return "equilibrium" if gone <= _EQUILIBRIUM and goal.came_back(state) else None
        if not segment.level:
            return None
        return "steady" if rests(t, state, segment) and t >= _FIRST * settled.end else None

    return stop


def _settling(case: Case, system: System, last: Segment) -> Settling:
    """Judges whether a state is steady, by the accuracy asked for."""
    from membrane_pde.solvers.settling import Settling

    pressure, highest = _largest_pressure(case), _highest(case)
    return Settling(
        system,
        horizon=_HORIZON * last.end,
        allowed=max(_STEADY * case.run.rtol, _FINEST),
        threshold=_thresholds([case])[0],
        bounded=any(_closed(side) for side in _pair(case)),
        scales=(
            case.left.volume_per_area + case.right.volume_per_area,
            pressure or 1.0,
            case.membrane.water_permeability * pressure,
        ),
        highest=np.where(highest > 0.0, highest, 1.0),
    )


def compile_kernels() -> Path:
    """Make machine code of the kernels, for this process and for later ones.

    Returns
    -------
    Path
        Where it is kept, in the user's cache.

    Raises
    ------
    CaseError
        If numba is not installed.
    OSError
        If the user's cache cannot be written.
    """
    if not kernels.available():
        raise CaseError('numba is not installed here: pip install "membrane-pde[fast]"')
    kernels.begin()
    try:
        _call_every_kernel()
        return kernels.keep()
    finally:
        kernels.give_up()


def _call_every_kernel() -> None:
    """Call every entry point that is compiled, each with arguments of the types that it gets."""
    from membrane_pde.model.events import WATCH

    case = load_case("osmosis").with_values({"mesh.cells": 4, "run.duration": "1 s", "run.outputs": 2})
    run(case.with_values({"osmotic_model": "pitzer", "run.until": "steady"}))
    model = _model(case)
    system, segment = model.system(), _segments(case)[0]
    y = system.initial_state(model.concentration)
    system.rhs(0.0, y, np.empty(system.size), segment)
    system.jacobian(0.0, y, segment)
    system.events(0.0, y, segment, np.zeros(WATCH))
    system.water_flux(0.0, y, segment)


# -- running --------------------------------------------------------------------------------------------------------
def run(case: Case | str | Path, progress: Callable[[float], None] | None = None) -> Result:
    """Solve a case.

    Parameters
    ----------
    case : Case, str or Path
        From `load_case`, or what it takes: a file's path, or the name of a shipped case.
    progress : callable, optional
        Told the share of the simulated time that is done.

    Returns
    -------
    Result
        Summary, series, profiles.

    Raises
    ------
    CaseError
        If it would store more than a result may have.
    RunError
        If a side runs dry, an outflow flows back without `backflow`, or the integrator gives up; the error carries the
        result up to then.
    """
    begun, case = time.perf_counter(), as_case(case)
    check_size(case, sum(len(_side_widths(case, side)) for side in (0, 1)))
    runs = _solved(case, progress)
    series = _series(runs)
    (summary,) = _summaries(runs, series)
    summary["equilibrium"] = _goal_summary(runs)
    profiles = _profiles(runs.system, runs.states[0])
    result = Result(case, summary, {"time": runs.times, **{name: each[0] for name, each in series.items()}, **profiles})
    summary["solve_time_s"] = time.perf_counter() - begun
    log.info("%s: %s after %d steps", case.name, summary["status"], summary["steps"])
    if summary["status"] == "failed":
        raise RunError(summary["message"], result)
    return result


def summarize(case: Case, model: _Model | None = None) -> dict[str, Any]:
    """Solve a case for its summary alone, also where the run fails.

    Parameters
    ----------
    case : Case
        From `load_case`.
    model : optional
        Of the case, where it is known.

    Returns
    -------
    dict
        As of a `Result`; ``status`` is ``failed`` and ``message`` says why if the run could not be finished.
    """
    begun = time.perf_counter()
    runs = _solved(case, model=model)
    (summary,) = _summaries(runs, _series(runs))
    summary["equilibrium"] = _goal_summary(runs)
    summary["solve_time_s"] = time.perf_counter() - begun
    return summary


def summarize_all(cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Solve many cases for their summaries alone; such as differ in what is applied, and stand together, at once.

    Parameters
    ----------
    cases : sequence of Case
        From `load_case`.

    Returns
    -------
    list of dict
        As of `summarize`, but without ``equilibrium``.
    """
    summaries: list[dict[str, Any]] = []
    for group in _groups(cases):
        begun = time.perf_counter()
        runs, done = _solved_at_once(group) if group.segments else (None, [False])
        together = iter([] if runs is None else _summaries(runs, _series(runs, ends=not _has_range(group.cases[0]))))
        seconds = (time.perf_counter() - begun) / max(sum(done), 1)
        for case, there in zip(group.cases, done, strict=True):
            summary = next(together) if there else summarize(case, group.model)
            if there:
                summary["solve_time_s"] = seconds
            summaries.append(summary)
    return summaries


def check_accuracy(result: Result, progress: Callable[[float], None] | None = None) -> dict[str, Any]:
    """Estimate how far the numbers of a run are from those of the exact solution of its equations.

    The case is run again on half the cells, and with a tenth of the tolerance. An error of order 2 in the cells is a
    third of what the first changes (Richardson); one in proportion to the tolerance is 10/9 of what the second does
    (with ``run.solver = "fipy"``, where it goes with its root, 1.46 times it). The estimate is their sum. To a run that
    stopped at equilibrium or in a steady state comes what its numbers still change by when it goes on to
    ``run.duration`` (or ten times as long, if that is more); but for what flows on for ever between two open sides.

    Parameters
    ----------
    result : Result
        Of `run`.
    progress : callable, optional
        Told the share of the work that is done.

    Returns
    -------
    dict
        For each number of the summary (but those about the run itself) its error, in the same unit and under the same
        key; of solutes by name. None where the number is null.

    Raises
    ------
    RunError
        If one of the runs ends otherwise than the one that is checked.
    """
    case, status, end = result.case, result.summary["status"], result.summary["end_time_s"]
    share = 1.0 / (1.0 - 10.0 ** -(0.5 if case.run.solver == "fipy" else 1.0))
    ways: list[tuple[str, str, Callable[[], _Runs]]] = [
        ("on half the cells", status, lambda: _solved(case, coarser=True)),
        ("with a tenth of the tolerance", status, lambda: _solved(case, tighter=True)),
    ]
    if status in ("equilibrium", "steady"):
        ways.append(
            ("after it had gone on", "completed", lambda: _solved(case, until=max(case.run.duration, 10.0 * end)))
        )
    found: list[dict[str, Any]] = []
    for how, expected, solve in ways:
        runs = solve()
        (summary,) = _summaries(runs, _series(runs))
        if progress is not None:
            progress((len(found) + 1) / len(ways))
        if summary["status"] != expected:
            message = f'no estimate of the error: {how} the run ended as "{summary["status"]}". {summary["message"]}'
            raise RunError(message.strip(), result)
        found.append(summary)

    def error(value: Any, coarse: Any, tight: Any, later: Any) -> Any:
        if isinstance(value, dict):
            return {name: error(one, coarse[name], tight[name], later and later[name]) for name, one in value.items()}
        if value is None or coarse is None or tight is None:
            return None
        return abs(value - coarse) / 3.0 + abs(value - tight) * share + (0.0 if later is None else abs(value - later))

    resting = _comes_to_rest(case)
    coarse, tight = found[:2]
    later = {key: value for key, value in found[2].items() if key in resting} if len(found) > 2 else {}
    return {
        key: error(value, coarse[key], tight[key], later.get(key))
        for key, value in result.summary.items()
        if key not in _UNESTIMATED and key not in ("equilibrium", "error_estimate") and not isinstance(value, str)
    }


def _comes_to_rest(case: Case) -> set[str]:
    """Numbers of the summary that have an end where a run has one: between open sides the water flows on."""
    flows_on = {"displaced_volume_m", "amount_transferred_mol_per_m2", "energy_J_per_m2", "throttled_energy_J_per_m3"}
    flows_on |= {"collected_concentration_mol_per_m3", "collected_rejection"}
    return set(SERIES) - (set() if any(_closed(side) for side in _pair(case)) else flows_on)


class _Runs(NamedTuple):
    """Solved runs of cases of one model.

    Attributes
    ----------
    cases : sequence of Case
        Which.
    system : System
        The model of all of them.
    goal : _Goal
        Where they end.
    times : ndarray, shape (times,)
        Stored times, s.
    states : ndarray, shape (runs, times, size)
        States.
    segments : list of list of Segment
        What is applied, (run, time).
    endings : list of (str, str, int)
        Status, reason of a failure, and steps of each.
    memory : ndarray, shape (runs, 3)
        What each has left in the memory of the model.
    """

    cases: Sequence[Case]
    system: System
    goal: _Goal
    times: Vector
    states: Vector
    segments: list[list[Segment]]
    endings: list[tuple[str, str, int]]
    memory: Vector

    @property
    def sides(self) -> tuple[separation.Side, separation.Side]:
        """What the two sides held, and what flowed in and out of them."""
        return separation.sides_of(self.cases[0], self.system, self.times, self.states)


def _solved(
    case: Case,
    progress: Callable[[float], None] | None = None,
    coarser: bool = False,
    tighter: bool = False,
    model: _Model | None = None,
    until: float | None = None,
) -> _Runs:
    """One run; on half the cells, with a tenth of the tolerance, of a model that is known, until a time at any rate."""
    from membrane_pde.solvers.integrate import integrate

    model = model or _model(case, coarser, tighter)
    system, segments = model.system(), _segments(case)
    if until is not None and segments[-1].level:
        segments = [*segments[:-1], segments[-1]._replace(end=until)]
    y = system.initial_state(model.concentration)
    amounts = system.amounts_of_sides(y)
    goal = _Goal(system, y, amounts, _end_states([case], segments[-1:], amounts))
    (scale,), rtol = _scales([case], system), _tolerance(case, tighter)
    found = integrate(
        system,
        y,
        segments,
        outputs=case.run.outputs,
        rtol=rtol,
        atol=rtol * scale,
        solver=case.run.solver,
        draws_last="last" in (case.left.backflow, case.right.backflow),
        stop=None if until is not None else _stop_rule(case, system, goal, segments),
        progress=progress,
    )
    endings = [(found.status, found.reason, found.steps)]
    return _Runs([case], system, goal, found.times, found.states[None], [found.segments], endings, system.memory[None])


class _Group(NamedTuple):
    """Cases of one model that stand together, and the one segment of each; empty where a case is to be solved alone."""

    cases: list[Case]
    segments: list[Segment]
    model: _Model


def _groups(cases: Sequence[Case]) -> Iterator[_Group]:
    """Cases in groups that can be solved at once."""
    group: _Group | None = None
    for case in cases:
        model, segments = _model(case), _undecided(case)
        if group is not None:
            alike = segments and group.segments and model is group.model and case.run is group.cases[0].run
            if alike and len(group.cases) * case.run.outputs * model.concentration.size < _NUMBERS_AT_ONCE:
                group.cases.append(case)
                group.segments.extend(segments)
                continue
            yield group
        group = _Group([case], segments, model)
    if group is not None:
        yield group


def _undecided(case: Case) -> list[Segment]:
    """The one segment of a case in which nothing happens on the way that the model does not know of; else none."""
    left, right, run = case.left, case.right, case.run
    if run.until != "duration" or run.solver != "rosenbrock" or "outflow" in (left.boundary, right.boundary):
        return []
    if left.pressure.oscillates or right.pressure.oscillates:
        return []
    segments = _segments(case)
    return segments if len(segments) == 1 else []


def _solved_at_once(group: _Group) -> tuple[_Runs | None, list[bool]]:
    """The runs of a group but for those that something happens to, and which are among them."""
    from membrane_pde.solvers.integrate import integrate_alike

    cases, segments, model = group
    system = model.system()
    y, rtol = system.initial_state(model.concentration), cases[0].run.rtol
    memory = np.zeros((len(cases), 3))
    times, states, steps = integrate_alike(
        system,
        y,
        segments,
        outputs=cases[0].run.outputs,
        rtol=rtol,
        atol=rtol * _scales(cases, system),
        memory=memory,
    )
    done = [taken > 0 for taken in steps]
    if not all(done):
        cases, segments = list(itertools.compress(cases, done)), list(itertools.compress(segments, done))
        states, memory, steps = states[done], memory[done], list(itertools.compress(steps, done))
    if not cases:
        return None, done
    amounts = system.amounts_of_sides(y)
    goal = _Goal(system, y, amounts, _end_states(cases, segments, amounts))
    applied = [[segment] * len(times) for segment in segments]
    endings = [("completed", "", taken) for taken in steps]
    return _Runs(cases, system, goal, times, states, applied, endings, memory), done


def _thresholds(cases: Sequence[Case]) -> list[float]:
    """Water flux that counts as one in each of some cases of one model, m/s.

    A billionth of what the largest pressure drives, or what the tolerance leaves open of it where that is more.
    """
    permeability, least = cases[0].membrane.water_permeability, max(1e-9, _tolerance(cases[0]))
    return [least * permeability * (pressure or 1.0) for pressure in _largest_pressures(cases)]


def _series(runs: _Runs, ends: bool = False) -> dict[str, np.ndarray[Any, Any]]:
    """What has one value at every stored time: arrays (run, time), of solutes (run, time, solute).

    `ends`: nan between the first and the last time where a summary needs no more (what moved, and the balance).
    """
    case, system, states, goal = runs.cases[0], runs.system, runs.states, runs.goal
    walls = None
    if case.membrane.type != "none":  # at the very start nothing has piled up at the membrane yet
        walls = np.array([[_start(side.concentration[name]) for name in case.solutes] for side in _pair(case)])
    if system.still:
        states[..., system.x] = 0.0  # by definition; the linear solver leaves 1e-23
    displaced = states[..., system.x].copy()
    seen = system.observe(runs.times, states, runs.segments, runs.memory, walls, goal.concentration, ends)
    osmotic = seen.osmotic_left, seen.osmotic_right, seen.osmotic_wall_left, seen.osmotic_wall_right
    if case.phase == "gas":
        osmotic = (np.full(displaced.shape, np.nan),) * 4
    polarization, rejection = _polarization_and_rejection(case, seen, np.array(_thresholds(runs.cases)))
    passed = states[..., system.passed].copy()
    collected = separation.collected(case, runs.sides, displaced, passed, _least_displaced(runs.cases, system))
    return {
        "water_flux_m_per_s": seen.water_flux,
        "displaced_volume_m": displaced,
        "solute_flux_mol_per_m2_s": seen.solute_flux,
        "amount_transferred_mol_per_m2": passed,
        "pressure_left_Pa": seen.pressure_left,
        "pressure_right_Pa": seen.pressure_right,
        "length_left_m": seen.length_left,
        "length_right_m": seen.length_right,
        "concentration_left_mol_per_m3": seen.mean_left,
        "concentration_right_mol_per_m3": seen.mean_right,
        "wall_concentration_left_mol_per_m3": seen.wall_left,
        "wall_concentration_right_mol_per_m3": seen.wall_right,
        "osmotic_pressure_left_Pa": osmotic[0],
        "osmotic_pressure_right_Pa": osmotic[1],
        "wall_osmotic_pressure_left_Pa": osmotic[2],
        "wall_osmotic_pressure_right_Pa": osmotic[3],
        "polarization_modulus": polarization,
        "rejection": rejection,
        "collected_concentration_mol_per_m3": collected[0],
        "collected_rejection": collected[1],
        "energy_J_per_m2": seen.energy,
        "amount_error": _amount_error(system, states, seen.amount_left, seen.amount_right, _amounts(case)),
        "distance_to_equilibrium": goal.distance(displaced, seen.spread),
    }


def _profiles(system: System, states: Vector) -> dict[str, np.ndarray[Any, Any]]:
    """What has a value in every cell at every stored time."""
    inside = system.inside
    m = system.membrane - inside.start
    width = system.widths(states)[:, inside]
    edges = np.zeros((len(width), width.shape[1] + 1))
    np.cumsum(width, axis=1, out=edges[:, 1:])
    edges -= edges[:, m, None].copy()
    amounts = states[:, : system.x].reshape(len(states), system.solutes, -1)[:, :, inside]
    return {
        "concentration": amounts / width[:, None, :],
        "position": 0.5 * (edges[:, :-1] + edges[:, 1:]),
        "width": width,
        "side": np.array(["left"] * m + ["right"] * (width.shape[1] - m), dtype=object),
    }


def _polarization_and_rejection(case: Case, seen: Observations, threshold: Vector) -> tuple[Vector, Vector]:
    """Wall over bulk on the side the water leaves, and ``1 − (J_s/J_v)/c_bulk``; NaN where they mean nothing."""
    polarization, rejection = np.full(seen.wall_left.shape, np.nan), np.full(seen.wall_left.shape, np.nan)
    if case.membrane.type == "none" or case.membrane.water_permeability == 0.0:
        return polarization, rejection
    flux = seen.water_flux[..., None]
    bulk = np.where(flux > 0.0, seen.bulk_left, seen.bulk_right)
    wall = np.where(flux > 0.0, seen.wall_left, seen.wall_right)
    some = (np.abs(flux) > threshold[:, None, None]) & (bulk > _TRACE * _sizes(case))
    np.divide(wall, bulk, out=polarization, where=some)
    np.divide(seen.solute_flux, flux * bulk, out=rejection, where=some)
    return polarization, 1.0 - rejection


def _amount_error(system: System, states: Vector, left: Vector, right: Vector, scale: Vector) -> Vector:
    """Largest imbalance of any solute on either side so far, over the largest amount held plus fed.

    `scale` (solutes,) is the size of the amounts, mol/m^2. Of a solute that is nowhere, or stands only in a feed that
    does not flow, a solver may leave 1e-22: what is held and fed counts as a trace of the scale at the least.
    """
    passed, far_left, far_right = (states[..., part] for part in (system.passed, system.far_left, system.far_right))
    lost_left = left - left[:, :1] + (passed - far_left)
    lost_right = right - right[:, :1] + (far_right - passed)
    fed = np.maximum(far_left.max(axis=1), 0.0) + np.maximum(-far_right.min(axis=1), 0.0)
    held = np.maximum((left + right).max(axis=1) + fed, _TRACE * scale)
    whole = np.abs(lost_left + lost_right)
    worst = np.maximum(np.maximum(np.abs(lost_left), np.abs(lost_right)), whole) / held[:, None]
    return np.asarray(np.maximum.accumulate(worst.max(axis=2), axis=1))


# -- the summary ----------------------------------------------------------------------------------------------------
def _summaries(runs: _Runs, arrays: dict[str, np.ndarray[Any, Any]]) -> list[dict[str, Any]]:
    """The summary of each run, but for ``equilibrium`` and how long it took."""
    from membrane_pde.model.interface import SEVERAL

    cases, case, count = runs.cases, runs.cases[0], len(runs.cases)
    columns: dict[str, list[Any]] = {name: [None] * count for name in SUMMARY_KEYS}
    for name in SERIES:
        last = arrays[name][:, -1].tolist()
        if isinstance(last[0], float):
            columns[name] = [None if value != value else value for value in last]  # nan
        else:
            columns[name] = [
                {solute: None if value != value else value for solute, value in zip(case.solutes, each, strict=True)}
                for each in last
            ]
    for side, of_side in zip(SIDES, _pair(case), strict=True):
        if of_side.without_end:
            columns[f"length_{side}_m"] = [None] * count
    if case.membrane.type == "none":
        for name in ("polarization_modulus", "rejection", "collected_concentration_mol_per_m3", "collected_rejection"):
            columns[name] = [None] * count
    least, displaced = _least_displaced(cases, runs.system), columns["displaced_volume_m"]
    end = arrays["displaced_volume_m"][:, -1]
    moved, spent = np.abs(end) > least, arrays["energy_J_per_m2"]
    went = moved.tolist()
    lost = separation.lost_by_throttling(cases, runs.sides, runs.times, arrays["displaced_volume_m"], spent)
    osmotic = _osmotic(case)
    works = separation.least_works(
        case,
        runs.sides,
        end,
        arrays["amount_transferred_mol_per_m2"][:, -1],
        moved,
        None if case.osmotic_model == IDEAL else lambda c: osmotic(c).sum(axis=-1),
    )
    specific, throttled, least_work = (
        [w / abs(x) if far and w == w else None for w, x, far in zip(each.tolist(), displaced, went, strict=True)]
        for each in (spent[:, -1], spent[:, -1] + lost, works)
    )
    turned = separation.turned(arrays["displaced_volume_m"], least)[:, -1].tolist()
    several = runs.memory[:, SEVERAL].tolist()
    away = case.away_from_source
    columns |= {
        "title": [each.title for each in cases],
        "version": [__version__] * count,
        "status": [status for status, _, _ in runs.endings],
        "steps": [steps for _, _, steps in runs.endings],
        "end_time_s": [float(runs.times[-1])] * count,
        "cells": [runs.system.problem.mesh.cells] * count,
        "process": [_process(case, *each) for each in zip(displaced, went, strict=True)],
        "tonicity": [_tonicity(case, arrays)] * count,
        "specific_energy_J_per_m3": specific,
        "throttled_energy_J_per_m3": throttled,
        "minimum_energy_J_per_m3": least_work,
        "second_law_efficiency": [
            None if put_in is None or needed is None else energy.second_law_efficiency(put_in, needed)
            for put_in, needed in zip(specific, least_work, strict=True)
        ],
        "message": [
            " ".join([*_messages(runs, r, arrays, *seen), *away])
            for r, seen in enumerate(zip(turned, several, runs.goal.ends, strict=True))
        ],
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _process(case: Case, displaced: float, moved: bool) -> str:
    """What the solvent did, by its net displacement against the initial ``Σσ_sΔπ_s`` at the membrane."""
    if case.membrane.type == "none":
        return "diffusion"
    if not moved:
        return "no flow"
    left, right = _at_the_start(case)
    if abs(left - right) <= 1e-6 * max(left, right):
        return "filtration"
    towards_higher = (displaced > 0.0) == (right > left)
    return "osmosis" if towards_higher else "reverse osmosis"


def _tonicity(case: Case, arrays: dict[str, np.ndarray[Any, Any]]) -> str | None:
    """Left against right by the solutes that cannot pass, initial means."""
    if case.membrane.type == "none":
        return None
    held = [n.reflection if n.permeability == 0.0 else 0.0 for n in case.membrane.solutes.values()]
    if not any(held):
        return None
    pressure = _osmotic(case)
    left, right = (float(pressure(arrays[f"concentration_{side}_mol_per_m3"][0, 0]) @ held) for side in SIDES)
    if abs(left - right) <= 1e-3 * max(left, right):
        return "isotonic"
    return "hypotonic" if left < right else "hypertonic"


def _has_range(case: Case) -> bool:
    """Its osmotic model holds up to some concentration alone, of which the summary says whether it was passed."""
    return case.phase == "liquid" and case.osmotic_model != IDEAL


def _messages(
    runs: _Runs,
    r: int,
    arrays: dict[str, np.ndarray[Any, Any]],
    turned: bool,
    several: float,
    end: analytic.Equilibrium | None,
) -> list[str]:
    """What there is to say about a run; `several`: there was more than one water flux to choose from."""
    parts: list[str] = []
    case, (status, reason, _), at = runs.cases[r], runs.endings[r], float(runs.times[-1])
    moved, distance = arrays["displaced_volume_m"][r], float(arrays["distance_to_equilibrium"][r, -1])
    lengths = [side.volume_per_area for side in _pair(case)]
    if status == "failed" and reason == "backflow":
        solution, reflection = _solution(runs.cases[0]), _reflection(runs.cases[0])
        walls = [arrays[f"wall_concentration_{name}_mol_per_m3"][r, -1] for name in SIDES]
        left, right = (float(np.dot(reflection, solution.shares(wall))) for wall in walls)
        outflow = "left" if case.left.boundary == "outflow" else "right"
        parts.append(remarks.backflow(case, outflow, at, _clock(at), (left, right)))
    elif status == "failed":
        parts.append(_failure(case, reason, _clock(at)))
    elif status == "completed" and case.run.until != "duration":
        goal = None if end is None else end.displaced_volume
        if not (remarks.never(end) or remarks.is_near(distance, float(moved[-1]), goal, min(lengths))):
            aim = "equilibrium" if case.run.until == "equilibrium" else "a steady state"
            parts.append(f"The run ended before {aim} was reached: run.duration is {_clock(at)}; a longer one goes on.")
    if end is not None and end.reason:
        parts.append(remarks.never(end) or f"No equilibrium to compare with: {end.reason}.")
    growth = [1.0 + float(way.max()) / length for way, length in zip((-moved, moved), lengths, strict=True)]
    if told := remarks.burst(case, (growth[0], growth[1])):
        parts.append(told)
    if turned:
        parts.append("The flow of water turned during the run.")
    parts += _plasmolysis(runs, r)
    if several:
        parts.append(
            "The equation for the water flux had more than one solution; the one nearest the previous step was taken. "
            "A finer mesh at the membrane (mesh.finest) makes it unique."
        )
    if case.phase == "liquid":
        names = ("wall_concentration_left", "wall_concentration_right", "concentration_left", "concentration_right")
        found = [arrays[f"{name}_mol_per_m3"][r] for name in names]
        if _has_range(case):
            parts += mixture.out_of_range(case, _solution(runs.cases[0]), np.concatenate(found).tolist())
        parts += _beyond_limits(runs.cases[0], [each[[0, -1]] if np.isnan(each).any() else each for each in found])
    return parts


def _beyond_limits(case: Case, found: Sequence[Vector]) -> list[str]:
    """Concentrations that cannot be, and where the ideal law is far off.

    `found` are those (time, solute) at both walls, if there are any, and on both sides.
    """
    parts, most = [], _limits(case)
    peaks = np.array([each.max(axis=0) for each in found])
    for i, name in enumerate(case.solutes):
        if (end := most[i]) is None or peaks[:, i].max() <= end.concentration * (1.0 + 1e-6):
            continue
        place = int(peaks[:, i].argmax())
        where = f"{'at the membrane on' if place < len(found) - 2 else 'on'} the {SIDES[place % 2]}"
        reached = limits.in_words(float(peaks[place, i]), case.solutes[name].molar_mass)
        parts.append(
            f"{name} reached {reached} {where}, which is impossible: {end.words}. The model leaves out that solutes "
            "crystallise and that they take up room."
        )
    if case.osmotic_model == IDEAL and case.membrane.water_permeability > 0.0:
        seen = np.concatenate(found)
        particles = seen @ [each.dissociation for each in case.solutes.values()]
        parts += mixture.far_from_ideal(case, seen[particles.argmax()].tolist(), _real_solution(case))
    return parts


@_once
def _real_solution(case: Case) -> Solution | None:
    return mixture.real_solution(case)


@_once
def _limits(case: Case) -> list[limits.Limit | None]:
    """How concentrated each solute can be."""
    return [
        limits.limit(name, each, known_volume(each, case.temperature), case.temperature)
        for name, each in case.solutes.items()
    ]


def _plasmolysis(runs: _Runs, r: int) -> list[str]:
    """Sentences on the elastic walls that the membrane of a run came off, by more than the tolerance leaves open."""
    case, sentences = runs.cases[r], []
    for index, wall in enumerate(_walls(case)):
        if not wall:
            continue
        side, name = _pair(case)[index], SIDES[index]
        gained = (-1.0, 1.0)[index] * runs.states[r, :, runs.system.x]
        applied = [segment.applied(t)[index] for segment, t in zip(runs.segments[r], runs.times.tolist(), strict=True)]
        pulls = np.array(applied) + _stiffness(case, side) * gained
        off = pulls < -_stiffness(case, side) * float(_least_displaced([case], runs.system)[0])
        if off.any():
            sentences.append(remarks.plasmolysis(case, name, bool(off[-1])))
    return sentences


def _failure(case: Case, reason: str, at: str) -> str:
    """A failure in physical words, and what to try."""
    if reason.endswith("dry"):
        name = reason.split()[0]
        side = case.left if name == "left" else case.right
        other = "right" if name == "left" else "left"
        label = "" if side.label == name else f" ({side.label})"
        left = "a millionth of its bath" if side.boundary == "bath" else "0.1 % of its length"
        if side.boundary == "bath" and (side.feed is not None or side.bleed > 0.0):
            hint = f"a larger {name}.feed, a smaller {name}.bleed, or a larger {name}.volume"
        elif held := _held_flux(case):
            hint = f"a smaller {held}.pressure.flux, or a larger {name} side"
        else:
            hint = (
                f"a lower {name}.pressure or a higher {other}.pressure, more solute in the {name} side, or a longer "
                "compartment"
            )
        return f"At {at} the {name} side{label} ran dry: less than {left} was left. Try a shorter run.duration, {hint}."
    if (held := _held_flux(case)) and (crowding := _crowding(case, held)) > 100.0:
        return (
            f"At {at} no end of what piles up at the membrane could be found: the water flux that {held}.pressure.flux "
            f"holds carries solute there {crowding:.3g} times faster than it diffuses away. Try a smaller "
            f"{held}.pressure.flux, shorter sides, or stirred ones."
        )
    other = "rosenbrock" if case.run.solver == "cvode" else "cvode"
    return (
        f"At {at} the integrator gave up: {reason.rstrip('.')}; something changes too fast for it. "
        "Try a shorter run.duration, a finer mesh at the membrane (mesh.finest), a looser run.rtol, or "
        f'run.solver = "{other}".'
    )


def _crowding(case: Case, held: str) -> float:
    """The largest flux that is held, over how fast the slowest solute diffuses along an unstirred side."""
    flux = (case.left if held == "left" else case.right).pressure.largest
    sides = zip(_pair(case), _diffusivity(case).min(axis=1).tolist(), strict=True)
    return max([flux * side.length / slowest for side, slowest in sides if not side.stirred], default=0.0)


def _clock(seconds: float) -> str:
    for limit, unit, size in ((90.0, "s", 1.0), (3600.0, "min", 60.0), (259200.0, "h", 3600.0)):
        if abs(seconds) < limit:
            return f"{seconds / size:.4g} {unit}"
    return f"{seconds / 86400.0:.4g} d"


def _goal_summary(runs: _Runs) -> dict[str, Any] | None:
    """The analytic end state of the one run."""
    (case,), (end,), system = runs.cases, runs.goal.ends, runs.system
    return None if end is None else _equilibrium_summary(case, end, system.amounts_of_sides(runs.states[0, 0]))


def _equilibrium_summary(case: Case, end: analytic.Equilibrium, amounts: tuple[Vector, Vector]) -> dict[str, Any]:
    """The analytic end state under the summary's keys."""
    summary: dict[str, Any] = dict.fromkeys(SUMMARY_KEYS)
    names, pressure = list(case.solutes), _osmotic(case)
    summary["title"], summary["version"] = case.title, __version__
    summary["status"], summary["message"] = "equilibrium", end.reason
    summary["pressure_left_Pa"], summary["pressure_right_Pa"] = end.pressure_left, end.pressure_right
    if end.concentration_left is None and end.displaced_volume is None:
        summary["status"] = None
        return summary
    summary["water_flux_m_per_s"] = 0.0
    displaced = end.displaced_volume
    if displaced is not None:
        summary["displaced_volume_m"] = displaced
        for name, compartment, sign in (("left", case.left, -1.0), ("right", case.right, 1.0)):
            gained = sign * displaced if _closed(compartment) else 0.0  # the layer before a reservoir is fixed
            summary[f"length_{name}_m"] = compartment.volume_per_area + gained
    for side, values in (("left", end.concentration_left), ("right", end.concentration_right)):
        if values is None:
            continue
        by_name = {name: float(value) for name, value in zip(names, values, strict=True)}
        summary[f"concentration_{side}_mol_per_m3"] = summary[f"wall_concentration_{side}_mol_per_m3"] = by_name
        if case.phase != "gas":
            total = float(pressure(values).sum())
            summary[f"osmotic_pressure_{side}_Pa"] = summary[f"wall_osmotic_pressure_{side}_Pa"] = total
    summary["solute_flux_mol_per_m2_s"] = dict.fromkeys(names, 0.0)
    if displaced is not None and end.concentration_left is not None and end.concentration_right is not None:
        if _closed(case.left):
            gone = amounts[0] - np.asarray(end.concentration_left) * (case.left.volume_per_area - displaced)
        else:
            gone = np.asarray(end.concentration_right) * (case.right.volume_per_area + displaced) - amounts[1]
        moved = {name: float(value) for name, value in zip(names, gone, strict=True)}
        summary["amount_transferred_mol_per_m2"] = moved
    summary["distance_to_equilibrium"] = 0.0
    if case.phase == "liquid" and end.concentration_left is not None and end.concentration_right is not None:
        ends = [np.array([end.concentration_left]), np.array([end.concentration_right])]
        summary["message"] = " ".join([*([end.reason] if end.reason else []), *_beyond_limits(case, ends)])
    return summary


def equilibrium(case: Case | str | Path) -> dict[str, Any]:
    """Analytic end state of a case, without solving it in time.

    Parameters
    ----------
    case : Case, str or Path
        From `load_case`, or what it takes.

    Returns
    -------
    dict
        The keys of a summary; ``status`` is None and ``message`` says why where there is no equilibrium.
    """
    case = as_case(case)
    model = _model(case)
    system = model.system()
    amounts = system.amounts_of_sides(system.initial_state(model.concentration))
    (end,) = _end_states([case], _segments(case)[-1:], amounts)
    if end is None:
        reason = "the far ends are open: liquid can flow through for ever"
        for name, other in (SIDES, SIDES[::-1]):
            if getattr(case, name).boundary == "outflow" and _closed(getattr(case, other)):
                reason = f"what has run out through the outflow on the {name} decides where it ends: run the case"
        end = analytic.Equilibrium(None, None, None, None, None, reason)
    return _equilibrium_summary(case, end, amounts)


def compare(cases: Sequence[Case | Result | str | Path]) -> xarray.Dataset:
    """The same questions asked of several cases.

    Parameters
    ----------
    cases : sequence of Case, Result, str or Path
        Cases (also by path or name) are run, results taken as they are.

    Returns
    -------
    xarray.Dataset
        Dimension ``case``: every number and word of the summary, per-solute values as ``name[solute]``; NaN or "" where
        something does not apply.
    """
    import xarray

    if isinstance(cases, str | Path | Case | Result):
        raise CaseError('compare takes a list, for example ["osmosis", "reverse_osmosis"]')
    results = [case if isinstance(case, Result) else run(case) for case in cases]
    columns: dict[str, list[Any]] = {}
    for position, result in enumerate(results):
        for key, value in result.summary.items():
            if key in ("equilibrium", "error_estimate"):
                continue
            flat = {f"{key}[{name}]": one for name, one in value.items()} if isinstance(value, dict) else {key: value}
            for name, one in flat.items():
                columns.setdefault(name, [None] * len(results))[position] = one
    variables = {}
    for name, values in columns.items():
        words = any(isinstance(value, str) for value in values)
        column = ["" if v is None else v for v in values] if words else [np.nan if v is None else v for v in values]
        variables[name] = ("case", np.array(column, dtype=object if words else float))
    return xarray.Dataset(variables, {"case": [result.case.name for result in results]})
