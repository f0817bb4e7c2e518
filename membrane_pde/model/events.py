"""What ends a step: a side runs dry, the flow through an outflow turns, an elastic wall goes slack."""

from __future__ import annotations

from membrane_pde.kernels import kernel
from membrane_pde.model.applied import Segment
from membrane_pde.model.chain import Faces
from membrane_pde.model.faces import set_cells, stretches, water_flux_now
from membrane_pde.model.layout import layout_of
from membrane_pde.model.mesh import Array
from membrane_pde.model.ports import IS_CLOSED
from membrane_pde.model.pressures import stretched
from membrane_pde.model.problem import Numbers

DRY = 1e-3  # a closed side that has lost all but this share of its length has run dry
EMPTY = 1e-6  # the same for the volume of a bath
# What an outflow's events are told, `watch`: the direction of J_v that is its way out (1 or -1; 0: nothing is watched;
# -1 times it where the outflow draws in, so that flowing out is what counts); 1 while the water goes that way, -1 after
# it has turned; the displaced volume where it turned, at the furthest (m); and the volume that has to come back before
# it counts as flowing back (m).
WAY, AHEAD, FURTHEST, COUNTS = range(4)
WATCH = 4  # numbers in `watch`
EVENTS = 6  # left dry, right dry, flowing back, turning, left wall, right wall
FIRST_WALL = 4  # from there on an event counts whichever way it passes zero


@kernel
def set_events(
    p: Numbers, segment: Segment, t: float, y: Array, watch: Array, memory: Array, faces: Faces, out: Array
) -> None:
    """Write six numbers, of which four fall through zero when something happens, and two pass it either way.

    The first two: the left or the right side runs dry. The third: more water has come back through an outflow since the
    flow turned than the tolerance of the displaced volume leaves open; the water flux itself is no measure of it, since
    near equilibrium it is nothing but the error of the wall concentrations. The fourth: the water flux changes sign.
    The last two: the membrane comes off the elastic wall of the left or the right side, or meets it again.

    Parameters
    ----------
    p, segment, t, y, memory
        As in `set_faces`.
    watch : ndarray, shape (4,)
        See above.
    faces : Faces
        To work in.
    out : ndarray, shape (6,)
        Written.
    """
    solutes, n = faces.state.shape[1], faces.state.shape[2] - 1
    at = layout_of(solutes, n)
    stretch = stretches(p, float(y[at.displaced]))
    for side in range(2):
        out[side] = 1.0
        if p.kind[side] == IS_CLOSED:
            out[side] = stretch[side] - DRY
        if p.bath[side].present:
            out[side] = float(y[at.volume + side]) / p.bath[side].volume - EMPTY
    for j in range(2, EVENTS):
        out[j] = 1.0
    left, right = stretched(p, segment, t, float(y[at.displaced]))
    if p.wall[0]:
        out[4] = left
    if p.wall[1]:
        out[5] = right
    if watch[WAY] != 0.0:
        set_cells(p, y, faces)
        out[2] = 1.0 - float(watch[WAY]) * (float(watch[FURTHEST]) - float(y[at.displaced])) / float(watch[COUNTS])
        out[3] = float(watch[WAY] * watch[AHEAD]) * water_flux_now(p, p.face, segment, t, faces, memory)
