"""Exact derivatives of the rates of change."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from membrane_pde.kernels import kernel, part
from membrane_pde.model.applied import Segment, line_slope, rise_of, wave_at
from membrane_pde.model.chain import ALPHA, BETA, CELLS, CONCENTRATION, FLUX, LAYER, OUTSIDE, PULL, Faces
from membrane_pde.model.faces import pressed
from membrane_pde.model.interface import set_face_slopes, wall_pressure
from membrane_pde.model.mesh import Array
from membrane_pde.model.ports import IS_BATH, IS_OUTFLOW, IS_RESERVOIR, MADE_UP, bath_flows
from membrane_pde.model.pressures import stiffness_now, whole_work
from membrane_pde.model.problem import PECLET, SHARE, Numbers
from membrane_pde.physics.fluxes import SMALL, bernoulli, bernoulli_slope_series

BEFORE, BEHIND, WITH_FLUX, WITH_SCALAR = range(4)


@part
def _set_bend(peclet: Array, along: float, steepest: float, water: float, out: Array) -> None:
    """Write ``B'(Pe)`` of faces; see `_bend`."""
    if steepest * along < SMALL:
        shift, sign = (0.0, 1.0) if water >= 0.0 else (-1.0, -1.0)
        for i in range(out.shape[0]):
            out[i] = shift + sign * bernoulli_slope_series(float(peclet[i]) * along)
    else:
        for i in range(out.shape[0]):
            out[i] = _bend(float(peclet[i]) * along, water)


class Slopes(NamedTuple):
    """Derivatives of dy/dt; `set_slopes` writes them. The scalars are X, V_L and V_R.

    Attributes
    ----------
    faces : ndarray, shape (6, solutes, faces)
        Of a face's flux with the amounts in the cell before and behind it, at a given J_v, 1/s; with J_v; and with each
        scalar, at a given J_v.
    walls : ndarray, shape (2, 2, solutes)
        Of J_v with the amounts in the left and the right wall cell; the same of the work's rate, at a given J_v.
    scalars : ndarray, shape (6, 5)
        Of dX/dt, dV_L/dt, dV_R/dt with J_v; of J_v with each scalar; of the work's rate with each, at a given J_v; of
        J_v with time, of the work's rate with J_v and with time, all else given. The rest to work in.
    baths : ndarray, shape (2, solutes)
        Concentrations of the baths on the left and on the right, mol/m^3; 0 where there is none.
    """

    faces: Array
    walls: Array
    scalars: Array
    baths: Array


def new_slopes(solutes: int, cells: int) -> Slopes:
    """Room for `Slopes`."""
    return Slopes(
        np.zeros((6, solutes, cells + 1)), np.zeros((2, 2, solutes)), np.zeros((6, 5)), np.zeros((2, solutes))
    )


@kernel
def _stretch_rates(p: Numbers, faces: Faces, scalar: int) -> tuple[float, float]:
    """d ln(length) of the two sides' meshes (or of the cell that is the bath) with a scalar, 1/m."""
    if scalar == 0:
        left = -1.0 / (p.length[0] * float(faces.scalars[2])) if p.moving[0] else 0.0
        right = 1.0 / (p.length[1] * float(faces.scalars[3])) if p.moving[1] else 0.0
        return left, right
    if scalar == 1:
        return (1.0 / float(faces.width[0]) if p.bath[0].present and p.one_cell[0] else 0.0), 0.0
    last = faces.width.shape[0] - 1
    return 0.0, (1.0 / float(faces.width[last]) if p.bath[1].present and p.one_cell[1] else 0.0)


@kernel
def _bend(peclet: float, water: float) -> float:
    """B'(Pe) of a face, of the Péclet number without its sign."""
    _, slope = bernoulli(peclet)
    return slope if water >= 0.0 else -1.0 - slope  # B'(−x) = −1 − B'(x)


@kernel
def _set_side_slopes(p: Numbers, faces: Faces, d: Slopes, s: int, side: int, first: int, last: int) -> None:
    """Write the derivatives of the fluxes through the inner faces of a side with J_v, and with X."""
    water, rate = float(faces.scalars[0]), _stretch_rates(p, faces, 0)[side]
    bend, share = d.faces[WITH_FLUX, s, first:last], p.mesh[SHARE, first:last]
    with_length, flux = d.faces[WITH_SCALAR, s, first:last], faces.state[FLUX, s, first:last]
    c, beta = faces.state[CONCENTRATION, s, first - 1 : last], faces.state[BETA, s, first:last]
    along = abs(water) * float(faces.scalars[2 + side])
    _set_bend(p.faces[PECLET, s, first:last], along, float(p.steepest[side, s]), water, bend)
    for i in range(bend.shape[0]):
        passing, drop = float(share[i]) * float(bend[i]), float(c[i]) - float(c[i + 1])
        with_length[i] = rate * ((passing * water - float(beta[i])) * drop - float(flux[i]))
        bend[i] = passing * drop + float(share[i]) * float(c[i])


@kernel
def set_slopes(p: Numbers, segment: Segment, t: float, faces: Faces, d: Slopes) -> None:
    """Write the derivatives of dy/dt at what `set_faces` has written.

    Built from the derivatives of each face's flux, which both its cells use, so that amounts are conserved by what is
    solved with them as by the right-hand side.
    """
    solutes, n = faces.state.shape[1], faces.state.shape[2] - 1
    m, water = p.membrane, float(faces.scalars[0])
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
        by = faces.slopes[0, s]
        with_flux[m], before[m], behind[m] = by[0], by[1] / faces.width[m - 1], by[2] / faces.width[m]
        for j in range(3):
            left, right = _stretch_rates(p, faces, j)
            d.faces[WITH_SCALAR + j, s, m] = -left * (by[3] + c_p * by[1]) - right * (by[4] + c_a * by[2])
        for side in range(2):
            _set_far_slopes(p, faces, d, s, side)
    _set_flux_slopes(p, segment, t, faces, d)


@part
def _set_far_slopes(p: Numbers, faces: Faces, d: Slopes, s: int, side: int) -> None:
    """Derivatives of the flux through a far face, and of what a bath's volume does to its faces and to itself."""
    n, water = faces.state.shape[2] - 1, float(faces.scalars[0])
    far, cell, inner = (0, 0, 1) if side == 0 else (n, n - 1, n - 1)
    inside, outside = float(faces.state[CONCENTRATION, s, cell]), float(faces.sides[OUTSIDE, side, s])
    d.faces[WITH_FLUX, s, far] = 0.0
    d.baths[side, s] = inside if p.bath[side].present else 0.0
    if p.endless[side]:  # what leaves through the membrane comes from behind
        d.faces[WITH_FLUX, s, far] = d.faces[WITH_FLUX, s, p.membrane]
        for j in range(3):
            d.faces[WITH_SCALAR + j, s, far] = d.faces[WITH_SCALAR + j, s, p.membrane]
        return
    if p.kind[side] == IS_RESERVOIR:
        before, behind = (outside, inside) if side == 0 else (inside, outside)
        bend = _bend(abs(water) * float(p.faces[PECLET, s, far] * faces.scalars[2 + side]), water)
        d.faces[WITH_FLUX, s, far] = (1.0 + bend) * before - bend * behind
    if p.kind[side] == IS_OUTFLOW:
        entering = water if side == 0 else -water
        d.faces[WITH_FLUX, s, far] = outside if entering > 0.0 and p.known[side] else inside
    if p.kind[side] == IS_BATH:
        entering = water if side == 0 else -water
        _, bled, more_fed, more_bled = bath_flows(p.bath[side], entering)
        d.faces[WITH_FLUX, s, far] = more_fed * outside - more_bled * inside
        volume, sign = float(faces.width[cell]), 1.0 if side == 0 else -1.0
        d.faces[WITH_SCALAR + 1 + side, s, far] = sign * bled * inside / volume
        if not p.one_cell[side]:
            inward = faces.state[ALPHA, s, inner] if side == 0 else faces.state[BETA, s, inner]
            d.faces[WITH_SCALAR + 1 + side, s, inner] = -sign * inward * inside / volume


@part
def _set_flux_slopes(p: Numbers, segment: Segment, t: float, faces: Faces, d: Slopes) -> None:
    """Derivatives of J_v, of the scalars' rates and of the work's rate."""
    solutes, m, water = faces.state.shape[1], p.membrane, float(faces.scalars[0])
    d.scalars[0, 0] = 1.0
    for side in range(2):
        sign = 1.0 if side == 0 else -1.0
        _, _, more_fed, more_bled = bath_flows(p.bath[side], sign * water)
        holds = not p.bath[side].present or p.bath[side].mode == MADE_UP
        d.scalars[0, 1 + side] = 0.0 if holds else sign * (more_fed - more_bled - 1.0)
    for j in range(3):
        d.scalars[1, j] = d.scalars[2, j] = d.scalars[3, j] = 0.0
    for s in range(solutes):
        for side in range(2):
            d.walls[0, side, s] = d.walls[1, side, s] = 0.0
    whole = whole_work(p, segment)
    if not whole:
        d.scalars[2, 0] = -rise_of(segment)
    if p.still:
        return
    # of the osmotic pressure at the walls, left beyond right: with the wall cells, the scalars, J_v
    wall_pressure(p.face, faces.membrane, faces.room[0], faces.sides[PULL])
    pull, change, with_scalar, with_flux = faces.sides[PULL], d.scalars[4], d.scalars[5], 0.0
    with_scalar[1] = with_scalar[2] = 0.0
    with_scalar[0] = stiffness_now(p)
    for s in range(solutes):
        left_wall, right_wall = faces.slopes[1, s], faces.slopes[2, s]
        for j in range(5):
            change[j] = pull[0, s] * left_wall[j] - pull[1, s] * right_wall[j]
        with_flux += float(change[0])
        if faces.state[CONCENTRATION, s, m - 1] >= 0.0:
            d.walls[0, 0, s] = change[1] / faces.width[m - 1]
        if faces.state[CONCENTRATION, s, m] >= 0.0:
            d.walls[0, 1, s] = change[2] / faces.width[m]
        for j in range(3):
            left, right = _stretch_rates(p, faces, j)
            with_scalar[j] -= left * (change[3] + faces.sides[CELLS, 0, s] * change[1])
            with_scalar[j] -= right * (change[4] + faces.sides[CELLS, 1, s] * change[2])
    lp = p.face.water_permeability
    scale = -lp / (1.0 + lp * with_flux)
    if p.pumped:
        scale = 0.0
        d.scalars[3, 0] = (segment.flux[1] - segment.flux[0]) / (segment.end - segment.start)
        d.scalars[3, 1] = pressed(p, segment, t, faces) + water * (1.0 / lp + with_flux)
    else:
        rise = 0.0
        if not p.off[0]:
            rise += line_slope(segment, segment.left) + wave_at(segment.waves[0], t)[1]
        if not p.off[1]:
            rise -= line_slope(segment, segment.right) + wave_at(segment.waves[1], t)[1]
        d.scalars[3, 0] = -scale * rise
        if whole:
            d.scalars[3, 1], d.scalars[3, 2] = pressed(p, segment, t, faces), rise * water
    for s in range(solutes):
        for side in range(2):
            if p.pumped:
                d.walls[1, side, s] = water * d.walls[0, side, s]
            d.walls[0, side, s] *= scale
    for j in range(3):
        if p.pumped:
            d.scalars[2, j] = water * with_scalar[j]
        d.scalars[1, j] = scale * with_scalar[j]
