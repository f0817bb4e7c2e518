"""Fluxes through every face, and the rates of change that follow from them."""

from __future__ import annotations

import math

from membrane_pde.kernels import kernel, part
from membrane_pde.model.applied import Segment, on_line, rise_of
from membrane_pde.model.chain import ALPHA, BETA, CELLS, CONCENTRATION, FLUX, LAYER, OUTSIDE, PULL, Faces
from membrane_pde.model.interface import FaceNumbers, find_water_flux, set_face, wall_pressure
from membrane_pde.model.layout import layout_of
from membrane_pde.model.mesh import Array
from membrane_pde.model.ports import MADE_UP, bath_flows
from membrane_pde.model.pressures import applied_now, bath_volume, pressing, set_far_faces, stiffness_now, whole_work
from membrane_pde.model.problem import CONDUCTANCE, PECLET, SHARE, WIDTH, Numbers
from membrane_pde.physics.fluxes import SMALL, bernoulli_series, bernoulli_value

THINNEST = 1e-6  # a trial step may overshoot a side that runs dry; the event at 1e-3 comes first


@kernel
def stretches(p: Numbers, displaced: float) -> tuple[float, float]:
    """Length of each side's mesh over its length at the start."""
    left = max(1.0 - displaced / p.length[0], THINNEST) if p.moving[0] else 1.0
    right = max(1.0 + displaced / p.length[1], THINNEST) if p.moving[1] else 1.0
    return left, right


@kernel
def set_cells(p: Numbers, y: Array, faces: Faces) -> None:
    """Write widths and concentrations of a state, and the scalars but for J_v."""
    solutes, n = faces.state.shape[1], faces.state.shape[2] - 1
    m, at = p.membrane, layout_of(solutes, n)
    displaced = float(y[at.displaced])
    left, right = stretches(p, displaced)
    faces.scalars[1], faces.scalars[2], faces.scalars[3] = displaced, left, right
    behind, at_start = faces.width[m:], p.mesh[WIDTH, m:n]
    for i in range(m):
        faces.width[i] = p.mesh[WIDTH, i] * left
    for i in range(n - m):
        behind[i] = at_start[i] * right
    if p.bath[0].present:
        faces.width[0] = bath_volume(p.bath[0], float(y[at.volume]))
    if p.bath[1].present:
        faces.width[n - 1] = bath_volume(p.bath[1], float(y[at.volume + 1]))
    for s in range(solutes):
        c, own = faces.state[CONCENTRATION, s], y[s * n : (s + 1) * n]
        for i in range(n):
            c[i] = own[i] / faces.width[i]
        # clip small negative concentrations; the polarization layer would amplify them exponentially
        faces.sides[CELLS, 0, s] = max(float(faces.state[CONCENTRATION, s, m - 1]), 0.0)
        faces.sides[CELLS, 1, s] = max(float(faces.state[CONCENTRATION, s, m]), 0.0)
        faces.sides[LAYER, 0, s] = p.diffusivity[0, s] / (p.half[0] * left)
        faces.sides[LAYER, 1, s] = p.diffusivity[1, s] / (p.half[1] * right)


@kernel
def water_flux_now(p: Numbers, face: FaceNumbers, segment: Segment, t: float, faces: Faces, memory: Array) -> float:
    """J_v of what `set_cells` has written, through a face, m/s; nan if it is not found."""
    if p.still:
        return 0.0
    if p.pumped:
        return on_line(segment, segment.flux, t)
    left, right = pressing(p, segment, t, float(faces.scalars[1]))
    return find_water_flux(face, faces.sides[LAYER], faces.sides[CELLS], left - right, memory, faces.room)


@kernel
def water_flux_of(p: Numbers, segment: Segment, t: float, y: Array, memory: Array, faces: Faces) -> float:
    """J_v of a state, m/s; nan if it is not found."""
    set_cells(p, y, faces)
    return water_flux_now(p, p.face, segment, t, faces, memory)


# Loops over a side go over slices: an index that starts at 0 is never a negative one, which would have to be asked for.
@part
def _set_bernoulli(peclet: Array, along: float, steepest: float, out: Array) -> None:
    """Write ``B(Pe)`` of faces, of Péclet numbers without sign."""
    if steepest * along < SMALL:
        for i in range(out.shape[0]):
            out[i] = bernoulli_series(float(peclet[i]) * along)
    else:
        for i in range(out.shape[0]):
            out[i] = bernoulli_value(float(peclet[i]) * along)


@kernel
def _set_coefficients(
    p: Numbers, faces: Faces, s: int, side: int, forward: float, backward: float, first: int, last: int
) -> None:
    """Write α and β of the faces of a side; `forward` and `backward` are J_v where it is that way, else 0."""
    alpha, beta = faces.state[ALPHA, s, first:last], faces.state[BETA, s, first:last]
    conductance, share = p.faces[CONDUCTANCE, s, first:last], p.mesh[SHARE, first:last]
    stretch = float(faces.scalars[2 + side])
    along, less = (forward + backward) * stretch, 1.0 / stretch
    _set_bernoulli(p.faces[PECLET, s, first:last], along, float(p.steepest[side, s]), beta)
    for i in range(alpha.shape[0]):
        # the coefficient against the flow, without cancellation
        small = float(conductance[i]) * less * float(beta[i])
        alpha[i] = small + float(share[i]) * forward
        beta[i] = small + float(share[i]) * backward


@kernel
def set_faces(p: Numbers, segment: Segment, t: float, y: Array, given: float, memory: Array, faces: Faces) -> bool:
    """Write coefficients and fluxes of every face.

    Parameters
    ----------
    p : Numbers
        The problem.
    segment : Segment
        What is applied.
    t : float
        Time, s.
    y : ndarray
        State.
    given : float
        J_v to use, m/s; nan for the one that the pressures and the wall concentrations agree on.
    memory : ndarray, shape (3,)
        Of `interface.find_water_flux`.
    faces : Faces
        Written.

    Returns
    -------
    bool
        Whether there is such a J_v.
    """
    set_cells(p, y, faces)
    water = water_flux_now(p, p.face, segment, t, faces, memory) if math.isnan(given) else given
    if math.isnan(water):
        return False
    faces.scalars[0] = water
    set_face(p.face, water, faces.sides[LAYER], faces.sides[CELLS], faces.membrane)
    m, forward, backward = p.membrane, max(water, 0.0), max(-water, 0.0)
    solutes, n = faces.state.shape[1], faces.state.shape[2] - 1
    for s in range(solutes):
        _set_coefficients(p, faces, s, 0, forward, backward, 0, m)
        _set_coefficients(p, faces, s, 1, forward, backward, m + 1, n + 1)
        faces.state[ALPHA, s, m], faces.state[BETA, s, m] = faces.membrane[s, 3], faces.membrane[s, 4]
    set_far_faces(p, faces)
    set_fluxes(p, faces)
    return True


@part
def set_fluxes(p: Numbers, faces: Faces) -> None:
    """``α c_P − β c_A`` of every face, mol/m^2/s."""
    solutes, n = faces.state.shape[1], faces.state.shape[2] - 1
    for s in range(solutes):
        flux, c = faces.state[FLUX, s], faces.state[CONCENTRATION, s]
        alpha, beta = faces.state[ALPHA, s], faces.state[BETA, s]
        flux[0] = alpha[0] * faces.sides[OUTSIDE, 0, s] - beta[0] * c[0]
        for i in range(1, n):
            flux[i] = alpha[i] * c[i - 1] - beta[i] * c[i]
        flux[n] = alpha[n] * c[n - 1] - beta[n] * faces.sides[OUTSIDE, 1, s]
        if p.endless[0]:
            flux[0] = flux[p.membrane]
        if p.endless[1]:
            flux[n] = flux[p.membrane]


@part
def set_rates(p: Numbers, segment: Segment, t: float, faces: Faces, out: Array) -> None:
    """Write dy/dt of what `set_faces` has written."""
    solutes, n = faces.state.shape[1], faces.state.shape[2] - 1
    at, water = layout_of(solutes, n), float(faces.scalars[0])
    for s in range(solutes):
        flux, own = faces.state[FLUX, s], out[s * n : (s + 1) * n]
        for i in range(n):
            own[i] = flux[i] - flux[i + 1]
    out[at.displaced] = water
    for side in range(2):
        entering = water if side == 0 else -water
        gained = 0.0
        if p.bath[side].present and p.bath[side].mode != MADE_UP:
            fed, bled, _, _ = bath_flows(p.bath[side], entering)
            gained = fed - bled - entering
        out[at.volume + side] = gained
    for s in range(solutes):
        out[at.passed + s] = faces.state[FLUX, s, p.membrane]
        out[at.far_left + s] = faces.state[FLUX, s, 0]
        out[at.far_right + s] = faces.state[FLUX, s, n]
    if whole_work(p, segment):
        out[at.work] = pressed(p, segment, t, faces) * water
    else:
        out[at.work] = -rise_of(segment) * float(faces.scalars[1])


@kernel
def pressed(p: Numbers, segment: Segment, t: float, faces: Faces) -> float:
    """Applied pressure on the left beyond that on the right, without head and elasticity, Pa."""
    if not p.pumped:
        left, right = applied_now(p, segment, t)
        return left - right
    held = float(faces.scalars[0]) / p.face.water_permeability + wall_pressure(
        p.face, faces.membrane, faces.room[0], faces.sides[PULL]
    )
    return held + stiffness_now(p) * float(faces.scalars[1])


@kernel
def rates(p: Numbers, segment: Segment, t: float, y: Array, memory: Array, faces: Faces, out: Array) -> bool:
    """Write dy/dt of a state; False if there is no water flux that fits."""
    if not set_faces(p, segment, t, y, math.nan, memory, faces):
        return False
    set_rates(p, segment, t, faces, out)
    return True
