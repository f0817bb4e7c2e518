"""The state of a system at its analytic equilibrium, and a test whether it is a steady state of the equations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from membrane_pde.analytic import Equilibrium
    from membrane_pde.model.applied import Segment
    from membrane_pde.model.system import System

Vector = np.ndarray[Any, np.dtype[np.float64]]
_ROUND_OFF = 1e-12  # net flux ÷ sum of the fluxes in both directions below which it is round-off


def equilibrium_state(end: Equilibrium, system: System, start: Vector, closed: tuple[bool, bool]) -> Vector | None:
    """The state with the uniform concentrations and the displaced volume of an analytic equilibrium.

    Parameters
    ----------
    end : Equilibrium
        The equilibrium; where its displaced volume is arbitrary, 0 is used.
    system : System
    start : ndarray, shape (size,)
        The initial state.
    closed : pair of bool
        False for a bath whose volume is kept constant by its flows.

    Returns
    -------
    ndarray, shape (size,), or None
        None if there is no end state.
    """
    if end.concentration_left is None or end.concentration_right is None:
        return None
    state, moved = np.zeros_like(start), end.displaced_volume or 0.0
    state[system.x] = moved
    for bath, place, sign, alone in zip(system.numbers.bath, system.volume, (-1.0, 1.0), closed, strict=True):
        state[place] = start[place] + (sign * moved if bath.present and alone else 0.0)
    widths, m = system.widths(state), system.membrane
    amounts = system.amounts(state)
    amounts[:, :m] = end.concentration_left[:, None] * widths[:m]
    amounts[:, m:] = end.concentration_right[:, None] * widths[m:]
    return state


def is_steady(system: System, segment: Segment, state: Vector, least_flux: float) -> bool:
    """True if all fluxes of a state are zero up to round-off.

    The net flux ``α c_P − β c_A`` of each solute through each face is compared with the sum ``α c_P + β c_A`` of the
    fluxes in both directions, and with the convection by the round-off of the water flux.

    Parameters
    ----------
    system : System
    segment : Segment
        The applied pressures.
    state : ndarray, shape (size,)
    least_flux : float
        Water flux below which the flux counts as zero, m/s.

    Returns
    -------
    bool
    """
    system.set_walls(0.0, state, segment)
    faces = system.faces(0.0, state, segment)
    outside = faces.outside[:, :, None]
    concentrations = np.concatenate([outside[0], faces.concentration, outside[1]], axis=1)
    both = faces.alpha * np.abs(concentrations[:, :-1]) + faces.beta * np.abs(concentrations[:, 1:])
    carried = 1e-3 * least_flux * np.abs(concentrations).max(axis=1, keepdims=True)
    still = np.abs(faces.flux) <= _ROUND_OFF * both + carried
    for side, end in ((0, 0), (1, -1)):
        if system.infinite(side):  # its flux is that of the neighbouring face
            still[:, end] = True
    return bool(still.all()) and abs(faces.water_flux) <= least_flux
