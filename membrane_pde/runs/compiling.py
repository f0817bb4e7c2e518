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
    from membrane_pde.model.events import WATCH

    case = load_case("osmosis").with_values({"mesh.cells": 4, "run.duration": "1 s", "run.outputs": 2})
    run(case.with_values({"osmotic_model": "pitzer", "run.until": "steady"}))
    model = model_of(case)
    system, segment = model.system(), segments_of(case)[0]
    y = system.initial_state(model.concentration)
    system.rhs(0.0, y, np.empty(system.size), segment)
    system.jacobian(0.0, y, segment)
    system.events(0.0, y, segment, np.zeros(WATCH))
    system.water_flux(0.0, y, segment)
    steady(case)
