"""Fluxes through every face, and the rates of change of the state that follow from them."""

from __future__ import annotations

import math

from membrane_pde.kernels import kernel, part
from membrane_pde.model.applied import Segment, on_line, rise_of
from membrane_pde.model.chain import (
    ALPHA,
    AREA,
    BETA,
    CELLS,
    CONCENTRATION,
    CONDUCTANCE,
    DISPLACED,
    FLOW,
    FLOW_FRACTION,
    FLUX,
    LAYER,
    LEFT_PECLET_LENGTH,
    OSMOTIC_SLOPE,
    OUTSIDE,
    PECLET_LENGTH,
    WATER,
    Faces,
)
from membrane_pde.model.interface import (
    BACKWARD,
    FORWARD,
    FaceNumbers,
    find_water_flux,
    set_face,
    wall_pressure,
)
from membrane_pde.model.layout import layout_of
from membrane_pde.model.mesh import Array
from membrane_pde.model.metric import set_metric
from membrane_pde.model.ports import MADE_UP, bath_flows
from membrane_pde.model.pressures import applied_now, pressing, set_far_faces, stiffness_now, whole_work
from membrane_pde.model.problem import Numbers, has_layer
from membrane_pde.physics.fluxes import SMALL, bernoulli_series, bernoulli_value


@part
def set_cells(p: Numbers, y: Array, faces: Faces) -> None:
    """Write volumes and concentrations of a state, and all scalars except J_v and q."""
    set_metric(p, y, faces)
    solutes, n = faces.state.shape[1], faces.state.shape[2] - 1
    m = p.membrane
    for s in range(solutes):
        c, own = faces.state[CONCENTRATION, s], y[s * n : (s + 1) * n]
        for i in range(n):
            c[i] = own[i] / faces.width[i]
        # clip small negative concentrations; the polarization layer would amplify them exponentially
        faces.sides[CELLS, 0, s] = max(float(faces.state[CONCENTRATION, s, m - 1]), 0.0)
        faces.sides[CELLS, 1, s] = max(float(faces.state[CONCENTRATION, s, m]), 0.0)


@kernel
def water_flux_now(p: Numbers, face: FaceNumbers, segment: Segment, t: float, faces: Faces, memory: Array) -> float:
    """J_v (m/s) through a membrane at the state of `set_cells`; nan if Newton's method does not converge."""
    if p.still:
        return 0.0
    if p.pumped:
        return on_line(segment, segment.flux, t)
    left, right = pressing(p, segment, t, float(faces.scalars[DISPLACED]))
    return find_water_flux(face, faces.sides[LAYER], faces.sides[CELLS], left - right, memory, faces.scratch)


@part
def _set_bernoulli(peclet_length: Array, flow_over_diffusivity: float, longest: float, out: Array) -> None:
    """Write ``B(|Pe|)`` of faces, with ``|Pe| = peclet_length · flow_over_diffusivity``."""
    if longest * flow_over_diffusivity < SMALL:
        for i in range(out.shape[0]):
            out[i] = bernoulli_series(float(peclet_length[i]) * flow_over_diffusivity)
    else:
        for i in range(out.shape[0]):
            out[i] = bernoulli_value(float(peclet_length[i]) * flow_over_diffusivity)


# Loops over a side run over slices that start at index 0: the compiler then needs no check for negative indices.
@part
def _set_coefficients(
    p: Numbers, faces: Faces, s: int, side: int, forward: float, backward: float, first: int, last: int
) -> None:
    """Write α and β of the faces of a side; `forward` is max(q, 0), `backward` is max(−q, 0)."""
    alpha, beta = faces.state[ALPHA, s, first:last], faces.state[BETA, s, first:last]
    fraction, conductance = faces.metric[FLOW_FRACTION, first:last], faces.metric[CONDUCTANCE, first:last]
    diffusivity = float(p.diffusivity[side, s])
    flow_over_diffusivity = (forward + backward) / diffusivity
    _set_bernoulli(
        faces.metric[PECLET_LENGTH, first:last],
        flow_over_diffusivity,
        float(faces.scalars[LEFT_PECLET_LENGTH + side]),
        beta,
    )
    for i in range(alpha.shape[0]):
        # the upwind coefficient follows from the downwind one by adding positive terms: no cancellation
        small = diffusivity * float(conductance[i]) * float(beta[i])
        alpha[i] = small + float(fraction[i]) * forward
        beta[i] = small + float(fraction[i]) * backward


@part
def set_faces(p: Numbers, segment: Segment, t: float, y: Array, given: float, memory: Array, faces: Faces) -> bool:
    """Write coefficients and fluxes of every face.

    Parameters
    ----------
    p : Numbers
        The problem.
    segment : Segment
        Applied pressures.
    t : float
        Time, s.
    y : ndarray
        State.
    given : float
        Prescribed flow q, m/s; nan to compute it from the pressures and concentrations.
    memory : ndarray, shape (3,)
        See `interface.find_water_flux`.
    faces : Faces
        Written.

    Returns
    -------
    bool
        False if no J_v was found.
    """
    set_cells(p, y, faces)
    area = float(faces.scalars[AREA])
    water = water_flux_now(p, p.face, segment, t, faces, memory) if math.isnan(given) else given / area
    if math.isnan(water):
        return False
    flow = water * area
    faces.scalars[WATER], faces.scalars[FLOW] = water, flow
    set_face(p.face, water, faces.sides[LAYER], faces.sides[CELLS], faces.membrane)
    m, forward, backward = p.membrane, max(flow, 0.0), max(-flow, 0.0)
    solutes, n = faces.state.shape[1], faces.state.shape[2] - 1
    first, last = 0 if has_layer(p, 0) else 1, n + 1 if has_layer(p, 1) else n
    for s in range(solutes):
        _set_coefficients(p, faces, s, 0, forward, backward, first, m)
        _set_coefficients(p, faces, s, 1, forward, backward, m + 1, last)
        faces.state[ALPHA, s, m] = area * faces.membrane[s, FORWARD]
        faces.state[BETA, s, m] = area * faces.membrane[s, BACKWARD]
    set_far_faces(p, faces)
    set_fluxes(p, faces)
    return True


@part
def set_fluxes(p: Numbers, faces: Faces) -> None:
    """Write the flux ``α c_P − β c_A`` of every face, mol/m^2/s."""
    solutes, n = faces.state.shape[1], faces.state.shape[2] - 1
    for s in range(solutes):
        flux, c = faces.state[FLUX, s], faces.state[CONCENTRATION, s]
        alpha, beta = faces.state[ALPHA, s], faces.state[BETA, s]
        flux[0] = alpha[0] * faces.sides[OUTSIDE, 0, s] - beta[0] * c[0]
        for i in range(1, n):
            flux[i] = alpha[i] * c[i - 1] - beta[i] * c[i]
        flux[n] = alpha[n] * c[n - 1] - beta[n] * faces.sides[OUTSIDE, 1, s]
        if p.infinite[0]:
            flux[0] = flux[1]
        if p.infinite[1]:
            flux[n] = flux[n - 1]


@part
def set_rates(p: Numbers, segment: Segment, t: float, faces: Faces, out: Array) -> None:
    """Write dy/dt at the state of `set_faces`."""
    solutes, n = faces.state.shape[1], faces.state.shape[2] - 1
    at, flow = layout_of(solutes, n), float(faces.scalars[FLOW])
    for s in range(solutes):
        flux, own = faces.state[FLUX, s], out[s * n : (s + 1) * n]
        for i in range(n):
            own[i] = flux[i] - flux[i + 1]
    out[at.displaced] = flow
    for side in range(2):
        entering = flow if side == 0 else -flow
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
        out[at.work] = pressed(p, segment, t, faces) * flow
    else:
        out[at.work] = -rise_of(segment) * float(faces.scalars[DISPLACED])


@kernel
def held_pressure(p: Numbers, water: float, faces: Faces) -> float:
    """Pressure difference that drives a water flux (m/s) at the state of `set_face`, Pa."""
    return water / p.face.water_permeability + wall_pressure(
        p.face, faces.membrane, faces.scratch[0], faces.sides[OSMOTIC_SLOPE]
    )


@kernel
def pressed(p: Numbers, segment: Segment, t: float, faces: Faces) -> float:
    """Applied pressure on the left minus that on the right, without head and elasticity, Pa."""
    if not p.pumped:
        left, right = applied_now(p, segment, t)
        return left - right
    return held_pressure(p, float(faces.scalars[WATER]), faces) + stiffness_now(p) * float(faces.scalars[DISPLACED])


@kernel
def rates(
    p: Numbers, segment: Segment, t: float, y: Array, given: float, memory: Array, faces: Faces, out: Array
) -> bool:
    """Write dy/dt of a state; False if no water flux was found. See `set_faces`."""
    if not set_faces(p, segment, t, y, given, memory, faces):
        return False
    set_rates(p, segment, t, faces, out)
    return True
