"""Transient runs of one case, or of many cases of one model at once; their end states and stop rules."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from membrane_pde import analytic
from membrane_pde.input.case import Case
from membrane_pde.input.parts import SIDES
from membrane_pde.input.properties import (
    at_far_edge,
    both_sides,
    highest_concentrations,
    is_closed,
    is_open,
    liquids_per_area,
    osmotic_pressures,
    pressure_scale,
    reflection_coefficients,
    reservoir_side,
    side_of_held_flux,
    total_length,
    volumes_per_area,
)
from membrane_pde.results import remarks
from membrane_pde.results.observations import Runs
from membrane_pde.runs.build import (
    Model,
    flux_thresholds,
    least_displaced,
    model_of,
    segments_of,
    state_scales,
    tolerance_of,
)

if TYPE_CHECKING:
    from membrane_pde.model.applied import Segment
    from membrane_pde.model.ports import Port
    from membrane_pde.model.system import System
    from membrane_pde.solvers.integrate import Stop
    from membrane_pde.solvers.steadiness import SteadinessTest

_STEADY = 0.01  # remaining change ÷ rtol at which a run may stop; this adds little to its error
_FINEST = 1e-12  # smallest value of the allowed change, which round-off limits
_HORIZON = 1e3  # horizon of the steadiness test ÷ duration: slower changes are neglected
_FIRST = 1e-4  # smallest fraction of the duration before a steady run may stop
_EQUILIBRIUM = 1e-8  # distance from equilibrium at which a run stops; small amounts are then also exact to 1e-6
NUMBERS_AT_ONCE = 4_000_000  # largest number of values in the stored states of runs that are solved together
Vector = np.ndarray[Any, np.dtype[np.float64]]


def end_states(
    cases: Sequence[Case], ports: Sequence[Port], segments: Sequence[Segment], amounts: tuple[Vector, Vector]
) -> list[analytic.Equilibrium | None]:
    """The analytic equilibrium of cases of one model under their last segments; None where a boundary is open."""
    case = cases[0]
    if is_open(case):
        return [None] * len(cases)
    if side_of_held_flux(case):
        return [analytic.Equilibrium(None, None, None, None, None, "the water flux is prescribed")] * len(cases)
    membrane = case.membrane.type != "none"
    numbers = list(case.membrane.solutes.values())
    reservoir, (left, right) = reservoir_side(case), amounts
    if reservoir:
        side = case.left if reservoir == "left" else case.right
        there = liquids_per_area(case)[0 if reservoir == "left" else 1] * np.array(
            [at_far_edge(side.concentration[name]) for name in case.solutes]
        )
        left, right = (there, right) if reservoir == "left" else (left, there)
    oscillating = [each.left.pressure.oscillates or each.right.pressure.oscillates for each in cases]
    found = analytic.equilibrium(  # under the pressures at the end of the run
        [(last.left[1], last.right[1]) for last, never in zip(segments, oscillating, strict=True) if not never],
        length_left=liquids_per_area(case)[0],
        length_right=liquids_per_area(case)[1],
        amount_left=left,
        amount_right=right,
        passes=np.array([n.permeability > 0.0 for n in numbers] if membrane else [True] * len(case.solutes)),
        reflection=reflection_coefficients(case),
        partition=np.array([n.partition for n in numbers] if membrane else [1.0] * len(case.solutes)),
        stiffness_left=ports[0].stiffness,
        stiffness_right=ports[1].stiffness,
        rigid=next((name for name, port in zip(SIDES, ports, strict=True) if port.fixed_volume), ""),
        membrane=membrane,
        water_passes=case.membrane.water_permeability > 0.0,
        osmotic_pressure=osmotic_pressures(case),
        reservoir=reservoir,
        walls=(ports[0].slackens, ports[1].slackens),
    )
    ends = (_within_layers(case, each) for each in found)
    return [
        analytic.Equilibrium(None, None, None, None, None, "the pressure oscillates") if never else next(ends)
        for never in oscillating
    ]


def _within_layers(case: Case, end: analytic.Equilibrium) -> analytic.Equilibrium:
    """The end state, or a reason why there is none: a support layer or a growing layer needs more liquid than is left.

    The pores of a support layer cannot empty, and a layer around a curved membrane grows with the membrane.
    """
    moved = end.displaced_volume
    if moved is None:
        return end
    reason = remarks.outgrown(case, moved)
    for name, side, volume, given in zip(SIDES, both_sides(case), volumes_per_area(case), (moved, -moved), strict=True):
        if side.support is not None and given >= volume:
            reason = f"the {name} side runs dry before the forces balance"
    return analytic.Equilibrium(None, None, None, None, None, reason) if reason else end


class Goal:
    """Equilibria of runs of one model, and the relative distance of states from them: 1 at the start, 0 at the end."""

    def __init__(
        self,
        system: System,
        y: Vector,
        amounts: tuple[Vector, Vector],
        ends: Sequence[analytic.Equilibrium | None],
    ):
        self.system, self.ends = system, ends
        self.least = 1e-12 * float(amounts[0].sum() + amounts[1].sum())  # an initial distance below this counts as zero
        # X at equilibrium; nan if it is 0, where only the concentrations define a distance
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
        """Distances (case, time), from X and `spread` of `System.observe`; the first time is the start."""
        by_water = np.abs(displaced - self.displaced[:, None]) / np.abs(self.displaced[:, None])
        at_start = spread[:, :1]
        by_solute = spread / np.where(at_start > self.least, at_start, np.nan)
        return np.asarray(np.fmax(by_water, by_solute))

    def came_back(self, y: Vector) -> bool:
        """True unless the equilibrium has X = 0 and water is still displaced."""
        (end,), mesh = self.ends, self.system.problem.mesh
        if end is None or end.displaced_volume is None or not np.isnan(self.displaced[0]):
            return True
        return abs(float(y[self.system.x])) <= _EQUILIBRIUM * min(mesh.length_left, mesh.length_right)

    def __call__(self, y: Vector) -> float:
        """Distance of a state from equilibrium, if there is only one run."""
        spread = self._initial, self.system.spread(y, self.concentration[0])
        return float(self.distance(np.array([[0.0, y[self.system.x]]]), np.array([spread]))[0, 1])

    @functools.cached_property
    def _initial(self) -> float:
        return self.system.spread(self._start, self.concentration[0])


def _stop_rule(case: Case, system: System, goal: Goal, segments: Sequence[Segment]) -> Stop | None:
    """The rule that stops a run before the end of its duration; None if there is none."""
    if case.run.until == "duration":
        return None
    settled = segments[-1]
    steady = steadiness_test(case, system, settled)

    def stop(t: float, state: Vector, segment: Segment) -> str | None:
        if segment.start != settled.start:
            return None
        if case.run.until == "equilibrium" and not math.isnan(gone := goal(state)):
            return "equilibrium" if gone <= _EQUILIBRIUM and goal.came_back(state) else None
        if not segment.level:
            return None
        walls = system.numbers.off.copy()  # the test changes them: it evaluates a predicted state
        still = steady(t, state, segment)
        system.numbers.off[:] = walls
        return "steady" if still and t >= _FIRST * settled.end else None

    return stop


def steadiness_test(case: Case, system: System, last: Segment) -> SteadinessTest:
    """The steadiness test with the tolerance of the case."""
    from membrane_pde.solvers.steadiness import SteadinessTest

    pressure, highest = pressure_scale(case), highest_concentrations(case)
    return SteadinessTest(
        system,
        horizon=_HORIZON * last.end,
        allowed=max(_STEADY * case.run.rtol, _FINEST),
        threshold=flux_thresholds([case])[0],
        bounded=any(is_closed(side) for side in both_sides(case)),
        scales=(
            total_length(case),
            pressure or 1.0,
            case.membrane.water_permeability * pressure,
        ),
        highest=np.where(highest > 0.0, highest, 1.0),
    )


def solve_case(
    case: Case,
    progress: Callable[[float], None] | None = None,
    coarser: bool = False,
    tighter: bool = False,
    model: Model | None = None,
    until: float | None = None,
) -> Runs:
    """Solve a case: with half as many cells, a tenth of the tolerance, a given model, or until a given time."""
    from membrane_pde.solvers.integrate import integrate

    model = model or model_of(case, coarser, tighter)
    system, segments = model.system(), segments_of(case)
    if until is not None and segments[-1].level:
        segments = [*segments[:-1], segments[-1]._replace(end=until)]
    y = system.initial_state(model.concentration)
    amounts = system.amounts_of_sides(y)
    goal = Goal(system, y, amounts, end_states([case], system.ports, segments[-1:], amounts))
    scales, rtol = state_scales([case], system), tolerance_of(case, tighter)
    found = integrate(
        system,
        y,
        segments,
        outputs=case.run.outputs,
        rtol=rtol,
        atol=rtol * scales[0],
        solver=case.run.solver,
        draws_last="last" in (case.left.backflow, case.right.backflow),
        stop=None if until is not None else _stop_rule(case, system, goal, segments),
        progress=progress,
    )
    endings = [(found.status, found.reason, found.steps)]
    states, memory = found.states[None], system.memory[None]
    return _runs([case], system, goal, scales, found.times, states, [found.segments], endings, memory)


def _runs(
    cases: Sequence[Case],
    system: System,
    goal: Goal,
    scales: Vector,
    times: Vector,
    states: Vector,
    segments: list[list[Segment]],
    endings: list[tuple[str, str, int]],
    memory: Vector,
) -> Runs:
    """Solved runs, with the thresholds below which water flux and displaced volume count as zero."""
    from membrane_pde.model.interface import SEVERAL

    thresholds, least = np.array(flux_thresholds(cases)), least_displaced(cases[0], system, scales)
    return Runs(cases, system, goal, times, states, segments, endings, memory, memory[:, SEVERAL], thresholds, least)


class Group(NamedTuple):
    """Neighbouring cases of one model, and the one segment of each; no segments if the case has to be solved alone."""

    cases: list[Case]
    segments: list[Segment]
    model: Model


def groups_of(cases: Sequence[Case]) -> Iterator[Group]:
    """Group neighbouring cases that can be solved at once."""
    group: Group | None = None
    for case in cases:
        model, segments = model_of(case), _single_segment(case)
        if group is not None:
            alike = segments and group.segments and model is group.model and case.run is group.cases[0].run
            if alike and len(group.cases) * case.run.outputs * model.concentration.size < NUMBERS_AT_ONCE:
                group.cases.append(case)
                group.segments.extend(segments)
                continue
            yield group
        group = Group([case], segments, model)
    if group is not None:
        yield group


def _single_segment(case: Case) -> list[Segment]:
    """The segment of a case that can be solved in a group: linear pressures, no outflow; else an empty list."""
    left, right, run = case.left, case.right, case.run
    if run.until != "duration" or run.solver != "rosenbrock" or left.far_end.drains or right.far_end.drains:
        return []
    if left.pressure.oscillates or right.pressure.oscillates:
        return []
    segments = segments_of(case)
    return segments if len(segments) == 1 else []


def solve_group(group: Group) -> tuple[Runs | None, list[bool]]:
    """Solve a group; return the runs that ended without an event, and for each case whether it is one of them."""
    from membrane_pde.solvers.integrate import integrate_alike

    cases, segments, model = group
    system = model.system()
    y, rtol = system.initial_state(model.concentration), cases[0].run.rtol
    scales, memory = state_scales(cases, system), np.zeros((len(cases), 3))
    times, states, steps = integrate_alike(
        system,
        y,
        segments,
        outputs=cases[0].run.outputs,
        rtol=rtol,
        atol=rtol * scales,
        memory=memory,
    )
    done = [taken > 0 for taken in steps]
    if not all(done):
        cases, segments = list(itertools.compress(cases, done)), list(itertools.compress(segments, done))
        states, memory, scales = states[done], memory[done], scales[done]
        steps = list(itertools.compress(steps, done))
    if not cases:
        return None, done
    amounts = system.amounts_of_sides(y)
    goal = Goal(system, y, amounts, end_states(cases, system.ports, segments, amounts))
    applied = [[segment] * len(times) for segment in segments]
    endings = [("completed", "", taken) for taken in steps]
    return _runs(cases, system, goal, scales, times, states, applied, endings, memory), done
