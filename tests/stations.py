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
