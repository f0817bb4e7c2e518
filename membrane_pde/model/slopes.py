"""Exact derivatives of the rates of change with respect to the state."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from membrane_pde.kernels import kernel, part
from membrane_pde.model.applied import Segment, line_slope, rise_of, wave_at
from membrane_pde.model.chain import (
    ALPHA,
    AREA,
    BETA,
    CELLS,
    CONCENTRATION,
    FLOW,
    FLOW_FRACTION,
    LAYER,
    LEFT_PECLET_LENGTH,
    OSMOTIC_SLOPE,
    OUTSIDE,
    PECLET_LENGTH,
    WATER,
    Faces,
)
from membrane_pde.model.faces import pressed, rates
from membrane_pde.model.interface import (
    BY_LEFT_CELL,
    BY_LEFT_LAYER,
    BY_RIGHT_CELL,
    BY_RIGHT_LAYER,
    BY_WATER,
    OF_FLUX,
    OF_LEFT_WALL,
    OF_RIGHT_WALL,
    THROUGH,
    set_face_slopes,
    wall_pressure,
)
from membrane_pde.model.layout import DISPLACED_VOLUME, DRIVING, LEFT_VOLUME, RIGHT_VOLUME, SCALARS
from membrane_pde.model.mesh import Array
from membrane_pde.model.metric import (
    FRACTION_SLOPE,
    LN_AREA,
    LN_CONDUCTANCE,
    LN_LEFT_LAYER,
    LN_RIGHT_LAYER,
    LN_VOLUME,
    set_metric_slopes,
)
from membrane_pde.model.ports import IS_BATH, IS_OUTFLOW, MADE_UP, bath_flows
from membrane_pde.model.pressures import stiffness_now, whole_work
from membrane_pde.model.problem import Numbers, has_layer
from membrane_pde.physics.fluxes import SMALL, bernoulli, bernoulli_slope_series

BEFORE, BEHIND, WITH_FLUX, WITH_SCALAR = range(4)  # rows of `Slopes.faces`; from WITH_SCALAR on one row for each scalar
OF_FLOW, OF_WORK = range(2)  # rows of `Slopes.walls`
# Rows of `Slopes.scalars`; _CHANGE and _WITH_SCALAR are scratch rows. The next line names the entries of the row
# OTHERS.
RATES_WITH_FLOW, FLOW_WITH_SCALAR, WORK_WITH_SCALAR, OTHERS, _CHANGE, _WITH_SCALAR = range(6)
FLOW_WITH_TIME, WORK_WITH_FLOW, WORK_WITH_TIME = range(3)


@part
def _set_bernoulli_derivative(
    peclet_length: Array, flow_over_diffusivity: float, longest: float, flow: float, out: Array
) -> None:
    """Write ``B'(Pe)`` of faces, with ``|Pe| = peclet_length · flow_over_diffusivity``; see `_bernoulli_derivative`."""
    if longest * flow_over_diffusivity < SMALL:
        shift, sign = (0.0, 1.0) if flow >= 0.0 else (-1.0, -1.0)
        for i in range(out.shape[0]):
            out[i] = shift + sign * bernoulli_slope_series(float(peclet_length[i]) * flow_over_diffusivity)
    else:
        for i in range(out.shape[0]):
            out[i] = _bernoulli_derivative(float(peclet_length[i]) * flow_over_diffusivity, flow)


class Slopes(NamedTuple):
    """Derivatives of dy/dt, which `set_slopes` writes. The scalars, X, V_L and V_R, are those of `model.layout`.

    q = dX/dt is the flow through the membrane per initial membrane area, F the flux of a solute through a face.

    Attributes
    ----------
    faces : ndarray, shape (3 + SCALARS, solutes, faces)
        BEFORE, BEHIND: dF/dm at constant q, with m the amount in the cell on the left and on the right of the face,
        1/s; WITH_FLUX: dF/dq; WITH_SCALAR and the rows after it: dF/d(scalar) at constant q, one row a scalar.
    walls : ndarray, shape (2, 2, solutes)
        Derivatives with respect to the amounts in the cells on the left and on the right of the membrane: OF_FLOW, of
        q; OF_WORK, of the rate of the work at constant q.
    scalars : ndarray, shape (6, 5)
        RATES_WITH_FLOW: d(rate of each scalar)/dq; FLOW_WITH_SCALAR: dq/d(scalar); WORK_WITH_SCALAR: d(rate of the
        work)/d(scalar) at constant q; OTHERS: dq/dt, and the derivatives of the rate of the work with respect to q and
        to time. The remaining rows are scratch arrays.
    baths : ndarray, shape (2, solutes)
        Concentrations of the baths on the left and on the right, mol/m^3; 0 where there is none.
    metric, layers : ndarray
        See `metric.set_metric_slopes`.
    """

    faces: Array
    walls: Array
    scalars: Array
    baths: Array
    metric: Array
    layers: Array


def new_slopes(solutes: int, cells: int) -> Slopes:
    """Arrays of `Slopes`."""
    return Slopes(
        np.zeros((WITH_SCALAR + SCALARS, solutes, cells + 1)),
        np.zeros((2, 2, solutes)),
        np.zeros((6, 5)),
        np.zeros((2, solutes)),
        np.zeros((3, cells + 1)),
        np.zeros((DRIVING, 3)),
    )


@kernel
def _volume_slopes(p: Numbers, faces: Faces, d: Slopes, scalar: int) -> tuple[float, float]:
    """Derivatives of ln(volume) of the two cells at the membrane with respect to a scalar, 1/m."""
    m, last = p.membrane, faces.width.shape[0] - 1
    if scalar == DISPLACED_VOLUME:
        return float(d.metric[LN_VOLUME, m - 1]), float(d.metric[LN_VOLUME, m])
    if scalar == LEFT_VOLUME and p.bath[0].present and p.one_cell[0]:
        return 1.0 / float(faces.width[0]), 0.0
    if scalar == RIGHT_VOLUME and p.bath[1].present and p.one_cell[1]:
        return 0.0, 1.0 / float(faces.width[last])
    return 0.0, 0.0


@kernel
def _bernoulli_derivative(peclet: float, flow: float) -> float:
    """``B'(Pe)`` of a flow of given sign; `peclet` is the absolute Péclet number."""
    _, slope = bernoulli(peclet)
    return slope if flow >= 0.0 else -1.0 - slope  # B'(−x) = −1 − B'(x)


@kernel
def _set_side_slopes(p: Numbers, faces: Faces, d: Slopes, s: int, side: int, first: int, last: int) -> None:
    """Write the derivatives with respect to q and X of the fluxes through the inner faces of a side."""
    flow, diffusivity = float(faces.scalars[FLOW]), float(p.diffusivity[side, s])
    derivative, fraction, fraction_slope = (
        d.faces[WITH_FLUX, s, first:last],
        faces.metric[FLOW_FRACTION, first:last],
        d.metric[FRACTION_SLOPE, first:last],
    )
    with_length, conductance = d.faces[WITH_SCALAR, s, first:last], d.metric[LN_CONDUCTANCE, first:last]
    c, volume = faces.state[CONCENTRATION, s, first - 1 : last], d.metric[LN_VOLUME, first - 1 : last]
    alpha, beta = faces.state[ALPHA, s, first:last], faces.state[BETA, s, first:last]
    flow_over_diffusivity = abs(flow) / diffusivity
    _set_bernoulli_derivative(
        faces.metric[PECLET_LENGTH, first:last],
        flow_over_diffusivity,
        float(faces.scalars[LEFT_PECLET_LENGTH + side]),
        flow,
        derivative,
    )
    for i in range(derivative.shape[0]):
        before, behind = float(c[i]), float(c[i + 1])
        drop, passing = before - behind, float(fraction[i]) * float(derivative[i])
        carried = float(derivative[i]) * drop + before
        with_length[i] = (
            (float(beta[i]) - passing * flow) * drop * float(conductance[i])
            + float(fraction_slope[i]) * flow * carried
            - float(alpha[i]) * before * float(volume[i])
            + float(beta[i]) * behind * float(volume[i + 1])
        )
        derivative[i] = float(fraction[i]) * carried


@kernel
def set_slopes(p: Numbers, segment: Segment, t: float, faces: Faces, d: Slopes) -> None:
    """Write the derivatives of dy/dt at the state of `set_faces`.

    They are derivatives of the flux through each face, which both neighbours of the face use, so that a linear solve
    conserves amounts as the right-hand side does.
    """
    solutes, n = faces.state.shape[1], faces.state.shape[2] - 1
    m, water, area = p.membrane, float(faces.scalars[WATER]), float(faces.scalars[AREA])
    set_metric_slopes(p, faces, d.metric, d.layers)
    set_face_slopes(p.face, water, faces.sides[LAYER], faces.sides[CELLS], faces.slopes)
    for s in range(solutes):
        alpha, beta = faces.state[ALPHA, s], faces.state[BETA, s]
        before, behind, with_flux = d.faces[BEFORE, s], d.faces[BEHIND, s], d.faces[WITH_FLUX, s]
        for i in range(n):
            behind[i] = -beta[i] / faces.width[i]
            before[i + 1] = alpha[i + 1] / faces.width[i]
        _set_side_slopes(p, faces, d, s, 0, 1, m)
        _set_side_slopes(p, faces, d, s, 1, m + 1, n)
        # the membrane face
        c_p, c_a = float(faces.sides[CELLS, 0, s]), float(faces.sides[CELLS, 1, s])
        by = faces.slopes[OF_FLUX, s]
        with_flux[m] = by[BY_WATER]
        before[m] = area * by[BY_LEFT_CELL] / faces.width[m - 1]
        behind[m] = area * by[BY_RIGHT_CELL] / faces.width[m]
        for j in range(SCALARS):
            left, right = _volume_slopes(p, faces, d, j)
            d.faces[WITH_SCALAR + j, s, m] = -area * (left * c_p * by[BY_LEFT_CELL] + right * c_a * by[BY_RIGHT_CELL])
        for j in range(DRIVING):
            layers = d.layers[j]
            moved = by[BY_LEFT_LAYER] * layers[LN_LEFT_LAYER] + by[BY_RIGHT_LAYER] * layers[LN_RIGHT_LAYER]
            moved += layers[LN_AREA] * (faces.membrane[s, THROUGH] - by[BY_WATER] * water)
            d.faces[WITH_SCALAR + j, s, m] += area * moved
        for side in range(2):
            _set_far_slopes(p, faces, d, s, side)
    _set_flux_slopes(p, segment, t, faces, d)


@kernel
def linearize(
    p: Numbers,
    segment: Segment,
    t: float,
    y: Array,
    given: float,
    memory: Array,
    faces: Faces,
    out: Array,
    d: Slopes,
    wanted: bool,
) -> bool:
    """Write faces and dy/dt of a state and, if `wanted`, their derivatives; return False if no water flux was found.

    This is one entry point instead of two, because each entry point is compiled together with every kernel it calls.
    See `faces.set_faces` for the parameters.
    """
    if not rates(p, segment, t, y, given, memory, faces, out):
        return False
    if wanted:
        set_slopes(p, segment, t, faces, d)
    return True


@part
def _set_far_slopes(p: Numbers, faces: Faces, d: Slopes, s: int, side: int) -> None:
    """Write the derivatives of the flux through a far face, and those with respect to the volume of a bath."""
    n, flow = faces.state.shape[2] - 1, float(faces.scalars[FLOW])
    far, cell, inner = (0, 0, 1) if side == 0 else (n, n - 1, n - 1)
    inside, outside = float(faces.state[CONCENTRATION, s, cell]), float(faces.sides[OUTSIDE, side, s])
    d.faces[WITH_FLUX, s, far] = 0.0
    d.baths[side, s] = inside if p.bath[side].present else 0.0
    if p.infinite[side]:  # what leaves the cell through its inner face enters it through the far face
        d.faces[WITH_FLUX, s, far] = d.faces[WITH_FLUX, s, inner]
        for j in range(SCALARS):
            d.faces[WITH_SCALAR + j, s, far] = d.faces[WITH_SCALAR + j, s, inner]
        return
    leaving = faces.state[BETA, s, far] if side == 0 else -faces.state[ALPHA, s, far]
    d.faces[WITH_SCALAR, s, far] = leaving * inside * d.metric[LN_VOLUME, cell]
    if has_layer(p, side):
        before, behind = (outside, inside) if side == 0 else (inside, outside)
        fraction = float(faces.metric[FLOW_FRACTION, far])
        derivative = _bernoulli_derivative(
            abs(flow) / float(p.diffusivity[side, s]) * float(faces.metric[PECLET_LENGTH, far]), flow
        )
        carried = derivative * (before - behind) + before
        spread = float(faces.state[BETA, s, far]) - fraction * derivative * flow
        d.faces[WITH_FLUX, s, far] = fraction * carried
        d.faces[WITH_SCALAR, s, far] += spread * (before - behind) * d.metric[LN_CONDUCTANCE, far]
        d.faces[WITH_SCALAR, s, far] += d.metric[FRACTION_SLOPE, far] * flow * carried
    if p.kind[side] == IS_OUTFLOW:
        entering = flow if side == 0 else -flow
        d.faces[WITH_FLUX, s, far] = outside if entering > 0.0 and p.known[side] else inside
    if p.kind[side] == IS_BATH:
        entering = flow if side == 0 else -flow
        _, bled, fed_slope, bled_slope = bath_flows(p.bath[side], entering)
        d.faces[WITH_FLUX, s, far] = fed_slope * outside - bled_slope * inside
        volume, sign = float(faces.width[cell]), 1.0 if side == 0 else -1.0
        d.faces[WITH_SCALAR + LEFT_VOLUME + side, s, far] = sign * bled * inside / volume
        if not p.one_cell[side]:
            inward = faces.state[ALPHA, s, inner] if side == 0 else faces.state[BETA, s, inner]
            d.faces[WITH_SCALAR + LEFT_VOLUME + side, s, inner] = -sign * inward * inside / volume


@part
def _set_flux_slopes(p: Numbers, segment: Segment, t: float, faces: Faces, d: Slopes) -> None:
    """Write the derivatives of q, of the rates of the scalars and of the rate of the work."""
    solutes, m = faces.state.shape[1], p.membrane
    water, flow, area = float(faces.scalars[WATER]), float(faces.scalars[FLOW]), float(faces.scalars[AREA])
    d.scalars[RATES_WITH_FLOW, 0] = 1.0
    for side in range(2):
        sign = 1.0 if side == 0 else -1.0
        _, _, fed_slope, bled_slope = bath_flows(p.bath[side], sign * flow)
        holds = not p.bath[side].present or p.bath[side].mode == MADE_UP
        d.scalars[RATES_WITH_FLOW, LEFT_VOLUME + side] = 0.0 if holds else sign * (fed_slope - bled_slope - 1.0)
    for j in range(SCALARS):
        d.scalars[FLOW_WITH_SCALAR, j] = d.scalars[WORK_WITH_SCALAR, j] = d.scalars[OTHERS, j] = 0.0
    for s in range(solutes):
        for side in range(2):
            d.walls[OF_FLOW, side, s] = d.walls[OF_WORK, side, s] = 0.0
    whole = whole_work(p, segment)
    if not whole:
        d.scalars[WORK_WITH_SCALAR, 0] = -rise_of(segment)
    if p.still:
        return
    # derivatives of Σσπ on the left minus that on the right of the membrane
    wall_pressure(p.face, faces.membrane, faces.scratch[0], faces.sides[OSMOTIC_SLOPE])
    osmotic_slope, change, with_scalar, with_flux = (
        faces.sides[OSMOTIC_SLOPE],
        d.scalars[_CHANGE],
        d.scalars[_WITH_SCALAR],
        0.0,
    )
    for j in range(SCALARS):
        with_scalar[j] = 0.0
    with_scalar[DISPLACED_VOLUME] = stiffness_now(p)
    for s in range(solutes):
        left_wall, right_wall = faces.slopes[OF_LEFT_WALL, s], faces.slopes[OF_RIGHT_WALL, s]
        for j in range(5):
            change[j] = osmotic_slope[0, s] * left_wall[j] - osmotic_slope[1, s] * right_wall[j]
        with_flux += float(change[BY_WATER])
        if faces.state[CONCENTRATION, s, m - 1] >= 0.0:
            d.walls[OF_FLOW, 0, s] = change[BY_LEFT_CELL] / faces.width[m - 1]
        if faces.state[CONCENTRATION, s, m] >= 0.0:
            d.walls[OF_FLOW, 1, s] = change[BY_RIGHT_CELL] / faces.width[m]
        for j in range(SCALARS):
            left, right = _volume_slopes(p, faces, d, j)
            with_scalar[j] -= left * faces.sides[CELLS, 0, s] * change[BY_LEFT_CELL]
            with_scalar[j] -= right * faces.sides[CELLS, 1, s] * change[BY_RIGHT_CELL]
        for j in range(DRIVING):
            with_scalar[j] += change[BY_LEFT_LAYER] * d.layers[j, LN_LEFT_LAYER]
            with_scalar[j] += change[BY_RIGHT_LAYER] * d.layers[j, LN_RIGHT_LAYER]
    lp, growth = p.face.water_permeability, float(d.layers[DISPLACED_VOLUME, LN_AREA])
    # change of J_v for a change of Σσπ at constant J_v; that of q is the area times it
    scale = -lp / (1.0 + lp * with_flux)
    if p.pumped:
        scale = 0.0
        d.scalars[OTHERS, FLOW_WITH_TIME] = area * (segment.flux[1] - segment.flux[0]) / (segment.end - segment.start)
        d.scalars[OTHERS, WORK_WITH_FLOW] = pressed(p, segment, t, faces) + water * (1.0 / lp + with_flux)
    else:
        rise = 0.0
        if not p.off[0]:
            rise += line_slope(segment, segment.left) + wave_at(segment.waves[0], t)[1]
        if not p.off[1]:
            rise -= line_slope(segment, segment.right) + wave_at(segment.waves[1], t)[1]
        d.scalars[OTHERS, FLOW_WITH_TIME] = -area * scale * rise
        if whole:
            d.scalars[OTHERS, WORK_WITH_FLOW] = pressed(p, segment, t, faces)
            d.scalars[OTHERS, WORK_WITH_TIME] = rise * flow
    for s in range(solutes):
        for side in range(2):
            if p.pumped:
                d.walls[OF_WORK, side, s] = flow * d.walls[OF_FLOW, side, s]
            d.walls[OF_FLOW, side, s] *= area * scale
    for j in range(SCALARS):
        if p.pumped:
            d.scalars[WORK_WITH_SCALAR, j] = flow * with_scalar[j]
        d.scalars[FLOW_WITH_SCALAR, j] = area * scale * with_scalar[j]
    if p.pumped:  # at constant q the flux changes with the area
        d.scalars[WORK_WITH_SCALAR, 0] -= flow * (1.0 / lp + with_flux) * water * growth
    d.scalars[FLOW_WITH_SCALAR, 0] += growth * flow
