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
    LAYER,
    LEFT_STEEPEST,
    OUTSIDE,
    PASSING,
    PULL,
    WATER,
    WAY,
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
    LN_AREA,
    LN_GAIN,
    LN_LEFT_LAYER,
    LN_RIGHT_LAYER,
    LN_VOLUME,
    SHARE_SLOPE,
    set_metric_slopes,
)
from membrane_pde.model.ports import IS_BATH, IS_OUTFLOW, MADE_UP, bath_flows
from membrane_pde.model.pressures import stiffness_now, whole_work
from membrane_pde.model.problem import Numbers, has_layer
from membrane_pde.physics.fluxes import SMALL, bernoulli, bernoulli_slope_series

BEFORE, BEHIND, WITH_FLUX, WITH_SCALAR = range(4)  # rows of `Slopes.faces`; of the last one for each scalar
OF_FLOW, OF_WORK = range(2)  # rows of `Slopes.walls`
# Rows of `Slopes.scalars`, and the entries of the row OTHERS.
RATES_WITH_FLOW, FLOW_WITH_SCALAR, WORK_WITH_SCALAR, OTHERS, _CHANGE, _WITH_SCALAR = range(6)
FLOW_WITH_TIME, WORK_WITH_FLOW, WORK_WITH_TIME = range(3)


@part
def _set_bend(way: Array, along: float, steepest: float, flow: float, out: Array) -> None:
    """Write ``B'(Pe)`` of faces, with the Péclet number ``way · along`` without sign; see `_bend`."""
    if steepest * along < SMALL:
        shift, sign = (0.0, 1.0) if flow >= 0.0 else (-1.0, -1.0)
        for i in range(out.shape[0]):
            out[i] = shift + sign * bernoulli_slope_series(float(way[i]) * along)
    else:
        for i in range(out.shape[0]):
            out[i] = _bend(float(way[i]) * along, flow)


class Slopes(NamedTuple):
    """Derivatives of dy/dt, which `set_slopes` writes. The scalars, X, V_L and V_R, are those of `model.layout`.

    q = dX/dt is the flow through the membrane per initial membrane area. "A with b" is the derivative of A with respect
    to b.

    Attributes
    ----------
    faces : ndarray, shape (3 + SCALARS, solutes, faces)
        BEFORE, BEHIND: flux through a face with the amount in the cell before and behind it, at constant q, 1/s;
        WITH_FLUX: with q; WITH_SCALAR and the rows after it: with each scalar, at constant q.
    walls : ndarray, shape (2, 2, solutes)
        OF_FLOW: q with the amounts in the cells at the membrane, left and right; OF_WORK: the rate of the work with
        them, at constant q.
    scalars : ndarray, shape (6, 5)
        RATES_WITH_FLOW: the rate of each scalar with q; FLOW_WITH_SCALAR: q with each scalar; WORK_WITH_SCALAR: the
        rate of the work with each scalar, at constant q; OTHERS: q with time, the rate of the work with q and with
        time. The remaining rows are to work in.
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
def _bend(peclet: float, flow: float) -> float:
    """``B'(Pe)`` for a flow of given sign, from the Péclet number without sign."""
    _, slope = bernoulli(peclet)
    return slope if flow >= 0.0 else -1.0 - slope  # B'(−x) = −1 − B'(x)


@kernel
def _set_side_slopes(p: Numbers, faces: Faces, d: Slopes, s: int, side: int, first: int, last: int) -> None:
    """Write the derivatives with respect to q and X of the fluxes through the inner faces of a side."""
    flow, diffusivity = float(faces.scalars[FLOW]), float(p.diffusivity[side, s])
    bend, share, more = (
        d.faces[WITH_FLUX, s, first:last],
        faces.metric[PASSING, first:last],
        d.metric[SHARE_SLOPE, first:last],
    )
    with_length, gain = d.faces[WITH_SCALAR, s, first:last], d.metric[LN_GAIN, first:last]
    c, volume = faces.state[CONCENTRATION, s, first - 1 : last], d.metric[LN_VOLUME, first - 1 : last]
    alpha, beta = faces.state[ALPHA, s, first:last], faces.state[BETA, s, first:last]
    along = abs(flow) / diffusivity
    _set_bend(faces.metric[WAY, first:last], along, float(faces.scalars[LEFT_STEEPEST + side]), flow, bend)
    for i in range(bend.shape[0]):
        before, behind = float(c[i]), float(c[i + 1])
        drop, passing = before - behind, float(share[i]) * float(bend[i])
        carried = float(bend[i]) * drop + before
        with_length[i] = (
            (float(beta[i]) - passing * flow) * drop * float(gain[i])
            + float(more[i]) * flow * carried
            - float(alpha[i]) * before * float(volume[i])
            + float(beta[i]) * behind * float(volume[i + 1])
        )
        bend[i] = float(share[i]) * carried


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
    """Write faces and dy/dt of a state and, if they are wanted, their derivatives; False if no water flux was found.

    One entry point for all of it, because each entry point is compiled with every kernel that it calls. See
    `faces.set_faces` for the parameters.
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
    if p.endless[side]:  # the flux into its cell is the flux out of it
        d.faces[WITH_FLUX, s, far] = d.faces[WITH_FLUX, s, inner]
        for j in range(SCALARS):
            d.faces[WITH_SCALAR + j, s, far] = d.faces[WITH_SCALAR + j, s, inner]
        return
    leaving = faces.state[BETA, s, far] if side == 0 else -faces.state[ALPHA, s, far]
    d.faces[WITH_SCALAR, s, far] = leaving * inside * d.metric[LN_VOLUME, cell]
    if has_layer(p, side):
        before, behind = (outside, inside) if side == 0 else (inside, outside)
        share = float(faces.metric[PASSING, far])
        bend = _bend(abs(flow) / float(p.diffusivity[side, s]) * float(faces.metric[WAY, far]), flow)
        carried = bend * (before - behind) + before
        spread = float(faces.state[BETA, s, far]) - share * bend * flow
        d.faces[WITH_FLUX, s, far] = share * carried
        d.faces[WITH_SCALAR, s, far] += spread * (before - behind) * d.metric[LN_GAIN, far]
        d.faces[WITH_SCALAR, s, far] += d.metric[SHARE_SLOPE, far] * flow * carried
    if p.kind[side] == IS_OUTFLOW:
        entering = flow if side == 0 else -flow
        d.faces[WITH_FLUX, s, far] = outside if entering > 0.0 and p.known[side] else inside
    if p.kind[side] == IS_BATH:
        entering = flow if side == 0 else -flow
        _, bled, more_fed, more_bled = bath_flows(p.bath[side], entering)
        d.faces[WITH_FLUX, s, far] = more_fed * outside - more_bled * inside
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
        _, _, more_fed, more_bled = bath_flows(p.bath[side], sign * flow)
        holds = not p.bath[side].present or p.bath[side].mode == MADE_UP
        d.scalars[RATES_WITH_FLOW, LEFT_VOLUME + side] = 0.0 if holds else sign * (more_fed - more_bled - 1.0)
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
    wall_pressure(p.face, faces.membrane, faces.room[0], faces.sides[PULL])
    pull, change, with_scalar, with_flux = faces.sides[PULL], d.scalars[_CHANGE], d.scalars[_WITH_SCALAR], 0.0
    for j in range(SCALARS):
        with_scalar[j] = 0.0
    with_scalar[DISPLACED_VOLUME] = stiffness_now(p)
    for s in range(solutes):
        left_wall, right_wall = faces.slopes[OF_LEFT_WALL, s], faces.slopes[OF_RIGHT_WALL, s]
        for j in range(5):
            change[j] = pull[0, s] * left_wall[j] - pull[1, s] * right_wall[j]
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
