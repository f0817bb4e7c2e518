"""Stations along a membrane made of numbers, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from membrane_pde.model import stations as st
from membrane_pde.model.interface import Membrane, face_numbers
from membrane_pde.model.station_system import StationSystem
from membrane_pde.physics import crossflow
from membrane_pde.physics.liquid import Liquid, liquid_of
from membrane_pde.physics.osmotic import Solution

Array = NDArray[np.float64]

GUILLEN_HOEK = (crossflow.CORRELATION, 0.46, 0.36, 0.36, 4.86)
SPACER_FRICTION = (crossflow.FRICTION, 0.42, 189.3, 1.0)


def channel(
    area: float,
    length: float,
    stations: int,
    section: float = 1e-3,
    diameter: float = 1e-3,
    holds: bool = True,
    film: Sequence[float] = (crossflow.NO_FILM, 0.0, 0.0, 0.0, 0.0),
    drop: Sequence[float] = (crossflow.NO_DROP, 0.0, 0.0, 0.0),
    dispersion: float = 0.0,
) -> Array:
    """One side of an element."""
    rows = np.zeros((st.ROWS, stations))
    rows[st.AREA], rows[st.STEP] = area / stations, length / stations
    rows[st.SECTION], rows[st.DIAMETER] = section, diameter
    rows[st.VOLUME] = section * length / stations if holds else 0.0
    rows[st.FILM : st.FILM + 5] = np.array(film)[:, None]
    rows[st.DROP : st.DROP + 4] = np.array(drop)[:, None]
    rows[st.DISPERSION] = dispersion
    return rows


def membrane(
    water: float, solute: Sequence[float], reflection: Sequence[float] = (1.0,), law: str = "solution-diffusion"
) -> Membrane:
    """A membrane of given L_p, P and σ."""
    return Membrane(True, water, law, tuple(solute), tuple(reflection), (1.0,) * len(solute))


def system_of(
    left: Array,
    right: Array,
    face: Membrane,
    solution: Solution,
    inlet: Sequence[Sequence[float]],
    role: tuple[int, int] = (st.FLOWING, st.DRAWN),
    direction: tuple[int, int] = (1, 1),
    elements: int = 1,
    **other: Any,
) -> StationSystem:
    """Equal elements in series; `other` are fields of `Stations`, and `vessels`, `loss`, `boost`."""
    stations, solutes = left.shape[1], len(face.permeability)
    numbers = face_numbers(face, (False, False), solution.numbers, solutes)
    links = np.zeros((3, elements))
    links[st.VESSELS], links[st.LOSS, 1:] = other.pop("vessels", 1.0), other.pop("loss", 0.0)
    links[st.BOOST] = other.pop("boost", 0.0)
    plain: Liquid = liquid_of(
        np.array([1000.0] + [0.0] * solutes), 1e-3, np.full((2, solutes), 1.5e-9), np.full(solutes, 0.05844)
    )
    p = st.Stations(
        face=numbers,
        permeability=np.full(elements, face.water_permeability),
        tables=np.tile(numbers.table, (elements, 1, 1)),
        element=np.repeat(np.arange(elements), stations),
        first=np.arange(elements + 1) * stations,
        rows=np.array([np.tile(left, (1, elements)), np.tile(right, (1, elements))]),
        links=links,
        role=role,
        direction=direction,
        feed=0,
        liquid=plain,
        support=np.zeros(2),
        held=np.zeros(5),
        drawn_in=np.zeros(stations * elements, dtype=np.int64),
        backflow=np.full(solutes, np.nan),
        scale=np.array(inlet)[:, 2:].max(axis=0),
        limited=False,
    )
    return StationSystem(p._replace(**other), np.array(inlet, dtype=float))


def element_in_time(
    stations: int,
    solutes: int = 1,
    *,
    water: float = 3e-12,
    solute: float = 2e-8,
    film: Sequence[float] = GUILLEN_HOEK,
    drop: Sequence[float] = SPACER_FRICTION,
    dispersion: float = 0.0,
    role: tuple[int, int] = (st.FLOWING, st.DRAWN),
    **other: Any,
) -> StationSystem:
    """A spiral-wound element whose sides both hold liquid: 37 m^2, 11 L and 5 L, fed with seawater's salt at 2 L/s."""
    left = channel(37.0, 1.0, stations, 37.0 / 2.0 * 0.7e-3 * 0.85, 1e-3, film=film, drop=drop, dispersion=dispersion)
    right = channel(37.0, 1.0, stations, 37.0 / 2.0 * 0.3e-3, 1e-3)
    concentrations = [550.0, 20.0, 5.0][:solutes]
    face = membrane(water, [solute * factor for factor in (1.0, 0.5, 1.5)[:solutes]], (1.0,) * solutes)
    beside = 0.0 if role[1] != st.FLOWING else 1e-3
    inlet = [[2e-3, 55e5, *concentrations], [beside, 1e5, *[0.0] * solutes]]
    return system_of(left, right, face, Solution("ideal", 298.15, (2,) * solutes), inlet, role, **other)
