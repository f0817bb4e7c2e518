"""Builds the solver's input from a case: mesh, model, applied pressures, scales and tolerances."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from membrane_pde.input.case import Case
from membrane_pde.input.errors import CaseError
from membrane_pde.input.properties import (
    LEAST,
    amount_scales,
    at_far_edge,
    at_membrane,
    both_sides,
    cached,
    concentration_scales,
    diffusivities,
    effective_osmotic_at_start,
    is_closed,
    pressure_scale,
    pressure_scales,
    side_of_held_flux,
    solution_of,
    total_length,
    volumes_per_area,
)
from membrane_pde.input.values import Pressure, Profile
from membrane_pde.physics import curvature

if TYPE_CHECKING:
    from membrane_pde.model.applied import Segment, Wave
    from membrane_pde.model.mesh import Mesh as Grid
    from membrane_pde.model.ports import Port
    from membrane_pde.model.problem import Problem
    from membrane_pde.model.system import System

_GROWTH = 1.015  # ratio of the widths of neighbouring cells in the default mesh
_OF_DIFFUSION, _OF_LAYER = 0.007, 0.03  # finest cell ÷ diffusion length; ÷ polarization layer
_LEAST, _LEAST_OF_LAYER = 60, 30  # smallest numbers of cells of an unstirred side, and of a layer
_STEEPEST = 1.12  # largest ratio of neighbouring widths if the case gives the number of cells
# Largest tolerance of a run that stops at an end state: the distance from it must show above the errors of the steps.
_STOPPING_RTOL = {"rosenbrock": 2e-9, "cvode": 3e-10, "fipy": 1e-8}
Vector = np.ndarray[Any, np.dtype[np.float64]]


def refuse_module(case: Case) -> None:
    """Raise a CaseError for a case with [module], which has other equations (`runs.along`)."""
    if case.module is not None:
        raise CaseError(
            "module: a membrane with a flow along it has no such answer; `run` and `steady` give its steady state"
        )


def side_widths(case: Case, index: int) -> Vector:
    """Cell widths of a side from the membrane outwards, m.

    By default the cell at the membrane has 0.7 % of the diffusion length of the run, ``√(D t)``, or 3 % of the
    thickness of the polarization layer at the largest water flux, ``D/J_v``, whichever is less. The widths grow by
    1.5 % from cell to cell, so that a layer has the same number of cells whatever its thickness. There are at least
    sixty cells, or thirty in a layer in front of a reservoir, a bath or an outflow. If an outflow may draw in another
    solution, the cells are as fine at the far end. If the case gives the number of cells, the widths grow by 12 % at
    most.
    """
    from membrane_pde.model.mesh import graded_widths

    refuse_module(case)
    side, cells = both_sides(case)[index], case.mesh.cells
    if not side.has_length and case.left.radius is not None:  # a shell of its volume
        return np.array([curvature.shell_thickness(case.left.radius, side.length, case.geometry)])
    if side.stirred:
        return np.array([side.length])
    finest = _finest(case, index, side.length)
    if cells is not None:
        return graded_widths(side.length, cells, min(finest, side.length / cells))
    profile = any(isinstance(value, Profile) for value in side.concentration.values())
    least = _LEAST if profile or not side.far_end.layer else _LEAST_OF_LAYER
    parts = 2 if isinstance(side.backflow, dict) else 1
    length = side.length / parts
    cells = max(least // parts, math.ceil(math.log1p((_GROWTH - 1.0) * length / finest) / math.log(_GROWTH)))
    widths = graded_widths(length, cells, min(finest, length / cells))
    return widths if parts == 1 else np.concatenate([widths, widths[::-1]])


def pore_widths(case: Case, index: int) -> Vector:
    """Cell widths of the support layer of a side from the membrane outwards, m; none without one.

    They follow the same rules as those of a solution, with the diffusivity that is left in the pores.
    """
    from membrane_pde.model.mesh import graded_widths

    support, cells = both_sides(case)[index].support, case.mesh.cells
    if support is None:
        return np.empty(0)
    thickness = support.thickness
    finest = _finest(case, index, thickness, 1.0 / support.tortuosity, support.porosity)
    if cells is None:
        grown = math.log1p((_GROWTH - 1.0) * thickness / finest) / math.log(_GROWTH)
        cells = max(_LEAST_OF_LAYER, math.ceil(grown))
    return graded_widths(thickness, cells, min(finest, thickness / cells))


def _finest(case: Case, index: int, length: float, slower: float = 1.0, porosity: float = 1.0) -> float:
    """Width of the cell at the inner edge of a solution, or of pores in which solutes diffuse `slower`, m."""
    if case.mesh.finest is not None:
        return case.mesh.finest
    cells, slowest = case.mesh.cells, float(diffusivities(case)[index].min()) * slower
    finest = _OF_DIFFUSION * math.sqrt(slowest * case.run.duration)
    if (flow := _fastest_flow(case)) > 0.0:
        finest = min(finest, _OF_LAYER * porosity * slowest / flow)
    if cells is not None and cells < 5000:
        finest = max(finest, length * (_STEEPEST - 1.0) / (_STEEPEST**cells - 1.0))
    return finest


def _fastest_flow(case: Case) -> float:
    """Largest expected water flux, m/s, from the largest applied pressures and the initial osmotic pressures.

    Polarization lowers the flux. A polarization layer can drive a flux later, when the applied pressure falls; a tenth
    of all osmotic pressures is an allowance for that.
    """
    segments = segments_of(case)
    if side_of_held_flux(case):
        return max(abs(flux) for segment in segments for flux in segment.flux)
    left, right = effective_osmotic_at_start(case)
    waves = sum(abs(wave.amplitude) for wave in segments[0].waves)
    pairs = [pair for each in segments for pair in zip(each.left, each.right, strict=True)]
    drive = max(abs(one - other - (left - right)) for one, other in pairs) + waves
    return case.membrane.water_permeability * max(drive, 0.1 * pressure_scale(case))


def mesh_of(case: Case) -> dict[str, Vector]:
    """Cell widths (m) of both sides at the start, from the membrane outwards.

    Parameters
    ----------
    case : Case
        The case.

    Returns
    -------
    dict
        ``left_widths`` and ``right_widths``, those of the solutions; where there is a support layer
        ``left_pore_widths`` or ``right_pore_widths``, too.
    """
    if case.module is not None:
        return {"left_widths": np.empty(0), "right_widths": np.empty(0)}
    widths = {"left_widths": side_widths(case, 0), "right_widths": side_widths(case, 1)}
    pores = {"left_pore_widths": pore_widths(case, 0), "right_pore_widths": pore_widths(case, 1)}
    return widths | {name: found for name, found in pores.items() if len(found)}


def merged_in_pairs(widths: Vector) -> Vector:
    """Widths of half as many cells: neighbours are merged in pairs (the last three if the number is odd)."""
    return widths if len(widths) < 2 else np.add.reduceat(widths, np.arange(0, len(widths) - 1, 2))


class Model(NamedTuple):
    """The semi-discrete model of a case, and the initial concentrations of the cells (solute, cell), mol/m^3."""

    case: Case
    built: System
    concentration: Vector

    def system(self) -> System:
        """A new system; its mutable data are not shared with other systems of this model."""
        return self.built.again()


# The model of the last case. A sweep over pressures and a slider need it again for each of their cases.
last_model: Model | None = None


def model_of(case: Case, coarser: bool = False, tighter: bool = False) -> Model:
    """The model of a case; the previous model, if the two cases differ only in the applied pressures.

    `coarser`: half as many cells; `tighter`: a tenth of the tolerance.
    """
    global last_model
    refuse_module(case)
    last = last_model  # read once, as another thread may replace it
    kept = None if coarser or tighter or last is None or not same_model(last.case, case) else last
    if kept is not None and kept.case.mesh is case.mesh and case.mesh.finest is not None:
        return kept  # this mesh does not depend on the applied pressures
    from membrane_pde.model.system import System

    mesh = _mesh(case, coarser)
    if kept is not None and kept.built.problem.mesh is mesh:
        return kept
    built = System(_problem(case, mesh, tolerance_of(case, tighter)))
    model = Model(case, built, _cells_at_start(case, mesh))
    if not coarser and not tighter:
        last_model = model
    return model


def _mesh(case: Case, coarser: bool) -> Grid:
    """The regions of a case: solutions, pores of support layers."""
    from membrane_pde.model.mesh import build
    from membrane_pde.model.regions import Pores

    widths, pores = [], []
    for index, side in enumerate(both_sides(case)):
        own, thin = side_widths(case, index), pore_widths(case, index)
        if coarser:
            own, thin = merged_in_pairs(own), merged_in_pairs(thin)
        widths.append(own)
        layer = side.support
        pores.append(None if layer is None else Pores(thin, layer.porosity, layer.tortuosity))
    return build(widths[0], widths[1], (pores[0], pores[1]), case.geometry)


def same_model(one: Case, other: Case) -> bool:
    """True if two cases have the same model on the same mesh."""
    names = ("solutes", "phase", "geometry", "temperature", "osmotic_model", "properties")
    if one.membrane is not other.membrane or side_of_held_flux(one) != side_of_held_flux(other):
        return False
    if any(getattr(one, name) != getattr(other, name) for name in names) or tolerance_of(one) != tolerance_of(other):
        return False
    return all(
        a is b or a.__dict__ | {"pressure": b.pressure} == b.__dict__
        for a, b in zip(both_sides(one), both_sides(other), strict=True)
    )


def _problem(case: Case, mesh: Grid, rtol: float) -> Problem:
    """The problem of a case on a mesh; `rtol` is the relative tolerance of the run."""
    from membrane_pde.model.interface import Membrane
    from membrane_pde.model.problem import Problem

    numbers = case.membrane.solutes.values()
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
        osmotics=solution_of(case).numbers,
        diffusivity=diffusivities(case),
        ports=(_port(case, 0), _port(case, 1)),
        trace=rtol * concentration_scales(case),
    )


def _port(case: Case, index: int) -> Port:
    """The port of a side (0 left, 1 right)."""
    from membrane_pde.model.ports import port_of

    side = both_sides(case)[index]

    def of_each(values: Mapping[str, float | Profile]) -> Vector:
        return np.array([at_far_edge(values[name]) for name in case.solutes])

    numbers = {key.name: getattr(side, key.name) for key in side.far_end.keys} | {
        "stirred": side.stirred,
        "holds_flux": side.pressure.flux,
        "depth": volumes_per_area(case)[index],
        "temperature": case.temperature,
        "concentration": of_each(side.concentration),
        "feed": of_each(side.feed.concentration) if side.feed is not None else None,
        "flow": side.feed.flow if side.feed is not None else None,
        "drawn_in": of_each(side.backflow) if isinstance(side.backflow, dict) else None,
    }
    return port_of(side.boundary, numbers)


def _cells_at_start(case: Case, mesh: Grid) -> Vector:
    """Initial cell concentrations (solute, cell); pores have the concentration of the solution at the membrane."""
    membrane = mesh.membrane
    left_pores, right_pores = mesh.pores
    left = mesh.radii[: membrane - left_pores + 1]
    right = mesh.radii[membrane + right_pores :]
    rows = []
    for name in case.solutes:
        inside, outside = case.left.concentration[name], case.right.concentration[name]
        parts = (
            _cell_averages(inside, left[-1] - left, left if mesh.power else None, mesh.power),
            np.full(left_pores, at_membrane(inside)),
            np.full(right_pores, at_membrane(outside)),
            _cell_averages(outside, right - right[0], right if mesh.power else None, mesh.power),
        )
        rows.append(np.concatenate(parts))
    return np.array(rows)


def _cell_averages(value: float | Profile, distance: Vector, radii: Vector | None, power: int) -> Vector:
    """Averages over cells of a number or a piecewise linear profile.

    `distance` is the distance of the faces from the inner edge of the solution, m. For curved cells, `radii` is their
    distance from the centre, and the area of a face is proportional to this power of the radius.
    """
    if not isinstance(value, Profile):
        return np.full(len(distance) - 1, value)
    reversed_ = distance[0] > distance[-1]
    edges = distance[::-1] if reversed_ else distance
    kinks = np.array(value.distance)
    points = np.unique(np.concatenate([edges, kinks[(kinks > edges[0]) & (kinks < edges[-1])]]))
    # Gauss quadrature with three points: exact for a linear profile times the square of the radius
    node = math.sqrt(0.6)
    middle, half = 0.5 * (points[1:] + points[:-1]), 0.5 * np.diff(points)
    held, volume = np.zeros(len(middle)), np.zeros(len(middle))
    for place, weight in ((-node, 5.0), (0.0, 8.0), (node, 5.0)):
        x = middle + place * half
        area = np.ones_like(x)
        if radii is not None:
            area = (radii[-1] - x if reversed_ else radii[0] + x) ** power
        held += weight * half * area * np.interp(x, value.distance, value.value)
        volume += weight * half * area
    first = np.searchsorted(points, edges[:-1])
    found = np.add.reduceat(held, first) / np.add.reduceat(volume, first)
    return np.asarray(found[::-1] if reversed_ else found)


@cached(1)  # a schedule may have very many segments
def segments_of(case: Case) -> list[Segment]:
    """Segments of the applied pressures, from one kink or jump of either side to the next."""
    from membrane_pde.model.applied import Segment

    refuse_module(case)
    duration = case.run.duration
    times = [0.0]
    for kink in sorted(t for side in both_sides(case) for t in _kinks(side.pressure, duration)):
        if 1e-12 * duration < kink - times[-1] and kink < (1.0 - 1e-12) * duration:  # 3 · 0.1 s is 0.3 s
            times.append(kink)
    times.append(duration)
    left, right, held = case.left.pressure, case.right.pressure, side_of_held_flux(case)
    waves = [(_wave(left), _wave(right))] if left.oscillates or right.oscillates else []
    segments = []
    for start, end in itertools.pairwise(times):
        lines, flux = [_line(left, start, end), _line(right, start, end)], (0.0, 0.0)
        if held == "left":
            lines[0], flux = (0.0, 0.0), lines[0]
        elif held == "right":  # a flux out of the right side is negative
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
    """The sine wave of a pressure about its mean."""
    from membrane_pde.model.applied import Wave

    return Wave(pressure.amplitude, pressure.period) if pressure.shape == "sine" and pressure.amplitude else Wave()


def _line(pressure: Pressure, start: float, end: float) -> tuple[float, float]:
    """Pressure (or flux) at the start and end of an interval without kinks; for a sine wave its mean."""
    if pressure.shape != "pulse" and len(pressure.values) == 1:
        return pressure.values[0], pressure.values[0]
    if pressure.shape == "ramp":
        at = np.interp([start, end], pressure.times, pressure.values)
        return float(at[0]), float(at[1])
    value = pressure.at(0.5 * (start + end))
    return value, value


def state_scales(cases: Sequence[Case], system: System) -> Vector:
    """Scale of each state (case, size) of cases of one model; scale × rtol is the absolute tolerance."""
    case = cases[0]
    concentration, whole = concentration_scales(case), total_length(case)
    closed = [is_closed(side) for side in both_sides(case)]
    lengths = [volume for volume, ends in zip(volumes_per_area(case), closed, strict=True) if ends] or [whole]
    scale = np.empty((len(cases), system.size))
    system.amounts(scale[0])[:] = concentration[:, None] * system.width
    scale[0, system.far_left] = scale[0, system.far_right] = amount_scales(case)
    for place, bath in zip(system.volume, system.numbers.bath, strict=True):
        scale[0, place] = bath.volume if bath.present else whole
    scale[1:] = scale[0]
    for row, pressure in zip(scale, pressure_scales(cases), strict=True):
        flow = case.membrane.water_permeability * pressure * case.run.duration
        displaced = min(flow, *lengths) if flow > 0.0 and not system.still else whole
        row[system.x], row[system.work] = displaced, displaced * (pressure or 1.0)
        row[system.passed] = concentration * _passable(case, displaced, whole)
    return scale


def _passable(case: Case, displaced: float, whole: float) -> Vector:
    """Volume (m) whose solute can pass the membrane by diffusion and with the water; at least 1e-4 of the total."""
    if case.membrane.type == "none":
        return np.full(len(case.solutes), whole)
    numbers = [case.membrane.solutes[name] for name in case.solutes]
    alone = np.array([each.permeability * max(1.0, 1.0 / each.partition) for each in numbers]) * case.run.duration
    drawn = np.array([1.0 - each.reflection for each in numbers]) * displaced
    return np.clip(alone + drawn, 1e-4 * whole, whole)


def tolerance_of(case: Case, tighter: bool = False) -> float:
    """Relative tolerance for the steps of a run; `tighter`: a tenth of it."""
    rtol = case.run.rtol
    if case.run.until != "duration":
        rtol = min(rtol, _STOPPING_RTOL[case.run.solver])
    return 0.1 * rtol if tighter else rtol


def least_displaced(case: Case, system: System, scales: Vector) -> Vector:
    """Displaced volume (m) below which it counts as zero, for each of several cases of the model of `case`.

    A billionth of the total length, or the absolute tolerance of the displaced volume where that is larger; `scales`
    (case, size) are those of `state_scales`.
    """
    return np.asarray(np.maximum(1e-9 * total_length(case), tolerance_of(case) * scales[:, system.x]))


def flux_thresholds(cases: Sequence[Case]) -> list[float]:
    """Water flux (m/s) below which it counts as zero, for each of several cases of one model.

    A billionth of the flux at the largest pressure, or rtol times that flux, whichever is larger.
    """
    permeability, least = cases[0].membrane.water_permeability, max(LEAST, tolerance_of(cases[0]))
    return [least * permeability * (pressure or 1.0) for pressure in pressure_scales(cases)]
