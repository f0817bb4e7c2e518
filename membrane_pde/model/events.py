"""Events that end a step: a side runs dry, the flow through an outflow reverses, an elastic wall goes slack."""

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

DRY = 1e-3  # a closed side has run dry when this fraction of its initial length is left
EMPTY = 1e-6  # a bath is empty when this fraction of its initial volume is left
# Entries of `watch`, the state of an outflow. EXPECTED_SIGN: sign of J_v when liquid leaves through the outflow (when
# it enters, while the outflow draws in liquid); 0 if backflow is not monitored. AHEAD: 1 while J_v has this sign, -1
# after it has reversed. EXTREME: displaced volume at the outermost reversal, m. TOLERATED: volume that may return
# before it counts as backflow, m.
EXPECTED_SIGN, AHEAD, EXTREME, TOLERATED = range(4)
WATCH = 4  # entries of `watch`
# Indices of the events. RUNS_DRY and FIRST_WALL are those of the left side; the right side has the next index. An event
# happens when its value falls through zero; from FIRST_WALL on also when it rises through zero.
RUNS_DRY, FLOWS_BACK, TURNS, FIRST_WALL = 0, 2, 3, 4
EVENTS = 6


@kernel
def monitored_flux(
    p: Numbers, segment: Segment, t: float, y: Array, watch: Array, memory: Array, faces: Faces
) -> float:
    """J_v (m/s) of a state if backflow is monitored, otherwise 0; arguments as in `set_faces` and `set_events`."""
    if watch[EXPECTED_SIGN] == 0.0:
        return 0.0
    set_cells(p, y, faces)
    return water_flux_now(p, p.face, segment, t, faces, memory)


@kernel
def set_events(p: Numbers, segment: Segment, t: float, y: Array, watch: Array, water: float, out: Array) -> None:
    """Write the values of the events, 1 for an event that cannot happen.

    RUNS_DRY: length of a closed side, or volume of a bath, as a fraction of its initial value, minus the limit.
    FLOWS_BACK: 1 minus the volume that has returned through an outflow since the flow reversed ÷ the tolerated volume;
    the water flux itself cannot tell, because near equilibrium it is only the error of the concentrations at the
    membrane. TURNS: the water flux in the expected direction. FIRST_WALL: the pressure on an elastic wall; where it is
    zero, the wall goes slack or becomes taut again.

    Parameters
    ----------
    p, segment, t, y
        As in `set_faces`.
    watch : ndarray, shape (4,)
        State of the outflow; see the names of its entries above.
    water : float
        J_v, m/s; see `monitored_flux`.
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
    if watch[EXPECTED_SIGN] != 0.0:
        back = float(watch[EXPECTED_SIGN]) * (float(watch[EXTREME]) - float(y[at.displaced]))
        out[FLOWS_BACK] = 1.0 - back / float(watch[TOLERATED])
        out[TURNS] = float(watch[EXPECTED_SIGN] * watch[AHEAD]) * water
