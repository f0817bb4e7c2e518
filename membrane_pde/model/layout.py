"""Indices of the quantities in the state vector: named blocks, so that no other module does index arithmetic."""

from __future__ import annotations

from typing import NamedTuple

from membrane_pde.kernels import kernel

# The scalars: states other than amounts on which fluxes depend, in this order, from the displaced volume on: X, V_L,
# V_R. The first DRIVING of them change fluxes directly, the volumes of baths only through the concentrations of the
# baths.
DRIVING = 1
SCALARS = DRIVING + 2
DISPLACED_VOLUME, LEFT_VOLUME, RIGHT_VOLUME = range(SCALARS)


class Layout(NamedTuple):
    """Indices in a state vector, which begins with the amounts (solutes, cells), solute by solute.

    A new block is added here and in `layout_of`; its rate is written in `model.faces.set_rates`. A state on which
    fluxes depend is added to the scalars; its derivatives in `model.slopes` are then all that has to be written in
    addition.

    Attributes
    ----------
    displaced : int
        Index of the displaced volume X, m, which follows the amounts.
    volume : int
        Index of the volume of the left bath, m; the next index is that of the right bath.
    passed, far_left, far_right : int
        First index of the amounts (one for each solute) that have passed the membrane and the far faces, mol/m^2.
    work : int
        Index of the work of the pressures, J/m^2.
    size : int
        Length of the vector.
    """

    displaced: int
    volume: int
    passed: int
    far_left: int
    far_right: int
    work: int
    size: int


@kernel
def layout_of(solutes: int, cells: int) -> Layout:
    """The layout for a number of solutes and a number of cells in the chain."""
    displaced = solutes * cells
    volume = displaced + DRIVING
    passed = volume + 2
    far_left = passed + solutes
    far_right = far_left + solutes
    work = far_right + solutes
    return Layout(displaced, volume, passed, far_left, far_right, work, work + 1)
