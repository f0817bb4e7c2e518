"""steady(case): the steady state of a case by Newton's method, without a transient run."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde import analytic
from membrane_pde.input.case import Case
from membrane_pde.input.casefile import as_case
from membrane_pde.input.parts import SIDES, Compartment
from membrane_pde.input.properties import (
    LEAST,
    Vector,
    concentration_scales,
    diffusivities,
    effective_osmotic_at_start,
    highest_concentrations,
    is_closed,
    pressure_scale,
    reflection_coefficients,
    solution_of,
    total_length,
    volumes_per_area,
)
from membrane_pde.results import remarks
from membrane_pde.results.along import along_summary
from membrane_pde.results.summary import no_steady_summary, steady_summary
from membrane_pde.runs.along import NoSteadyStateAlong, steady_along
from membrane_pde.runs.build import model_of, segments_of
from membrane_pde.runs.no_steady import (
    LEAST_GAIN,
    NoSteadyState,
    check_baths,
    check_constant,
    check_held_flux,
    dead_end,
    goes_on,
    left_through,
    net_flow,
    with_baths_as_reservoirs,
)
from membrane_pde.runs.solving import end_states
from membrane_pde.runs.steady_check import equilibrium_state, is_steady

if TYPE_CHECKING:
    from membrane_pde.model.applied import Segment
    from membrane_pde.model.system import System
    from membrane_pde.solvers.newton import Constraints

_ROUND_OFF = 2.0**-52  # concentration ÷ largest initial one below which a solute counts as absent
_MARGIN = 1e4  # longest time step ÷ sum of the characteristic times of the case
_LONGEST = 1e30  # longest time step, s


def steady(case: Case | str | Path) -> dict[str, Any]:
    """Steady state of a case with constant inputs, by Newton's method.

    Where two closed sides, or one beside a reservoir, come to an equilibrium that is known in closed form, that state
    is taken if every flux of the discrete equations vanishes there but for round-off.

    Parameters
    ----------
    case : Case, str or Path
        The case, the path of a case file, or the name of a shipped case.

    Returns
    -------
    dict
        The keys of a summary. Quantities that depend on the course of a run (displaced volume, transfers, energy,
        times) are None. ``status`` is ``"steady"``, or None if there is no steady state: ``message`` gives the reason.
        If every displaced volume gives a steady state, ``message`` says so and the lengths are None.

    Raises
    ------
    CaseError
        If a pressure or a flux changes with time.
    """
    begun, case = time.perf_counter(), as_case(case)
    if case.module is not None:
        return _steady_along(case)
    check_constant(case)
    try:
        summary = _find(case)
    except NoSteadyState as none:
        summary = no_steady_summary(case, str(none))
    summary["solve_time_s"] = time.perf_counter() - begun
    return summary


def _steady_along(case: Case) -> dict[str, Any]:
    """The steady state of a case with [module]."""
    begun = time.perf_counter()
    try:
        found = steady_along(case)
        summary = along_summary(case, found.readings, steps=found.steps)
    except NoSteadyStateAlong as none:
        summary = no_steady_summary(case, str(none))
    summary["solve_time_s"] = time.perf_counter() - begun
    return summary


def _no_water_flows(system: System, segment: Segment) -> bool:
    """True if no water flows at any time."""
    return system.still or (system.numbers.pumped and segment.flux[0] == 0.0)


def _balance_of_forces(
    case: Case, system: System, segment: Segment, amounts: tuple[Any, Any]
) -> analytic.Equilibrium | None:
    """Equilibrium of a closed side (zero net driving pressure), or why there is none; None if no side is closed."""
    bath, replaced = with_baths_as_reservoirs(case)
    (end,) = end_states([replaced], system.ports, [segment], amounts)
    if end is not None and bath and end.reason.endswith("from the reservoir without end"):
        if net_flow(getattr(case, bath)) is None:
            raise NoSteadyState(end.reason.replace("from the reservoir", f"from the bath on the {bath}"))
        raise NoSteadyState(f"the {bath} side runs dry before the forces balance")
    return end


def _constraints(case: Case, system: System, without_flux: bool) -> Constraints:
    """Conserved totals of the steady state, scales of the concentrations, and time steps for the iteration."""
    from membrane_pde.solvers.newton import Constraints

    sides, m, n = (case.left, case.right), system.membrane, system.cells
    closed = is_closed(case.left), is_closed(case.right)

    def keeps(side: Compartment) -> bool:
        """True if no solute passes its far end in the steady state."""
        if is_closed(side) or (without_flux and side.far_end.drains):
            return True
        return without_flux and dead_end(side)

    kept = [keeps(side) for side in sides]
    conserved: list[tuple[int, int, int]] = []
    for s, name in enumerate(case.solutes):
        crosses = case.membrane.type == "none"
        if not crosses:
            numbers = case.membrane.solutes[name]
            crosses = numbers.permeability > 0.0 or (numbers.reflection < 1.0 and not without_flux)
        if crosses:
            conserved += [(s, 0, n)] if all(kept) else []
        else:
            conserved += [part for part, there in zip([(s, 0, m), (s, m, n)], kept, strict=True) if there]
    diffusivity, lengths = diffusivities(case), volumes_per_area(case)
    across = exchanged = total_length(case)
    if case.left.radius is not None:  # volumes per membrane area say nothing about the ways through a thick shell
        layer = 0.0 if case.right.stirred else case.right.length
        across, exchanged = case.left.radius + layer, lengths[0]
    flow = case.membrane.water_permeability * pressure_scale(case)
    if segment_flux := max(case.left.pressure.largest, case.right.pressure.largest) if system.numbers.pumped else 0.0:
        flow = segment_flux
    times = [across**2 / float(diffusivity.min())]
    if case.membrane.type != "none":
        for numbers in case.membrane.solutes.values():
            if numbers.permeability > 0.0:
                times.append(exchanged * max(1.0, numbers.partition) / numbers.permeability)
    if flow > 0.0:
        times.append(1e4 * exchanged / flow)
    for side, port in zip(sides, system.ports, strict=True):
        rates = [side.bleed, 0.0 if side.feed is None else side.feed.flow or 0.0]
        times += [(side.volume or 0.0) / rate for rate in rates if rate > 0.0]
        if port.stiffness > 0.0 and not system.still:
            times.append(1.0 / (case.membrane.water_permeability * port.stiffness))
    first = min(min(lengths) ** 2 / float(diffusivity.max()), min(lengths) / flow if flow > 0.0 else math.inf)
    return Constraints(
        sizes=concentration_scales(case),
        moves=any(closed) and not without_flux,
        conserved=tuple(conserved),
        closed=closed,
        first=1e-2 * first,
        longest=min(_MARGIN * sum(times), _LONGEST),
    )


# -- solution -------------------------------------------------------------------------------------------------------
def _find(case: Case) -> dict[str, Any]:
    """The summary of the steady state."""
    from membrane_pde.solvers.newton import SteadyState, find_steady_state

    model = model_of(case)
    system, segment = model.system(), segments_of(case)[-1]
    start = system.initial_state(model.concentration)
    without_flux, flux = _no_water_flows(system, segment), segment.flux[0]
    reason, end, closed = "", None, (is_closed(case.left), is_closed(case.right))
    if without_flux:
        check_baths(case)
    elif system.numbers.pumped:
        check_held_flux(case, flux)
    elif any(closed):
        end = _balance_of_forces(case, system, segment, system.amounts_of_sides(start))
        if end is not None and end.concentration_left is None:
            raise NoSteadyState(end.reason)
        if end is not None and (grown := remarks.outgrown(case, end.displaced_volume or 0.0)):
            raise NoSteadyState(grown)
        reason = end.reason if end is not None else ""
    else:
        for name in SIDES:
            if net_flow(getattr(case, name)) is not None:
                reason = f"the volume of the bath on the {name} depends on the course of the run: run the case"
    _check_start(case, system, segment, start)
    known = None if end is None else equilibrium_state(end, system, start, closed)
    if known is not None and is_steady(system, segment, known, _least_flux(case)):
        found = SteadyState(known, "steady", 0)
    else:
        found = find_steady_state(system, segment, start, _constraints(case, system, without_flux))
    _check_outcome(case, system, segment, found.state, found.outcome)
    state = _with_volumes(case, system, found.state)
    amounts = system.amounts(state)
    least = _ROUND_OFF * highest_concentrations(case)[:, None] * system.width
    amounts[(np.abs(amounts) <= least).all(axis=1)] = 0.0  # set the round-off of washed-out solutes to zero
    states = np.array([[start, state]])
    seen = system.observe(np.zeros(2), states, [[segment, segment]], system.memory[None])
    cells = system.problem.mesh.cells
    return steady_summary(case, seen, _least_flux(case), cells=cells, steps=found.steps, any_volume=reason)


def _with_volumes(case: Case, system: System, state: Vector) -> Vector:
    """The state with the volumes of baths of constant flows corrected by X, at constant concentrations."""
    state = state.copy()
    for side, name, sign, end in ((0, "left", -1.0, 0), (1, "right", 1.0, -1)):
        if net_flow(getattr(case, name)) is not None and not is_closed(getattr(case, name)):
            held = system.amounts(state)[:, end] / system.widths(state)[end]
            state[system.volume[side]] += sign * state[system.x]
            system.amounts(state)[:, end] = held * system.widths(state)[end]
    return state


def _check_outcome(case: Case, system: System, segment: Segment, state: Vector, outcome: str) -> None:
    """Raise if a state is not a steady state of the case."""
    if outcome.endswith("dry"):
        grown = remarks.outgrown(case, float(state[system.x])) if outcome == "right dry" else ""
        raise NoSteadyState(grown or f"the {outcome.split()[0]} side runs dry before the forces balance")
    if outcome.endswith("unbounded"):
        raise NoSteadyState(f"the {outcome.split()[0]} side takes up water without end")
    flux, least = system.water_flux(0.0, state, segment), _least_flux(case)
    for name, entering in (("left", flux), ("right", -flux)):
        side, net = getattr(case, name), net_flow(getattr(case, name))
        if net is not None and not is_closed(side):
            flows = side.bleed + ((side.feed.flow or 0.0) if side.feed is not None else 0.0)
            # there is no steady state while the volume of a bath changes
            if outcome != "steady" or abs(net - entering) > max(LEAST_GAIN * flows, least):
                raise NoSteadyState(goes_on(name, side))
            gained = float(state[system.x]) * (-1.0 if name == "left" else 1.0)
            if side.volume + gained <= 0.0:
                raise NoSteadyState(f"the bath on the {name} runs dry before the forces balance")
        if side.far_end.drains and entering > least and not isinstance(side.backflow, dict):
            if side.backflow is None:
                raise NoSteadyState(_backflow(case, system, segment, state, name))
            raise NoSteadyState(
                f"water flows back in through the outflow on the {name}, and what left it last depends on the "
                f"course of the run: run the case, or give the concentrations of {name}.backflow"
            )
    # without a water flux neither side is flushed, so that the end depends on the history
    for name, other in (SIDES, SIDES[::-1]):
        beside_dead_end = getattr(case, name).far_end.drains and dead_end(getattr(case, other))
        if beside_dead_end and not system.still and abs(flux) <= least:
            raise NoSteadyState(left_through(name))
    if outcome != "steady":
        raise NoSteadyState(f"{remarks.NOT_FOUND}: Newton's method did not converge; run the case")


def _check_start(case: Case, system: System, segment: Segment, start: Vector) -> None:
    """Raise if a run would stop immediately, because liquid of unknown composition enters through an outflow."""
    flux = system.water_flux(0.0, start, segment)
    for name, entering in (("left", flux), ("right", -flux)):
        side = getattr(case, name)
        if side.far_end.drains and side.backflow is None and entering > _least_flux(case):
            raise NoSteadyState(remarks.backflow(case, name, 0.0, "0 s", effective_osmotic_at_start(case)))


def _backflow(case: Case, system: System, segment: Segment, state: Vector, side: str) -> str:
    """The reason why water flows back in through an outflow in the steady state."""
    solution, reflection = solution_of(case), reflection_coefficients(case)
    faces = system.faces(0.0, state, segment)
    left, right = (float(np.dot(reflection, solution.shares(wall))) for wall in (faces.wall_left, faces.wall_right))
    return remarks.backflow(case, side, 0.0, "0 s", (left, right))


def _least_flux(case: Case) -> float:
    return LEAST * case.membrane.water_permeability * (pressure_scale(case) or 1.0)
