"""What the ports do: the pressure on each liquid, the volume of baths, and what enters through the far faces."""

from __future__ import annotations

from membrane_pde.kernels import kernel, part
from membrane_pde.model.applied import Segment, applied, oscillates
from membrane_pde.model.chain import ALPHA, BETA, OUTSIDE, Faces
from membrane_pde.model.ports import IS_BATH, IS_CLOSED, IS_OUTFLOW, IS_RESERVOIR, BathNumbers, bath_flows
from membrane_pde.model.problem import Numbers

SMALLEST = 1e-9  # the same for a bath, whose event is at 1e-6


@kernel
def bath_volume(bath: BathNumbers, volume: float) -> float:
    """The volume of a bath, which a trial step may have emptied, m."""
    return max(volume, bath.volume * SMALLEST)


@kernel
def stretched(p: Numbers, segment: Segment, t: float, displaced: float) -> tuple[float, float]:
    """Pressure on the liquid of each side if its wall could pull, Pa; see `pressing`."""
    left, right = applied(segment, t)
    return left - p.stiffness[0] * displaced, right + p.stiffness[1] * displaced


@kernel
def set_walls(p: Numbers, segment: Segment, t: float, displaced: float) -> None:
    """Let the elastic walls press that are pressed on, and be off where they would have to pull (plasmolysis).

    In between, at an event, an integrator goes on as if they could: its steps see no kink.
    """
    left, right = stretched(p, segment, t, displaced)
    p.off[0], p.off[1] = p.wall[0] and left < 0.0, p.wall[1] and right < 0.0


@kernel
def pressing(p: Numbers, segment: Segment, t: float, displaced: float) -> tuple[float, float]:
    """Pressure on the liquid of each side, Pa; without meaning on a side whose pressure is computed."""
    left, right = stretched(p, segment, t, displaced)
    return 0.0 if p.off[0] else left, 0.0 if p.off[1] else right


@kernel
def applied_now(p: Numbers, segment: Segment, t: float) -> tuple[float, float]:
    """Applied pressures that reach the liquid: what presses on a wall that is off does not, Pa."""
    left, right = applied(segment, t)
    return 0.0 if p.off[0] else left, 0.0 if p.off[1] else right


@kernel
def stiffness_now(p: Numbers) -> float:
    """Fall of the pressure on the left beyond that on the right with the displaced volume, Pa/m."""
    return (0.0 if p.off[0] else p.stiffness[0]) + (0.0 if p.off[1] else p.stiffness[1])


@part
def set_far_faces(p: Numbers, faces: Faces) -> None:
    """Coefficients of the two far faces: into the chain (`inward`, of what stands outside) and out of it."""
    water, solutes, n = float(faces.scalars[0]), faces.state.shape[1], faces.state.shape[2] - 1
    for side in range(2):
        entering = water if side == 0 else -water
        inward, outward, seen = 0.0, 0.0, p.kind[side] != IS_CLOSED
        layer = p.kind[side] == IS_RESERVOIR and not p.one_cell[side]
        if p.kind[side] == IS_OUTFLOW:
            seen = entering > 0.0 and bool(p.known[side])
            if seen:
                inward = entering
            else:
                outward = -entering
        if p.kind[side] == IS_BATH:
            inward, outward, _, _ = bath_flows(p.bath[side], entering)
        for s in range(solutes):
            faces.sides[OUTSIDE, side, s] = p.outside[side, s] if seen else 0.0
            if not layer and side == 0:
                faces.state[ALPHA, s, 0], faces.state[BETA, s, 0] = inward, outward
            if not layer and side == 1:
                faces.state[ALPHA, s, n], faces.state[BETA, s, n] = outward, inward


@kernel
def whole_work(p: Numbers, segment: Segment) -> bool:
    """The state's work is the whole one, not that without Δp X."""
    return p.pumped or p.wall[0] or p.wall[1] or oscillates(segment)
