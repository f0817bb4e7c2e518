"""Properties that follow from a case alone, in SI: diffusivities, osmotic model, scales, closed sides."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from membrane_pde.input import mixture
from membrane_pde.input.case import Case
from membrane_pde.input.parts import Compartment
from membrane_pde.input.values import Profile
from membrane_pde.physics import curvature
from membrane_pde.physics.osmotic import IDEAL, Solution

Vector = np.ndarray[Any, np.dtype[np.float64]]
LEAST = 1e-9  # flux or transferred amount ÷ its scale below which it is round-off
_T = TypeVar("_T")


def cached(most: int) -> Callable[[Callable[[Case], _T]], Callable[[Case], _T]]:
    """Cache the results of a function for up to `most` cases used last; callers must not change them.

    A run asks for the same property of its case many times; a sweep goes on to the next case for good, but cases that
    are shown or measured side by side take turns. A result is found by identity: a case cannot change, and to compare
    two takes longer than most of the properties.
    """

    def decorate(function: Callable[[Case], _T]) -> Callable[[Case], _T]:
        kept: dict[int, tuple[Case, _T]] = {}  # a case that is kept here keeps its id

        @functools.wraps(function)
        def call(case: Case) -> _T:
            found = kept.get(id(case))
            if found is None:
                found = case, function(case)
                if len(kept) >= most:
                    kept.clear()
                kept[id(case)] = found
            return found[1]

        return call

    return decorate


def both_sides(case: Case) -> tuple[Compartment, Compartment]:
    """The left and the right side."""
    return case.left, case.right


@cached(32)
def diffusivities(case: Case) -> Vector:
    """Diffusion coefficients (side, solute), m^2/s."""
    return np.array(
        [
            [side.diffusivity.get(name, solute.diffusivity) for name, solute in case.solutes.items()]
            for side in both_sides(case)
        ]
    )


def at_membrane(value: float | Profile) -> float:
    """Concentration at the membrane at the start."""
    return value.value[0] if isinstance(value, Profile) else value


def at_far_edge(value: float | Profile) -> float:
    """Concentration of a reservoir: the value at the far end of the layer in front of it."""
    return value.value[-1] if isinstance(value, Profile) else value


@cached(32)
def highest_concentrations(case: Case) -> Vector:
    """Largest concentration of each solute anywhere: its own scale."""
    scale = np.zeros(len(case.solutes))
    for side in both_sides(case):
        for s, name in enumerate(case.solutes):
            value = side.concentration[name]
            scale[s] = max(scale[s], *value.value) if isinstance(value, Profile) else max(scale[s], value)
            if isinstance(side.backflow, dict):
                scale[s] = max(scale[s], side.backflow[name])
            if side.feed is not None:
                scale[s] = max(scale[s], side.feed.concentration[name])
    return scale


@cached(32)
def concentration_scales(case: Case) -> Vector:
    """Scale of the concentration of each solute; for an absent solute, the largest scale of the others."""
    size = highest_concentrations(case).copy()
    size[size == 0.0] = size.max() or 1.0
    return size


def amount_scales(case: Case) -> Vector:
    """Scale of the amount of each solute, mol/m^2."""
    return concentration_scales(case) * total_length(case)


def osmotic_pressures(case: Case) -> Callable[[Vector], Vector]:
    """Each solute's osmotic pressure (Pa) as a function of the concentrations (..., solute)."""
    return solution_of(case).shares


@cached(32)
def reflection_coefficients(case: Case) -> Vector:
    """Reflection coefficient of each solute; 0 without a membrane."""
    return np.array([case.membrane.solutes[name].reflection if case.membrane.solutes else 0.0 for name in case.solutes])


@cached(32)
def solution_of(case: Case) -> Solution:
    """The osmotic model; a gas has no osmotic pressure."""
    if case.phase == "gas":
        return Solution(IDEAL, case.temperature, (0.0,) * len(case.solutes))
    return mixture.solution(case)


@cached(32)
def effective_osmotic_at_start(case: Case) -> tuple[float, float]:
    """Initial Σσπ on both sides of the membrane, Pa."""
    solution, reflection = solution_of(case), reflection_coefficients(case)
    starts = [[at_membrane(side.concentration[name]) for name in case.solutes] for side in both_sides(case)]
    left, right = (float(np.dot(reflection, solution.shares(start))) for start in starts)
    return left, right


@cached(32)
def _largest_osmotic(case: Case) -> float:
    """Scale of the osmotic pressure, Pa."""
    return float(np.abs(osmotic_pressures(case)(highest_concentrations(case))).sum())


def pressure_scales(cases: Sequence[Case]) -> list[float]:
    """Scale of all pressures that can drive water, for each of several cases of one model, Pa."""
    permeability, osmotic = cases[0].membrane.water_permeability, _largest_osmotic(cases[0])
    return [
        max(p.largest / permeability if p.flux else p.largest for p in (case.left.pressure, case.right.pressure))
        + osmotic
        for case in cases
    ]


def pressure_scale(case: Case) -> float:
    """Scale of all pressures that can drive water, Pa."""
    return pressure_scales([case])[0]


def solute_flux_scales(case: Case) -> Vector:
    """Scale of the flux of each solute through the membrane, mol/(m^2 s).

    Permeability · concentration, and what the scale of the water flux carries: ``P c max(1, 1/K) + (1 − σ) J_v c``.
    Without a membrane ``D c`` ÷ the total length.
    """
    sizes = concentration_scales(case)
    if case.membrane.type == "none":
        return np.asarray(diffusivities(case).max(axis=0) * sizes / total_length(case))
    numbers = [case.membrane.solutes[name] for name in case.solutes]
    water = case.membrane.water_permeability * pressure_scale(case)
    diffusing = np.array([each.permeability * max(1.0, 1.0 / each.partition) for each in numbers])
    drawn = np.array([1.0 - each.reflection for each in numbers]) * water
    return np.asarray((diffusing + drawn) * sizes)


@cached(32)
def volumes_per_area(case: Case) -> tuple[float, float]:
    """Volume of the left, of the right side at the start per membrane area, a bath included, m.

    Of a planar side its length. Inside a sphere of radius R it is ``R/3``, inside a cylinder ``R/2``; a shell of
    thickness h around them holds ``((R + h)^d − R^d)/(d R^(d−1))``, d = 3 or 2.
    """
    left, right = both_sides(case)
    if left.radius is None:
        return _with_bath(left, left.length), _with_bath(right, right.length)
    inside = curvature.enclosed_volume(left.radius, case.geometry)
    if not right.has_length:  # no layer exists around the membrane
        return inside, right.length
    return inside, _with_bath(right, curvature.shell_volume(left.radius, right.length, case.geometry))


def layer_gain(case: Case, moved: float) -> float:
    """Increase of the volume of the layer in front of a bath, per initial membrane area, m.

    A layer around a curved membrane keeps its thickness: it grows with the membrane, and the bath loses what it gains.

    Parameters
    ----------
    case : Case
    moved : float
        Displaced volume, m.

    Returns
    -------
    float
        m; 0 without such a layer.
    """
    radius, right = case.left.radius, case.right
    if radius is None or not right.far_end.tank or right.stirred:
        return 0.0
    share = max(1.0 - moved / curvature.enclosed_volume(radius, case.geometry), 0.0)
    now = radius * curvature.radius_ratio(share, case.geometry)
    return curvature.layer_gain(radius, now, right.length, curvature.DIMENSION[case.geometry] - 1)


def liquids_per_area(case: Case) -> tuple[float, float]:
    """`volumes_per_area` plus the volumes of liquid in the pores of support layers, m."""
    left, right = volumes_per_area(case)
    return left + case.left.pore_volume, right + case.right.pore_volume


def _with_bath(side: Compartment, volume: float) -> float:
    """The volume of a side, and of the bath behind it where it is a layer, m."""
    return volume + (side.volume or 0.0) if side.far_end.tank and not side.stirred else volume


def total_length(case: Case) -> float:
    """Volume of both sides at the start per membrane area, m."""
    return sum(volumes_per_area(case))


def is_closed(side: Compartment) -> bool:
    """True if a side is closed except for the membrane."""
    if side.channel is not None:
        return False
    end = side.far_end
    return side.feed is None and side.bleed == 0.0 if end.tank else not end.layer


def is_open(case: Case) -> bool:
    """True if liquid can flow in or out without limit: there may be a steady state, but no equilibrium."""
    return not (is_closed(case.left) and is_closed(case.right)) and not reservoir_side(case)


def reservoir_side(case: Case) -> str:
    """The side that is a reservoir beside a closed one, or ""."""
    left, right = both_sides(case)
    if left.far_end.endless and is_closed(right):
        return "left"
    return "right" if right.far_end.endless and is_closed(left) else ""


def side_of_held_flux(case: Case) -> str:
    """The side that prescribes the water flux, or ""."""
    return "left" if case.left.pressure.flux else "right" if case.right.pressure.flux else ""
