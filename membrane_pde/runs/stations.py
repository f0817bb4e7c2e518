"""Builds the stations along the membrane of a case with [module], and the inlet values of each side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from membrane_pde.input.case import Case
from membrane_pde.input.mixture import density_of
from membrane_pde.input.parts import SIDES
from membrane_pde.input.plant import Element
from membrane_pde.input.properties import diffusivities, solution_of
from membrane_pde.physics import channel as flow_in
from membrane_pde.physics import crossflow
from membrane_pde.physics.temperature import water_density, water_viscosity

if TYPE_CHECKING:
    from membrane_pde.model.interface import Membrane
    from membrane_pde.model.station_system import StationSystem
    from membrane_pde.physics.liquid import Liquid

Vector = np.ndarray[Any, np.dtype[np.float64]]

_FILMS = {"none": crossflow.NO_FILM, "constant": crossflow.GIVEN_COEFFICIENT}
_DROPS = {
    "none": crossflow.NO_DROP,
    "constant": crossflow.GIVEN_GRADIENT,
    "friction": crossflow.FRICTION,
    "measured": crossflow.POWER,
}


def station_system(case: Case, stations: int, in_time: bool = False) -> StationSystem:
    """The stations of a case, with the initial inlet values.

    Parameters
    ----------
    case : Case
        With [module].
    stations : int
        Of each element.
    in_time : bool
        With the hold-up of a side that is drawn off, which plays no part in a steady state.

    Returns
    -------
    StationSystem
        See there.
    """
    from membrane_pde.model import stations as st
    from membrane_pde.model.interface import face_numbers
    from membrane_pde.model.station_system import StationSystem

    plant, solutes = case.plant, len(case.solutes)
    elements = [element for _, element in plant.elements]
    faces = [
        face_numbers(_membrane(case, element), (False, False), solution_of(case).numbers, solutes)
        for element in elements
    ]
    unique = all(face.unique for face in faces)
    feed = SIDES.index(plant.feed)
    roles = {"channel": st.FLOWING, "dead end": st.DEAD_END, "permeate": st.DRAWN}
    role = [roles[getattr(elements[0], side).role] for side in SIDES]
    direction = [1, 1]
    if plant.counter_current:
        direction[1 - feed] = -1
    rows = np.array(
        [
            np.concatenate(
                [_rows(getattr(element, side), element, stations, direction[i], in_time) for element in elements], 1
            )
            for i, side in enumerate(SIDES)
        ]
    )
    supports = [getattr(case, side).support for side in SIDES]
    other = getattr(case, plant.other)
    given = other.backflow if isinstance(other.backflow, dict) else {}
    numbers = st.Stations(
        face=faces[0]._replace(unique=unique),
        permeability=np.array([face.water_permeability for face in faces]),
        tables=np.array([face.table for face in faces]),
        element=np.repeat(np.arange(len(elements)), stations),
        first=np.arange(len(elements) + 1) * stations,
        rows=rows,
        links=_links(case),
        role=(role[0], role[1]),
        direction=(direction[0], direction[1]),
        feed=feed,
        liquid=_liquid(case),
        support=np.array([0.0 if each is None else each.structural_parameter for each in supports]),
        held=_held(case),
        drawn_in=np.zeros(stations * len(elements), dtype=np.int64),
        backflow=np.array([given.get(name, math.nan) for name in case.solutes]),
        scale=_scale(case),
        limited=False,
    )
    return StationSystem(numbers, inlets(case, 0.0))


def inlets(case: Case, t: float) -> Vector:
    """Inlet flow, pressure and concentrations of each side at a time (2, 2 + solutes), SI."""
    plant, inlet = case.plant, np.zeros((2, 2 + len(case.solutes)))
    for i, name in enumerate(SIDES):
        side = getattr(case, name)
        if name in plant.flowing:
            inlet[i, 0] = plant.flow[name].at(t) if name in plant.flow else math.nan
        inlet[i, 1] = side.pressure.at(t) if side.pressure.held == "pressure" else 0.0
        for s, solute in enumerate(case.solutes):
            if solute in side.inlet:
                inlet[i, 2 + s] = side.inlet[solute].at(t)
    return inlet


def _scale(case: Case) -> Vector:
    """Scale of the concentration of each solute."""
    sides = case.left, case.right
    most = np.array(
        [max([side.inlet[name].largest for side in sides if name in side.inlet] + [0.0]) for name in case.solutes]
    )
    most[most == 0.0] = most.max() or 1.0
    return most


def _membrane(case: Case, element: Element) -> Membrane:
    from membrane_pde.model.interface import Membrane

    part = element.membrane
    passing = [part.solutes[name] for name in case.solutes]
    return Membrane(
        True,
        part.water_permeability,
        part.flux_law,
        tuple(each.permeability for each in passing),
        tuple(each.reflection for each in passing),
        tuple(each.partition for each in passing),
    )


def _rows(channel: flow_in.Channel, element: Element, stations: int, direction: int, in_time: bool) -> Vector:
    """Data of one side of an element, in the order of the feed flow."""
    from membrane_pde.model import stations as st

    rows = np.zeros((st.ROWS, stations))
    rows[st.AREA], rows[st.STEP] = element.area / stations, element.length / stations
    if channel.role == "permeate":
        rows[st.VOLUME] = channel.volume / stations if in_time else 0.0
        return rows
    rows[st.SECTION], rows[st.DIAMETER] = channel.open_area, channel.hydraulic_diameter
    rows[st.VOLUME], rows[st.DISPERSION] = channel.volume / stations, channel.dispersion
    film, drop = channel.mass_transfer, channel.pressure_drop
    rows[st.FILM] = _FILMS.get(film.kind, crossflow.CORRELATION)
    rows[st.FILM_LEAST] = channel.shape.developed
    if film.kind == "constant":
        rows[st.FILM_A] = film.coefficient
    elif film.kind == "power":
        rows[st.FILM_A], rows[st.FILM_B], rows[st.FILM_C] = film.a, film.b, film.c
    elif film.kind == "developing":
        ends = np.linspace(0.0, element.length, stations + 1)
        mean = flow_in.mean_inverse_cube_root(ends[:-1], ends[1:])[::direction]
        rows[st.FILM_A] = channel.shape.entrance * channel.hydraulic_diameter ** (1.0 / 3.0) * mean
        rows[st.FILM_B] = rows[st.FILM_C] = 1.0 / 3.0
    rows[st.DROP] = _DROPS[drop.kind]
    numbers = {
        "none": (0.0, 0.0, 0.0),
        "constant": (drop.gradient, 0.0, 0.0),
        "friction": (drop.f0, drop.f1, drop.n),
        "measured": (drop.gradient, drop.at, drop.exponent),
    }[drop.kind]
    for row, value in zip((st.DROP_FIRST, st.DROP_SECOND, st.DROP_POWER), numbers, strict=True):
        rows[row] = value
    return rows


def _links(case: Case) -> Vector:
    """Number of vessels in parallel, pressure loss and pressure boost before each element."""
    from membrane_pde.model import stations as st

    plant = case.plant
    links = np.zeros((3, sum(len(stage.elements) for stage in plant.stages)))
    n = 0
    for stage in plant.stages:
        links[st.VESSELS, n : n + len(stage.elements)] = stage.vessels
        links[st.BOOST, n] = stage.boost
        links[st.LOSS, n + 1 : n + len(stage.elements)] = plant.interconnector
        n += len(stage.elements)
    return links


def _held(case: Case) -> Vector:
    """The prescribed quantity, see `Stations.held`."""
    from membrane_pde.model import stations as st

    plant, held = case.plant, np.zeros(5)
    pressure = getattr(case, plant.feed).pressure
    kinds = {"recovery": st.FOR_RECOVERY, "permeate": st.FOR_PERMEATE, "flux": st.FOR_FLUX}
    if pressure.held in kinds:
        held[st.PRESSURE_KIND], held[st.PRESSURE_TARGET] = kinds[pressure.held], pressure.values[0]
    if plant.recovery is not None:
        held[st.FLOW_KIND], held[st.RECOVERY] = 1.0, plant.recovery
    held[st.MIXING] = case.energy.pressure_exchanger.mixing
    return held


def _liquid(case: Case) -> Liquid:
    """Density, viscosity and diffusivities of the local solution."""
    from membrane_pde.physics.liquid import liquid_of

    water, given = float(water_density(case.temperature)), case.properties
    inlet, rises = inlets(case, 0.0)[:, 2:].max(axis=0), [water]
    for s in range(len(case.solutes)):
        alone = [float(c) if i == s else 0.0 for i, c in enumerate(inlet)]
        density = density_of(case, alone) if alone[s] > 0.0 else None
        rises.append(0.0 if density is None else (density - water) / alone[s])
    masses = np.array([solute.molar_mass or 0.0 for solute in case.solutes.values()])
    laws = given.density.coefficients, given.viscosity.coefficients, given.diffusivity.coefficients
    viscosity = float(water_viscosity(case.temperature))
    return liquid_of(np.array(rises), viscosity, diffusivities(case), masses, laws)
