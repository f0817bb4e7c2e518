"""Laws of the ports as kernels: the pressure on each liquid, the volume of baths, the flow through the far faces."""

from __future__ import annotations

from membrane_pde.kernels import kernel, part
from membrane_pde.model.applied import Segment, applied, oscillates
from membrane_pde.model.chain import ALPHA, BETA, FLOW, OUTSIDE, Faces
from membrane_pde.model.ports import IS_BATH, IS_CLOSED, IS_OUTFLOW, BathNumbers, bath_flows
from membrane_pde.model.problem import Numbers, has_layer

SMALLEST = 1e-9  # smallest volume of a bath ÷ initial volume in a trial step; its event "runs dry" happens at 1e-6


@kernel
def bath_volume(bath: BathNumbers, volume: float) -> float:
    """Volume of a bath, m; kept positive where a trial step would empty it."""
    return max(volume, bath.volume * SMALLEST)


@kernel
def stretched(p: Numbers, segment: Segment, t: float, displaced: float) -> tuple[float, float]:
    """Pressure on the liquid of each side if elastic walls could be under tension, Pa; see `pressing`."""
    left, right = applied(segment, t)
    return left - p.stiffness[0] * displaced, right + p.stiffness[1] * displaced


@kernel
def set_walls(p: Numbers, segment: Segment, t: float, displaced: float) -> None:
    """Set `off` of the elastic walls: true for a slack wall, whose pressure would be negative (plasmolysis).

    `off` is constant between two events, so that the integrator sees no kink before it has reached the event.
    """
    left, right = stretched(p, segment, t, displaced)
    p.off[0], p.off[1] = p.wall[0] and left < 0.0, p.wall[1] and right < 0.0


@kernel
def pressing(p: Numbers, segment: Segment, t: float, displaced: float) -> tuple[float, float]:
    """Pressure on the liquid of each side, Pa; not used on a side whose pressure is computed."""
    left, right = stretched(p, segment, t, displaced)
    return 0.0 if p.off[0] else left, 0.0 if p.off[1] else right


@kernel
def applied_now(p: Numbers, segment: Segment, t: float) -> tuple[float, float]:
    """Applied pressures on the liquids, Pa: 0 behind a slack wall."""
    left, right = applied(segment, t)
    return 0.0 if p.off[0] else left, 0.0 if p.off[1] else right


@kernel
def stiffness_now(p: Numbers) -> float:
    """Derivative of the pressure difference (right minus left) with respect to the displaced volume, Pa/m."""
    return (0.0 if p.off[0] else p.stiffness[0]) + (0.0 if p.off[1] else p.stiffness[1])


@part
def set_far_faces(p: Numbers, faces: Faces) -> None:
    """Write α and β of the two far faces, and the concentrations outside."""
    flow, solutes, n = float(faces.scalars[FLOW]), faces.state.shape[1], faces.state.shape[2] - 1
    for side in range(2):
        entering = flow if side == 0 else -flow
        inward, outward, seen = 0.0, 0.0, p.kind[side] != IS_CLOSED
        layer = has_layer(p, side)
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
    """True if the state contains the whole work ∫ Δp J_v dt, false if it contains the work minus Δp X."""
    return p.pumped or p.wall[0] or p.wall[1] or oscillates(segment)
