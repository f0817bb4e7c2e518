"""Compilation of the kernels, by calling each of them once."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from membrane_pde import kernels
from membrane_pde.input.casefile import load_case
from membrane_pde.input.errors import CaseError
from membrane_pde.runs.build import model_of, segments_of
from membrane_pde.runs.running import run
from membrane_pde.runs.steady_state import steady


def compile_kernels() -> Path:
    """Compile the kernels, for this process and for later ones.

    Returns
    -------
    Path
        Folder of the machine code, in the user's cache.

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
    """Call every compiled entry point, with arguments of the types that a run passes."""
    case = load_case("osmosis").with_values({"mesh.cells": 4, "run.duration": "1 s", "run.outputs": 2})
    run(case.with_values({"osmotic_model": "pitzer", "run.until": "steady"}))
    model = model_of(case)
    system, segment = model.system(), segments_of(case)[0]
    y = system.initial_state(model.concentration)
    system.jacobian(0.0, y, segment)
    system.widths(y)
    steady(case)
    _call_station_kernels()


def _call_station_kernels() -> None:
    """Find the steady state of a small reverse-osmosis element, to call the kernels of the stations."""
    from membrane_pde.model import stations as st
    from membrane_pde.model.interface import Membrane, face_numbers
    from membrane_pde.model.station_system import StationSystem
    from membrane_pde.model.stations_in_time import Inlets, StationsInTime, outside_of
    from membrane_pde.physics.liquid import liquid_of
    from membrane_pde.physics.osmotic import Solution
    from membrane_pde.solvers.steady_stations import find_steady

    membrane = Membrane(True, 1e-11, "solution-diffusion", (1e-8,), (1.0,), (1.0,))
    face = face_numbers(membrane, (False, False), Solution("ideal", 298.15, (2,)).numbers, 1)
    rows = np.ones((2, st.ROWS, 1))
    numbers = st.Stations(
        face=face,
        permeability=np.array([1e-11]),
        tables=face.table[None].copy(),
        element=np.zeros(1, dtype=np.int64),
        first=np.array([0, 1]),
        rows=rows,
        links=np.array([[1.0], [0.0], [0.0]]),
        role=(st.FLOWING, st.DRAWN),
        direction=(1, 1),
        feed=0,
        liquid=liquid_of(np.array([1000.0, 0.0]), 1e-3, np.full((2, 1), 1e-9), np.array([0.058])),
        support=np.zeros(2),
        held=np.zeros(5),
        drawn_in=np.zeros(1, dtype=np.int64),
        backflow=np.full(1, np.nan),
        scale=np.array([100.0]),
        limited=False,
    )
    system = StationSystem(numbers, np.array([[1e-3, 20e5, 100.0], [0.0, 0.0, 0.0]]))
    system.rates(0.0, find_steady(system).state)
    in_time = StationsInTime(system, Inlets(0.0, 1.0, system.inlet, system.inlet), outside_of(system))
    in_time.rates(0.0, in_time.scales)
