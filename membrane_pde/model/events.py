"""Events that end a step: a side runs dry, the flow through an outflow turns, an elastic wall goes slack."""

from __future__ import annotations

from membrane_pde.kernels import kernel
from membrane_pde.model.applied import Segment
from membrane_pde.model.chain import Faces
from membrane_pde.model.faces import set_cells, water_flux_now
from membrane_pde.model.layout import layout_of
from membrane_pde.model.mesh import Array
from membrane_pde.model.metric import bath_volume_now, stretches
from membrane_pde.model.ports import IS_CLOSED
from membrane_pde.model.pressures import stretched
from membrane_pde.model.problem import Numbers

DRY = 1e-3  # a closed side has run dry when this share of its initial length is left
EMPTY = 1e-6  # a bath is empty when this share of its initial volume is left
# Entries of `watch`, the state of an outflow: the sign that J_v has when it flows out (if the outflow draws in, when it
# flows in; 0 if the outflow is not watched); 1 while the water flows that way, -1 after it has turned; the displaced
# volume at the farthest turn (m); the volume that has to come back before it counts as backflow (m).
WAY, AHEAD, FURTHEST, COUNTS = range(4)
WATCH = 4  # entries of `watch`
# Indices of the events; of a pair that of the left side, that of the right side follows. From FIRST_WALL on an event
# happens when its value passes zero either way, before that when it falls through zero.
RUNS_DRY, FLOWS_BACK, TURNS, FIRST_WALL = 0, 2, 3, 4
EVENTS = 6


@kernel
def watched_flux(p: Numbers, segment: Segment, t: float, y: Array, watch: Array, memory: Array, faces: Faces) -> float:
    """J_v (m/s) of a state if an outflow is watched, otherwise 0; arguments as in `set_faces` and `set_events`."""
    if watch[WAY] == 0.0:
        return 0.0
    set_cells(p, y, faces)
    return water_flux_now(p, p.face, segment, t, faces, memory)


@kernel
def set_events(p: Numbers, segment: Segment, t: float, y: Array, watch: Array, water: float, out: Array) -> None:
    """Write the values of the events, 1 for an event that cannot happen.

    RUNS_DRY: share of the length of a closed side, or of the volume of a bath, above its limit. FLOWS_BACK: 1 minus the
    volume that has come back through an outflow since the flow turned, over the volume that counts; the water flux
    itself is no measure, as near equilibrium it is only the error of the concentrations at the membrane. TURNS: the
    water flux. FIRST_WALL: the pressure on an elastic wall, which goes slack, or is touched again, where it is zero.

    Parameters
    ----------
    p, segment, t, y
        As in `set_faces`.
    watch : ndarray, shape (4,)
        State of the outflow, see above.
    water : float
        J_v, m/s; see `watched_flux`.
    out : ndarray, shape (6,)
        Written.
    """
    at = layout_of(p.diffusivity.shape[1], p.mesh.shape[1] - 1)
    stretch = stretches(p, float(y[at.displaced]))
    for side in range(2):
        out[RUNS_DRY + side] = 1.0
        if p.kind[side] == IS_CLOSED:
            out[RUNS_DRY + side] = stretch[side] - DRY
        if p.bath[side].present:
            out[RUNS_DRY + side] = bath_volume_now(p, y, side) / p.bath[side].volume - EMPTY
    for j in range(FLOWS_BACK, EVENTS):
        out[j] = 1.0
    left, right = stretched(p, segment, t, float(y[at.displaced]))
    if p.wall[0]:
        out[FIRST_WALL] = left
    if p.wall[1]:
        out[FIRST_WALL + 1] = right
    if watch[WAY] != 0.0:
        back = float(watch[WAY]) * (float(watch[FURTHEST]) - float(y[at.displaced]))
        out[FLOWS_BACK] = 1.0 - back / float(watch[COUNTS])
        out[TURNS] = float(watch[WAY] * watch[AHEAD]) * water
