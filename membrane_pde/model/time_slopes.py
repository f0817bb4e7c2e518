"""Exact derivatives of the rates of change with respect to time, where the applied pressures change."""

from __future__ import annotations

from membrane_pde.kernels import part
from membrane_pde.model.layout import SCALARS, layout_of
from membrane_pde.model.mesh import Array
from membrane_pde.model.problem import Numbers
from membrane_pde.model.slopes import (
    FLOW_WITH_TIME,
    OTHERS,
    RATES_WITH_FLOW,
    WITH_FLUX,
    WORK_WITH_FLOW,
    WORK_WITH_TIME,
    Slopes,
)


@part
def add_time_slopes(p: Numbers, d: Slopes, scale: float, x: Array) -> None:
    """Add ``scale ∂f/∂t`` at a given state to x, with f the right-hand side dy/dt."""
    solutes, n = d.faces.shape[1], d.faces.shape[2] - 1
    rise, at = scale * float(d.scalars[OTHERS, FLOW_WITH_TIME]), layout_of(solutes, n)
    x[at.work] += rise * d.scalars[OTHERS, WORK_WITH_FLOW] + scale * d.scalars[OTHERS, WORK_WITH_TIME]
    if rise == 0.0:
        return
    for s in range(solutes):
        with_flux = d.faces[WITH_FLUX, s]
        for i in range(n):
            x[s * n + i] += rise * (with_flux[i] - with_flux[i + 1])
        x[at.passed + s] += rise * with_flux[p.membrane]
        x[at.far_left + s] += rise * with_flux[0]
        x[at.far_right + s] += rise * with_flux[n]
    for j in range(SCALARS):
        x[at.displaced + j] += rise * d.scalars[RATES_WITH_FLOW, j]
