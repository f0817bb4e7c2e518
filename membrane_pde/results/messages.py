"""The message of a run: why it stopped or failed, and where the model is used outside its range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from membrane_pde import analytic
from membrane_pde.input import limits, mixture
from membrane_pde.input.case import Case
from membrane_pde.input.concentrations import known_volume
from membrane_pde.input.parts import SIDES
from membrane_pde.input.properties import (
    at_far_edge,
    both_sides,
    cached,
    diffusivities,
    osmotic_pressures,
    reflection_coefficients,
    side_of_held_flux,
    solution_of,
    volumes_per_area,
)
from membrane_pde.physics.osmotic import IDEAL, Solution
from membrane_pde.results import remarks
from membrane_pde.results.observations import Runs

Vector = np.ndarray[Any, np.dtype[np.float64]]


def has_range(case: Case) -> bool:
    """True if the osmotic model is valid up to some concentration only, so that the message says where it is passed."""
    return case.phase == "liquid" and mixture.osmotic_model(case) != IDEAL


def messages_of(
    runs: Runs,
    r: int,
    arrays: dict[str, np.ndarray[Any, Any]],
    turned: bool,
    several: float,
    end: analytic.Equilibrium | None,
) -> list[str]:
    """Sentences about a run.

    Parameters
    ----------
    runs : Runs
    r : int
        The number of the run.
    arrays : dict of str to ndarray
        The series of all runs.
    turned : bool
        The water flux changed direction.
    several : float
        Above 0 if the equation for the water flux had more than one solution.
    end : analytic.Equilibrium or None
    """
    parts: list[str] = []
    case, (status, reason, _), at = runs.cases[r], runs.endings[r], float(runs.times[-1])
    moved, distance = arrays["displaced_volume_m"][r], float(arrays["distance_to_equilibrium"][r, -1])
    lengths = volumes_per_area(case)
    if status == "failed" and reason == "backflow":
        solution, reflection = solution_of(runs.cases[0]), reflection_coefficients(runs.cases[0])
        walls = [arrays[f"wall_concentration_{name}_mol_per_m3"][r, -1] for name in SIDES]
        left, right = (float(np.dot(reflection, solution.shares(wall))) for wall in walls)
        outflow = "left" if case.left.far_end.drains else "right"
        parts.append(remarks.backflow(case, outflow, at, _clock(at), (left, right)))
    elif status == "failed":
        parts.append(_failure(case, reason, _clock(at), float(moved[-1])))
    elif status == "completed" and case.run.until != "duration":
        goal = None if end is None else end.displaced_volume
        if not (remarks.never(end) or remarks.is_near(distance, float(moved[-1]), goal, min(lengths))):
            aim = "equilibrium" if case.run.until == "equilibrium" else "a steady state"
            parts.append(f"The run ended after {_clock(at)}, before {aim} was reached. Try a longer run.duration.")
    if end is not None and end.reason and not (status == "failed" and remarks.GROWING_LAYER in end.reason):
        parts.append(remarks.no_goal(end))
    growth = [1.0 + float(way.max()) / length for way, length in zip((-moved, moved), lengths, strict=True)]
    if remark := remarks.burst(case, (growth[0], growth[1])):
        parts.append(remark)
    if turned:
        parts.append(remarks.changed_direction(case, moved))
    parts += _plasmolysis(runs, r)
    if status != "failed":
        means, walls = (
            [arrays[f"{what}_{name}_mol_per_m3"][r, -1] for name in SIDES]
            for what in ("concentration", "wall_concentration")
        )
        parts += in_supports(runs.cases[0], means, walls)
    if several:
        parts.append(
            "The equation for the water flux had more than one solution; the one nearest the previous step was taken. "
            "A finer mesh at the membrane (mesh.finest) makes it unique."
        )
    if case.phase == "liquid":
        names = ("wall_concentration_left", "wall_concentration_right", "concentration_left", "concentration_right")
        found = np.array([arrays[f"{name}_mol_per_m3"][r] for name in names])
        if has_range(case):
            parts += mixture.out_of_range(case, solution_of(runs.cases[0]), found.reshape(-1, found.shape[-1]).tolist())
        parts += beyond_limits(runs.cases[0], found[:, [0, -1]] if np.isnan(found).any() else found)
    return parts


def in_supports(case: Case, means: Sequence[Vector], walls: Sequence[Vector]) -> list[str]:
    """Sentences on support layers, from mean concentrations and those at the membrane, left and right, mol/m^3."""
    if case.left.support is None and case.right.support is None:
        return []
    standing = [
        np.array([at_far_edge(c) for c in side.concentration.values()]) if side.far_end.endless else mean
        for side, mean in zip(both_sides(case), means, strict=True)
    ]
    shares, reflection = osmotic_pressures(case), reflection_coefficients(case)
    between, across = ([float(np.dot(reflection, shares(c))) for c in pair] for pair in (standing, walls))
    return remarks.internal_polarization(case, standing, walls, (between[0], between[1]), (across[0], across[1]))


def beyond_limits(case: Case, found: Vector) -> list[str]:
    """Sentences on impossible concentrations, and on an ideal osmotic pressure that is far from the real one.

    `found` are those (place, time, solute) at both walls, if there are any, and on both sides.
    """
    parts = []
    for i, (name, end) in enumerate(zip(case.solutes, _limits(case), strict=True)):
        if end is None or (peak := float(found[:, :, i].max())) <= end.concentration * (1.0 + 1e-6):
            continue
        place = int(found[:, :, i].max(axis=1).argmax())
        where = f"{'at the membrane on' if place < len(found) - 2 else 'on'} the {SIDES[place % 2]}"
        reached = limits.in_words(peak, case.solutes[name].molar_mass)
        parts.append(
            f"{name} reached {reached} {where}, which is impossible: {end.words}. The model includes neither "
            "crystallisation nor the volume that solutes take up."
        )
    if mixture.osmotic_model(case) != IDEAL or case.membrane.water_permeability == 0.0:
        return parts
    if (real := _real_solution(case)) is not None:
        seen = found.reshape(-1, found.shape[-1])
        particles = seen @ [each.dissociation for each in case.solutes.values()]
        parts += mixture.far_from_ideal(case, seen[particles.argmax()].tolist(), real)
    return parts


@cached(32)
def _real_solution(case: Case) -> Solution | None:
    return mixture.real_solution(case)


@cached(32)
def _limits(case: Case) -> list[limits.Limit | None]:
    """The largest possible concentration of each solute."""
    return [
        limits.limit(name, each, known_volume(each, case.temperature), case.temperature)
        for name, each in case.solutes.items()
    ]


def _plasmolysis(runs: Runs, r: int) -> list[str]:
    """Sentences on elastic walls that the membrane came off, by more than the tolerance of the run."""
    case, sentences = runs.cases[r], []
    for index, (name, port) in enumerate(zip(SIDES, runs.system.ports, strict=True)):
        if not port.slackens:
            continue
        gained = (-1.0, 1.0)[index] * runs.states[r, :, runs.system.x]
        applied = [segment.applied(t)[index] for segment, t in zip(runs.segments[r], runs.times.tolist(), strict=True)]
        pulls = np.array(applied) + port.stiffness * gained
        off = pulls < -port.stiffness * float(runs.least_displaced[r])
        if off.any():
            sentences.append(remarks.plasmolysis(case, name, bool(off[-1])))
    return sentences


def _failure(case: Case, reason: str, at: str, moved: float) -> str:
    """A sentence on the cause of a failure, and what to try; `moved` is the displaced volume then, m."""
    if reason.endswith("dry"):
        name = reason.split()[0]
        side = case.left if name == "left" else case.right
        other = "right" if name == "left" else "left"
        label = "" if side.label == name else f" ({side.label})"
        size = "radius" if case.left.radius is not None and name == "left" else side.far_end.size
        left = side.far_end.when_dry
        if side.feed is not None or side.bleed > 0.0:
            hint = f"a larger {name}.feed, a smaller {name}.bleed, or a larger {name}.volume"
        elif held := side_of_held_flux(case):
            hint = f"a smaller {held}.pressure.flux, or a larger {name}.{size}"
        else:
            hint = (
                f"a lower {name}.pressure or a higher {other}.pressure, more solute in the {name} side, or "
                f"a larger {name}.{size}"
            )
        dry = f"At {at} the {name} side{label} ran dry: less than {left} was left."
        if grown := remarks.grown_layer(case, name, moved):
            dry, hint = f"{dry} {grown}", f"a larger {name}.volume, or a thinner layer (a smaller {name}.length)"
        return f"{dry} Try a shorter run.duration, {hint}."
    if (held := side_of_held_flux(case)) and (crowding := _crowding(case, held)) > 100.0:
        return (
            f"At {at} no concentration at the membrane could be found: the water flux that {held}.pressure.flux "
            f"prescribes carries solute there {crowding:.3g} times faster than it diffuses away. Try a smaller "
            f"{held}.pressure.flux, shorter sides, or stirred ones."
        )
    other = "rosenbrock" if case.run.solver == "cvode" else "cvode"
    return (
        f"At {at} the time integration failed: {reason.rstrip('.')}. Something changes too fast for it. "
        "Try a shorter run.duration, a finer mesh at the membrane (mesh.finest), a looser run.rtol, or "
        f'run.solver = "{other}".'
    )


def _crowding(case: Case, held: str) -> float:
    """The largest prescribed flux ÷ the diffusion velocity D/length of the slowest solute along an unstirred side."""
    flux = (case.left if held == "left" else case.right).pressure.largest
    sides = zip(both_sides(case), diffusivities(case).min(axis=1).tolist(), strict=True)
    return max([flux * side.length / slowest for side, slowest in sides if not side.stirred], default=0.0)


def _clock(seconds: float) -> str:
    for limit, unit, size in ((90.0, "s", 1.0), (3600.0, "min", 60.0), (259200.0, "h", 3600.0)):
        if abs(seconds) < limit:
            return f"{seconds / size:.4g} {unit}"
    return f"{seconds / 86400.0:.4g} d"
