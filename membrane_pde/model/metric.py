"""Volumes of the cells and conductances of the faces, as functions of the displaced volume X.

All volumes are per initial membrane area. The mesh of a closed side stretches with its liquid: a constant fraction of
the liquid lies beyond each face, so that cell volumes are linear in X, a uniform concentration stays uniform, and the
same fraction of the flow q = dX/dt through the membrane passes the face. The pores of a support layer, the layer of a
reservoir or bath, and a side with an outflow do not stretch: all of q passes their faces.

In a cylindrical (k = 1) or spherical (k = 2) chain the liquid is at rest, and the membrane, of radius R, moves at −J_v:

    R^(k+1) = R_0^(k+1) (1 − X/V_L),   V_L = R_0/(k + 1),   A/A_0 = (R/R_0)^k,   q = J_v A/A_0

The mesh inside the membrane stretches uniformly. The outer edge of a closed shell does not move. A layer in front of a
reservoir or bath keeps its thickness and moves with the membrane, so that the flow through a face at radius r, per
initial membrane area, is ``(r/R)^k q``.
"""

from __future__ import annotations

from membrane_pde.kernels import kernel, part
from membrane_pde.model.chain import (
    AREA,
    CONDUCTANCE,
    DISPLACED,
    FLOW_FRACTION,
    LAYER,
    LEFT_PECLET_LENGTH,
    LEFT_STRETCH,
    PECLET_LENGTH,
    RIGHT_PECLET_LENGTH,
    RIGHT_STRETCH,
    Faces,
)
from membrane_pde.model.layout import DISPLACED_VOLUME, layout_of
from membrane_pde.model.mesh import Array
from membrane_pde.model.pressures import bath_volume
from membrane_pde.model.problem import (
    CENTRE,
    DISTANCE_FIXED,
    DISTANCE_STRETCHING,
    FIXED,
    FRACTION,
    RADIAL,
    STRETCHING,
    Curve,
    Numbers,
    has_layer,
)
from membrane_pde.physics.curvature import diffusion_distance, layer_gain

THINNEST = 1e-6  # smallest stretch that a trial step can reach; the event "runs dry" happens at 1e-3
LN_VOLUME, LN_CONDUCTANCE, FRACTION_SLOPE = range(3)  # rows of the array `metric` of `set_metric_slopes`
LN_LEFT_LAYER, LN_RIGHT_LAYER, LN_AREA = range(3)  # columns of its array `layers`


@kernel
def stretches(p: Numbers, displaced: float) -> tuple[float, float]:
    """Volume of liquid in each solution ÷ volume at the start."""
    left = max(1.0 - displaced / p.length[0], THINNEST) if p.moving[0] else 1.0
    right = max(1.0 + displaced / p.length[1], THINNEST) if p.moving[1] else 1.0
    return left, right


@kernel
def _radius(curve: Curve, stretch: float) -> float:
    """Radius of the membrane ÷ radius at the start; `stretch` is the volume inside ÷ volume at the start."""
    return float(stretch ** (1.0 / (curve.power + 1.0))) if curve.power > 0 else 1.0


@kernel
def _to_power(x: float, power: int) -> float:
    return x if power == 1 else x * x


@kernel
def _radius_of(curve: Curve, radius: float, coordinate: float) -> float:
    """Distance from the centre of a point with a given radial coordinate on the right, m; see `Curve`."""
    if not curve.shell:
        return radius + coordinate
    inner = radius * _to_power(radius, curve.power)
    whole = curve.outer * _to_power(curve.outer, curve.power) - inner
    return float((inner + (1.0 - coordinate) * whole) ** (1.0 / (curve.power + 1.0)))


@part
def _set_stretched(
    p: Numbers, faces: Faces, side: int, first: int, end: int, stretch: float, distance_stretch: float
) -> None:
    """Write volumes and conductances of a side whose mesh is fixed or stretches uniformly: cells `first` to `end`."""
    width, stays, stretched = faces.width[first:end], p.cells[FIXED, first:end], p.cells[STRETCHING, first:end]
    for i in range(width.shape[0]):
        width[i] = stays[i] + stretched[i] * stretch
    start, stop = first + 1, end  # the faces between these cells, and the far face of a layer
    if has_layer(p, side):
        start, stop = (first, end) if side == 0 else (first + 1, end + 1)
    fraction, flow_fraction = p.mesh[FRACTION, start:stop], faces.metric[FLOW_FRACTION, start:stop]
    fixed, stretching = p.mesh[DISTANCE_FIXED, start:stop], p.mesh[DISTANCE_STRETCHING, start:stop]
    conductance, peclet_lengths = faces.metric[CONDUCTANCE, start:stop], faces.metric[PECLET_LENGTH, start:stop]
    for i in range(fraction.shape[0]):
        distance = fixed[i] + stretching[i] * distance_stretch
        flow_fraction[i] = fraction[i]
        conductance[i] = 1.0 / distance
        peclet_lengths[i] = fraction[i] * distance
    faces.scalars[LEFT_PECLET_LENGTH + side] = (
        p.peclet_length[side, FIXED] + p.peclet_length[side, STRETCHING] * distance_stretch
    )


@kernel
def _set_curved(p: Numbers, faces: Faces, ratio: float) -> float:
    """Write volumes and conductances of the right side of a curved chain; return the distance in the half cell, m."""
    curve, m, n = p.curve, p.membrane, faces.width.shape[0]
    radius = ratio * curve.radius
    scale = 1.0 / ((curve.power + 1.0) * _to_power(curve.radius, curve.power))
    edge, peclet_length, last = radius, 0.0, n
    if p.bath[1].present:
        last = n - 1  # the last cell is the bath behind the layer
    before = _radius_of(curve, radius, float(p.cells[CENTRE, m]))
    half = diffusion_distance(radius, before, curve.radius, curve.power)
    for i in range(m, last):
        outer = _radius_of(curve, radius, float(p.mesh[RADIAL, i + 1]))
        if curve.shell:
            faces.width[i] = p.cells[STRETCHING, i] * faces.scalars[RIGHT_STRETCH]
        elif curve.power == 1:
            faces.width[i] = scale * (outer - edge) * (outer + edge)
        else:
            faces.width[i] = scale * (outer - edge) * (outer * outer + outer * edge + edge * edge)
        edge = outer
        inner = i + 1 < last
        if not inner and not has_layer(p, 1) and last == n:
            break
        behind = _radius_of(curve, radius, float(p.cells[CENTRE, i + 1])) if inner else outer
        distance = diffusion_distance(before, behind, curve.radius, curve.power)
        flow_fraction = float(p.mesh[FRACTION, i + 1]) if curve.shell else _to_power(outer / radius, curve.power)
        faces.metric[FLOW_FRACTION, i + 1], faces.metric[CONDUCTANCE, i + 1] = flow_fraction, 1.0 / distance
        faces.metric[PECLET_LENGTH, i + 1] = flow_fraction * distance
        peclet_length = max(peclet_length, flow_fraction * distance)
        before = behind
    faces.scalars[RIGHT_PECLET_LENGTH] = peclet_length
    return half * _to_power(ratio, curve.power)


@kernel
def bath_volume_now(p: Numbers, y: Array, side: int) -> float:
    """Volume of a bath, m; negative if a trial step has removed more liquid than the bath contained.

    The volume in the state vector includes the volume that a layer around a curved membrane has gained.
    """
    at, curve = layout_of(p.diffusivity.shape[1], p.mesh.shape[1] - 1), p.curve
    volume = float(y[at.volume + side])
    if side == 0 or curve.layer == 0.0:
        return volume
    radius = curve.radius * _radius(curve, stretches(p, float(y[at.displaced]))[0])
    return volume - layer_gain(curve.radius, radius, float(p.mesh[RADIAL, p.mesh.shape[1] - 2]), curve.power)


@part
def set_metric(p: Numbers, y: Array, faces: Faces) -> None:
    """Write what depends on X and the volumes of baths: scalars except J_v and q, widths, metric, half cells."""
    solutes, n = faces.state.shape[1], faces.width.shape[0]
    m, at = p.membrane, layout_of(solutes, n)
    displaced = float(y[at.displaced])
    left, right = stretches(p, displaced)
    ratio, power = _radius(p.curve, left), p.curve.power
    area = 1.0 if power == 0 else _to_power(ratio, power)
    faces.scalars[DISPLACED], faces.scalars[AREA] = displaced, area
    faces.scalars[LEFT_STRETCH], faces.scalars[RIGHT_STRETCH] = left, right
    distance_stretch, near = left, left
    if power > 0:
        distance_stretch, near = (1.0 if power == 1 else 1.0 / ratio), ratio
    _set_stretched(p, faces, 0, 0, m, left, distance_stretch)
    half_left = p.half_distance[0, FIXED] + p.half_distance[0, STRETCHING] * near
    if power > 0 and not p.face.stirred[1]:
        half_right = _set_curved(p, faces, ratio)
    else:
        _set_stretched(p, faces, 1, m, n, right, right)
        half_right = p.half_distance[1, FIXED] + p.half_distance[1, STRETCHING] * right
    if p.bath[0].present:
        faces.width[0] = bath_volume(p.bath[0], bath_volume_now(p, y, 0))
    if p.bath[1].present:
        faces.width[n - 1] = bath_volume(p.bath[1], bath_volume_now(p, y, 1))
    for s in range(solutes):
        faces.sides[LAYER, 0, s] = p.diffusivity[0, s] / half_left
        faces.sides[LAYER, 1, s] = p.diffusivity[1, s] / half_right


@kernel
def spread_of_cells(p: Numbers, y: Array, faces: Faces, goal: Array) -> float:
    """``Σ∫|c − c_goal| dV`` of the cells that `set_metric` has written, mol/m^2; `goal` (left, right, …) in mol/m^3."""
    total, n = 0.0, p.mesh.shape[1] - 1
    for s in range(goal.shape[1]):
        for i in range(n):
            there = float(goal[0, s]) if i < p.membrane else float(goal[1, s])
            total += abs(float(y[s * n + i]) - float(faces.width[i]) * there)
    return total


@kernel
def set_widths(p: Numbers, states: Array, faces: Faces, goal: Array, widths: Array) -> float:
    """Write the liquid in the cells (state, cell) of several states (state, size) per initial membrane area, m.

    Returns `spread_of_cells` of the last state.
    """
    for i in range(states.shape[0]):
        set_metric(p, states[i], faces)
        for j in range(widths.shape[1]):
            widths[i, j] = faces.width[j]
    return spread_of_cells(p, states[states.shape[0] - 1], faces, goal)


@kernel
def _radius_slope(curve: Curve, radius: float, coordinate: float, at: float) -> float:
    """Derivative with respect to X of the distance `at` from the centre; see `_radius_of`."""
    fraction, there = (coordinate, at) if curve.shell else (1.0, radius)
    return -fraction * _to_power(curve.radius / there, curve.power)


@kernel
def _set_curved_slopes(p: Numbers, faces: Faces, ratio: float, metric: Array) -> float:
    """Write the derivatives of what `_set_curved` writes; return d ln(distance in the half cell)/dX, 1/m."""
    curve, m, n = p.curve, p.membrane, faces.width.shape[0]
    k, initial, radius = curve.power, curve.radius, ratio * curve.radius
    moving = -_to_power(initial / radius, k)
    last = n - 1 if p.bath[1].present else n
    edge_moves, grown = _to_power(radius / initial, k) * moving, 0.0
    coordinate = float(p.cells[CENTRE, m])
    before = _radius_of(curve, radius, coordinate)
    before_moves = _to_power(initial / before, k) * _radius_slope(curve, radius, coordinate, before)
    half = (before_moves - _to_power(initial / radius, k) * moving) / diffusion_distance(
        radius, before, curve.radius, curve.power
    )
    half += k * moving / radius
    for i in range(m, last):
        coordinate = float(p.mesh[RADIAL, i + 1])
        outer = _radius_of(curve, radius, coordinate)
        outer_moves = _to_power(outer / initial, k) * _radius_slope(curve, radius, coordinate, outer)
        gained = outer_moves - edge_moves
        if curve.shell:
            gained = float(p.cells[STRETCHING, i]) / p.length[1]
        metric[LN_VOLUME, i] = gained / float(faces.width[i])
        grown += gained
        edge_moves = outer_moves
        inner = i + 1 < last
        if not inner and not has_layer(p, 1) and last == n:
            break
        coordinate = float(p.cells[CENTRE, i + 1]) if inner else coordinate
        behind = _radius_of(curve, radius, coordinate)
        behind_moves = _to_power(initial / behind, k) * _radius_slope(curve, radius, coordinate, behind)
        metric[LN_CONDUCTANCE, i + 1] = (before_moves - behind_moves) * float(faces.metric[CONDUCTANCE, i + 1])
        if not curve.shell:
            metric[FRACTION_SLOPE, i + 1] = k * _to_power(outer / radius, k) * (moving / outer - moving / radius)
        before_moves = behind_moves
    if p.bath[1].present:
        metric[LN_VOLUME, n - 1] = -grown / float(faces.width[n - 1])
    return half


@kernel
def set_metric_slopes(p: Numbers, faces: Faces, metric: Array, layers: Array) -> None:
    """Write the derivatives of what `set_metric` has written.

    Parameters
    ----------
    p : Numbers
        The problem.
    faces : Faces
        At the state.
    metric : ndarray, shape (3, faces)
        Written, 1/m: derivatives with respect to X of the logarithms of the cell volumes and of the conductances of the
        faces, and of the flow fractions of the faces.
    layers : ndarray, shape (DRIVING, 3)
        Written: derivatives, with respect to each of the first DRIVING scalars of `model.layout`, of the logarithms of
        the conductances of both half cells at the membrane and of the logarithm of the membrane area.
    """
    n, m, power = faces.width.shape[0], p.membrane, p.curve.power
    left = float(faces.scalars[LEFT_STRETCH])
    ratio = _radius(p.curve, left)
    for i in range(n + 1):
        metric[LN_VOLUME, i] = metric[LN_CONDUCTANCE, i] = metric[FRACTION_SLOPE, i] = 0.0
    layers[:, :] = 0.0
    for side in range(2):
        if not p.moving[side] or (side == 1 and power > 0 and not p.face.stirred[1]):
            continue
        sign = -1.0 if side == 0 else 1.0
        first, end = (0, m) if side == 0 else (m, n)
        with_x = sign / p.length[side]
        distance_stretch, near_with_x = with_x, with_x
        if power > 0 and side == 0:
            near_with_x = ratio / ((power + 1.0) * left) * with_x
            distance_stretch = 0.0 if power == 1 else -near_with_x / (ratio * ratio)
        for i in range(first, end):
            metric[LN_VOLUME, i] = p.cells[STRETCHING, i] * with_x / faces.width[i]
        for i in range(first + 1, end):
            metric[LN_CONDUCTANCE, i] = (
                -p.mesh[DISTANCE_STRETCHING, i] * distance_stretch * faces.metric[CONDUCTANCE, i]
            )
        half = p.diffusivity[side, 0] / faces.sides[LAYER, side, 0]
        layers[DISPLACED_VOLUME, LN_LEFT_LAYER + side] = -p.half_distance[side, STRETCHING] * near_with_x / half
    if power > 0:
        layers[DISPLACED_VOLUME, LN_AREA] = -power / (p.curve.radius * left)
        if not p.face.stirred[1]:
            layers[DISPLACED_VOLUME, LN_RIGHT_LAYER] = -_set_curved_slopes(p, faces, ratio, metric)
